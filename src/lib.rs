//! Turns an untrusted upload into one canonical image and its content id.
#![deny(unsafe_code)]

mod codec;
mod color;
mod encode;
mod error;
mod exif;
mod format;
mod header;
mod id;
mod limits;
mod memory;
mod pixels;
mod plan;
mod profile;
mod size;

pub use error::{Blame, BoxError, Error, Result};
pub use format::Format;
pub use header::{Animation, Channels, Cicp, Coding, ColorDescription, Header, Orientation};
pub use id::{ContentId, ParseIdError, SourceId};
pub use limits::Limits;
pub use profile::{CANONICAL_VERSION, Encoding, Geometry, Profile};
pub use size::Size;
