//! The C libraries that [image-ingest](https://docs.rs/image-ingest) still calls, behind safe functions: libjpeg-turbo
//! for arithmetic-coded, RGB and CMYK JPEGs and for encoding JPEG, libwebp for decoding VP8 and VP8L, libde265 for the HEVC
//! pictures that `image-ingest-hevc` does not know.
//!
//! All unsafe code that talks to C is here. No byte may come here before a probe in Rust has accepted its header and
//! every limit on it. The crate goes away when each of these libraries is replaced.
//!
//! This crate promises nothing but to `image-ingest`, which pins it with `=`: its API changes with any release.

pub mod hevc;
pub mod jpeg;
mod result;
pub mod webp_decode;
