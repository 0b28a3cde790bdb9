# find_package(Kiln): point CMake here by -DKiln_DIR=<kiln>/cmake; ./kiln does.
include("${CMAKE_CURRENT_LIST_DIR}/kiln.cmake")
set(Kiln_FOUND TRUE)
