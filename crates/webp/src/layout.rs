//! Reads what stands before the image data of a VP8L bitstream (RFC 9649 § 3.4 to § 3.7): transforms, colour cache, and
//! prefix codes. The picture itself is not decoded.
//!
//! A bitstream may have 65 536 groups of prefix codes, and libwebp holds 12 to 20 KB for each. How many there are
//! stands in the entropy image alone, so that image is decoded here, and a probe counts what the groups need before
//! libwebp is called.

use image_ingest_samples::{DecodeError, Size};

use crate::bits::Bits;
use crate::entropy_image::{self, PrefixCodeGroup};
use crate::result::Result;

/// What a VP8L bitstream announces before its image data.
///
/// ```
/// use image_ingest_samples::Size;
/// use image_ingest_webp::LosslessLayout;
///
/// // A palette of two colours, whose image has no colour cache and five codes of one symbol each. Then no more
/// // transforms, no colour cache, and one group, again of five codes of one symbol.
/// let one_symbol_each = "1000".repeat(5);
/// let bits = format!("1 11 10000000 0 {one_symbol_each} 0 0 0 {one_symbol_each}").replace(' ', "");
/// let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | bit - b'0');
/// let data: Vec<u8> = bits.as_bytes().chunks(8).map(byte).collect();
/// let layout = LosslessLayout::read(&data, Size::new(640, 480))?;
/// assert_eq!((layout.groups, layout.sub_pixels, layout.is_indexed), (1, 2, true));
/// assert!(layout.table_bytes() < 20_000);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LosslessLayout {
    /// Groups of five prefix codes, used or not: 1 to 8192.
    pub groups: u32,
    /// Bits of an index into the colour cache of the picture, at most 11; 0 without a cache.
    pub cache_bits: u32,
    /// Pixels of the images that the transforms and the choice of groups come as.
    pub sub_pixels: u64,
    /// Whether every pixel is an index into a palette and nothing else, for which libwebp holds one byte.
    pub is_indexed: bool,
}

impl LosslessLayout {
    /// Reads a bitstream of `size` from behind the header that gives the size (RFC 9649 § 3.4). The alpha plane of a
    /// lossy picture has no such header.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`; `limit_exceeded` for more than 8192 groups of prefix codes, or for
    /// more than 2²⁴ pixels in the small images together.
    pub fn read(data: &[u8], size: Size) -> Result<Self> {
        let mut bits = Bits::new(data);
        let transforms = Transforms::read(&mut bits, size)?;
        let cache_bits = entropy_image::cache_bits(&mut bits)?;
        let (groups, entropy_pixels) = groups(&mut bits, transforms.size, transforms.sub_pixels)?;
        let mut green_alone = true;
        for _ in 0..groups {
            green_alone &= PrefixCodeGroup::read(&mut bits, cache_bits)?.is_green_alone();
        }
        let is_indexed = transforms.only_palette && cache_bits == 0 && green_alone;
        Ok(Self { groups, cache_bits, sub_pixels: transforms.sub_pixels + entropy_pixels, is_indexed })
    }

    /// Bytes that libwebp holds for a picture of these prefix codes, beside its pixels: five tables and some hundred
    /// bytes for each group, and four bytes for a pixel of the smaller images.
    #[must_use]
    pub fn table_bytes(&self) -> u64 {
        let entries = LARGEST_TABLES + (2 << self.cache_bits);
        u64::from(self.groups) * (entries * 4 + GROUP_BYTES) + self.sub_pixels * 4
    }
}

/// The most entries that libwebp's tables have for a group without colour cache. A cache adds at most two entries for
/// each of its colours (`kTableSize` there).
const LARGEST_TABLES: u64 = 2954;

/// libwebp's `HTreeGroup`, with its table of packed codes.
const GROUP_BYTES: u64 = 568;

/// libwebp's encoder makes at most 2600 groups, since it divides a picture into at most as many tiles.
const MAX_GROUPS: u64 = 8192;

/// The most pixels of all small images of a bitstream together. A picture of 64 megapixels whose transforms have the
/// smallest blocks comes to 12 million.
const MAX_SUB_PIXELS: u64 = 1 << 24;

/// The transforms of a picture (§ 3.5): at most four, each of another kind.
struct Transforms {
    /// The size of the picture that is coded: a palette of at most 16 colours packs 2, 4 or 8 pixels into one.
    size: Size,
    sub_pixels: u64,
    only_palette: bool,
}

impl Transforms {
    fn read(bits: &mut Bits<'_>, size: Size) -> Result<Self> {
        let mut transforms = Self { size, sub_pixels: 0, only_palette: false };
        let mut seen = [false; 4];
        while bits.bit()? {
            let kind = bits.read(2)?;
            let seen_before = seen.get_mut(kind as usize).is_none_or(|seen| std::mem::replace(seen, true));
            if seen_before {
                return Err(DecodeError::malformed("a VP8L transform that comes twice"));
            }
            match kind {
                SUBTRACT_GREEN => {}
                COLOR_INDEXING => transforms.read_palette(bits)?,
                _ => {
                    let size = in_blocks(transforms.size, bits.read(3)? + 2);
                    transforms.read_image(bits, size)?;
                }
            }
        }
        transforms.only_palette = seen == [false, false, false, true];
        Ok(transforms)
    }

    /// The colour indexing transform (§ 3.5.4): a palette of 1 to 256 colours, as an image of one row.
    fn read_palette(&mut self, bits: &mut Bits<'_>) -> Result<()> {
        let colors = bits.read(8)? + 1;
        self.read_image(bits, Size::new(colors, 1))?;
        let packed = match colors {
            1..=2 => 3,
            3..=4 => 2,
            5..=16 => 1,
            _ => 0,
        };
        self.size.width = self.size.width.div_ceil(1 << packed);
        Ok(())
    }

    fn read_image(&mut self, bits: &mut Bits<'_>, size: Size) -> Result<()> {
        self.sub_pixels += size.pixels();
        DecodeError::check_limit("pixels of VP8L transforms", self.sub_pixels, MAX_SUB_PIXELS)?;
        entropy_image::read(bits, size).map(drop)
    }
}

/// `SUBTRACT_GREEN_TRANSFORM` and `COLOR_INDEXING_TRANSFORM`; the two others come with an image of their own.
const SUBTRACT_GREEN: u32 = 2;
const COLOR_INDEXING: u32 = 3;

/// The number of groups of prefix codes, and the pixels of the entropy image that chooses among them (§ 3.7.2.2).
fn groups(bits: &mut Bits<'_>, size: Size, pixels_before: u64) -> Result<(u32, u64)> {
    if !bits.bit()? {
        return Ok((1, 0));
    }
    let size = in_blocks(size, bits.read(3)? + 2);
    DecodeError::check_limit("pixels of VP8L transforms", pixels_before + size.pixels(), MAX_SUB_PIXELS)?;
    let chosen = entropy_image::read(bits, size)?.into_iter().map(|pixel| pixel >> 8 & 0xFFFF);
    let groups = chosen.max().unwrap_or(0) + 1;
    DecodeError::check_limit("groups of prefix codes", groups.into(), MAX_GROUPS)?;
    Ok((groups, size.pixels()))
}

/// A picture of `size` in blocks of `1 << log2` pixels a side that cover it.
fn in_blocks(size: Size, log2: u32) -> Size {
    Size::new(size.width.div_ceil(1 << log2), size.height.div_ceil(1 << log2))
}
