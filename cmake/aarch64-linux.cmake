# Read by CMake as a toolchain file when cargo builds libjpeg-turbo for aarch64 on another machine (scripts/aarch64.sh): the
# system and the compilers, which the crate `cmake` names only where there is no toolchain file.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
