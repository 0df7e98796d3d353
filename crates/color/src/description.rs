//! What a container says about colour.

use std::fmt;

use bytes::Bytes;
use image_ingest_samples::Cicp;

/// What a container says about the meaning of its samples, the strongest statement only.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ColorDescription {
    /// Nothing said, or sRGB said: sRGB.
    Srgb,
    /// An ICC profile (ICC.1), inflated.
    Icc(Bytes),
    /// Code points of ITU-T H.273.
    Cicp(Cicp),
    /// PNG `gAMA` and, where present, `cHRM`.
    Gamma {
        /// The `gAMA` value: 100 000 × encoding exponent, such as 45 455.
        gamma: u32,
        /// `cHRM`: white, red, green, blue as (x, y), each × 100 000.
        chromaticities: Option<[(u32, u32); 4]>,
    },
    /// Exif Interoperability R03 without an ICC profile: Adobe RGB (1998) (CIPA DC-008, DCF option file).
    AdobeRgb,
}

impl fmt::Debug for ColorDescription {
    /// A profile by its length alone: it names its maker, and who wrote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Srgb => f.write_str("Srgb"),
            Self::Icc(profile) => write!(f, "Icc([{} bytes])", profile.len()),
            Self::Cicp(cicp) => f.debug_tuple("Cicp").field(cicp).finish(),
            Self::Gamma { gamma, chromaticities } => {
                f.debug_struct("Gamma").field("gamma", gamma).field("chromaticities", chromaticities).finish()
            }
            Self::AdobeRgb => f.write_str("AdobeRgb"),
        }
    }
}

impl ColorDescription {
    /// A short stable name: `"srgb"`, `"icc"`, `"cicp"`, `"gamma"` or `"adobe_rgb"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Srgb => "srgb",
            Self::Icc(_) => "icc",
            Self::Cicp(_) => "cicp",
            Self::Gamma { .. } => "gamma",
            Self::AdobeRgb => "adobe_rgb",
        }
    }
}

/// The components whose values a colour description explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorModel {
    /// One component, gray.
    Gray,
    /// Red, green, blue, or what a matrix makes of them.
    Rgb,
    /// Cyan, magenta, yellow, key.
    Cmyk,
}

impl ColorModel {
    /// Components of a pixel.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}
