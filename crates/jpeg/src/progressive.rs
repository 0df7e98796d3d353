//! Decodes the scans of a progressive frame into coefficients, and those into samples (ITU-T T.81 annex G).
//!
//! All coefficients are held until the last scan, 16 bits each and in zigzag order. Each block has a mask of the
//! coefficients that are not zero. Refinement, which takes most of the time, and the inverse DCT visit only those.

use image_ingest_samples::zeroed;

use crate::band::{CoefficientBlock, read_dc_value, read_first, read_refinement};
use crate::blocks::{McuRow, PendingBlocks};
use crate::codes::{DcTable, HuffmanTable};
use crate::entropy::{Entropy, ScanFault};
use crate::frame::{PlanarComponent, PlanarFrame};
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::precision::Precision;
use crate::result::Result;
use crate::sequential::{POSITIONS, position};
use crate::tables::{ScanStart, ScanTables, Tables};

/// The coefficients of all components, as far as scans have brought them.
pub(crate) struct Coefficients {
    planes: Vec<CoefficientPlane>,
    /// MCUs of all components, across and down.
    mcus: (u32, u32),
}

/// The blocks of one component, row by row. There are as many as whole MCUs have, so a block of any scan exists.
struct CoefficientPlane {
    h: usize,
    v: usize,
    /// Blocks in a row.
    across: usize,
    /// Blocks of a scan of this component alone, across and down (§ A.2.2): those that hold samples of the picture.
    own: (usize, usize),
    values: Vec<i16>,
    /// Of each block: bit `k` says that the coefficient `k`, 1–63, is not zero.
    nonzero: Vec<u64>,
    precision: Precision,
}

/// A scan of a progressive frame and how far it has been read.
pub(crate) struct ProgressiveScan<'a> {
    pub(crate) entropy: Entropy<'a>,
    /// The indices in the frame of the scan's components.
    components: Vec<usize>,
    kind: ScanKind,
    /// The lowest bit that is known after the scan.
    bit: u8,
    predictors: [i32; 3],
    /// The blocks from here on that have no more new coefficients (§ G.1.2.2).
    end_run: u32,
}

/// The four kinds of scan (§ G.1.1.1).
enum ScanKind {
    DcFirst(Vec<DcTable>),
    DcRefine,
    AcFirst(SpectralBand),
    AcRefine(SpectralBand),
}

/// The band of coefficients that an AC scan brings, by its first and last zigzag index, and their codes.
struct SpectralBand {
    codes: HuffmanTable,
    spectrum: (u32, u32),
}

impl<'a> ProgressiveScan<'a> {
    /// A scan that stands before its first MCU.
    ///
    /// The result is `Ok(None)` for a scan header that no progressive frame may have (§ G.1.1.1), a missing table, or
    /// one that makes no prefix code.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(tables: &Tables<'a>, start: &ScanStart<'a>) -> Result<Option<Self>> {
        let Some(kind) = ScanKind::of(tables, start) else { return Ok(None) };
        let entropy = Entropy::new(start.data, tables.restart_interval)?;
        let components = start.components.iter().map(|component| component.index).collect();
        let bit = start.approximation.1;
        Ok(Some(Self { entropy, components, kind, bit, predictors: [0; 3], end_run: 0 }))
    }

    /// Whether no further block was announced to end early. This holds after the last block of a valid scan (§
    /// G.1.2.2).
    pub(crate) fn has_no_run_left(&self) -> bool {
        self.end_run == 0
    }
}

impl ScanKind {
    /// A scan of DC coefficients may hold several components, one of AC coefficients holds one (§ G.1.1.1.1). A
    /// refinement brings the bit below the lowest one known, and no bit is above 13 (§ G.1.1.1.2).
    fn of(tables: &Tables<'_>, start: &ScanStart<'_>) -> Option<Self> {
        let (first, last) = start.spectrum;
        let (before, bit) = start.approximation;
        if bit > 13 || (before > 0 && before != bit + 1) {
            return None;
        }
        let spectrum = (u32::from(first), u32::from(last));
        Some(match (&start.components[..], first, before) {
            (components, 0, 0) if last == 0 => {
                let codes = |component: &ScanTables| DcTable::new(tables.dc_codes(component.dc)?);
                Self::DcFirst(components.iter().map(codes).collect::<Option<_>>()?)
            }
            (_, 0, _) if last == 0 => Self::DcRefine,
            (&[ScanTables { ac, .. }], 1.., 0) => Self::AcFirst(SpectralBand { codes: tables.ac_codes(ac)?, spectrum }),
            (&[ScanTables { ac, .. }], 1.., _) => {
                Self::AcRefine(SpectralBand { codes: tables.ac_codes(ac)?, spectrum })
            }
            _ => return None,
        })
    }
}

