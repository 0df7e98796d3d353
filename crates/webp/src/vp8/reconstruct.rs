//! Decodes rows of macroblocks: modes, tokens, prediction, residual and loop filter of each, one after another.

use image_ingest_samples::{CpuTimer, defaults};

use crate::result::Result;

use super::header::{Vp8Header, ended};
use super::kernels::{Kernels, MacroblockFilter};
use super::macroblock::{ABOVE_PICTURE, Beside, MacroblockSamples};
use super::modes::{self, LumaMode, MacroblockModes, ModeFields, PlaneMode, SubblockContext, SubblockMode};
use super::probabilities::Positions;
use super::quant::BlockFactors;
use super::residual::{BlockContext, MacroblockTokens, RowContent};
use super::strength::LoopFilter;
use super::subblocks::SubblocksBeside;
use super::tokens::BlockRow;

/// A frame of which some rows of macroblocks are decoded. It holds two rows of samples, and of the last row what the
/// next one needs.
pub(crate) struct RowDecoder<'a> {
    header: Vp8Header<'a>,
    /// What stands above the next macroblock of each column.
    columns: Vec<ColumnAbove>,
    /// The row that is decoded next, or was last.
    current: Vec<MacroblockSamples>,
    /// The row above. Its last rows of samples change while the current one is filtered.
    above: Vec<MacroblockSamples>,
    /// The row of macroblocks to be decoded next.
    next_row: usize,
    coefficients: MacroblockCoefficients,
}

/// What is kept of the last macroblock of a column.
#[derive(Debug, Clone, Copy)]
struct ColumnAbove {
    modes: SubblockContext,
    blocks: BlockContext,
    /// The last row of luma, and of chroma, before the loop filter.
    luma: [u8; 16],
    chroma: [u8; 16],
}

impl Default for ColumnAbove {
    /// What stands above the picture.
    fn default() -> Self {
        let (luma, chroma) = ([ABOVE_PICTURE; 16], [ABOVE_PICTURE; 16]);
        Self { modes: SubblockContext::default(), blocks: BlockContext::default(), luma, chroma }
    }
}

/// The coefficients of one macroblock, all 0 between macroblocks.
struct MacroblockCoefficients {
    luma: [BlockRow; 4],
    chroma: [BlockRow; 2],
}

/// What the macroblocks of a row hand on from left to right.
struct LeftNeighbour {
    modes: SubblockContext,
    blocks: BlockContext,
    luma: Beside,
    chroma: Beside,
}

impl<'a> RowDecoder<'a> {
    /// Bytes that a macroblock of width takes.
    pub(crate) const COLUMN_BYTES: usize = size_of::<ColumnAbove>() + 2 * size_of::<MacroblockSamples>();

    /// Bytes that any frame takes.
    pub(crate) const TABLE_BYTES: usize = size_of::<Self>() + 4 * size_of::<Positions>();

    /// Makes room for the rows of a frame.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(header: Vp8Header<'a>) -> Result<Self> {
        let (across, _) = header.macroblocks();
        let coefficients = MacroblockCoefficients { luma: [[0; 64]; 4], chroma: [[0; 64]; 2] };
        Ok(Self {
            columns: defaults(across)?,
            current: defaults(across)?,
            above: defaults(across)?,
            next_row: 0,
            coefficients,
            header,
        })
    }

    /// The row above the one that was decoded last: no later row changes its samples.
    pub(crate) fn finished_row(&self) -> &[MacroblockSamples] {
        &self.above
    }

    /// The row that was decoded last. The next one will still filter its last rows of samples.
    pub(crate) fn last_row(&self) -> &[MacroblockSamples] {
        &self.current
    }

    /// Decodes the next row of macroblocks. A macroblock of the most and longest tokens takes some 50 µs, so `timer` is
    /// asked before every 64 of them.
    ///
    /// # Errors
    ///
    /// `truncated` where the modes or the tokens of the row are not all there; `deadline`, `cancelled`.
    #[inline(always)]
    pub(crate) fn decode_row(&mut self, kernels: impl Kernels, timer: &CpuTimer<'_>) -> Result<()> {
        std::mem::swap(&mut self.current, &mut self.above);
        let row = self.next_row;
        self.next_row += 1;
        let has_above = row > 0;
        let partition = row & (self.header.partition_count - 1) & 7;
        let mut tokens = self.header.partitions[partition];
        let mut left = LeftNeighbour {
            modes: SubblockContext::default(),
            blocks: BlockContext::default(),
            luma: Beside::at_the_left(has_above),
            chroma: Beside::at_the_left(has_above),
        };
        let fields = ModeFields { segment_map: self.header.segment_map, skip: self.header.skip };
        for x in 0..self.current.len() {
            if x % 64 == 0 {
                timer.check()?;
            }
            let [column, after @ ..] = &mut self.columns[x..] else { break };
            let modes = modes::read(&mut self.header.modes, fields, &mut column.modes, &mut left.modes);
            let segment = usize::from(modes.segment & 3);
            let above_right = match after.first() {
                Some(after) => after.luma.first_chunk().copied().unwrap_or_default(),
                // Right of the picture the last sample goes on; above the picture all are the same.
                None => [column.luma[15]; 4],
            };
            let (before, rest) = self.current.split_at_mut(x);
            let [samples, ..] = rest else { break };
            let mut macroblock = Macroblock {
                kernels,
                tokens: MacroblockTokens {
                    bools: &mut tokens,
                    probabilities: &self.header.probabilities,
                    factors: self.header.factors[segment],
                    above: &mut column.blocks,
                    left: &mut left.blocks,
                },
                coefficients: &mut self.coefficients,
                samples,
            };
            (left.luma.above, left.chroma.above) = (column.luma, column.chroma);
            let content = macroblock.reconstruct(&modes, &left.luma, &left.chroma, above_right);
            left.luma.corner = [column.luma[15]; 2];
            left.chroma.corner = [column.chroma[7], column.chroma[15]];
            (left.luma.has_left, left.chroma.has_left) = (true, true);
            [left.luma.left, left.chroma.left] = kernels.last_columns(samples);
            (column.luma, column.chroma) = (samples.luma[15], samples.chroma[7]);
            let has_subblocks = matches!(modes.luma, LumaMode::Subblocks(_));
            let strength = self.header.strengths[segment][usize::from(has_subblocks)];
            if self.header.filter != LoopFilter::Off && strength.edge > 0 {
                let inner = has_subblocks || content > RowContent::Nothing;
                let filter = MacroblockFilter { kind: self.header.filter, strength, inner };
                let above = if has_above { self.above.get_mut(x) } else { None };
                kernels.filter(filter, samples, before.last_mut(), above);
            }
        }
        self.header.partitions[partition] = tokens;
        if tokens.has_ended() || self.header.modes.has_ended() { Err(ended()) } else { Ok(()) }
    }
}

