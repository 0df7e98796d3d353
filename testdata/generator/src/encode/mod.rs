//! Encodes samples into files, with one module for each container. All functions are pure.

pub(crate) mod boxes;
mod dct;
pub(crate) mod gif;
pub(crate) mod heif;
pub(crate) mod hevc;
mod huffman;
pub(crate) mod jpeg;
pub(crate) mod lzw;
mod matrix;
pub(crate) mod png;
pub(crate) mod progressive;
pub(crate) mod vp8l;
pub(crate) mod webp;
mod webp_ffi;
