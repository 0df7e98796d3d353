//! The encodings that there are.

/// How an image is encoded.
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

impl Encoding {
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
