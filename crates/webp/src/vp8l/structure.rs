//! Reads what stands before the pixels of a picture (RFC 9649 § 3.4 to § 3.7): transforms, colour cache, the choice of
//! prefix codes, and the groups of these. Probe and decoder both read by it.

use image_ingest_samples::{CpuTimer, DecodeError, Size, reserve, sample_count, zeroed};

use super::bits::Bits;
use super::blocks::{BlockValues, in_blocks};
use super::color_cache::cache_bits;
use super::group::{GroupReader, PrefixGroup};
use super::image_data::{EntropyCodedImage, EntropyCoding};
use super::palette::Palette;
use crate::result::Result;

/// A transform of a picture (§ 3.5), as its inverse needs it.
pub(super) enum Inverse {
    /// Adds what neighbours predict (§ 3.5.1); a mode for each block.
    Predictor(BlockValues<u8>),
    /// Adds parts of green to red and blue, and of red to blue (§ 3.5.2); three factors for each block.
    CrossColor(BlockValues<u32>),
    /// Adds green to red and blue (§ 3.5.3).
    SubtractGreen,
    /// Gives the colours of indices (§ 3.5.4).
    Palette(Palette),
}

/// What stands before the groups of prefix codes.
pub(super) struct Structure {
    /// In the order of the bitstream; the inverse of the last comes first.
    pub(super) transforms: Vec<Inverse>,
    /// The size of the picture that is coded: a palette of at most 16 colours packs 2, 4 or 8 pixels into one.
    pub(super) size: Size,
    pub(super) cache_bits: u32,
    pub(super) choice: Option<BlockValues<u16>>,
    /// How many pixels each group codes, at most: 0 for one that no block names.
    pub(super) pixels: Vec<u64>,
    /// Pixels of the images that the transforms and the choice of groups come as.
    pub(super) sub_pixels: u64,
}

/// Reads the structure of one bitstream.
pub(super) struct StructureReader<'a, 't> {
    pub(super) bits: Bits<'a>,
    pub(super) groups: GroupReader,
    pub(super) timer: &'t CpuTimer<'t>,
}

impl StructureReader<'_, '_> {
    /// Reads up to the groups of prefix codes.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`, `deadline`, `cancelled`; `limit_exceeded` for more than 4096 groups, or
    /// for more than 2²⁴ pixels in the small images together.
    pub(super) fn read(&mut self, size: Size) -> Result<Structure> {
        let (transforms, none) = (Vec::new(), Vec::new());
        let mut structure = Structure { transforms, size, cache_bits: 0, choice: None, pixels: none, sub_pixels: 0 };
        self.read_transforms(&mut structure)?;
        structure.cache_bits = cache_bits(&mut self.bits)?;
        self.read_choice(&mut structure)?;
        Ok(structure)
    }

    /// At most four transforms, each of another kind.
    fn read_transforms(&mut self, structure: &mut Structure) -> Result<()> {
        let mut seen = [false; 4];
        while self.bits.bit()? {
            let kind = self.bits.read(2)?;
            if seen.get_mut(kind as usize).is_none_or(|seen| std::mem::replace(seen, true)) {
                return Err(DecodeError::malformed("a VP8L transform that comes twice"));
            }
            let transform = match kind {
                PREDICTOR => Inverse::Predictor(self.read_blocks(structure, |argb| argb.to_le_bytes()[1])?),
                CROSS_COLOR => Inverse::CrossColor(self.read_blocks(structure, |argb| argb)?),
                SUBTRACT_GREEN => Inverse::SubtractGreen,
                _ => self.read_palette(structure)?,
            };
            structure.transforms.push(transform);
        }
        Ok(())
    }

    /// A palette of 1 to 256 colours, as an image of one row.
    fn read_palette(&mut self, structure: &mut Structure) -> Result<Inverse> {
        let colors = self.bits.read(8)? + 1;
        let differences = self.read_image(structure, Size::new(colors, 1), |argb| argb)?;
        let palette = Palette::new(&differences);
        structure.size.width = structure.size.width.div_ceil(1 << palette.packing);
        Ok(Inverse::Palette(palette))
    }

