//! Decodes the scans of a progressive frame into whole coefficients, and those into samples (ITU-T T.81 annex G).
//!
//! All coefficients are held until the last scan, 16 bits each and in zigzag order. Each block has a mask of the
//! coefficients that are not zero. Refinement, which takes most of the time, and the inverse DCT visit only those.
//!
//! Any order of scans fits into whole coefficients, and arithmetic coding needs them. The scans of nearly all files are
//! read faster and held in less memory by [`crate::masked`].

use std::ops::Range;

use image_ingest_samples::{CpuTimer, DecodeError, PictureRows};

use crate::band::{CoefficientBlock, read_dc_value, read_first, read_refinement};
use crate::block_layout::{BlockLayout, ComponentBlocks};
use crate::blocks::{McuRow, PendingPairs};
use crate::codes::{DcTable, HuffmanTable};
use crate::entropy::{Entropy, ScanFault};
use crate::frame::DctFrame;
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::mask_band::FirstScanTable;
use crate::memory::zeroed_in_pieces;
use crate::progression::ScanStep;
use crate::result::Result;
use crate::sequential::{MCUS_A_CHECK, POSITIONS, position};
use crate::tables::{ScanStart, ScanTables, Tables};

/// The coefficients of all components, as far as scans have brought them.
pub(crate) struct Coefficients {
    pub(crate) layout: BlockLayout,
    planes: Vec<CoefficientPlane>,
}

/// The blocks of one component, row by row.
struct CoefficientPlane {
    /// 64 of each block.
    values: PictureRows<i16>,
    /// Of each block: bit `k` says that the coefficient `k`, 1–63, is not zero.
    nonzero: Vec<u64>,
}

/// A scan of a progressive frame and how far it has been read.
pub(crate) struct ProgressiveScan<'a> {
    pub(crate) entropy: Entropy<'a>,
    /// The indices in the frame of the scan's components.
    pub(crate) components: Vec<usize>,
    pub(crate) kind: ScanKind,
    /// The lowest bit that is known after the scan.
    pub(crate) bit: u8,
    pub(crate) predictors: [i32; 4],
    /// The blocks from here on that have no more new coefficients (§ G.1.2.2).
    pub(crate) end_run: u32,
}

/// The four kinds of scan (§ G.1.1.1), with their codes.
pub(crate) enum ScanKind {
    DcFirst(Vec<DcTable>),
    DcRefine,
    AcFirst(SpectralBand, FirstScanTable),
    AcRefine(SpectralBand),
}

/// The band of coefficients that an AC scan brings, by its first and last zigzag index, and their codes.
pub(crate) struct SpectralBand {
    pub(crate) codes: HuffmanTable,
    pub(crate) spectrum: (u32, u32),
}

impl<'a> ProgressiveScan<'a> {
    /// A scan that stands before its first MCU.
    ///
    /// # Errors
    ///
    /// `malformed` for a scan that no progressive frame may have, a missing table, or one that makes no prefix code;
    /// `out_of_memory`.
    pub(crate) fn new(tables: &Tables<'a>, start: &ScanStart<'a>) -> Result<Self> {
        let kind = ScanKind::of(tables, start, ScanStep::of(start)?);
        let kind = kind.ok_or_else(|| DecodeError::malformed("a missing or impossible Huffman table"))?;
        let entropy = Entropy::new(start.data, tables.restart_interval)?;
        let components = start.components.iter().map(|component| component.index).collect();
        let bit = start.approximation.1;
        Ok(Self { entropy, components, kind, bit, predictors: [0; 4], end_run: 0 })
    }

    /// Whether no further block was announced to end early. This holds after the last block of a valid scan (§
    /// G.1.2.2).
    pub(crate) fn has_no_run_left(&self) -> bool {
        self.end_run == 0
    }
}

