# cmake -D SOURCES=<folder> -P layers.cmake
# engine <- ops <- nn <- examples: who may include whom, and what public headers keep out of a user's build.
cmake_minimum_required(VERSION 3.25)
set(failures 0)

# refuse(<why> <regular expression> <file>...): no line of these files may match.
function(refuse why expression)
  foreach(file IN LISTS ARGN)
    file(STRINGS ${SOURCES}/${file} lines REGEX "${expression}")
    foreach(line IN LISTS lines)
      message(NOTICE "${file}: ${why}: ${line}")
      math(EXPR failures "${failures} + 1")
    endforeach()
  endforeach()
  set(failures ${failures} PARENT_SCOPE)
endfunction()

foreach(layer engine ops nn)
  file(GLOB_RECURSE ${layer} RELATIVE ${SOURCES} ${SOURCES}/${layer}/*.hpp ${SOURCES}/${layer}/*.cpp)
  if(NOT ${layer})
    message(FATAL_ERROR "${SOURCES}/${layer} has no sources")
  endif()
endforeach()
set(public ${engine} ${ops} ${nn})
list(FILTER public INCLUDE REGEX "\\.hpp$")
list(FILTER public EXCLUDE REGEX "/(internal|kernels)/")
set(light ${public})
list(REMOVE_ITEM light engine/xtensor.hpp engine/xtensor_headers.hpp)

set(include "^[ \t]*#[ \t]*include[ \t]*[<\"]")
refuse("the engine includes a layer above" "${include}([^>\"]*/)?(ops/|nn/|xgrad\\.hpp|nn\\.hpp)" ${engine})
refuse("ops include a layer above" "${include}([^>\"]*/)?(nn/|nn\\.hpp)" ${ops})
refuse("a library includes a program's or a test's header" "${include}(tests|examples|benchmarks)/" ${engine} ${ops} ${nn})
refuse("nn touches raw arrays" "(^|[^A-Za-z0-9_])xt::|${include}(xtensor|xsimd|cblas|xgrad/xtensor\\.hpp)" ${nn})
refuse("nn uses the inside of a layer below" "${include}xgrad/(engine|ops)/(internal/([^f]|f[^a])|kernels/)" ${nn})
refuse("a public header includes a private one" "${include}[^>\"]*(internal|kernels)/" ${public})
refuse("a public header defines a macro" "^[ \t]*#[ \t]*define" ${public})
refuse("a public header includes what is slow to compile"
  "${include}(memory|iostream|filesystem|functional|map|fstream|sstream|regex|ranges)>" ${light})
refuse("a public header includes a library of ours"
  "${include}(xtensor|xtl|xsimd|xtensor-blas|fmt|tbb|oneapi|Random123|nlohmann|zlib|zip|sha2|cblas)" ${light})

if(failures)
  message(FATAL_ERROR "${failures} lines in the wrong place")
endif()
