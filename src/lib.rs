//! Turns an untrusted upload (JPEG, PNG, GIF, WebP or HEIC, at most 10 MiB) into one canonical image and its content id.
//!
//! [`Upload`] takes the bytes as they arrive; its [`Source`] goes into [`Ingest::ingest`], and a [`Background`] comes out:
//! upright, sRGB, opaque, reduced, encoded without metadata, and named by BLAKE3 of its bytes. The same upload gives the
//! same bytes on every machine; [`self_test`] proves it for a build.
//!
//! ```
//! use image_ingest::Ingest;
//!
//! let ingest = Ingest::default();
//! # let upload = image_ingest::samples()[0].bytes;
//! let background = ingest.ingest(ingest.source(upload)?)?;
//! println!("{} {:?}", background.id, background.receipt.source.format);
//! # Ok::<(), image_ingest::Error>(())
//! ```
//!
//! Nothing here is async, does I/O or logs. [`Ingest`] is cheap to clone and shared between threads as it is; every
//! refusal is an [`Error`] with a stable [`code`](Error::code) and the [`Blame`] for it.
#![forbid(unsafe_code)]

mod canonical;
mod codec;
mod error;
pub mod facts;
pub mod header;
mod pixels;
mod plan;
pub mod rendition;
mod run;
#[doc(hidden)]
pub mod stages;
mod upload;

pub use error::{Blame, Error, Result};
pub use image_ingest_encode::Encoding;
pub use image_ingest_samples::{CancellationToken, Size};
pub use plan::profile::{CANONICAL_VERSION, Geometry, Profile};
#[cfg(feature = "threads")]
pub use run::batch::Batch;
pub use run::builder::IngestBuilder;
pub use run::ingest::{Background, Ingest, Inspection, inspect};
pub use run::known::{Known, Outcome};
pub use run::receipt::{Receipt, SourceFacts, Timings};
pub use run::self_test::{Sample, samples, self_test};
pub use upload::format::Format;
pub use upload::id::{ContentId, ParseIdError, SourceId};
pub use upload::limits::Limits;
pub use upload::{Source, Upload};

/// The examples of the README, kept true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
