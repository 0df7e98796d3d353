//! Decodes the scans of a progressive frame into masks and values, and those into samples (ITU-T T.81 annex G).
//!
//! Most of the data of a progressive file refines coefficients, a bit of many at a time. Here a refinement touches no
//! coefficient: a block has a mask for each bit that refinements bring, and masks of the coefficients that are not zero
//! and of those that are negative. Values of first scans stand in streams of their own (see
//! [`crate::value_stream`]), and a mask says which coefficients have one. Bit 63 − `k` of a mask is the coefficient of
//! the zigzag index `k`. The transform puts all of it together, block by block.
//!
//! This takes 26 bytes for a block, 8 for each bit that is refined, and a byte for each value, where whole coefficients
//! take 136 ([`Coefficients`]). Some scans that are legal do not fit ([`MaskedCoefficients::holds`]). They are rare, and
//! [`MaskedCoefficients::into_whole`] makes whole coefficients for them.

use std::ops::Range;

use image_ingest_samples::CpuTimer;

use crate::block_layout::{BlockLayout, ComponentBlocks};
use crate::entropy::{Entropy, ScanFault};
use crate::frame::DctFrame;
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::mask_band::{FirstBand, MaskTools, RefinedMasks, read_first_masks, read_refined_masks};
use crate::memory::zeroed_in_pieces;
use crate::precision::REFINED_BITS;
use crate::progression::ScanStep;
use crate::progressive::{
    Coefficients, DcBlocks, ProgressiveScan, ScanKind, SpectralBand, TransformOutput, read_dc_blocks,
};
use crate::result::Result;
use crate::sequential::{MCUS_A_CHECK, POSITIONS, position};
use crate::tables::ScanStart;
use crate::value_stream::ValueStream;

/// The coefficients of all components, as far as scans have brought them.
#[derive(Default)]
pub(crate) struct MaskedCoefficients {
    pub(crate) layout: BlockLayout,
    planes: Vec<MaskPlane>,
}

/// The blocks of one component, row by row.
struct MaskPlane {
    dc: Vec<i16>,
    /// Of each block: the AC coefficients that are not zero.
    nonzero: Vec<u64>,
    /// Of each block: those of them that are negative.
    negative: Vec<u64>,
    /// Of each block: the coefficients that have a value in a stream. The others are made of refined bits alone.
    coded: Vec<u64>,
    /// By bit, and of each block: the coefficients whose magnitude has this bit by a refinement. It is empty before
    /// the first scan that brings the bit.
    refined: [Vec<u64>; REFINED_BITS],
    /// The values of each first scan of AC coefficients.
    streams: Vec<ValueStream>,
}