/// One macroblock on its way from tokens to samples.
struct Macroblock<'m, 't, 'a, K> {
    kernels: K,
    tokens: MacroblockTokens<'t, 'a>,
    coefficients: &'m mut MacroblockCoefficients,
    samples: &'m mut MacroblockSamples,
}

impl<K: Kernels> Macroblock<'_, '_, '_, K> {
    /// Reads the tokens and makes the samples before the loop filter. Gives the most that any block has.
    ///
    /// Tokens are read a row of blocks at a time, so that the processor may work on samples while it waits for bools,
    /// each of which depends on the one before.
    #[inline(always)]
    fn reconstruct(
        &mut self,
        modes: &MacroblockModes,
        luma: &Beside,
        chroma: &Beside,
        above_right: [u8; 4],
    ) -> RowContent {
        if modes.skipped {
            let has_second = matches!(modes.luma, LumaMode::Whole(_));
            self.tokens.above.skip(has_second);
            self.tokens.left.skip(has_second);
        }
        let of_luma = match &modes.luma {
            LumaMode::Whole(mode) => self.whole(*mode, luma, modes.skipped),
            LumaMode::Subblocks(rows) => self.subblocks(rows, luma, above_right, modes.skipped),
        };
        of_luma.max(self.chroma(modes.chroma, chroma, modes.skipped))
    }

    #[inline(always)]
    fn whole(&mut self, mode: PlaneMode, beside: &Beside, skipped: bool) -> RowContent {
        self.kernels.predict_luma(mode, beside, &mut self.samples.luma);
        if skipped {
            return RowContent::Nothing;
        }
        let mut all = RowContent::Nothing;
        self.tokens.read_second(&mut self.coefficients.luma);
        let BlockFactors { luma: [_, others], .. } = self.tokens.factors;
        let (rows, _) = self.samples.luma.as_chunks_mut::<4>();
        for (i, (rows, coefficients)) in rows.iter_mut().zip(&mut self.coefficients.luma).enumerate() {
            let content = self.tokens.read_luma(i, true, coefficients);
            if content > RowContent::Nothing {
                self.kernels.add_residual(coefficients, content, [1, others], rows);
            }
            all = all.max(content);
        }
        all
    }

    #[inline(always)]
    fn subblocks(
        &mut self,
        modes: &[[SubblockMode; 4]; 4],
        beside: &Beside,
        above_right: [u8; 4],
        skipped: bool,
    ) -> RowContent {
        let mut all = RowContent::Nothing;
        let mut edge = SubblocksBeside { above: beside.above, above_right, left: [0; 4], corner: beside.corner[0] };
        let (rows, _) = self.samples.luma.as_chunks_mut::<4>();
        let (left, _) = beside.left.as_chunks::<4>();
        for (i, (rows, coefficients)) in rows.iter_mut().zip(&mut self.coefficients.luma).enumerate() {
            edge.left = left[i & 3];
            let content = if skipped { RowContent::Nothing } else { self.tokens.read_luma(i, false, coefficients) };
            let factors = self.tokens.factors.luma;
            self.kernels.reconstruct_subblocks(&modes[i & 3], &edge, (coefficients, content, factors), rows);
            (edge.above, edge.corner) = (rows[3], edge.left[3]);
            all = all.max(content);
        }
        all
    }

    #[inline(always)]
    fn chroma(&mut self, mode: PlaneMode, beside: &Beside, skipped: bool) -> RowContent {
        let mut contents = [RowContent::Nothing; 2];
        if !skipped {
            contents = self.tokens.read_chroma(&mut self.coefficients.chroma);
        }
        self.kernels.predict_chroma(mode, beside, &mut self.samples.chroma);
        let (rows, _) = self.samples.chroma.as_chunks_mut::<4>();
        for ((rows, coefficients), content) in rows.iter_mut().zip(&mut self.coefficients.chroma).zip(contents) {
            if content > RowContent::Nothing {
                self.kernels.add_residual(coefficients, content, self.tokens.factors.chroma, rows);
            }
        }
        contents[0].max(contents[1])
    }
}
