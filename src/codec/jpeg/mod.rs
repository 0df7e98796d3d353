//! JPEG (ITU-T T.81), decoded by `image-ingest-jpeg`.

mod cost;
mod decode;
mod planes;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
