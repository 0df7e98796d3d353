//! The conversion of samples to 8-bit sRGB: ICC profiles (ICC.1:2022), code points (ITU-T H.273), PNG's `gAMA` and `cHRM`,
//! CMYK, and PQ or HLG by tone mapping.
//!
//! The same bytes come out on every machine, because pixels meet integers only and the tables behind them are made
//! from what IEEE 754 fixes to the bit: `+ - × ÷`, comparison, rounding and conversion of `f64`, none of which Rust
//! fuses or reorders, and `pow` of the pinned `libm` crate, which is made of these and built without its assembly.
//! Not allowed here: `mul_add`, `f64::powf` and its like (the platform's libm), SIMD chosen at run time, and any colour
//! engine doing one of them.
//!
//! [`conversion`] decides from a [`ColorDescription`] what is to be done, and [`to_srgb`] does it.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API changes
//! with any release.
//!
//! ```
//! use image_ingest_color::{ColorDescription, ColorModel, conversion, to_srgb};
//! use image_ingest_samples::{Layout, Raster, Samples, Size, Workers};
//!
//! let conversion = conversion(&ColorDescription::AdobeRgb, ColorModel::Rgb);
//! let white = Raster::new(Size::new(1, 1), Layout::Rgb, Samples::U8(vec![255; 3]))?;
//! let white = to_srgb(white, &conversion, Workers::default())?;
//! assert_eq!(white.samples, Samples::U8(vec![255; 3]));
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![forbid(unsafe_code)]

mod conversion;
mod curve;
mod depth;
mod described;
mod description;
mod equality;
mod hdr;
mod icc;
mod lut;
mod matrix;
mod numbers;
mod pipeline;
mod profile;
mod result;
mod shaper;
mod srgb;
mod tags;
#[cfg(test)]
mod tests;
mod transform;
mod ycbcr;

pub use conversion::{Conversion, conversion};
pub use description::{ColorDescription, ColorModel};
pub use transform::to_srgb;
pub use ycbcr::{expand_range, to_rgb};
