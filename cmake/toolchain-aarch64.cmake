# A bare-metal AArch64 compiler out of whichever one is there. KILN_TOOLCHAIN chooses:
#   aarch64-linux-gnu-   Debian's cross compiler (the default), as any other gcc prefix
#   aarch64-none-elf-    Arm's
#   clang                clang with lld
#   native               gcc of an AArch64 machine, such as a Raspberry Pi
# Any CMake project can use this file: -DCMAKE_TOOLCHAIN_FILE=.../toolchain-aarch64.cmake
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KILN_TOOLCHAIN)

set(KILN_TOOLCHAIN "aarch64-linux-gnu-" CACHE STRING
  "Compiler: a gcc prefix such as aarch64-linux-gnu- or aarch64-none-elf-, clang, or native")

# A Linux compiler must not say so, or sources ask for Linux things; and it must not call libgcc's
# run-time detection of atomics, which wants glibc.
set(kiln_isa_flags "-march=armv8-a -mno-outline-atomics -U__linux__ -U__linux -Ulinux -U__unix__ -U__unix -Uunix -U__gnu_linux__")

if(KILN_TOOLCHAIN STREQUAL "clang")
  set(CMAKE_C_COMPILER clang)
  set(CMAKE_CXX_COMPILER clang++)
  set(CMAKE_ASM_COMPILER clang)
  foreach(language C CXX ASM)
    set(CMAKE_${language}_COMPILER_TARGET aarch64-none-elf)
  endforeach()
  find_program(KILN_OBJCOPY NAMES llvm-objcopy llvm-objcopy-19 llvm-objcopy-14 aarch64-linux-gnu-objcopy)
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

foreach(language C CXX ASM)
  set(CMAKE_${language}_FLAGS_INIT "${kiln_isa_flags}")
endforeach()

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
