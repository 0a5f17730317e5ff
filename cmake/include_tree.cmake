# <build>/include is laid out as the installed include folder is: links to the source folders, and the doors.
foreach(layer engine ops nn)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include/xgrad)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${layer} ${PROJECT_BINARY_DIR}/include/xgrad/${layer} SYMBOLIC)
endforeach()

set(xgrad_doors ops/xgrad.hpp nn/nn.hpp engine/xtensor.hpp engine/gradcheck.hpp engine/gradcheck_catch.hpp engine/compile.hpp ops/transforms.hpp ops/lift.hpp)
foreach(header IN LISTS xgrad_doors)
  cmake_path(GET header FILENAME door)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/include/xgrad/${door} CONTENT
    "#pragma once\n#include <xgrad/${header}>\n" @ONLY)
endforeach()
