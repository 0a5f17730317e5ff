# What the libraries are built with. No public header includes any of it, so a user's build meets only what has to be
# linked: the packages that xgrad-config.cmake.in looks for again.

# Imported targets belong to the folder that found them; a project that adds xgrad as a subfolder links from its own.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(TBB REQUIRED)
find_package(ZLIB REQUIRED)
find_package(xgrad_blas REQUIRED)
find_package(xgrad_md REQUIRED)
find_package(xgrad_zip REQUIRED)

# Header-only libraries, by their headers alone: the CMake packages of some bring a BLAS of their own choice along.
# Where there are two spellings, the first is of xtensor 0.26 and newer.
function(xgrad_find_headers name)
  find_path(XGRAD_${name}_INCLUDE_DIR NAMES ${ARGN} REQUIRED)
  mark_as_advanced(XGRAD_${name}_INCLUDE_DIR)
  target_include_directories(xgrad_headers SYSTEM INTERFACE ${XGRAD_${name}_INCLUDE_DIR})
endfunction()

add_library(xgrad_headers INTERFACE)
xgrad_find_headers(XTENSOR xtensor/containers/xarray.hpp xtensor/xarray.hpp)
xgrad_find_headers(XTENSOR_BLAS xtensor-blas/xlinalg.hpp)
xgrad_find_headers(XTL xtl/xtl_config.hpp)
xgrad_find_headers(XSIMD xsimd/xsimd.hpp)
xgrad_find_headers(RANDOM123 Random123/philox.h)
xgrad_find_headers(JSON nlohmann/json.hpp)