impl ScanKind {
    /// The kind with its codes; `None` where a table is missing or makes no prefix code.
    fn of(tables: &Tables<'_>, start: &ScanStart<'_>, step: ScanStep) -> Option<Self> {
        let spectrum = (start.spectrum.0.into(), start.spectrum.1.into());
        let band = || Some(SpectralBand { codes: tables.ac_codes(start.components.first()?.ac)?, spectrum });
        let dc_codes = |component: &ScanTables| DcTable::new(tables.dc_codes(component.dc)?);
        Some(match step {
            ScanStep::DcFirst => Self::DcFirst(start.components.iter().map(dc_codes).collect::<Option<_>>()?),
            ScanStep::DcRefine => Self::DcRefine,
            ScanStep::AcFirst => {
                let band = band()?;
                let table = FirstScanTable::new(&band.codes, start.approximation.1);
                Self::AcFirst(band, table)
            }
            ScanStep::AcRefine => Self::AcRefine(band()?),
        })
    }
}

impl Coefficients {
    /// The coefficients of `rows` rows of MCUs of a frame, all zero.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(frame: &DctFrame, rows: u32, timer: &CpuTimer<'_>) -> Result<Self> {
        let layout = BlockLayout::new(frame, rows);
        let plane = |blocks: &ComponentBlocks| {
            let values = PictureRows::zeroed(blocks.count() / blocks.across.max(1), blocks.across * 64, timer)?;
            Ok(CoefficientPlane { values, nonzero: zeroed_in_pieces(blocks.count(), timer)? })
        };
        let planes = layout.components().map(plane).collect::<Result<_>>()?;
        Ok(Self { layout, planes })
    }

    /// The block at `(x, y)` of a component.
    pub(crate) fn block(&mut self, component: usize, (x, y): (usize, usize)) -> CoefficientBlock<'_> {
        let plane = &mut self.planes[component];
        let at = y * self.layout.of(component).across + x;
        let (blocks, _) = plane.values.row_mut(y).as_chunks_mut::<64>();
        CoefficientBlock { values: &mut blocks[x], nonzero: &mut plane.nonzero[at] }
    }

    /// Sets all coefficients to zero.
    pub(crate) fn clear(&mut self) {
        for plane in &mut self.planes {
            plane.values.clear();
            plane.nonzero.fill(0);
        }
    }

    /// Gives the memory back.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn free(self, timer: &CpuTimer<'_>) -> Result<()> {
        for CoefficientPlane { values, nonzero } in self.planes {
            drop(nonzero);
            values.free(timer)?;
        }
        Ok(())
    }

    /// Reads [`MCUS_A_CHECK`] MCUs of the row `row` of a scan from the MCU `from` on, or those that are left.
    #[inline(always)]
    pub(crate) fn read(&mut self, pass: &mut ProgressiveScan<'_>, row: usize, from: usize) -> Result<(), ScanFault> {
        let ProgressiveScan { entropy, components, kind, bit, predictors, end_run } = pass;
        let mcus = from..self.layout.mcus_of(components).0.min(from + MCUS_A_CHECK);
        let at = (mcus, row);
        match kind {
            ScanKind::DcFirst(codes) => read_dc_blocks(self, entropy, components, Some(codes), *bit, at, predictors),
            ScanKind::DcRefine => read_dc_blocks(self, entropy, components, None, *bit, at, predictors),
            ScanKind::AcFirst(band, _) => self.read_ac::<false>(entropy, components[0], band, *bit, at, end_run),
            ScanKind::AcRefine(band) => self.read_ac::<true>(entropy, components[0], band, *bit, at, end_run),
        }
    }

    /// Reads blocks of the row `y` of a scan of AC coefficients. The kind of scan is a constant of the loop.
    #[inline(always)]
    fn read_ac<const REFINE: bool>(
        &mut self,
        entropy: &mut Entropy<'_>,
        component: usize,
        SpectralBand { codes, spectrum }: &SpectralBand,
        bit: u8,
        (blocks, y): (Range<usize>, usize),
        end_run: &mut u32,
    ) -> Result<(), ScanFault> {
        let (plane, across) = (&mut self.planes[component], self.layout.of(component).across);
        let row = y * across + blocks.start..y * across + blocks.end;
        let (values, _) = plane.values.row_mut(y).as_chunks_mut::<64>();
        for (values, nonzero) in values[blocks].iter_mut().zip(&mut plane.nonzero[row]) {
            if entropy.restarts()? {
                *end_run = 0;
            }
            let block = CoefficientBlock { values, nonzero };
            let (mut reader, window) = entropy.next();
            let read = if REFINE {
                read_refinement(&mut reader, window, codes, *spectrum, bit, block, end_run)
            } else {
                read_first(&mut reader, window, codes, *spectrum, bit, block, end_run)
            };
            entropy.check(reader, read)?;
        }
        Ok(())
    }

    /// Transforms the coefficients of the row `row` of MCUs into samples.
    ///
    /// Only the coefficients that are not zero are copied to natural order. The others are zero in the pair already
    /// (see [`PendingBlocks`](crate::blocks::PendingBlocks)).
    #[inline(always)]
    pub(crate) fn transform(
        &self,
        row: usize,
        TransformOutput { components, tables, pending: pairs, mcu_rows }: TransformOutput<'_>,
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) {
        for &(index, rows_of_blocks) in components {
            let (plane, pending) = (&self.planes[index], pairs.of(index));
            let &ComponentBlocks { v, across, .. } = self.layout.of(index);
            for y in 0..rows_of_blocks {
                let start = (row * v + y) * across;
                let (values, _) = plane.values.row(row * v + y).as_chunks::<64>();
                for (x, (values, &nonzero)) in values.iter().zip(&plane.nonzero[start..]).enumerate() {
                    let (pair, positions) = (&mut pending.pair, &POSITIONS[pending.filled & 1]);
                    pair[position(positions, 0)] = values[0];
                    for k in bits_of(nonzero) {
                        pair[position(positions, k)] = values[k as usize & 63];
                    }
                    pending.add(index, (x, y), nonzero == 0, mcu_rows, |component| &tables[component], &inverse);
                }
            }
        }
        pairs.flush(mcu_rows, |component| &tables[component], &inverse);
    }
}

