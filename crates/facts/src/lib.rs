//! What a product wants to know about a picture besides its bytes: a placeholder, a perceptual hash, colours, luminance.
//!
//! [`FactsCollector`] takes the rows of a picture as they are made, upright or as they are stored, and gives [`Facts`] at the end.
//! Rows become box sums at once (`boxes`), those become two small grids by weights along each axis (`axis`, `grid`): 64 × 64 of luma
//! for the PDQ hash, and at most 100 × 100 of colour for everything else. Of no picture more is kept than the luma of one that has
//! at most 128 pixels a side (`small_luma`).
//!
//! Sums over a picture are integers. Tables of weights, cosines and light and the cosine transform of the PDQ hash are made of the
//! basic operations of IEEE 754, one by one, and the pinned `libm` crate, so the facts of the same samples are the same on every
//! machine.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_facts::{FactsCollector, RowFormat};
//! use image_ingest_samples::Size;
//!
//! let mut collector = FactsCollector::new(Size::new(8, 6), RowFormat::Rgb)?;
//! for _ in 0..6 {
//!     collector.push(0, &[250, 120, 10].repeat(8))?;
//! }
//! let facts = collector.finish()?;
//! assert_eq!(facts.average.to_string(), "#fa780a");
//! assert!(facts.high_key);
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![forbid(unsafe_code)]

mod axis;
mod boxes;
mod collector;
mod colors;
mod cosine;
mod facts;
mod grid;
mod luminance;
mod pdq;
mod result;
mod rgb_color;
mod small_luma;
mod thumbhash;

pub use collector::{FactsCollector, RowFormat};
pub use facts::Facts;
pub use pdq::PdqHash;
pub use rgb_color::{ParseColorError, RgbColor};
pub use thumbhash::ThumbHash;
