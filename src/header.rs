//! What probing yields: everything a container says about its primary image, and no pixels.

pub use image_ingest_color::ColorDescription;
use image_ingest_color::ColorModel;
pub use image_ingest_samples::Cicp;
use image_ingest_samples::{Rect, Size};

use crate::upload::format::Format;

/// The primary image as its container describes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The container.
    pub format: Format,
    /// Width and height as stored: a HEIF grid's output, a GIF's or animated WebP's canvas, before any crop or turn.
    pub coded_size: Size,
    /// The displayed part of the coded picture (HEIF `clap`), in stored axes; the whole elsewhere.
    pub(crate) crop: Rect,
    /// How the stored picture is turned to stand upright, after the crop.
    pub orientation: Orientation,
    /// A turn that Exif asks for and that is not applied: 2 to 8, where a HEIF file of no MIAF brand has neither `irot` nor
    /// `imir`. By ISO/IEC 23008-12 such a picture is shown as it is; its writer may have meant otherwise.
    pub exif_orientation_ignored: Option<u8>,
    /// How the payload is coded.
    pub coding: Coding,
    /// Bits per sample as stored: 1–16.
    pub bit_depth: u8,
    /// Components as stored.
    pub channels: Channels,
    /// Whether pixels may be transparent (alpha channel, `tRNS`, GIF transparency, alpha auxiliary item).
    pub has_alpha: bool,
    /// What the container says about colour.
    pub color: ColorDescription,
    /// Frames of an animation, at least 1, as declared (APNG) or counted up to the probe's bound (GIF, WebP); `None` for a
    /// still picture. Only the first frame is ingested.
    pub frames: Option<u32>,
}

impl Header {
    /// The size as displayed: cropped, then upright.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.crop.size.transposed() } else { self.crop.size }
    }
}

/// How a stored picture is turned to stand upright: the eight values of Exif tag 0x0112 (CIPA DC-008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    MirrorHorizontal,
    /// 3: turned by 180°.
    Rotate180,
    /// 4: mirrored top to bottom.
    MirrorVertical,
    /// 5: mirrored along the main diagonal.
    Transpose,
    /// 6: stored picture must be turned 90° clockwise.
    Rotate90,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: stored picture must be turned 270° clockwise.
    Rotate270,
}

impl Orientation {
    /// From an Exif value; anything outside 1–8 is upright, as decoders in the field have it.
    #[must_use]
    pub const fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::MirrorHorizontal,
            3 => Self::Rotate180,
            4 => Self::MirrorVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Upright,
        }
    }

    /// The Exif value, 1–8.
    #[must_use]
    pub const fn exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::MirrorHorizontal => 2,
            Self::Rotate180 => 3,
            Self::MirrorVertical => 4,
            Self::Transpose => 5,
            Self::Rotate90 => 6,
            Self::Transverse => 7,
            Self::Rotate270 => 8,
        }
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn swaps_axes(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }

    /// This turn followed by `next`.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        // (transpose?, then mirror x?, then mirror y?) composes without a table of 64 entries.
        let (t1, x1, y1) = self.parts();
        let (t2, x2, y2) = next.parts();
        let (x1, y1) = if t2 { (y1, x1) } else { (x1, y1) };
        Self::from_parts(t1 != t2, x1 != x2, y1 != y2)
    }

    /// `(transpose first, then mirror horizontally, then mirror vertically)`.
    pub(crate) const fn parts(self) -> (bool, bool, bool) {
        match self {
            Self::Upright => (false, false, false),
            Self::MirrorHorizontal => (false, true, false),
            Self::Rotate180 => (false, true, true),
            Self::MirrorVertical => (false, false, true),
            Self::Transpose => (true, false, false),
            Self::Rotate90 => (true, true, false),
            Self::Transverse => (true, true, true),
            Self::Rotate270 => (true, false, true),
        }
    }

    const fn from_parts(transpose: bool, mirror_x: bool, mirror_y: bool) -> Self {
        match (transpose, mirror_x, mirror_y) {
            (false, false, false) => Self::Upright,
            (false, true, false) => Self::MirrorHorizontal,
            (false, true, true) => Self::Rotate180,
            (false, false, true) => Self::MirrorVertical,
            (true, false, false) => Self::Transpose,
            (true, true, false) => Self::Rotate90,
            (true, true, true) => Self::Transverse,
            (true, false, true) => Self::Rotate270,
        }
    }
}

/// How a payload is coded; the part of the header that decides cost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// JPEG, one scan per component set (SOF0, SOF1), Huffman or arithmetic.
    #[non_exhaustive]
    JpegSequential {
        /// Horizontal and vertical sampling factors of each component, in file order.
        sampling: Vec<(u8, u8)>,
        /// Scans counted in the whole file.
        scans: u32,
    },
    /// JPEG, progressive (SOF2, SOF10).
    #[non_exhaustive]
    JpegProgressive {
        /// Horizontal and vertical sampling factors of each component, in file order.
        sampling: Vec<(u8, u8)>,
        /// Scans counted in the whole file.
        scans: u32,
    },
    /// PNG.
    #[non_exhaustive]
    Png {
        /// Adam7 interlace.
        interlaced: bool,
    },
    /// GIF.
    #[non_exhaustive]
    Gif {
        /// Interlaced first frame.
        interlaced: bool,
    },
    /// WebP, VP8 bitstream.
    #[non_exhaustive]
    WebpLossy {
        /// Bytes that decoding the alpha plane needs beside the result; 0 without one.
        alpha_bytes: u64,
    },
    /// WebP, VP8L bitstream.
    #[non_exhaustive]
    WebpLossless {
        /// Bytes of the prefix codes and the smaller images inside the bitstream.
        table_bytes: u64,
    },
    /// HEVC items.
    #[non_exhaustive]
    Hevc {
        /// Pictures decoded for the primary image: 1, or the tiles of a grid.
        tiles: u32,
        /// `"hvc1"`, `"grid"` or `"iden"`: the primary item's own type.
        item: &'static str,
        /// Size of the largest single picture decoded, before its conformance window.
        tile_size: Size,
        /// Chroma format: horizontal and vertical subsampling, `None` for 4:0:0.
        subsampling: Option<(u8, u8)>,
    },
}

impl Coding {
    /// A short stable name, such as `"progressive"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JpegSequential { .. } => "sequential",
            Self::JpegProgressive { .. } => "progressive",
            Self::Png { .. } => "deflate",
            Self::Gif { .. } => "lzw",
            Self::WebpLossy { .. } => "vp8",
            Self::WebpLossless { .. } => "vp8l",
            Self::Hevc { .. } => "hevc",
        }
    }
}

/// Components as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channels {
    /// One component.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Indices into a palette.
    Palette,
    /// Y′CbCr.
    Ycbcr,
    /// Cyan, magenta, yellow, key.
    Cmyk,
    /// Y′CbCr of the inverted cyan, magenta and yellow, and key.
    Ycck,
}

impl Channels {
    /// What a colour description explains of these components.
    pub(crate) const fn model(self) -> ColorModel {
        match self {
            Self::Gray => ColorModel::Gray,
            Self::Rgb | Self::Palette | Self::Ycbcr => ColorModel::Rgb,
            Self::Cmyk | Self::Ycck => ColorModel::Cmyk,
        }
    }

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Rgb => "rgb",
            Self::Palette => "palette",
            Self::Ycbcr => "ycbcr",
            Self::Cmyk => "cmyk",
            Self::Ycck => "ycck",
        }
    }
}
