//! JPEG (ITU-T T.81). Huffman-coded planes are decoded by `image-ingest-jpeg`, everything else by libjpeg-turbo.

mod cost;
mod decode;
mod planes;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::{decode, decode_by_libjpeg_turbo};
pub(crate) use probe::probe;
