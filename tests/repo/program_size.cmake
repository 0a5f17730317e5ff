# The stripped program: cmake -D STRIP=... -D PROGRAM=... -D COPY=... -D MOST=<bytes> -P program_size.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${STRIP} -o ${COPY} ${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${COPY} size)
message(NOTICE "${PROGRAM}, stripped: ${size} bytes")
if(size GREATER MOST)
  message(FATAL_ERROR "${PROGRAM}, stripped, has ${size} bytes, expected at most ${MOST}")
endif()