impl MaskedCoefficients {
    /// The coefficients of a frame, all zero.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(frame: &DctFrame, timer: &CpuTimer<'_>) -> Result<Self> {
        let layout = BlockLayout::new(frame, frame.mcus().1);
        let plane = |blocks: &ComponentBlocks| {
            Ok(MaskPlane {
                dc: zeroed_in_pieces(blocks.count(), timer)?,
                nonzero: zeroed_in_pieces(blocks.count(), timer)?,
                negative: zeroed_in_pieces(blocks.count(), timer)?,
                coded: zeroed_in_pieces(blocks.count(), timer)?,
                refined: Default::default(),
                streams: Vec::new(),
            })
        };
        let planes = layout.components().map(plane).collect::<Result<_>>()?;
        Ok(Self { layout, planes })
    }

    /// Whether a scan can be held in this form. A scan of AC coefficients cannot if it brings a band once more, or
    /// refines a bit above those that have masks.
    pub(crate) fn holds(&self, start: &ScanStart<'_>) -> bool {
        let mut known = start.components.iter().map(|component| &self.layout.of(component.index).precision);
        known.all(|precision| precision.has_masks_for(start.spectrum, start.approximation))
    }

    /// Makes room for what a scan brings, before its first MCU.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn begin(&mut self, start: &ScanStart<'_>, step: ScanStep, timer: &CpuTimer<'_>) -> Result<()> {
        let (index, bit) = (start.components[0].index, start.approximation.1);
        let plane = &mut self.planes[index];
        match step {
            ScanStep::DcFirst | ScanStep::DcRefine => {}
            ScanStep::AcFirst => {
                let (across, down) = self.layout.of(index).own;
                let blocks = (across * down, MCUS_A_CHECK);
                plane.streams.push(ValueStream::new(blocks, start.spectrum, bit, start.data.len())?);
            }
            ScanStep::AcRefine => {
                let refined = &mut plane.refined[usize::from(bit) % REFINED_BITS];
                if refined.is_empty() {
                    *refined = zeroed_in_pieces(plane.nonzero.len(), timer)?;
                }
            }
        }
        Ok(())
    }

    /// Makes room for the values of the MCUs that [`Self::read`] reads from the MCU `from` of a row on.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn prepare(&mut self, pass: &ProgressiveScan<'_>, from: usize) -> Result<()> {
        let index = pass.components[0];
        let (across, _) = self.layout.of(index).own;
        match (&pass.kind, self.planes[index].streams.last_mut()) {
            (ScanKind::AcFirst(..), Some(stream)) => stream.prepare(MCUS_A_CHECK.min(across.saturating_sub(from))),
            _ => Ok(()),
        }
    }

    /// Gives back the room that a scan did not need, after its last MCU.
    pub(crate) fn finish(&mut self, pass: &ProgressiveScan<'_>) {
        if let (ScanKind::AcFirst(..), Some(stream)) = (&pass.kind, self.planes[pass.components[0]].streams.last_mut())
        {
            stream.finish();
        }
    }

    /// Reads [`MCUS_A_CHECK`] MCUs of the row `row` of a scan from the MCU `from` on, or those that are left.
    #[inline(always)]
    pub(crate) fn read(
        &mut self,
        pass: &mut ProgressiveScan<'_>,
        row: usize,
        from: usize,
        tools: &MaskTools<impl Fn(u64, u64) -> u64, impl Fn(u32, u64) -> u64>,
    ) -> Result<(), ScanFault> {
        let mcus = from..self.layout.mcus_of(&pass.components).0.min(from + MCUS_A_CHECK);
        let ProgressiveScan { entropy, components, kind, bit, predictors, end_run } = pass;
        let (plane, across) = (&mut self.planes[components[0]], self.layout.of(components[0]).across);
        let blocks = row * across + mcus.start..row * across + mcus.end;
        match kind {
            ScanKind::DcFirst(codes) => {
                read_dc_blocks(self, entropy, components, Some(codes), *bit, (mcus, row), predictors)
            }
            ScanKind::DcRefine => read_dc_blocks(self, entropy, components, None, *bit, (mcus, row), predictors),
            ScanKind::AcFirst(SpectralBand { codes, spectrum }, table) => {
                let band = FirstBand { codes, table, spectrum: *spectrum, bit: *bit };
                plane.read_first(entropy, &band, blocks, end_run)
            }
            ScanKind::AcRefine(band) => plane.read_refinement(entropy, band, *bit, blocks, end_run, tools),
        }
    }

    /// Transforms the coefficients of the row `row` of MCUs into samples. Rows come one after the other from the first.
    ///
    /// `spread` is [`spread_refined`], or what was compiled in its place for this machine.
    #[inline(always)]
    pub(crate) fn transform(
        &mut self,
        row: usize,
        TransformOutput { components, tables, pending: pairs, mcu_rows }: TransformOutput<'_>,
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
        spread: impl Fn(&mut BlockPair, usize, u64, [u64; REFINED_BITS]),
    ) {
        for &(index, rows_of_blocks) in components {
            let (plane, pending) = (&mut self.planes[index], pairs.of(index));
            let &ComponentBlocks { v, across, .. } = self.layout.of(index);
            for y in 0..rows_of_blocks {
                let start = (row * v + y) * across;
                for x in 0..across {
                    let flat = plane.write_block(start + x, &mut pending.pair, pending.filled & 1, &spread);
                    pending.add(index, (x, y), flat, mcu_rows, |component| &tables[component], &inverse);
                }
            }
        }
        pairs.flush(mcu_rows, |component| &tables[component], &inverse);
    }

    /// Gives the memory back.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn free(self, timer: &CpuTimer<'_>) -> Result<()> {
        for MaskPlane { dc, nonzero, negative, coded, refined, streams } in self.planes {
            drop(dc);
            for masks in [nonzero, negative, coded].into_iter().chain(refined) {
                timer.check()?;
                drop(masks);
            }
            for stream in streams {
                timer.check()?;
                drop(stream);
            }
        }
        Ok(())
    }

    /// The same as whole coefficients.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn into_whole(mut self, frame: &DctFrame, timer: &CpuTimer<'_>) -> Result<Coefficients> {
        let mut whole = Coefficients::new(frame, frame.mcus().1, timer)?;
        whole.layout = std::mem::take(&mut self.layout);
        for (index, mut plane) in self.planes.drain(..).enumerate() {
            let across = whole.layout.of(index).across;
            for at in 0..plane.nonzero.len() {
                let (x, y) = (at % across, at / across);
                if x % MCUS_A_CHECK == 0 {
                    timer.check()?;
                }
                let mut pair = [0; 256];
                plane.write_block(at, &mut pair, 0, &spread_refined);
                let block = whole.block(index, (x, y));
                for (k, value) in (0..).zip(block.values) {
                    *value = pair[position(&POSITIONS[0], k)];
                }
                *block.nonzero = plane.nonzero[at].reverse_bits();
            }
        }
        Ok(whole)
    }
}

impl DcBlocks for MaskedCoefficients {
    #[inline(always)]
    fn blocks_of(&self, component: usize) -> &ComponentBlocks {
        self.layout.of(component)
    }

    #[inline(always)]
    fn dc(&mut self, component: usize, (x, y): (usize, usize)) -> &mut i16 {
        let across = self.layout.of(component).across;
        &mut self.planes[component].dc[y * across + x]
    }
}

