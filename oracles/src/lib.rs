//! What the programs of this workspace share: a generator of test input, and the report of a comparison.
//!
//! Each program in `src/bin` compares one engine with one library that others wrote, on files and on generated or changed
//! input, and ends with 1 where they differ.

pub mod arguments;
pub mod cpu_time;
pub mod hevc;
pub mod hevc_bits;
pub mod hevc_pictures;
pub mod hevc_streams;
pub mod hevc_tools;
pub mod inflate;
pub mod jpeg;
pub mod jpeg_encode;
pub mod random;
pub mod resize;
pub mod tight_planes;
pub mod vp8l_writer;
pub mod webp;
pub mod webp_inputs;
