//! Converts samples to 8-bit sRGB: ICC profiles (ICC.1:2022), code points (ITU-T H.273), PNG's `gAMA` and `cHRM`, CMYK,
//! and PQ or HLG by tone mapping.
//!
//! [`conversion()`] decides from a [`ColorDescription`] what is to be done, and [`to_srgb`] or a [`SrgbConverter`] does
//! it. Around them are the conversions between Y′CbCr and RGB ([`to_rgb`], [`PlaneConverter`], [`RangeStretch`],
//! [`LimitedPlanes`]) and [`compose`], which puts a colour under transparent pixels.
//!
//! # The same bytes on every machine
//!
//! Pixels meet integers only, except in tone mapping. The tables behind them are made from what IEEE 754 fixes to the
//! bit: `+ - × ÷`, comparison, rounding and conversion of floating-point numbers, none of which Rust fuses or reorders,
//! and `pow`, `exp` and `log` of the pinned `libm` crate, which is made of these and built without its assembly.
//!
//! Not allowed here: `mul_add`, `f64::powf` and its like (the platform's libm), SIMD chosen at run time, and any colour
//! engine that does one of them. moxcms, for example, fuses multiplication and addition where the CPU or the build can
//! (on aarch64 always), so its tables and its interpolation differ between machines.
//!
//! # The way of a pixel
//!
//! - **Matrix and gray profiles**: `shaper` folds curves and matrix into one table for each channel.
//! - **Table profiles** (CMYK, scanners): `table` evaluates the profile at the nodes of a grid, and `grid` interpolates
//!   between them.
//! - **PQ and HLG**: `hdr`.
//! - A profile that is equal to sRGB within one level (`equality`) converts nothing.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_color::{ColorDescription, ColorModel, conversion, to_srgb};
//! use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size};
//!
//! let conversion = conversion(&ColorDescription::AdobeRgb, ColorModel::Rgb, &CpuTimer::default())?;
//! let pixel = Raster::new(Size::new(1, 1), Layout::Rgb, Samples::U8(vec![100, 150, 200]))?;
//! let pixel = to_srgb(pixel, &conversion, &CpuTimer::default())?;
//! assert_eq!(pixel.samples, Samples::U8(vec![66, 151, 203]));
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![deny(unsafe_code)]

mod alpha;
mod clut;
mod compose;
mod conversion;
mod curve;
mod depth;
mod described;
mod description;
mod dispatch;
mod each_pixel;
mod eight_bits;
#[cfg(target_arch = "x86_64")]
mod eight_bits_avx2;
mod equality;
mod grid;
mod hdr;
mod icc;
mod light_table;
mod limited;
mod linear_matrix;
mod matrix;
mod nonlinear_matrix;
mod numbers;
mod pcs;
mod plane_scale;
mod profile;
mod result;
mod rgb_rows;
mod shaper;
#[cfg(target_arch = "x86_64")]
mod shaper_avx2;
mod srgb;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod transfer_function;
mod transform;
mod ycbcr;

pub use alpha::{AlphaPlane, join_alpha};
pub use compose::compose;
pub use conversion::{Conversion, conversion};
pub use description::{ColorDescription, ColorModel};
pub use limited::LimitedPlanes;
pub use plane_scale::PlaneCoding;
pub use rgb_rows::RgbRows;
pub use transform::{SrgbConverter, to_srgb};
pub use ycbcr::{PlaneConverter, RangeStretch, to_rgb};
