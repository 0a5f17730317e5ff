# xgrad::zip: libzip. Debian's own CMake package wants the command-line tools installed, too.
find_library(XGRAD_ZIP_LIBRARY NAMES zip)
find_path(XGRAD_ZIP_INCLUDE_DIR NAMES zip.h)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xgrad_zip REQUIRED_VARS XGRAD_ZIP_LIBRARY XGRAD_ZIP_INCLUDE_DIR)
mark_as_advanced(XGRAD_ZIP_LIBRARY XGRAD_ZIP_INCLUDE_DIR)

if(xgrad_zip_FOUND AND NOT TARGET xgrad::zip)
  add_library(xgrad::zip UNKNOWN IMPORTED)
  set_target_properties(xgrad::zip PROPERTIES
    IMPORTED_LOCATION ${XGRAD_ZIP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${XGRAD_ZIP_INCLUDE_DIR})
endif()
