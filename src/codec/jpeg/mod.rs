//! JPEG (ITU-T T.81), read by our own marker walk; Huffman-coded planes are decoded by us, everything else by
//! libjpeg-turbo.

mod app;
mod decode;
pub(crate) mod ffi;
mod huffman;
mod planes;
mod precision;
mod probe;
mod segments;
mod trailer;

pub(crate) use decode::{decode, decode_by_libjpeg_turbo, stopped};
pub(crate) use probe::probe;

#[cfg(test)]
mod tests;
