//! Decodes JPEGs of 8 bits (ITU-T T.81 annexes D, F and G), sequential or progressive, of Huffman codes or arithmetic
//! coding, to planes or to interleaved RGB and CMYK. Encodes planes and RGB as baseline JPEG.
//!
//! - [`JpegProbe`] reads a file's marker segments without decoding: size, components, scans, application
//!   data.
//! - [`JpegDecoder`] decodes and hands rows to a sink. Planes of luma and chroma have a [`DctScale`] each.
//!   Every sample is the one that libjpeg-turbo gives.
//! - [`PlanesEncoder`] and [`RgbEncoder`] take rows and write a file of 4:2:0. Every byte is the one that libjpeg-turbo
//!   writes. [`encode_planes`] and [`encode_rgb`] do the same for whole pictures.
//! - [`samsung_trailer`] finds what some cameras append to a file.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! A picture of 8 × 8 pixels, all of one gray:
//!
//! ```
//! use image_ingest_jpeg::{DctScale, JpegDecoder};
//! use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};
//!
//! /// Keeps the samples of the first plane.
//! #[derive(Default)]
//! struct Gray(Vec<u8>);
//!
//! impl RowSink for Gray {
//!     fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
//!         self.0.extend_from_slice(rows.bytes()?);
//!         Ok(())
//!     }
//! }
//!
//! let file = [
//!     &b"\xFF\xD8"[..],                                            // start of image
//!     b"\xFF\xDB\0\x43\0", &[16; 64],                             // quantisation table 0: all 16
//!     b"\xFF\xC0\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0",          // frame: 8 bits, 8 × 8, one component
//!     b"\xFF\xC4\0\x14\x00", b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"\x03", // DC: code 0 is 3 bits
//!     b"\xFF\xC4\0\x14\x10", b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"\x00", // AC: code 0 ends a block
//!     b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0",                       // scan of component 1
//!     &[0b0_101_0_111],                                           // difference 5, end of block, padding
//!     b"\xFF\xD9",                                                // end of image
//! ]
//! .concat();
//!
//! let mut gray = Gray::default();
//! let decoder = JpegDecoder::new(&file, &CpuTimer::default())?;
//! decoder.decode([DctScale::Full; 2], &mut gray, &CpuTimer::default())?;
//! // 5 · 16 is eight times the difference to 128.
//! assert_eq!(gray.0, [138; 64]);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![deny(unsafe_code)]

mod app;
mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_masks;
mod band;
mod bits;
mod block_layout;
mod blocks;
mod codes;
mod coefficient_cost;
mod convert;
mod decoder;
mod dispatch;
mod encode;
mod entropy;
mod frame;
mod headers;
mod idct;
mod interleave;
mod interleaved;
mod mask_band;
mod masked;
mod memory;
mod picture;
mod precision;
mod probe;
mod progression;
mod progressive;
mod result;
mod rows;
mod scale;
mod scans;
mod segments;
mod sequential;
mod standard;
mod store;
mod tables;
mod tail;
#[cfg(test)]
mod tests;
mod trailer;
mod upsample;
mod value_stream;
mod work;
mod zigzag;

pub use app::ApplicationData;
pub use convert::InterleavedColor;
pub use decoder::JpegDecoder;
pub use encode::{PlanesEncoder, RgbEncoder, TurnedEncoder, encode_planes, encode_rgb};
pub use probe::{JpegHeader, JpegProbe};
pub use scale::DctScale;
pub use scans::ScanLimits;
pub use tail::MAX_LEFT_OVER_BYTES;
pub use trailer::{Trailer, samsung_trailer};
