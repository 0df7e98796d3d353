//! Crops and reduces samples with an antialiased Catmull-Rom filter, row by row while they are decoded.
//!
//! [`PlanesReducer`] and [`RasterReducer`] take rows as a decoder has them and keep only those under the filter, so no
//! picture of full size has to exist. [`reduce_planes`] and [`reduce_raster`] take whole pictures.
//!
//! The result is that of fast_image_resize on whole frames, sample by sample, whatever the number of rows at a time.
//! Sums are integers and weights come from a polynomial, so it is the same on every machine.
//!
//! How it works, from the outside in: `reduction` says which samples become the target, `weights` how much of each.
//! `reducer` leads rows through two passes, `vertical` and `horizontal`, whose arithmetic is in `eight` and `sixteen`.
//! `dispatch` picks its build for AVX2 where the CPU has that.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_resize::RasterReducer;
//! use image_ingest_samples::{CpuTimer, Layout, Rect, RowSink, SampleRows, Samples, Size};
//!
//! let (size, target) = (Size::new(4, 4), Size::new(2, 2));
//! let mut reducer = RasterReducer::new(size, Layout::Gray, 8, Rect::whole(size), target)?;
//! for row in [[10; 4], [10; 4], [90; 4], [90; 4]] {
//!     reducer.take_rows(0, SampleRows::u8(&row, 4), &CpuTimer::default())?;
//! }
//! assert_eq!(reducer.finish(&CpuTimer::default())?.samples, Samples::U8(vec![17, 17, 83, 83]));
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![deny(unsafe_code)]

mod alpha;
mod arithmetic;
mod axis;
mod dispatch;
mod eight;
#[cfg(target_arch = "x86_64")]
mod eight_avx2;
mod halves;
mod horizontal;
mod planes;
mod raster;
mod reducer;
mod reduction;
mod result;
mod sixteen;
#[cfg(target_arch = "x86_64")]
mod sixteen_avx2;
#[cfg(test)]
mod tests;
mod vertical;
mod weights;

pub use halves::RowHalver;
pub use planes::{PlanesFormat, PlanesReducer, reduce_planes};
pub use raster::{RasterReducer, reduce_raster};
pub use reduction::ChromaGrid;
