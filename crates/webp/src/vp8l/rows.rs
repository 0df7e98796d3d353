//! Gives the rows of a picture: decodes its pixels and applies the inverses of its transforms, the last one first (RFC
//! 9649 § 3.5).

use image_ingest_samples::{CpuTimer, DecodeError, Size, zeroed};

use super::bits::Bits;
use super::group::GroupReader;
use super::image_data::{EntropyCodedImage, EntropyCoding};
use super::palette::Palette;
use super::predictor::PredictorKernels;
use super::structure::{Inverse, Structure, StructureReader};
use super::{cross_color, pixel, predictor};
use crate::result::Result;

/// A picture on its way.
pub(crate) struct LosslessRows<'a> {
    source: RowSource<'a>,
    /// The inverses that follow what the source gives, the first one first.
    inverses: Vec<Inverse>,
    /// The row above, as the predictor transform left it, and one pixel more; empty without that transform.
    above: Vec<u32>,
    /// The current row.
    row: Vec<u32>,
    /// What a palette has yet to unpack.
    packed: Vec<u32>,
    y: usize,
}

/// Where pixels come from.
enum RowSource<'a> {
    Argb(EntropyCodedImage<'a, u32>),
    /// Indices into a palette.
    Green(EntropyCodedImage<'a, u8>, Palette),
}

impl<'a> LosslessRows<'a> {
    /// Reads a bitstream of `size` from behind its header up to its pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
    pub(super) fn new(data: &'a [u8], size: Size, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut reader = StructureReader { bits: Bits::new(data), groups: GroupReader::new(), timer };
        let structure = reader.read(size)?;
        let groups = reader.read_groups(&structure)?;
        let is_green_alone = structure.is_green_alone();
        let Structure { mut transforms, size: coded, cache_bits, choice, .. } = structure;
        let coding = EntropyCoding { size: coded, cache_bits, groups, choice };
        let last = if is_green_alone { transforms.pop() } else { None };
        let source = match last {
            Some(Inverse::Palette(palette)) => RowSource::Green(EntropyCodedImage::new(reader.bits, coding)?, palette),
            _ => RowSource::Argb(EntropyCodedImage::new(reader.bits, coding)?),
        };
        transforms.reverse();
        let width = size.width as usize;
        let is_predicted = transforms.iter().any(|inverse| matches!(inverse, Inverse::Predictor(_)));
        let is_packed = transforms.iter().any(|inverse| matches!(inverse, Inverse::Palette(_)));
        Ok(Self {
            source,
            inverses: transforms,
            above: zeroed(if is_predicted { width + 1 } else { 0 })?,
            row: zeroed(width)?,
            packed: zeroed(if is_packed { width } else { 0 })?,
            y: 0,
        })
    }

    /// The row that was decoded last, in ARGB with alpha in the highest byte.
    pub(super) fn row(&self) -> &[u32] {
        &self.row
    }

    /// Decodes the next row. There are as many as the picture is high.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    #[inline(always)]
    pub(crate) fn decode_row(&mut self, kernels: impl PredictorKernels) -> Result<()> {
        let mut width = match &mut self.source {
            RowSource::Argb(image) => {
                let pixels = image.next_row()?;
                let row = self.row.get_mut(..pixels.len()).ok_or_else(too_wide)?;
                row.copy_from_slice(pixels);
                pixels.len()
            }
            RowSource::Green(image, palette) => {
                let greens = image.next_row()?;
                palette.unpack(greens.iter().copied(), &mut self.row);
                self.row.len()
            }
        };
        for inverse in &self.inverses {
            let row = self.row.get_mut(..width).ok_or_else(too_wide)?;
            match inverse {
                Inverse::Predictor(modes) => predictor::add_predictions(kernels, modes, self.y, &mut self.above, row),
                Inverse::CrossColor(factors) => cross_color::add_predictions(factors, self.y, row),
                Inverse::SubtractGreen => row.iter_mut().for_each(|pixel| *pixel = pixel::with_green(*pixel)),
                Inverse::Palette(palette) => {
                    let packed = self.packed.get_mut(..width).ok_or_else(too_wide)?;
                    packed.copy_from_slice(row);
                    width = self.row.len();
                    palette.unpack(packed.iter().map(|argb| argb.to_le_bytes()[1]), &mut self.row);
                }
            }
        }
        self.y += 1;
        Ok(())
    }
}

fn too_wide() -> DecodeError {
    DecodeError::internal("a VP8L row wider than its picture")
}
