//! Decides the way from stored samples to sRGB.

use image_ingest_samples::Cicp;

use crate::described;
use crate::description::{ColorDescription, ColorModel};
use crate::equality::equals_srgb;
use crate::hdr;

/// The way from stored samples to sRGB.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversion {
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
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Identity | Self::ProfileIgnored)
    }

    /// The name in a receipt.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identity => "none",
            Self::ProfileIgnored => "profile_ignored",
            Self::Profile(description) => description.name(),
            Self::ToneMap(_) => "tone_mapped",
        }
    }
}

/// Decides the conversion of samples of `model` from what their container says.
#[must_use]
pub fn conversion(description: &ColorDescription, model: ColorModel) -> Conversion {
    match description {
        ColorDescription::Srgb => Conversion::Identity,
        ColorDescription::Cicp(cicp) if matches!(cicp.transfer, hdr::PQ | hdr::HLG) => Conversion::ToneMap(*cicp),
        _ => match described::read(description, model) {
            None if matches!(description, ColorDescription::Icc(_)) => Conversion::ProfileIgnored,
            None => Conversion::Identity,
            Some(profile) if model != ColorModel::Cmyk && equals_srgb(&profile) => Conversion::Identity,
            Some(_) => Conversion::Profile(description.clone()),
        },
    }
}
