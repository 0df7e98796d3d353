//! Reads parameter sets (ITU-T H.265 § 7.3.2), each once and into one value.
//!
//! The value holds what is coded. What the header of an image needs of it is
//! `CodedFormat::of`, and what the intra decoder accepts of it is
//! `IntraFormat::of`. Both ask the same value, so they cannot disagree on where a field lies.

pub(crate) mod extensions;
pub(crate) mod picture;
pub(crate) mod references;
pub(crate) mod scaling;
pub(crate) mod sequence;
pub(crate) mod usability;