impl MaskPlane {
    /// Reads blocks of the first scan of a band.
    #[inline(always)]
    fn read_first(
        &mut self,
        entropy: &mut Entropy<'_>,
        band: &FirstBand<'_>,
        blocks: Range<usize>,
        end_run: &mut u32,
    ) -> Result<(), ScanFault> {
        let Some(stream) = self.streams.last_mut() else { return Ok(()) };
        let masks = self.nonzero[blocks.clone()].iter_mut().zip(&mut self.negative[blocks.clone()]);
        for ((nonzero, negative), coded) in masks.zip(&mut self.coded[blocks]) {
            if entropy.restarts()? {
                *end_run = 0;
            }
            let (mut reader, window) = entropy.next();
            let read = read_first_masks(&mut reader, window, band, stream, end_run);
            let found = read.unwrap_or_default();
            *nonzero |= found.nonzero;
            *negative |= found.negative;
            *coded |= found.nonzero;
            entropy.check(reader, read.map(|_| ()))?;
        }
        Ok(())
    }

    /// Reads blocks of a scan that brings one more bit of a band.
    #[inline(always)]
    fn read_refinement(
        &mut self,
        entropy: &mut Entropy<'_>,
        band: &SpectralBand,
        bit: u8,
        blocks: Range<usize>,
        end_run: &mut u32,
        tools: &MaskTools<impl Fn(u64, u64) -> u64, impl Fn(u32, u64) -> u64>,
    ) -> Result<(), ScanFault> {
        let refined = &mut self.refined[usize::from(bit) % REFINED_BITS][blocks.clone()];
        let masks = self.nonzero[blocks.clone()].iter_mut().zip(&mut self.negative[blocks]);
        for ((nonzero, negative), refined) in masks.zip(refined) {
            if entropy.restarts()? {
                *end_run = 0;
            }
            let block = RefinedMasks { nonzero, negative, refined };
            let (mut reader, window) = entropy.next();
            let read = read_refined_masks(&mut reader, window, &band.codes, band.spectrum, block, end_run, tools);
            entropy.check(reader, read)?;
        }
        Ok(())
    }

    /// Writes the coefficients of the block `at` into the half `half` of `pair`, which is zero before. Blocks come one
    /// after the other from the first. Returns whether all but the first are zero.
    #[inline(always)]
    fn write_block(
        &mut self,
        at: usize,
        pair: &mut BlockPair,
        half: usize,
        spread: &impl Fn(&mut BlockPair, usize, u64, [u64; REFINED_BITS]),
    ) -> bool {
        let positions = &POSITIONS[half & 1];
        let nonzero = self.nonzero[at];
        if nonzero != 0 {
            let refined = self.refined.each_ref().map(|plane| plane.get(at).copied().unwrap_or(0));
            spread(pair, half, self.negative[at], refined);
            let coded = self.coded[at];
            for stream in &mut self.streams {
                stream.read(coded, |k, value| {
                    let coefficient = &mut pair[position(positions, k)];
                    *coefficient = joined(value, *coefficient);
                });
            }
        }
        pair[half * 8] = self.dc[at];
        nonzero == 0
    }
}

/// The value of a first scan with the bits that refinements brought, which have the value's sign.
///
/// Refinements add to the magnitude, one after the other. From −32768, which no picture has, the first one that adds
/// wraps to a positive number, and the others add to that.
#[inline(always)]
fn joined(value: i16, refined: i16) -> i16 {
    if value == i16::MIN { wrapped(refined) } else { value.wrapping_add(refined) }
}

#[cold]
fn wrapped(refined: i16) -> i16 {
    let magnitude = refined.wrapping_neg();
    let first = if magnitude == 0 { 0 } else { 1 << magnitude.ilog2() };
    i16::MIN.wrapping_sub(first).wrapping_add(magnitude - first)
}

/// Writes what refinements have brought of a block's coefficients into a half of `pair`: for each the sum of its bits,
/// with its sign. At most 15 are the bits of a magnitude.
pub(crate) fn spread_refined(pair: &mut BlockPair, half: usize, negative: u64, refined: [u64; REFINED_BITS]) {
    let mut left = refined.iter().fold(0, |all, bits| all | bits);
    while left != 0 {
        let at = left.trailing_zeros();
        let bit = |mask: u64| i16::from(mask >> at & 1 != 0);
        let magnitude = bit(refined[0]) | bit(refined[1]) << 1 | bit(refined[2]) << 2 | bit(refined[3]) << 3;
        let minus = -bit(negative);
        pair[position(&POSITIONS[half & 1], 63 - at)] = (magnitude ^ minus) - minus;
        left &= left - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_number_wraps_as_it_does_step_by_step() {
        for refined in 0..16 {
            let mut expected = i16::MIN;
            for one in [8, 4, 2, 1].into_iter().filter(|one| refined & one != 0) {
                expected = expected.wrapping_add(if expected < 0 { -one } else { one });
            }
            assert_eq!(joined(i16::MIN, -refined), expected);
            assert_eq!(joined(-16, -refined), -16 - refined);
        }
    }
}
