# xgrad_arch_sources(<static library> <file.cpp>...)
#
# Compiles each file once per instruction set and adds the objects to the library; XGRAD_ARCH is the set's name.
# The flags stand after the user's, so that each copy holds exactly what its name says, at -O3 in every build type; at -O2
# for sse2, which few processors need: a fifth less code.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(xgrad_arch_flags_sse2 -O2 -march=x86-64 -mtune=generic)
  set(xgrad_arch_flags_avx2 -O3 -march=x86-64 -mtune=generic -mavx2 -mfma)
  set(xgrad_arch_flags_avx512 ${xgrad_arch_flags_avx2} -mavx512f -mavx512cd -mavx512dq -mavx512bw -mavx512vl)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    list(APPEND xgrad_arch_flags_avx512 -Wno-maybe-uninitialized)  # in its own header: gcc.gnu.org/PR105593
  endif()
  set(xgrad_archs sse2 avx2 avx512)
else()
  set(xgrad_arch_flags_sse2 -O3)
  set(xgrad_archs sse2)  # here the name of the baseline, whatever that is
endif()

function(xgrad_arch_sources library)
  if(NOT ARGN)
    return()
  endif()
  foreach(arch IN LISTS xgrad_archs)
    set(objects ${library}_${arch})
    if(NOT TARGET ${objects})
      add_library(${objects} OBJECT)
      target_sources(${library} PRIVATE $<TARGET_OBJECTS:${objects}>)
      if(NOT arch STREQUAL sse2)
        set_property(GLOBAL APPEND PROPERTY xgrad_arch_libraries ${objects})
      endif()
      xgrad_settings(${objects})
      target_compile_definitions(${objects} PRIVATE XGRAD_ARCH=${arch})
      # Nothing is thrown in a kernel, or through one: no tables that tell how to unwind. (Debuggers have their own.)
      target_compile_options(${objects} PRIVATE -fno-exceptions -fno-asynchronous-unwind-tables)
      # Link-time optimization would inline one instruction set's code into another's.
      target_compile_options(${objects} PRIVATE -fno-math-errno -fno-trapping-math -fno-lto ${xgrad_arch_flags_${arch}})
      set_target_properties(${objects} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
      if(XGRAD_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # g++ takes two to five times as long where it watches the scope of every lane; clang watches them for nothing.
        target_compile_options(${objects} PRIVATE -fno-sanitize-address-use-after-scope)
      endif()
    endif()
    target_sources(${objects} PRIVATE ${ARGN})
  endforeach()
endfunction()
