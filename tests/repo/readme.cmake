# cmake -D SOURCES=<folder> -P readme.cmake
# The model in the README is the file that the tests compile and run.
cmake_minimum_required(VERSION 3.25)
file(READ ${SOURCES}/README.md readme)
file(READ ${SOURCES}/tests/consumer/main.cpp code)
string(FIND "${readme}" "```cpp\n${code}```\n" place)
if(place LESS 0)
  message(FATAL_ERROR "README.md does not quote tests/consumer/main.cpp as it is")
endif()
