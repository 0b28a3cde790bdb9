# A bare-metal AArch64 compiler out of whichever one is there. KILN_TOOLCHAIN chooses:
#   aarch64-linux-gnu-   Debian's cross compiler (the default), as any other gcc prefix
#   aarch64-none-elf-    Arm's
#   clang                clang with lld
#   native               gcc of an AArch64 machine, such as a Raspberry Pi
# Any CMake project can use this file: -DCMAKE_TOOLCHAIN_FILE=.../toolchain-aarch64.cmake
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(KILN_DEFAULT_TOOLCHAIN "aarch64-linux-gnu-")

# A Linux compiler calls libgcc's run-time detection of atomics, which wants glibc.
set(kiln_isa_flags "-march=armv8-a -mno-outline-atomics")
set(KILN_CODE_OPTIONS -mstrict-align)
set(kiln_pointer_bytes 8)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake")
