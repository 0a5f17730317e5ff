# Settings of a build of xgrad itself, and what every target of it is compiled with.
include(GNUInstallDirs)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

add_library(xgrad_warnings INTERFACE)
target_compile_options(xgrad_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast $<$<BOOL:${XGRAD_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ sees both inside its own std::string and std::vector, wrongly: gcc.gnu.org/PR105651, PR99098.
  target_compile_options(xgrad_warnings INTERFACE -Wno-restrict -Wno-free-nonheap-object)
endif()

add_library(xgrad_sanitizers INTERFACE)
if(XGRAD_SANITIZE)
  target_compile_options(xgrad_sanitizers INTERFACE
    -fsanitize=${XGRAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(xgrad_sanitizers INTERFACE -fsanitize=${XGRAD_SANITIZE})
endif()

# -ffp-contract=off: bits must not depend on where a compiler sees a chance to fuse a product into a sum.
# Sections: a program linked with --gc-sections has only the kernels it can call.
# -fno-semantic-interposition: the objects fit into a shared library, but functions are inlined all the same.
function(xgrad_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -ffp-contract=off -fno-semantic-interposition)
  if(NOT XGRAD_SANITIZE)
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  endif()
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
  target_link_libraries(${target}
    PRIVATE $<BUILD_INTERFACE:xgrad_warnings> $<BUILD_INTERFACE:xgrad_headers>
    PUBLIC $<BUILD_INTERFACE:xgrad_sanitizers>)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
endfunction()

# xgrad_optimize(<target> <option>): -O2 or -Os in the place of Release's -O3, where that would be a third more code and not
# a hundredth less time. The engine is not such: a tape's nodes take a tenth longer at -O2.
function(xgrad_optimize target option)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${option}>)
endfunction()

# xgrad_library(<layer> <file.cpp>...): the static library xgrad_<layer>, for users xgrad::<layer>.
function(xgrad_library layer)
  set(library xgrad_${layer})
  add_library(${library} STATIC ${ARGN})
  add_library(xgrad::${layer} ALIAS ${library})
  xgrad_settings(${library})
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE fmt::fmt)
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${layer})
endfunction()
