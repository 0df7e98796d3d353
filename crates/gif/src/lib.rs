//! Reads the first frame of a GIF (GIF87a, GIF89a): its place on the canvas, its indices, and their colours.
//!
//! [`FirstFrame::read`] walks the blocks of the file without copying. [`FirstFrame::decode`] decodes the frame's LZW
//! codes (GIF89a appendix F) through [`LzwDecoder`] and gives rows of indices, from the top, to a sink. Later frames are
//! counted, never decoded.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_gif::FirstFrame;
//! use image_ingest_samples::{CpuTimer, Size};
//!
//! // Two pixels of no colour table, behind a comment: clear, 1, 1, end.
//! let file = b"GIF89a\x02\0\x01\0\0\0\0!\xfe\x02hi\0,\0\0\0\0\x02\0\x01\0\0\x02\x02\x4c\x0a\0;";
//! let frame = FirstFrame::read(file, &CpuTimer::default())?;
//! assert!(frame.covers_canvas());
//! assert_eq!(frame.colors(&CpuTimer::default())?[..2], [[0, 0, 0, 255], [255; 4]]);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![forbid(unsafe_code)]

mod blocks;
mod first_frame;
mod interlaced;
mod lzw;
mod result;
mod sub_blocks;

pub use first_frame::{FirstFrame, held_indices};
pub use lzw::LzwDecoder;
pub use sub_blocks::SubBlocks;