/// The DC coefficients of all components.
pub(crate) trait DcBlocks {
    /// Where the blocks of a component lie.
    fn blocks_of(&self, component: usize) -> &ComponentBlocks;

    /// The DC coefficient of the block at `(x, y)` of a component.
    fn dc(&mut self, component: usize, at: (usize, usize)) -> &mut i16;
}

impl DcBlocks for Coefficients {
    #[inline(always)]
    fn blocks_of(&self, component: usize) -> &ComponentBlocks {
        self.layout.of(component)
    }

    #[inline(always)]
    fn dc(&mut self, component: usize, (x, y): (usize, usize)) -> &mut i16 {
        &mut self.planes[component].values.row_mut(y)[x * 64]
    }
}

/// Reads the DC coefficients of MCUs of the row `y` by `codes`, or without `codes` one more bit of each.
#[inline(always)]
pub(crate) fn read_dc_blocks(
    blocks: &mut impl DcBlocks,
    entropy: &mut Entropy<'_>,
    components: &[usize],
    codes: Option<&Vec<DcTable>>,
    bit: u8,
    (mcus, y): (Range<usize>, usize),
    predictors: &mut [i32; 4],
) -> Result<(), ScanFault> {
    let is_alone = components.len() == 1;
    for x in mcus {
        if entropy.restarts()? {
            *predictors = [0; 4];
        }
        let (mut reader, window) = entropy.next();
        let mut read = Some(());
        for (index, &component) in components.iter().enumerate() {
            let &ComponentBlocks { h, v, .. } = blocks.blocks_of(component);
            let (h, v) = if is_alone { (1, 1) } else { (h, v) };
            for block in 0..h * v {
                let value = blocks.dc(component, (x * h + block % h, y * v + block / h));
                let predictor = &mut predictors[index];
                let codes = codes.map(|codes| &codes[index]);
                read = read.and(read_dc_value(&mut reader, window, codes, predictor, bit, value));
            }
        }
        entropy.check(reader, read)?;
    }
    Ok(())
}

/// Which components are transformed, and where their samples go.
pub(crate) struct TransformOutput<'w> {
    /// The index of each component with its rows of blocks.
    pub(crate) components: &'w [(usize, usize)],
    /// The quantisation tables by component.
    pub(crate) tables: &'w [[i16; 64]],
    pub(crate) pending: &'w mut PendingPairs,
    pub(crate) mcu_rows: &'w mut [McuRow],
}

/// The indices of the bits that are set, from the lowest on.
#[inline(always)]
fn bits_of(mut set: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let k = (set != 0).then(|| set.trailing_zeros());
        set &= set.wrapping_sub(1);
        k
    })
}
