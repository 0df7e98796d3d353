//! Says what a VP8L bitstream announces before its pixels, and how much memory its decoder takes.
//!
//! A bitstream may have 65 536 groups of prefix codes. How many there are stands in the image that chooses among them, so
//! a probe decodes that one, with the images of the transforms before it, and reads the lengths of all codes. It makes
//! no table of them.

use image_ingest_samples::{CpuTimer, Size};

use super::bits::Bits;
use super::group::GroupReader;
use super::image_data::kept_pixels;
use super::palette::Palette;
use super::structure::{Inverse, Structure, StructureReader};
use crate::result::Result;

/// What a VP8L bitstream announces before its image data.
///
/// ```
/// use image_ingest_samples::{CpuTimer, Size};
/// use image_ingest_webp::LosslessLayout;
///
/// // A palette of two colours, whose image has no colour cache and five codes of one symbol each. Then no more
/// // transforms, no colour cache, and one group, again of five codes of one symbol.
/// let one_symbol_each = "1000".repeat(5);
/// let bits = format!("1 11 10000000 0 {one_symbol_each} 0 0 0 {one_symbol_each}").replace(' ', "");
/// let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | bit - b'0');
/// let data: Vec<u8> = bits.as_bytes().chunks(8).map(byte).collect();
/// let layout = LosslessLayout::read(&data, Size::new(640, 480), &CpuTimer::default())?;
/// assert_eq!((layout.groups, layout.sub_pixels, layout.is_indexed), (1, 2, true));
/// assert!(layout.memory_bytes < 80_000);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LosslessLayout {
    /// Groups of five prefix codes, used or not: 1 to 4096.
    pub groups: u32,
    /// Bits of an index into the colour cache of the picture, at most 11; 0 without a cache.
    pub cache_bits: u32,
    /// Pixels of the images that the transforms and the choice of groups come as.
    pub sub_pixels: u64,
    /// Whether every pixel is an index into a palette, for which the decoder keeps one byte.
    pub is_indexed: bool,
    /// Bytes that the decoder of this crate holds: tables, blocks of transforms, the pixels that may still be copied, and
    /// rows.
    pub memory_bytes: u64,
}

impl LosslessLayout {
    /// Reads a bitstream of `size` from behind the header that gives the size (RFC 9649 § 3.4). The alpha plane of a
    /// lossy picture has no such header. `timer` is asked between rows of the small images and between groups.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`, `deadline`, `cancelled`; `limit_exceeded` for more than 4096 groups of prefix codes, or for
    /// more than 2²⁴ pixels in the small images together.
    pub fn read(data: &[u8], size: Size, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut reader = StructureReader { bits: Bits::new(data), groups: GroupReader::new(), timer };
        let structure = reader.read(size)?;
        let mut table_bytes = 0;
        for &pixels in &structure.pixels {
            timer.check()?;
            table_bytes += reader.groups.shape(&mut reader.bits, structure.cache_bits, pixels)?.bytes();
        }
        let is_indexed = structure.is_green_alone();
        Ok(Self {
            groups: u32::try_from(structure.pixels.len()).unwrap_or(u32::MAX),
            cache_bits: structure.cache_bits,
            sub_pixels: structure.sub_pixels,
            is_indexed,
            memory_bytes: table_bytes + block_bytes(&structure) + pixel_bytes(&structure, is_indexed) + row_bytes(size),
        })
    }
}

/// Bytes of what the transforms and the choice of groups keep.
fn block_bytes(structure: &Structure) -> u64 {
    let transforms = structure.transforms.iter().map(|inverse| match inverse {
        Inverse::Predictor(modes) => modes.values.len() as u64,
        Inverse::CrossColor(factors) => factors.values.len() as u64 * 4,
        Inverse::SubtractGreen => 0,
        Inverse::Palette(palette) => Palette::bytes(palette.packing),
    });
    let choice = structure.choice.as_ref().map_or(0, |choice| choice.values.len() as u64 * 2);
    transforms.sum::<u64>() + choice + structure.pixels.len() as u64 * 8
}

/// Bytes of the pixels that may still be copied: those of the picture, or before of one of the small images.
fn pixel_bytes(structure: &Structure, is_indexed: bool) -> u64 {
    let picture = kept_pixels(structure.size) as u64 * if is_indexed { 1 } else { 4 };
    let small = kept_pixels(Size::new(u32::try_from(structure.sub_pixels).unwrap_or(u32::MAX), 1)) as u64 * 4;
    picture.max(small)
}

/// Bytes of three rows of pixels on their way through the transforms, of one of samples, and of the colour cache.
fn row_bytes(size: Size) -> u64 {
    u64::from(size.width) * 4 * 4 + 8 * 1024
}
