# kiln_app() for apps, and kiln::kiln for libraries that apps link.
#
#   cmake_minimum_required(VERSION 3.20)
#   project(hello C)
#   find_package(Kiln REQUIRED)
#   kiln_app(hello SOURCES main.c)
include_guard()
include("${CMAKE_CURRENT_LIST_DIR}/board.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/libc.cmake")

set(KILN_BOARD "raspi3" CACHE STRING "Board: a folder of Kiln's board/")
set(KILN_CONFIG "" CACHE STRING "Options of include/kiln/config.h: a list of NAME=VALUE")
set(KILN_BUILD_DIR "${CMAKE_BINARY_DIR}/kiln" CACHE PATH
  "Where runtimes are built: KILN_BUILD_DIR/BOARD/CONFIGURATION, shared by all apps")

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
  message(FATAL_ERROR "kiln: an app is built by Kiln's toolchain file: "
    "cmake -DCMAKE_TOOLCHAIN_FILE=${KILN_ROOT}/cmake/toolchain-ISA.cmake ...")
endif()
enable_language(ASM)

# Keeps what CMake found out of the compilers, for further build folders: toolchain.cmake reads it.
function(kiln_keep_compiler_facts)
  foreach(language C CXX ASM)
    set(own "${CMAKE_PLATFORM_INFO_DIR}/CMake${language}Compiler.cmake")
    set(kept "${KILN_COMPILER_FACTS}/${language}.cmake")
    if(EXISTS "${own}" AND NOT EXISTS "${kept}")
      file(READ "${own}" text)
      string(REGEX REPLACE "set\\(CMAKE_[A-Z]+_COMPILER_LOADED 1\\)" "" text "${text}")
      string(RANDOM LENGTH 12 unique)
      file(WRITE "${kept}.${unique}" "${text}")
      file(RENAME "${kept}.${unique}" "${kept}")
    endif()
  endforeach()
endfunction()

if(KILN_COMPILER_FACTS)
  kiln_keep_compiler_facts()
endif()

