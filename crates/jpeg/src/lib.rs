//! Decodes Huffman-coded JPEGs of 8 bits, sequential or progressive (ITU-T T.81 annexes F and G), to planes: what
//! cameras, phones and the web write.
//!
//! [`HuffmanDecoder`] hands rows of planes to a sink at the DCT scale asked for, each sample as libjpeg-turbo gives it.
//! [`MarkerSegments`] is the one walk over a file's markers, which a caller's probe shares.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
#![deny(unsafe_code)]

mod app;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod band;
mod bits;
mod blocks;
mod codes;
mod decoder;
mod dispatch;
mod entropy;
mod frame;
mod headers;
mod idct;
mod precision;
mod probe;
mod progressive;
mod result;
mod rows;
mod scale;
mod scans;
mod segments;
mod sequential;
mod tables;
mod tail;
#[cfg(test)]
mod tests;
mod trailer;
mod work;
mod zigzag;

pub use app::ApplicationData;
pub use decoder::HuffmanDecoder;
pub use probe::{JpegHeader, JpegProbe};
pub use scale::DctScale;
pub use scans::ScanLimits;
pub use tail::MAX_LEFT_OVER_BYTES;
pub use trailer::{Trailer, samsung_trailer};
