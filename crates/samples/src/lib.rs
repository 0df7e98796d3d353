//! The words that the engines of [image-ingest](https://docs.rs/image-ingest) share.
//!
//! - [`Size`] and [`Rect`]: where pixels lie.
//! - [`Samples`], [`Planes`] and [`Raster`]: decoded samples, planar or interleaved.
//! - [`RowSink`]: takes rows of samples as a decoder has them; [`PictureRows`] keeps those that come in another order.
//! - [`Orientation`] and [`StoredPixels`]: how a stored picture is turned to stand upright.
//! - [`Budget`], [`CpuTimer`] and [`CancellationToken`]: how long a job may go on.
//! - [`Workers`]: the threads that work on one image.
//! - [`WorkError`] and [`DecodeError`]: why work ended without a result.
//!
//! This crate promises nothing but to `image-ingest`, which pins it with `=`: its API changes with any release.
//!
//! ```
//! use image_ingest_samples::{Layout, Raster, Samples, Size};
//!
//! let red = Raster::new(Size::new(2, 1), Layout::Rgb, Samples::U8(vec![255, 0, 0, 255, 0, 0]))?;
//! assert_eq!(red.layout.channels(), 3);
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![forbid(unsafe_code)]

mod avx2;
pub mod block;
mod budget;
mod cicp;
mod clock;
mod error;
mod memory;
mod orientation;
mod picture_rows;
mod planes;
mod pool;
mod raster;
mod samples;
mod size;
mod turn;
mod view;
#[cfg(feature = "watch")]
pub mod watch;
mod workers;

pub use avx2::Avx2;
pub use budget::{Budget, CancellationToken, CpuTimer};
pub use bytemuck::Zeroable;
pub use cicp::Cicp;
pub use clock::{DEADLINE_CLOCK, Moment};
pub use error::{BoxError, DecodeError, WorkError};
pub use memory::{collected, defaults, defaults_within, joined, reserve, reserve_exact, zeroed};
pub use orientation::Orientation;
pub use picture_rows::PictureRows;
pub use planes::{Chroma, Matrix, Planes, Range, Siting, chroma_size};
pub use pool::Pool;
pub use raster::{Layout, Raster};
pub use samples::{RowSink, SampleRows, SampleSlice, Samples, sample_count};
pub use size::{Rect, Size};
pub use turn::StoredPixels;
pub use view::{PictureView, PlaneView};
pub use workers::Workers;
