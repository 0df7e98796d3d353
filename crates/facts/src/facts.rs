//! The facts themselves.

use crate::pdq::PdqHash;
use crate::rgb_color::RgbColor;
use crate::thumbhash::ThumbHash;

/// What a product wants to know about a picture besides its bytes.
///
/// All of it is of the upright, opaque picture in sRGB. Colours, ThumbHash and luminance are those of the picture reduced to at
/// most 100 × 100 pixels by the mean of each pixel's area.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Facts {
    /// A placeholder to show while the picture loads. In JSON base64.
    #[cfg_attr(feature = "serde", serde(serialize_with = "shown"))]
    pub thumbhash: ThumbHash,
    /// The perceptual hash, for lists of known pictures and for near-duplicates. In JSON 64 hex digits.
    #[cfg_attr(feature = "serde", serde(serialize_with = "shown"))]
    pub pdq: PdqHash,
    /// How much the picture has to tell it by, 0–100. PDQ's authors advise against comparing hashes of a quality below 50.
    pub pdq_quality: u8,
    /// The mean colour. In JSON `#rrggbb`.
    #[cfg_attr(feature = "serde", serde(serialize_with = "shown"))]
    pub average: RgbColor,
    /// The mean of the colours that most of the picture is near to. In JSON `#rrggbb`.
    #[cfg_attr(feature = "serde", serde(serialize_with = "shown"))]
    pub dominant: RgbColor,
    /// The mean relative luminance in 1/10 000: 0 is black, 10 000 white. In JSON a number of 0–1.
    #[cfg_attr(feature = "serde", serde(serialize_with = "fraction"))]
    pub luminance: u16,
    /// Whether most of the picture is bright: black text has more contrast than white text (WCAG 2.2) on more than half of it.
    pub high_key: bool,
}

#[cfg(feature = "serde")]
fn shown<S: serde::Serializer>(value: &impl std::fmt::Display, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}

#[cfg(feature = "serde")]
fn fraction<S: serde::Serializer>(luminance: &u16, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(f64::from(*luminance) / 10_000.0)
}
