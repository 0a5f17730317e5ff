# xgrad::blas: XGRAD_BLAS_LIBRARY where that is set, else OpenBLAS. xgrad's own threads call it, one product each; the
# build with threads is wanted all the same, because the one without does not lock its buffers. Debian keeps each in a
# folder of its own, under the same name and soname.
find_library(XGRAD_BLAS_LIBRARY NAMES openblas PATH_SUFFIXES openblas-pthread)
find_path(XGRAD_BLAS_INCLUDE_DIR NAMES cblas.h PATH_SUFFIXES openblas-pthread openblas)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xgrad_blas REQUIRED_VARS XGRAD_BLAS_LIBRARY)
mark_as_advanced(XGRAD_BLAS_INCLUDE_DIR)

if(xgrad_blas_FOUND AND NOT TARGET xgrad::blas)
  set(link ${XGRAD_BLAS_LIBRARY})
  # A folder the loader does not search by itself, or not before it has found the threaded build elsewhere, has to
  # stand in the program. As one flag to the linker: of a path it knows, CMake would clear the folder at install.
  cmake_path(GET XGRAD_BLAS_LIBRARY PARENT_PATH folder)
  if(NOT link MATCHES "\\.a$" AND NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set(link -Wl,-rpath,${folder},${XGRAD_BLAS_LIBRARY})
  endif()
  add_library(xgrad::blas INTERFACE IMPORTED)
  target_link_libraries(xgrad::blas INTERFACE ${link})
  if(XGRAD_BLAS_INCLUDE_DIR)
    target_include_directories(xgrad::blas INTERFACE ${XGRAD_BLAS_INCLUDE_DIR})
  endif()
endif()
