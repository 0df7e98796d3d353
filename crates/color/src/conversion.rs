//! Decides how stored samples become sRGB.

use image_ingest_samples::{Cicp, CpuTimer};

use crate::described;
use crate::description::{ColorDescription, ColorModel};
use crate::equality::equals_srgb;
use crate::result::Result;
use crate::transfer_function::{HLG, PQ};

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
/// Nothing is refused: a profile that cannot be read is ignored. To see whether a profile is equal to sRGB, its tables
/// are made and some 4000 colours are converted.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`](image_ingest_samples::WorkError::OutOfMemory), and when `timer` ends the work.
///
/// ```
/// use image_ingest_color::{ColorDescription, ColorModel, Conversion, conversion};
/// use image_ingest_samples::CpuTimer;
///
/// let timer = CpuTimer::default();
/// let broken = ColorDescription::Icc(vec![0; 200].into());
/// assert_eq!(conversion(&broken, ColorModel::Rgb, &timer)?, Conversion::ProfileIgnored);
/// assert_eq!(conversion(&ColorDescription::AdobeRgb, ColorModel::Rgb, &timer)?.name(), "adobe_rgb");
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub fn conversion(description: &ColorDescription, model: ColorModel, timer: &CpuTimer<'_>) -> Result<Conversion> {
    Ok(match description {
        ColorDescription::Srgb => Conversion::Identity,
        ColorDescription::Cicp(cicp) if matches!(cicp.transfer, PQ | HLG) => Conversion::ToneMap(*cicp),
        _ => match described::read(description, model) {
            None if matches!(description, ColorDescription::Icc(_)) => Conversion::ProfileIgnored,
            None => Conversion::Identity,
            Some(profile) if model != ColorModel::Cmyk && equals_srgb(&profile, timer)? => Conversion::Identity,
            Some(_) => Conversion::Profile(description.clone()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cicp(primaries: u16, transfer: u16) -> ColorDescription {
        ColorDescription::Cicp(Cicp { primaries, transfer, matrix: 0, full_range: true })
    }

    #[test]
    fn every_description_has_its_conversion() {
        let broken = ColorDescription::Icc(vec![1; 500].into());
        for (description, model, name) in [
            (ColorDescription::Srgb, ColorModel::Rgb, "none"),
            (cicp(1, 13), ColorModel::Rgb, "none"),
            (cicp(12, 13), ColorModel::Rgb, "cicp"),
            (cicp(9, 16), ColorModel::Rgb, "tone_mapped"),
            (cicp(9, 18), ColorModel::Gray, "tone_mapped"),
            (ColorDescription::AdobeRgb, ColorModel::Rgb, "adobe_rgb"),
            (ColorDescription::AdobeRgb, ColorModel::Cmyk, "none"),
            (ColorDescription::Gamma { gamma: 45_455, chromaticities: None }, ColorModel::Rgb, "none"),
            (ColorDescription::Gamma { gamma: 100_000, chromaticities: None }, ColorModel::Gray, "gamma"),
            (broken, ColorModel::Rgb, "profile_ignored"),
        ] {
            let found = conversion(&description, model, &CpuTimer::default()).unwrap();
            assert_eq!(found.name(), name, "{description:?}");
            assert_eq!(found.is_identity(), ["none", "profile_ignored"].contains(&name));
        }
    }
}
