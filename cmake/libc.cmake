# Where the C library and the compiler's own headers and helpers are.
include_guard()

find_program(KILN_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(KILN_PYTHON NAMES python3 REQUIRED)
if(NOT DEFINED KILN_LIBC)
  set(KILN_LIBC "" CACHE STRING
    "C library: picolibc or newlib; empty takes what kiln_app() says, else the ISA's own")
endif()
set(KILN_LIBCS picolibc newlib)

# Which library an app of this ISA gets: KILN_LIBC, else what the app asks for, else the ISA's.
function(kiln_choose_libc out isa asked)
  kiln_isa_fact(libc ${isa} libc)
  foreach(choice IN ITEMS "${asked}" "${KILN_LIBC}")
    if(choice)
      set(libc "${choice}")
    endif()
  endforeach()
  if(NOT libc IN_LIST KILN_LIBCS)
    message(FATAL_ERROR "kiln: there is no C library '${libc}': picolibc or newlib")
  endif()
  set(${out} ${libc} PARENT_SCOPE)
endfunction()

# Returns the path that the compiler prints; it is asked once.
function(kiln_ask_compiler out compiler)
  file(TIMESTAMP "${compiler}" time)
  string(MD5 question "${compiler} ${time} ${ARGN}")
  set(kept "${KILN_COMPILER_FACTS}/${question}")
  set(answer "")
  if(KILN_COMPILER_FACTS AND EXISTS "${kept}")
    file(READ "${kept}" answer)
  endif()
  if(NOT EXISTS "${answer}")
    execute_process(COMMAND ${compiler} ${ARGN} OUTPUT_VARIABLE answer
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(KILN_COMPILER_FACTS)
      file(WRITE "${kept}" "${answer}")
    endif()
  endif()
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

# The gcc of an ISA: the compiler itself, or the one that gives clang its libgcc and newlib.
function(kiln_find_gcc out isa)
  if(NOT KILN_TOOLCHAIN STREQUAL "clang")
    set(${out} "${CMAKE_C_COMPILER}" PARENT_SCOPE)
    return()
  endif()
  find_program(KILN_LIBGCC_COMPILER NAMES ${isa}-linux-gnu-gcc ${isa}-none-elf-gcc ${isa}-elf-gcc)
  if(NOT KILN_LIBGCC_COMPILER)
    message(FATAL_ERROR "kiln: clang takes libgcc from gcc: install a gcc for ${isa} (./kiln setup)")
  endif()
  set(${out} "${KILN_LIBGCC_COMPILER}" PARENT_SCOPE)
endfunction()

function(kiln_find_picolibc out_folder out_name isa)
  find_path(KILN_PICOLIBC NAMES include/picolibc.h
    PATHS /usr/lib/picolibc/${isa}-linux-gnu /usr/lib/picolibc/${isa}-none-elf
          /usr/local/picolibc/${isa}-none-elf /opt/picolibc/${isa}-none-elf
    NO_DEFAULT_PATH DOC "Folder of picolibc: it holds include/ and lib/")
  if(NOT KILN_PICOLIBC)
    message(FATAL_ERROR "kiln: picolibc for ${isa} is missing: install the package "
      "picolibc-${isa}-linux-gnu (./kiln setup) or set -DKILN_PICOLIBC=FOLDER")
  endif()
  file(STRINGS "${KILN_PICOLIBC}/include/picolibc.h" version REGEX "define __PICOLIBC_VERSION__")
  string(REGEX REPLACE "^.*\"([^\"]*)\".*$" "\\1" version "${version}")
  set(${out_folder} "${KILN_PICOLIBC}" PARENT_SCOPE)
  set(${out_name} "picolibc ${version}" PARENT_SCOPE)
endfunction()

# newlib is built here, once; a look whether it is there takes a tenth of a second.
function(kiln_find_newlib out_folder out_name isa)
  get_property(known GLOBAL PROPERTY KILN_NEWLIB_${isa})
  if(known)
    list(GET known 0 folder)
    list(GET known 1 name)
    set(${out_folder} "${folder}" PARENT_SCOPE)
    set(${out_name} "${name}" PARENT_SCOPE)
    return()
  endif()
  kiln_find_gcc(gcc ${isa})
  separate_arguments(isa_options UNIX_COMMAND "${kiln_isa_flags}")
  set(tool "${KILN_ROOT}/tools/build_newlib.py")
  set(source "")
  if(KILN_NEWLIB_SOURCE)
    set(source --source "${KILN_NEWLIB_SOURCE}")
  endif()
  file(GLOB archives "${KILN_NEWLIB_SOURCE}" /usr/src/newlib/*)
  set(asked "${source} ${isa_options}")
  foreach(file "${gcc}" "${tool}" ${archives})
    file(TIMESTAMP "${file}" time)
    string(APPEND asked " ${file} ${time}")
  endforeach()
  string(MD5 key "${asked}")
  set(known "${KILN_BUILD_DIR}/newlib/known-${key}")
  set(answer "")
  if(EXISTS "${known}")
    file(READ "${known}" answer)
  endif()
  string(REGEX MATCH "^([^\n]+)\n([^\n]+)\n" answer "${answer}")
  if(NOT answer OR NOT EXISTS "${CMAKE_MATCH_1}/kiln-newlib")
    execute_process(COMMAND "${KILN_PYTHON}" "${tool}" --isa ${isa} --compiler "${gcc}"
      --into "${KILN_BUILD_DIR}/newlib" ${source} -- ${isa_options}
      RESULT_VARIABLE failed OUTPUT_VARIABLE answer)
    if(failed)
      message(FATAL_ERROR "kiln: there is no newlib to link with")
    endif()
    string(REGEX MATCH "^([^\n]+)\n([^\n]+)\n" answer "${answer}")
    file(WRITE "${known}" "${answer}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${tool}"
    "${CMAKE_MATCH_1}/kiln-newlib")
  set_property(GLOBAL PROPERTY KILN_NEWLIB_${isa} "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}")
  set(${out_folder} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  set(${out_name} "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()

# What the linker is told for each library: which printf and scanf, with or without floating point;
# and what it puts in front of newlib's reading and opening.
set(KILN_LINK_picolibc "")
set(KILN_LINK_newlib -Wl,--wrap=__srefill_r -Wl,--wrap=__sfp)
set(KILN_PRINTF_picolibc_0 -Wl,--defsym=vfprintf=__i_vfprintf -Wl,--defsym=vfscanf=__i_vfscanf)
set(KILN_PRINTF_picolibc_1 -Wl,--defsym=vfprintf=__d_vfprintf -Wl,--defsym=vfscanf=__d_vfscanf)
set(KILN_PRINTF_newlib_0
  -Wl,--defsym=vfprintf=vfiprintf -Wl,--defsym=_vfprintf_r=_vfiprintf_r
  -Wl,--defsym=_svfprintf_r=_svfiprintf_r -Wl,--defsym=__svfscanf_r=__svfiscanf_r
  -Wl,--defsym=__ssvfscanf_r=__ssvfiscanf_r)
set(KILN_PRINTF_newlib_1 "")

# Sets KILN_LIBC_OPTIONS (only its headers and the compiler's own; as options, because CMake leaves
# out folders that it takes for the compiler's defaults), KILN_LIBC_LIBRARIES and KILN_LIBM.
function(kiln_find_libc isa libc)
  cmake_language(CALL kiln_find_${libc} folder name ${isa})
  set(KILN_LIBC_NAME "${name}" CACHE INTERNAL "The C library of the last app, and its version")
  kiln_find_gcc(gcc ${isa})
  kiln_ask_compiler(libgcc "${gcc}" -print-libgcc-file-name)
  if(KILN_TOOLCHAIN STREQUAL "clang")
    kiln_ask_compiler(resources "${CMAKE_C_COMPILER}" -print-resource-dir)
    set(compiler_include "${resources}/include")
  else()
    kiln_ask_compiler(compiler_include "${gcc}" -print-file-name=include)
  endif()
  set(KILN_LIBC_OPTIONS -nostdinc "SHELL:-isystem \"${folder}/include\""
    "SHELL:-isystem \"${compiler_include}\"" PARENT_SCOPE)
  set(KILN_LIBC_LIBRARIES "${folder}/lib/libc.a;${libgcc}" PARENT_SCOPE)
  set(KILN_LIBM "${folder}/lib/libm.a" PARENT_SCOPE)
endfunction()
