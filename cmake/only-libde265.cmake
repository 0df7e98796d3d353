# Read by CMake as a toolchain file when cargo builds libheif (see .cargo/config.toml): of all the codecs that
# libheif looks for on the building machine, only libde265 may be found. Others would be linked in, GPL libx265 included.
foreach(package X265 kvazaar UVG266 vvdec vvenc X264 OpenH264 DAV1D AOM SvtEnc RAV1E JPEG OpenJPEG FFMPEG OPENJPH libsharpyuv ZLIB Brotli Doxygen)
  set(CMAKE_DISABLE_FIND_PACKAGE_${package} TRUE)
endforeach()
