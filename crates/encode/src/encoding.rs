//! The encodings that there are.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// How an image is encoded.
///
/// As text it is its name and quality, such as `jpeg82`; a name alone has its usual quality.
///
/// ```
/// use image_ingest_encode::Encoding;
///
/// assert_eq!("webp".parse(), Ok(Encoding::Webp { quality: 80 }));
/// assert_eq!(Encoding::Jpeg { quality: 82 }.to_string(), "jpeg82");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Baseline JPEG, 4:2:0, standard Huffman tables (ITU-T T.81 annex K).
    Jpeg {
        /// 1–100.
        quality: u8,
    },
    /// Lossy WebP (RFC 9649). Only a build with the feature `webp-encode` makes it.
    Webp {
        /// 1–100.
        quality: u8,
    },
}

/// Why a text is no encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseEncodingError;

impl Encoding {
    /// The names of all encodings.
    pub const NAMES: [&'static str; 2] = ["jpeg", "webp"];

    /// The encoding of this name: of this quality, or of its usual one, which is 85 for JPEG and 80 for WebP.
    #[must_use]
    pub fn named(name: &str, quality: Option<u8>) -> Option<Self> {
        match name {
            "jpeg" => Some(Self::Jpeg { quality: quality.unwrap_or(85) }),
            "webp" => Some(Self::Webp { quality: quality.unwrap_or(80) }),
            _ => None,
        }
    }

    /// The lower-case name, such as `"jpeg"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpeg",
            Self::Webp { .. } => "webp",
        }
    }

    /// The usual file name extension, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpg",
            Self::Webp { .. } => "webp",
        }
    }

    /// The media type (RFC 2046, RFC 9649).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "image/jpeg",
            Self::Webp { .. } => "image/webp",
        }
    }

    /// Whether this build can make it: WebP takes the feature `webp-encode`.
    ///
    /// ```
    /// use image_ingest_encode::Encoding;
    ///
    /// assert!(Encoding::Jpeg { quality: 85 }.is_built_in());
    /// assert!(cfg!(feature = "webp-encode") || !Encoding::Webp { quality: 80 }.is_built_in());
    /// ```
    #[must_use]
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Jpeg { .. } => true,
            Self::Webp { .. } => cfg!(feature = "webp-encode"),
        }
    }

    /// The quality, 1–100.
    #[must_use]
    pub const fn quality(self) -> u8 {
        match self {
            Self::Jpeg { quality } | Self::Webp { quality } => quality,
        }
    }

    /// The most bytes that an encoder holds for a pixel, its output included.
    ///
    /// libwebp keeps tokens and its output, which are largest for noise at high quality: 14 bytes a pixel were measured at
    /// quality 80 and 25 at 100. Our JPEG encoder keeps its output alone, in a vector that may be half as large again: black
    /// and white noise takes 1.4 bytes a pixel at quality 90 and 2.8 at 100, and photos a fifth of that.
    #[must_use]
    pub fn bytes_per_pixel(self) -> u64 {
        match self {
            Self::Jpeg { quality: ..=90 } => 2,
            Self::Jpeg { .. } => 4,
            Self::Webp { quality } => 8 + u64::from(quality) / 5,
        }
    }
}

impl Default for Encoding {
    /// JPEG of its usual quality.
    fn default() -> Self {
        Self::Jpeg { quality: 85 }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name(), self.quality())
    }
}

impl FromStr for Encoding {
    type Err = ParseEncodingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let quality = match &text[name.len()..] {
            "" => None,
            digits => Some(digits.parse().map_err(|_| ParseEncodingError)?),
        };
        let encoding = Self::named(name, quality).filter(|encoding| (1..=100).contains(&encoding.quality()));
        encoding.ok_or(ParseEncodingError)
    }
}

impl fmt::Display for ParseEncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected jpeg or webp with a quality of 1–100, such as jpeg82")
    }
}

impl Error for ParseEncodingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_what_it_writes() {
        for name in Encoding::NAMES {
            let usual: Encoding = name.parse().unwrap();
            assert_eq!(Encoding::named(name, None), Some(usual));
            assert_eq!((usual.name(), usual.to_string().parse()), (name, Ok(usual)));
        }
        assert_eq!("jpeg".parse(), Ok(Encoding::default()));
    }

    #[test]
    fn what_is_no_encoding_is_refused() {
        for text in ["", "80", "gif", "JPEG", "jpeg0", "jpeg101", "jpeg256", "jpeg+5", "jpeg 5", "jpeg8x", "webp٥"] {
            assert_eq!(text.parse::<Encoding>(), Err(ParseEncodingError), "{text}");
        }
    }
}