# The runtime of this board, configuration and C library: configured now, built whenever an app is.
# Options that only the linking of an app reads do not make another runtime.
function(kiln_runtime out_target out_folder config libc)
  list(FILTER config EXCLUDE REGEX "^(PRINTF_FLOAT|SYMBOLS)=")
  kiln_config_folder(name ${config})
  kiln_board_fact(isa ${KILN_BOARD} "${config}" isa)
  kiln_isa_fact(default_libc ${isa} libc)
  kiln_isa_fact(default_toolchain ${isa} prefix)
  if(NOT libc STREQUAL default_libc)
    string(APPEND name "+${libc}")
  endif()
  set(folder "${KILN_BUILD_DIR}/${KILN_BOARD}/${name}")
  if(NOT KILN_TOOLCHAIN STREQUAL default_toolchain)
    string(REGEX REPLACE "[^a-zA-Z0-9]+$" "" toolchain "${KILN_TOOLCHAIN}")
    string(APPEND folder "+${toolchain}")
  endif()
  set(${out_folder} "${folder}" PARENT_SCOPE)
  string(MAKE_C_IDENTIFIER "kiln_runtime_${name}" target)
  set(${out_target} "${target}" PARENT_SCOPE)
  if(TARGET ${target})
    return()
  endif()
  file(MAKE_DIRECTORY "${folder}")
  file(LOCK "${folder}/.configure-lock" GUARD FUNCTION)
  if(NOT EXISTS "${folder}/build.ninja" AND NOT EXISTS "${folder}/Makefile")
    execute_process(COMMAND ${CMAKE_COMMAND} -G "${CMAKE_GENERATOR}" -S "${KILN_ROOT}/cmake/runtime"
      -B "${folder}" "-DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE}"
      "-DKILN_TOOLCHAIN=${KILN_TOOLCHAIN}" "-DKILN_BOARD=${KILN_BOARD}" "-DKILN_CONFIG=${config}"
      "-DKILN_LIBC=${libc}" "-DKILN_PICOLIBC=${KILN_PICOLIBC}" "-DKILN_BUILD_DIR=${KILN_BUILD_DIR}"
      "-DKILN_NEWLIB_SOURCE=${KILN_NEWLIB_SOURCE}" "-DKILN_PYTHON=${KILN_PYTHON}"
      RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
      file(REMOVE "${folder}/build.ninja" "${folder}/Makefile" "${folder}/CMakeCache.txt")
      message(FATAL_ERROR "kiln: the runtime cannot be configured:\n${output}")
    endif()
  endif()
  add_custom_target(${target}
    COMMAND flock "${folder}/.build-lock" "${CMAKE_MAKE_PROGRAM}" -C "${folder}"
    BYPRODUCTS "${folder}/kiln.o" "${folder}/libposix.a"
    COMMENT "Kiln's runtime for ${KILN_BOARD}, ${name}" VERBATIM)
endfunction()

# Options for whatever is compiled into an image. C++ without exceptions and RTTI.
function(kiln_interface target config libc)
  kiln_board_fact(isa ${KILN_BOARD} "${config}" isa)
  kiln_find_libc(${isa} ${libc})
  add_library(${target} INTERFACE)
  kiln_code_options(options "${config}")
  kiln_backtrace_options(backtrace "${config}")
  list(TRANSFORM config PREPEND KILN_CONFIG_ OUTPUT_VARIABLE definitions)
  kiln_check_options(check ${isa} program "${config}")
  set(posix "SHELL:-isystem \"${KILN_ROOT}/posix/include\"")
  target_compile_options(${target} INTERFACE -O2 ${options} ${backtrace} ${check} ${posix} ${KILN_LIBC_OPTIONS}
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-use-cxa-atexit>)
  target_compile_definitions(${target} INTERFACE ${definitions})
  target_include_directories(${target} INTERFACE "${KILN_ROOT}/include")
endfunction()

# For third-party libraries: target_link_libraries(their_library PUBLIC kiln::kiln)
kiln_config_merge(kiln_project_config ${KILN_CONFIG})
kiln_board_fact(kiln_project_isa ${KILN_BOARD} "${kiln_project_config}" isa)
kiln_choose_libc(kiln_project_libc ${kiln_project_isa} "")
if(NOT TARGET kiln::kiln)
  kiln_interface(kiln_kiln "${kiln_project_config}" ${kiln_project_libc})
  add_library(kiln::kiln ALIAS kiln_kiln)
  file(WRITE "${CMAKE_BINARY_DIR}/kiln-apps.txt" "")
endif()

# Sources that every app gets: its name, and the files it embeds.
function(kiln_app_assembly out name files)
  set(path "${CMAKE_CURRENT_BINARY_DIR}/${name}.kiln.S")
  set(text ".section .rodata.kiln_program_name, \"a\"\n.global kiln_program_name\n")
  string(APPEND text "kiln_program_name: .asciz \"${name}\"\n")
  set(depends "")
  foreach(file IN LISTS files)
    get_filename_component(absolute "${file}" ABSOLUTE)
    if(NOT EXISTS "${absolute}")
      message(FATAL_ERROR "kiln: FILES names '${file}', which does not exist")
    endif()
    list(APPEND depends "${absolute}")
    string(APPEND text ".section .kiln.embedded, \"a\"\n1: .asciz \"${file}\"\n.balign 16\n"
      "2: .incbin \"${absolute}\"\n3: .byte 0\n"
      ".section .kiln.files, \"aw\"\n.quad 1b, 2b, 3b - 2b\n")
  endforeach()
  file(CONFIGURE OUTPUT "${path}" CONTENT "${text}" @ONLY)
  set_source_files_properties("${path}" PROPERTIES OBJECT_DEPENDS "${depends}")
  set(${out} "${path}" PARENT_SCOPE)
endfunction()

# kiln_app(NAME SOURCES file... [CONFIG NAME=VALUE...] [FILES file...] [LIBC picolibc|newlib]
# [BOARDS board...]):
# NAME.elf, NAME.map and the boot image in the build folder. Options on the command line
# (KILN_CONFIG, KILN_LIBC) win over those of the app. BOARDS are those that it runs on, if not all.
function(kiln_app name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT;LIBC" "SOURCES;CONFIG;FILES;BOARDS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "kiln: kiln_app(${name} SOURCES file... [CONFIG NAME=VALUE...] "
      "[FILES file...] [LIBC picolibc|newlib] [BOARDS board...])")
  endif()
  if(arg_BOARDS AND NOT KILN_BOARD IN_LIST arg_BOARDS)
    if(NOT CMAKE_SOURCE_DIR STREQUAL KILN_ROOT)
      list(JOIN arg_BOARDS ", " boards)
      message(FATAL_ERROR "kiln: ${name} does not run on ${KILN_BOARD}; -b takes ${boards}")
    endif()
    return()
  endif()
  kiln_config_merge(config ${arg_CONFIG} ${KILN_CONFIG})
  kiln_board_fact(isa ${KILN_BOARD} "${config}" isa)
  kiln_choose_libc(libc ${isa} "${arg_LIBC}")
  kiln_runtime(runtime folder "${config}" ${libc})
  kiln_app_assembly(assembly "${name}" "${arg_FILES}")
  add_executable(${name} ${arg_SOURCES} "${assembly}")
  if(config STREQUAL kiln_project_config AND libc STREQUAL kiln_project_libc)
    target_link_libraries(${name} PRIVATE kiln::kiln)
  else()
    kiln_interface(kiln_for_${name} "${config}" ${libc})
    target_link_libraries(${name} PRIVATE kiln_for_${name})
  endif()
  add_dependencies(${name} ${runtime})
  file(APPEND "${CMAKE_BINARY_DIR}/kiln-apps.txt" "${name}\n")
  list(JOIN config "\n" config_lines)
  file(WRITE "${CMAKE_BINARY_DIR}/${name}.config" "${config_lines}\n")

  kiln_find_libc(${isa} ${libc})
  kiln_board_fact(load_address ${KILN_BOARD} "${config}" load_address)
  kiln_board_fact(kernel ${KILN_BOARD} "${config}" kernel)
  kiln_config_value(irq_stack IRQ_STACK_BYTES ${config})
  kiln_config_value(printf_float PRINTF_FLOAT ${config})
  kiln_config_value(symbols SYMBOLS ${config})
  kiln_config_value(check_memory CHECK_MEMORY ${config})
  set(script "${KILN_ROOT}/arch/${isa}/image.ld")
  set_target_properties(${name} PROPERTIES SUFFIX .elf
    LINK_DEPENDS "${script};${KILN_ROOT}/arch/read_only.ld;${folder}/kiln.o;${folder}/libposix.a;${KILN_ROOT}/tools/link_image.py")
  target_link_options(${name} PRIVATE -nostdlib -static -Wl,--gc-sections
    $<$<NOT:$<STREQUAL:${KILN_TOOLCHAIN},clang>>:-no-pie>
    -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack "-Wl,-L,${KILN_ROOT}/arch" -Wl,-T,${script}
    -Wl,-Map,${name}.map -Wl,--defsym=KILN_LOAD_ADDRESS=${load_address}
    -Wl,--defsym=KILN_IRQ_STACK_BYTES=${irq_stack} ${KILN_LINK_${libc}}
    ${KILN_PRINTF_${libc}_${printf_float}})
  target_link_libraries(${name} PRIVATE "${folder}/kiln.o" -Wl,--start-group
    "${folder}/libposix.a" ${KILN_LIBM} ${KILN_LIBC_LIBRARIES} -Wl,--end-group)
  if(check_memory) # posix/check's, not those that are beside whoever in the C library calls them
    foreach(function IN ITEMS memcpy memmove memset memcmp memchr strlen strnlen)
      target_link_options(${name} PRIVATE -Wl,--undefined=${function})
    endforeach()
  endif()
  if(symbols)
    set_target_properties(${name} PROPERTIES RULE_LAUNCH_LINK
      "\"${KILN_PYTHON}\" -S -E \"${KILN_ROOT}/tools/link_image.py\" ")
  endif()
  set(image "${kernel}")
  if(arg_OUTPUT)
    set(image "${arg_OUTPUT}")
  endif()
  set(form -O binary)
  if(kernel MATCHES "\\.elf$")
    set(form -S)
  endif()
  add_custom_command(TARGET ${name} POST_BUILD VERBATIM
    COMMAND ${KILN_OBJCOPY} ${form} $<TARGET_FILE:${name}> "${CMAKE_CURRENT_BINARY_DIR}/${image}"
    BYPRODUCTS "${CMAKE_CURRENT_BINARY_DIR}/${image}")
endfunction()
