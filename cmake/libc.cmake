# Where the C library and the compiler's own headers and helpers are.
include_guard()

# Runs the compiler, or the gcc that helps clang out with libgcc, and returns what it prints.
function(kiln_ask_compiler out)
  set(compiler ${CMAKE_C_COMPILER})
  execute_process(COMMAND ${compiler} ${ARGN} OUTPUT_VARIABLE answer
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

# Sets KILN_LIBC_OPTIONS (only its headers and the compiler's own; as options, because CMake leaves
# out folders that it takes for the compiler's defaults), KILN_LIBC_LIBRARIES and KILN_LIBM.
function(kiln_find_libc)
  find_path(KILN_PICOLIBC NAMES include/picolibc.h
    PATHS /usr/lib/picolibc/aarch64-linux-gnu /usr/lib/picolibc/aarch64-none-elf
          /usr/local/picolibc/aarch64-none-elf /opt/picolibc/aarch64-none-elf
    NO_DEFAULT_PATH DOC "Folder of picolibc: it holds include/ and lib/")
  if(NOT KILN_PICOLIBC)
    message(FATAL_ERROR "kiln: picolibc for aarch64 is missing: install the package "
      "picolibc-aarch64-linux-gnu (./kiln setup) or set -DKILN_PICOLIBC=FOLDER")
  endif()
  if(KILN_TOOLCHAIN STREQUAL "clang")
    kiln_ask_compiler(resources -print-resource-dir)
    set(compiler_include "${resources}/include")
    find_program(KILN_LIBGCC_COMPILER NAMES aarch64-linux-gnu-gcc aarch64-none-elf-gcc)
    if(NOT KILN_LIBGCC_COMPILER)
      message(FATAL_ERROR "kiln: clang takes libgcc from gcc: install the package gcc-aarch64-linux-gnu")
    endif()
    execute_process(COMMAND ${KILN_LIBGCC_COMPILER} -print-libgcc-file-name
      OUTPUT_VARIABLE libgcc OUTPUT_STRIP_TRAILING_WHITESPACE)
  else()
    kiln_ask_compiler(compiler_include -print-file-name=include)
    kiln_ask_compiler(libgcc -print-libgcc-file-name)
  endif()
  set(KILN_LIBC_OPTIONS -nostdinc "SHELL:-isystem \"${KILN_PICOLIBC}/include\""
    "SHELL:-isystem \"${compiler_include}\"" PARENT_SCOPE)
  set(KILN_LIBC_LIBRARIES "${KILN_PICOLIBC}/lib/libc.a;${libgcc}" PARENT_SCOPE)
  set(KILN_LIBM "${KILN_PICOLIBC}/lib/libm.a" PARENT_SCOPE)
endfunction()
