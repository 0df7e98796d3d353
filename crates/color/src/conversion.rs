//! Decides how stored samples become sRGB.

use image_ingest_samples::Cicp;

use crate::described;
use crate::description::{ColorDescription, ColorModel};
use crate::equality::equals_srgb;
use crate::hdr;

/// How stored samples become sRGB.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversion {
    /// Samples keep their values: they are sRGB, or no level differs from sRGB by more than one.
    Identity,
    /// Samples keep their values, because the ICC profile is malformed or does not fit them.
    ProfileIgnored,
    /// Samples are converted by the profile that this describes.
    Profile(ColorDescription),
    /// Samples are PQ or HLG and are tone-mapped to SDR.
    ToneMap(Cicp),
}

impl Conversion {
    /// Whether samples keep their values.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Identity | Self::ProfileIgnored)
    }

    /// The stable name that a receipt has: `"none"`, `"profile_ignored"`, `"tone_mapped"`, or that of the description.
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
///
/// Nothing is refused: a profile that cannot be read is ignored. To see whether a profile is equal to sRGB it is built
/// and probed, which takes up to some milliseconds.
///
/// ```
/// use image_ingest_color::{ColorDescription, ColorModel, Conversion, conversion};
///
/// let broken = ColorDescription::Icc(vec![0; 200].into());
/// assert_eq!(conversion(&broken, ColorModel::Rgb), Conversion::ProfileIgnored);
/// assert_eq!(conversion(&ColorDescription::AdobeRgb, ColorModel::Rgb).name(), "adobe_rgb");
/// ```
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
