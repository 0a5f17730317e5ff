# xgrad::md: libmd, for SHA-256.
find_library(XGRAD_MD_LIBRARY NAMES md)
find_path(XGRAD_MD_INCLUDE_DIR NAMES sha2.h)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xgrad_md REQUIRED_VARS XGRAD_MD_LIBRARY XGRAD_MD_INCLUDE_DIR)
mark_as_advanced(XGRAD_MD_LIBRARY XGRAD_MD_INCLUDE_DIR)

if(xgrad_md_FOUND AND NOT TARGET xgrad::md)
  add_library(xgrad::md UNKNOWN IMPORTED)
  set_target_properties(xgrad::md PROPERTIES
    IMPORTED_LOCATION ${XGRAD_MD_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${XGRAD_MD_INCLUDE_DIR})
endif()
