//! Turns an untrusted upload into one canonical image and its content id.
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
mod upload;

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
