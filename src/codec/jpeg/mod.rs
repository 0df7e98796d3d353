//! JPEG (ITU-T T.81), read by our own marker walk; sequential files are decoded by us,
//! everything else by libjpeg-turbo.

mod app;
mod decode;
pub(crate) mod ffi;
mod huffman;
mod planes;
mod probe;

pub(crate) use decode::{decode, decode_by_libjpeg_turbo, stopped};
pub(crate) use probe::probe;

#[cfg(test)]
mod tests;
