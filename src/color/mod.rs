//! Decides and makes the way from stored samples to sRGB.
//!
//! The same bytes come out on every machine, because pixels meet integers only and the tables behind them are made
//! from what IEEE 754 fixes to the bit: `+ - × ÷`, comparison, rounding and conversion of `f64`, none of which Rust
//! fuses or reorders, and `pow` of the pinned `libm` crate, which is made of these and built without its assembly.
//! Not allowed here: `mul_add`, `f64::powf` and its like (the platform's libm), SIMD chosen at run time, and any colour
//! engine doing one of them.

mod curve;
mod hdr;
mod icc;
mod lut;
mod matrix;
mod pipeline;
mod profile;
mod shaper;
mod srgb;
#[cfg(test)]
mod tests;
mod transform;
mod ycbcr;

use crate::header::{Channels, Cicp, ColorDescription, Header};

pub(crate) use transform::to_srgb;
pub(crate) use ycbcr::{expand_range, to_rgb};

/// The way from stored samples to sRGB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    /// Stored samples are sRGB already, or equal to it within rounding.
    Identity,
    /// As [`Self::Identity`], because the file's ICC profile does not parse or does not fit its samples.
    ProfileIgnored,
    /// Through the profile that this describes.
    Profile(ColorDescription),
    /// From PQ or HLG, tone-mapped to SDR.
    ToneMap(Cicp),
}

impl Conversion {
    /// Whether samples keep their values.
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self, Self::Identity | Self::ProfileIgnored)
    }

    /// The name in a receipt.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Identity => "none",
            Self::ProfileIgnored => "profile_ignored",
            Self::Profile(description) => description.name(),
            Self::ToneMap(_) => "tone_mapped",
        }
    }
}

/// Decides the conversion from what the container says.
pub(crate) fn conversion(header: &Header) -> Conversion {
    let ink = matches!(header.channels, Channels::Cmyk | Channels::Ycck);
    match &header.color {
        ColorDescription::Srgb => Conversion::Identity,
        ColorDescription::Cicp(cicp) if matches!(cicp.transfer, hdr::PQ | hdr::HLG) => Conversion::ToneMap(*cicp),
        described => match profile::read(described, header.channels) {
            None if matches!(described, ColorDescription::Icc(_)) => Conversion::ProfileIgnored,
            None => Conversion::Identity,
            Some(profile) if !ink && transform::equals_srgb(&profile) => Conversion::Identity,
            Some(_) => Conversion::Profile(described.clone()),
        },
    }
}
