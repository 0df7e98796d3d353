//! What a container says about colour.

use std::fmt;

use bytes::Bytes;
use image_ingest_samples::Cicp;

/// What a container says about the meaning of its samples. Of several statements it holds the one that counts.
///
/// ```
/// use image_ingest_color::ColorDescription;
/// use image_ingest_samples::Cicp;
///
/// let display_p3 = ColorDescription::Cicp(Cicp { primaries: 12, transfer: 13, matrix: 0, full_range: true });
/// assert_eq!(display_p3.name(), "cicp");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ColorDescription {
    /// sRGB, because the container says so or says nothing.
    Srgb,
    /// An ICC profile (ICC.1), not compressed.
    Icc(Bytes),
    /// Code points of ITU-T H.273.
    Cicp(Cicp),
    /// PNG's `gAMA`, and its `cHRM` if there is one.
    Gamma {
        /// The value of `gAMA`: 100 000 times the encoding exponent, such as 45 455. 0 stands for the curve of sRGB.
        gamma: u32,
        /// The values of `cHRM`: white, red, green and blue as `(x, y)`, each times 100 000.
        chromaticities: Option<[(u32, u32); 4]>,
    },
    /// Exif Interoperability R03 without an ICC profile: Adobe RGB (1998) (CIPA DC-008, DCF option file).
    AdobeRgb,
}

impl ColorDescription {
    /// The bytes of the largest ICC profile that counts, inflated. A larger one is as if it were not there.
    pub const MAX_ICC_BYTES: u64 = 4 << 20;
}

impl fmt::Debug for ColorDescription {
    /// Writes a profile's length and none of its bytes, which may name persons.
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

/// The components that a colour description gives a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorModel {
    /// One component, gray.
    Gray,
    /// Red, green and blue, or Y′CbCr that is converted to them.
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
