//! Decides and makes the way from stored samples to sRGB.

mod hdr;
mod profile;
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
