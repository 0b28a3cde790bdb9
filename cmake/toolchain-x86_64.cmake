# A bare-metal x86_64 compiler out of whichever one is there. KILN_TOOLCHAIN chooses:
#   x86_64-linux-gnu-    Debian's compiler (the default), as any other gcc prefix
#   x86_64-elf-          one that was built for no operating system
#   clang                clang with lld
#   native               gcc of an x86_64 machine
# Any CMake project can use this file: -DCMAKE_TOOLCHAIN_FILE=.../toolchain-x86_64.cmake
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(KILN_DEFAULT_TOOLCHAIN "x86_64-linux-gnu-")

# No red zone: an interrupt of some other system's making, or a debugger, may write below the stack
# pointer. No prefixes for hardware shadow stacks; a stack protector without thread-local data.
set(kiln_isa_flags "-march=x86-64 -mno-red-zone -mcmodel=small -fcf-protection=none -mstack-protector-guard=global")
set(KILN_CODE_OPTIONS "")
set(kiln_pointer_bytes 8)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake")
