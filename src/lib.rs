//! Turns an untrusted upload (JPEG, PNG, GIF, WebP or HEIC, at most 10 MiB) into one canonical image and its content id.
//!
//! [`Upload`] takes the bytes as they arrive; its [`Source`] goes into [`Ingest::ingest`], and a [`Background`] comes out:
//! upright, sRGB, opaque, reduced, encoded without metadata, and named by BLAKE3 of its bytes. The same upload gives the
//! same bytes on every machine; [`self_test`] proves it for a build.
//!
//! ```
//! use image_ingest::{Ingest, Source};
//!
//! let ingest = Ingest::default();
//! # let upload = image_ingest::samples()[0].bytes;
//! let background = ingest.ingest(Source::new(upload, ingest.limits())?)?;
//! println!("{} {:?}", background.id, background.receipt.source.format);
//! # Ok::<(), image_ingest::Error>(())
//! ```
//!
//! Nothing here is async, does I/O or logs. [`Ingest`] is cheap to clone and shared between threads as it is; every
//! refusal is an [`Error`] with a stable [`code`](Error::code) and the [`Blame`] for it. What is decoded, and where, is
//! behind [`Render`]: in this process by default.
#![deny(unsafe_code)]

mod batch;
mod canonical;
mod codec;
mod color;
mod encode;
mod error;
mod exif;
mod format;
mod header;
mod id;
mod ingest;
mod limits;
mod memory;
mod orient;
mod pixels;
mod plan;
mod profile;
mod receipt;
mod reduce;
mod render;
mod self_test;
mod size;
#[doc(hidden)]
pub mod stages;
mod tile;
mod upload;
mod watch;
mod workers;

pub use batch::Batch;
pub use canonical::{Canonical, CanonicalSamples};
pub use error::{Blame, BoxError, Error, Result};
pub use format::Format;
pub use header::{Animation, Channels, Cicp, Coding, ColorDescription, Header, Orientation};
pub use id::{ContentId, ParseIdError, SourceId};
pub use ingest::{Background, Ingest, Inspection, Known, Outcome, inspect};
pub use limits::Limits;
pub use profile::{CANONICAL_VERSION, Encoding, Geometry, Profile};
pub use receipt::{Receipt, SourceFacts, Timings};
pub use render::{InProcess, Job, Render, Rendered};
pub use self_test::{Sample, samples, self_test};
pub use size::Size;
pub use upload::{Source, Upload};
pub use watch::CancellationToken;

/// The examples of the README, kept true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
