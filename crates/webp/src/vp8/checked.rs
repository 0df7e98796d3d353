//! Watches whether a frame's sums fit 16 bits.

use std::cell::Cell;

use image_ingest_samples::CpuTimer;

use crate::result::Result;

use super::header::Vp8Header;
use super::kernels::{Kernels, MacroblockFilter, Portable, SampleRows};
use super::macroblock::{Beside, MacroblockSamples};
use super::modes::{PlaneMode, SubblockMode};
use super::reconstruct::RowDecoder;
use super::residual::RowContent;
use super::subblocks::SubblocksBeside;
use super::tokens::BlockRow;
use super::transform::fits_16_bits;

/// Decodes a frame, and says whether all sums fit.
///
/// # Errors
///
/// Those of decoding.
pub(crate) fn decode(header: Vp8Header<'_>) -> Result<bool> {
    let fits = Cell::new(true);
    let (_, down) = header.macroblocks();
    let mut rows = RowDecoder::new(header)?;
    for _ in 0..down {
        rows.decode_row(Checked(&fits), &CpuTimer::default())?;
    }
    Ok(fits.get())
}

/// The portable kernels, and a flag that is cleared where a block's sums may not fit.
#[derive(Debug, Clone, Copy)]
struct Checked<'c>(&'c Cell<bool>);

impl Checked<'_> {
    fn look_at(self, coefficients: &BlockRow, factors: [i16; 2]) {
        self.0.set(self.0.get() && fits_16_bits(coefficients, factors));
    }
}

impl Kernels for Checked<'_> {
    fn predict_luma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]) {
        Portable.predict_luma(mode, beside, rows);
    }

    fn predict_chroma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]) {
        Portable.predict_chroma(mode, beside, rows);
    }

    fn add_residual(self, row: &mut BlockRow, content: RowContent, factors: [i16; 2], rows: &mut SampleRows) {
        self.look_at(row, factors);
        Portable.add_residual(row, content, factors, rows);
    }

    fn reconstruct_subblocks(
        self,
        modes: &[SubblockMode; 4],
        beside: &SubblocksBeside,
        residual: (&mut BlockRow, RowContent, [i16; 2]),
        rows: &mut SampleRows,
    ) {
        self.look_at(residual.0, residual.2);
        Portable.reconstruct_subblocks(modes, beside, residual, rows);
    }

    fn last_columns(self, samples: &MacroblockSamples) -> [[u8; 16]; 2] {
        Portable.last_columns(samples)
    }

    fn filter(
        self,
        filter: MacroblockFilter,
        current: &mut MacroblockSamples,
        left: Option<&mut MacroblockSamples>,
        above: Option<&mut MacroblockSamples>,
    ) {
        Portable.filter(filter, current, left, above);
    }
}
