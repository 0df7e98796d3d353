# Read by CMake as a toolchain file when cargo builds libjpeg-turbo, and libheif for the tests (see .cargo/config.toml).
# The library has no libheif, and who depends on it needs no such file.

# Of all the codecs that libheif looks for on the building machine, only libde265 may be found. Others would be linked in,
# GPL libx265 included.
foreach(package X265 kvazaar UVG266 vvdec vvenc X264 OpenH264 DAV1D AOM SvtEnc RAV1E JPEG OpenJPEG FFMPEG OPENJPH libsharpyuv ZLIB Brotli Doxygen)
  set(CMAKE_DISABLE_FIND_PACKAGE_${package} TRUE)
endforeach()

# libheif converts Y'CbCr to RGB in float. A compiler may fuse a multiplication and an addition there where the machine can
# (GCC does on aarch64, not on x86-64), which rounds once instead of twice: the same picture would get other bytes. An
# option, not CMAKE_CXX_FLAGS_INIT, since the crate `cmake` passes CMAKE_CXX_FLAGS itself. NASM takes no such option.
add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off>)