    /// The image that chooses a group for each block; without it there is one group.
    fn read_choice(&mut self, structure: &mut Structure) -> Result<()> {
        if !self.bits.bit()? {
            structure.pixels.push(structure.size.pixels());
            return Ok(());
        }
        let choice = self.read_blocks(structure, |argb| {
            let [_, low, high, _] = argb.to_le_bytes();
            u16::from_le_bytes([low, high])
        })?;
        structure.pixels = self.pixels_of_groups(&choice)?;
        structure.choice = Some(choice);
        Ok(())
    }

    /// How many pixels each group codes, at most: those of its blocks. The last group that a block names is the last that
    /// there is.
    fn pixels_of_groups(&self, choice: &BlockValues<u16>) -> Result<Vec<u64>> {
        let rows = || choice.values.chunks(choice.width.max(1));
        let mut last = 0;
        for row in rows() {
            self.timer.check()?;
            last = row.iter().fold(last, |last, &group| last.max(group));
        }
        DecodeError::check_limit("groups of prefix codes", u64::from(last) + 1, MAX_GROUPS)?;
        let mut pixels = zeroed(usize::from(last) + 1)?;
        for row in rows() {
            self.timer.check()?;
            for &group in row {
                if let Some(pixels) = pixels.get_mut(usize::from(group)) {
                    *pixels += 1 << (2 * choice.log2);
                }
            }
        }
        Ok(pixels)
    }

    fn read_blocks<T>(&mut self, structure: &mut Structure, value: impl Fn(u32) -> T) -> Result<BlockValues<T>> {
        let log2 = self.bits.read(3)? + 2;
        let size = in_blocks(structure.size, log2);
        Ok(BlockValues { log2, width: size.width as usize, values: self.read_image(structure, size, value)? })
    }

    /// Reads an image that has one group of prefix codes and no transform of its own, and keeps a value of each pixel.
    fn read_image<T>(&mut self, structure: &mut Structure, size: Size, value: impl Fn(u32) -> T) -> Result<Vec<T>> {
        structure.sub_pixels += size.pixels();
        DecodeError::check_limit("pixels of VP8L transforms", structure.sub_pixels, MAX_SUB_PIXELS)?;
        let mut values = Vec::new();
        reserve(&mut values, sample_count(size, 1).ok_or(DecodeError::out_of_memory(size.pixels()))?)?;
        self.read_rows(size, &mut |row| values.extend(row.iter().map(|&argb| value(argb))))?;
        Ok(values)
    }

    /// Reads such an image row by row.
    fn read_rows(&mut self, size: Size, take: &mut dyn FnMut(&[u32])) -> Result<()> {
        let cache_bits = cache_bits(&mut self.bits)?;
        let groups = vec![self.groups.group(&mut self.bits, cache_bits, size.pixels())?];
        let mut image =
            EntropyCodedImage::<u32>::new(self.bits, EntropyCoding { size, cache_bits, groups, choice: None })?;
        for _ in 0..size.height {
            self.timer.check()?;
            take(image.next_row()?);
        }
        self.bits = image.bits();
        Ok(())
    }

    /// Reads the groups of prefix codes and keeps those that code pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`, `deadline`, `cancelled`.
    pub(super) fn read_groups(&mut self, structure: &Structure) -> Result<Vec<PrefixGroup>> {
        let mut groups = Vec::new();
        reserve(&mut groups, structure.pixels.len())?;
        for &pixels in &structure.pixels {
            self.timer.check()?;
            groups.push(match pixels {
                0 => self.groups.shape(&mut self.bits, structure.cache_bits, 0).map(|_| PrefixGroup::default())?,
                pixels => self.groups.group(&mut self.bits, structure.cache_bits, pixels)?,
            });
        }
        Ok(groups)
    }
}

impl Structure {
    /// Whether green alone decides the picture: indices into a palette, without a colour cache, whose hash takes all of a
    /// pixel. What else the pixels have means nothing.
    pub(super) fn is_green_alone(&self) -> bool {
        self.cache_bits == 0 && matches!(self.transforms.last(), Some(Inverse::Palette(_)))
    }
}

/// libwebp's encoder makes at most 2600 groups, since it divides a picture into at most as many tiles.
const MAX_GROUPS: u64 = 4096;

/// The most pixels of all small images of a bitstream together. A picture of 64 megapixels whose transforms have the
/// smallest blocks comes to 12 million.
const MAX_SUB_PIXELS: u64 = 1 << 24;

/// The numbers of the transforms; 3 is the palette's.
const PREDICTOR: u32 = 0;
const CROSS_COLOR: u32 = 1;
const SUBTRACT_GREEN: u32 = 2;
