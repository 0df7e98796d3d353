//! The containers that are ingested.

use std::fmt;

/// A container this library ingests.
///
/// This enum is exhaustive on purpose. Adding a format is a breaking change, and the compiler then lists every place that it
/// touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "lowercase"))]
pub enum Format {
    /// JPEG (ITU-T T.81, JFIF and Exif files, MPO).
    Jpeg,
    /// PNG and APNG (PNG Third Edition).
    Png,
    /// GIF87a and GIF89a.
    Gif,
    /// WebP (RFC 9649).
    Webp,
    /// HEIF with an HEVC primary item (ISO/IEC 23008-12).
    Heic,
}

impl Format {
    /// The lower-case name, as in JSON and in folder names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Heic => "heic",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WebP",
            Self::Heic => "HEIC",
        })
    }
}

/// What the first bytes of an upload tell about its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// It is one of the formats that are ingested.
    Is(Format),
    /// It is an image format, of this name, that is not ingested.
    Unsupported(&'static str),
    /// It is something else, which looks like this.
    Unknown(&'static str),
    /// There are too few bytes to tell.
    NeedsMore,
}