impl Coefficients {
    /// The coefficients of a frame, all zero.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(frame: &PlanarFrame) -> Result<Self> {
        let mcus = frame.mcus();
        let plane = |component: &PlanarComponent| {
            let (across, down) = ((mcus.0 * component.h) as usize, (mcus.1 * component.v) as usize);
            let size = frame.component_size(component, 8);
            Ok(CoefficientPlane {
                h: component.h as usize,
                v: component.v as usize,
                across,
                own: (size.width as usize, size.height as usize),
                values: zeroed(across * down * 64)?,
                nonzero: zeroed(across * down)?,
                precision: Precision::default(),
            })
        };
        Ok(Self { planes: frame.components.iter().map(plane).collect::<Result<_>>()?, mcus })
    }

    /// Notes what a scan will bring. Returns false if that contradicts the scans before it.
    pub(crate) fn expect(&mut self, start: &ScanStart<'_>) -> bool {
        let mut indices = start.components.iter().map(|component| component.index);
        indices.all(|index| self.planes[index].precision.refine(start.spectrum, start.approximation))
    }

    /// Whether every bit of every coefficient is known.
    pub(crate) fn are_complete(&self) -> bool {
        self.planes.iter().all(|plane| plane.precision.is_full())
    }

    /// The number of rows of a scan. They are rows of blocks for one component, and rows of MCUs for several.
    pub(crate) fn rows(&self, pass: &ProgressiveScan<'_>) -> usize {
        if let [only] = pass.components[..] { self.planes[only].own.1 } else { self.mcus.1 as usize }
    }

    /// Reads the row `row` of a scan.
    #[inline(always)]
    pub(crate) fn read(&mut self, pass: &mut ProgressiveScan<'_>, row: usize) -> Result<(), ScanFault> {
        let ProgressiveScan { entropy, components, kind, bit, predictors, end_run } = pass;
        match kind {
            ScanKind::DcFirst(codes) => self.read_dc(entropy, components, Some(codes), *bit, row, predictors),
            ScanKind::DcRefine => self.read_dc(entropy, components, None, *bit, row, predictors),
            ScanKind::AcFirst(band) => self.read_ac::<false>(entropy, components[0], band, *bit, row, end_run),
            ScanKind::AcRefine(band) => self.read_ac::<true>(entropy, components[0], band, *bit, row, end_run),
        }
    }

    /// Reads the DC coefficients of the row `y` by `codes`, or without `codes` one more bit of each.
    #[inline(always)]
    fn read_dc(
        &mut self,
        entropy: &mut Entropy<'_>,
        components: &[usize],
        codes: Option<&Vec<DcTable>>,
        bit: u8,
        y: usize,
        predictors: &mut [i32; 3],
    ) -> Result<(), ScanFault> {
        let alone = if let [only] = components { Some(self.planes[*only].own.0) } else { None };
        for x in 0..alone.unwrap_or(self.mcus.0 as usize) {
            if entropy.restarts()? {
                *predictors = [0; 3];
            }
            let (mut reader, window) = entropy.next();
            let mut read = Some(());
            for (index, &component) in components.iter().enumerate() {
                let plane = &mut self.planes[component];
                let (h, v) = if alone.is_some() { (1, 1) } else { (plane.h, plane.v) };
                for block in 0..h * v {
                    let at = (y * v + block / h) * plane.across + x * h + block % h;
                    let value = &mut plane.values[at * 64];
                    let predictor = &mut predictors[index];
                    let codes = codes.map(|codes| &codes[index]);
                    read = read.and(read_dc_value(&mut reader, window, codes, predictor, bit, value));
                }
            }
            entropy.check(reader, read)?;
        }
        Ok(())
    }

    /// Reads the row `y` of a scan of AC coefficients. The kind of scan is a constant of the loop.
    #[inline(always)]
    fn read_ac<const REFINE: bool>(
        &mut self,
        entropy: &mut Entropy<'_>,
        component: usize,
        SpectralBand { codes, spectrum }: &SpectralBand,
        bit: u8,
        y: usize,
        end_run: &mut u32,
    ) -> Result<(), ScanFault> {
        let plane = &mut self.planes[component];
        let row = y * plane.across..y * plane.across + plane.own.0;
        let (values, _) = plane.values[row.start * 64..row.end * 64].as_chunks_mut::<64>();
        for (values, nonzero) in values.iter_mut().zip(&mut plane.nonzero[row]) {
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
    /// (see [`PendingBlocks`]).
    #[inline(always)]
    pub(crate) fn transform(
        &self,
        row: usize,
        tables: &[[i16; 64]],
        pending: &mut [PendingBlocks; 2],
        mcu_rows: &mut [McuRow],
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) {
        for (index, plane) in self.planes.iter().enumerate() {
            let pending = &mut pending[usize::from(index > 0)];
            for y in 0..plane.v {
                let start = (row * plane.v + y) * plane.across;
                let (values, _) = plane.values[start * 64..(start + plane.across) * 64].as_chunks::<64>();
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
        pending.iter_mut().for_each(|pending| pending.flush(mcu_rows, |component| &tables[component], &inverse));
    }
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
