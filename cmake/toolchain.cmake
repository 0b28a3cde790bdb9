# What the toolchain files of all ISAs share. They set
#   CMAKE_SYSTEM_PROCESSOR   the ISA, a folder of arch/
#   KILN_DEFAULT_TOOLCHAIN   gcc's prefix
#   kiln_isa_flags           flags for whatever is compiled
#   KILN_CODE_OPTIONS        further ones of images' code
#   kiln_pointer_bytes       the size of a pointer; bytes are in little-endian order
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KILN_TOOLCHAIN)

set(KILN_TOOLCHAIN "${KILN_DEFAULT_TOOLCHAIN}" CACHE STRING
  "Compiler: a gcc prefix such as ${KILN_DEFAULT_TOOLCHAIN}, clang, or native")

# A Linux compiler must not say so, or sources ask for Linux things.
string(APPEND kiln_isa_flags " -U__linux__ -U__linux -Ulinux -U__unix__ -U__unix -Uunix -U__gnu_linux__")

if(KILN_TOOLCHAIN STREQUAL "clang")
  set(CMAKE_C_COMPILER clang)
  set(CMAKE_CXX_COMPILER clang++)
  set(CMAKE_ASM_COMPILER clang)
  foreach(language C CXX ASM)
    set(CMAKE_${language}_COMPILER_TARGET ${CMAKE_SYSTEM_PROCESSOR}-none-elf)
  endforeach()
  find_program(KILN_OBJCOPY
    NAMES llvm-objcopy llvm-objcopy-19 llvm-objcopy-14 ${KILN_DEFAULT_TOOLCHAIN}objcopy)
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld")
else()
  set(kiln_prefix "${KILN_TOOLCHAIN}")
  if(KILN_TOOLCHAIN STREQUAL "native")
    set(kiln_prefix "")
  endif()
  set(CMAKE_C_COMPILER ${kiln_prefix}gcc)
  set(CMAKE_CXX_COMPILER ${kiln_prefix}g++)
  set(CMAKE_ASM_COMPILER ${kiln_prefix}gcc)
  find_program(KILN_OBJCOPY NAMES ${kiln_prefix}objcopy)
endif()

# What CMake finds out by compiling and linking programs, in each new build folder.
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_WORKS TRUE)
  set(CMAKE_${language}_ABI_COMPILED TRUE)
  set(CMAKE_${language}_COMPILER_ABI ELF)
  set(CMAKE_${language}_BYTE_ORDER LITTLE_ENDIAN)
  set(CMAKE_${language}_SIZEOF_DATA_PTR ${kiln_pointer_bytes})
endforeach()

foreach(language C CXX ASM)
  set(CMAKE_${language}_FLAGS_INIT "${kiln_isa_flags}")
endforeach()

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# What CMake found out of this compiler in an earlier build folder, where kiln.cmake has kept it.
if(KILN_BUILD_DIR)
  find_program(KILN_COMPILER_PATH NAMES "${CMAKE_C_COMPILER}")
  file(REAL_PATH "${KILN_COMPILER_PATH}" kiln_compiler)
  file(TIMESTAMP "${kiln_compiler}" kiln_compiler_time)
  string(MD5 kiln_compiler_key
    "${CMAKE_VERSION} ${KILN_COMPILER_PATH} ${kiln_compiler_time} ${kiln_isa_flags}")
  set(KILN_COMPILER_FACTS
    "${KILN_BUILD_DIR}/compilers/${CMAKE_SYSTEM_PROCESSOR}-${kiln_compiler_key}")
  foreach(language C CXX ASM)
    include("${KILN_COMPILER_FACTS}/${language}.cmake" OPTIONAL)
  endforeach()
endif()
