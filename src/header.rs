//! What probing yields: what a container says about its primary image, without any pixels.

pub use image_ingest_color::ColorDescription;
use image_ingest_color::ColorModel;
pub use image_ingest_samples::{Cicp, Orientation};
use image_ingest_samples::{Rect, Size};

use crate::upload::format::Format;

/// The primary image as its container describes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The container.
    pub format: Format,
    /// Width and height as stored, before any crop or turn: the output of a HEIF grid, the canvas of a GIF or animated
    /// WebP.
    pub coded_size: Size,
    /// The displayed part of the coded picture (HEIF `clap`), in stored axes; the whole picture in other formats.
    pub(crate) crop: Rect,
    /// How the stored picture is turned to stand upright, after the crop.
    pub orientation: Orientation,
    /// An orientation of Exif, 2 to 8, that is not applied: a HEIF file of no MIAF brand has it and neither `irot` nor
    /// `imir`. ISO/IEC 23008-12 shows such a picture as it is stored, but its writer may have meant it to be turned.
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
    /// Frames of an animation, at least 1, as declared (APNG) or counted up to the probe's bound (GIF, WebP); `None`
    /// for a still picture. Only the first frame is ingested.
    pub frames: Option<u32>,
}

impl Header {
    /// The size as displayed: cropped, then upright.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.crop.size.transposed() } else { self.crop.size }
    }
}

/// How the payload is coded, as far as it decides what decoding costs.
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
        /// Bytes that decoding needs for coefficients, which it holds until the last scan.
        coefficient_bytes: u64,
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
        /// Bytes that decoding a compressed alpha plane needs: prefix codes, transforms, and the samples decoded last;
        /// 0 for one that is not compressed, and without one.
        alpha_bytes: u64,
    },
    /// WebP, VP8L bitstream.
    #[non_exhaustive]
    WebpLossless {
        /// Bytes that decoding needs in addition to its result: prefix codes, transforms, and the pixels decoded last.
        table_bytes: u64,
    },
    /// HEVC items.
    #[non_exhaustive]
    Hevc {
        /// Pictures decoded for the primary image: 1, or the tiles of a grid or of all layers.
        tiles: u32,
        /// `"hvc1"`, `"grid"`, `"iden"` or `"iovl"`: the primary item's own type.
        item: &'static str,
        /// Size of the largest single picture decoded, before its conformance window.
        tile_size: Size,
        /// Size of the largest picture that lies on a canvas; `None` where the primary item is no overlay.
        largest_layer: Option<Size>,
        /// Chroma format: horizontal and vertical subsampling, `None` for 4:0:0.
        subsampling: Option<(u8, u8)>,
        /// Bytes of the pictures whose data lie in several extents: they are joined before they are decoded.
        joined_bytes: u64,
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
    /// The colour model whose values a colour description gives a meaning: indices and Y′CbCr are RGB by then.
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
