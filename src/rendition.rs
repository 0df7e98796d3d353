//! Renditions: further sizes of a picture, made from the canonical samples of the same decode.
//!
//! ```
//! use image_ingest::Ingest;
//!
//! let ingest = Ingest::builder().rendition("card", "fit:640".parse()?).rendition("thumb", "cover:256x256@0.5,0.3".parse()?);
//! let ingest = ingest.build()?;
//! # let upload = image_ingest::samples()[0].bytes;
//! let background = ingest.ingest(ingest.source(upload)?)?;
//! for rendition in &background.renditions {
//!     println!("{} {} {}×{}", rendition.name, rendition.id, rendition.size.width, rendition.size.height);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use image_ingest_encode::ParseEncodingError;

pub use crate::plan::rendition::{Focus, ParseRenditionError, RenditionSpec};
pub use crate::run::rendition::Rendition;
