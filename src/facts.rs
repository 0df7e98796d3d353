//! Facts of a picture: ThumbHash, PDQ hash, colours and luminance, from canonical samples.
//!
//! A receipt has them where [`IngestBuilder::facts`](crate::IngestBuilder::facts) asks for them. They are the same for the same
//! canonical samples on every machine.

pub use image_ingest_facts::{Facts, ParseColorError, PdqHash, RgbColor, ThumbHash};
