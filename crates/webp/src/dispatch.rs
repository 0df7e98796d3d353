//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::{Avx2, CpuTimer};

use crate::result::Result;
use crate::vp8::kernels::Portable;
use crate::vp8::reconstruct::RowDecoder;
#[cfg(not(target_arch = "x86_64"))]
use crate::vp8l::predictor::AnyCpu;
use crate::vp8l::rows::LosslessRows;

/// Decodes the next row of macroblocks with AVX2 where the CPU has it, and else with what any CPU has.
pub(crate) fn decode_row(rows: &mut RowDecoder<'_>, timer: &CpuTimer<'_>, avx2: Option<Avx2>) -> Result<()> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(avx2) => unsafe { vectors::decode_row_avx2(rows, timer, avx2) },
        _ => rows.decode_row(Portable, timer),
    }
}

/// Decodes the next row of a VP8L picture with AVX2 where the CPU has it, and else with what any CPU has.
pub(crate) fn next_row(rows: &mut LosslessRows<'_>, avx2: Option<Avx2>) -> Result<()> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { vectors::next_row_avx2(rows) },
        _ => rows.decode_row(PREDICTOR),
    }
}

/// What predicts the pixels of VP8L.
#[cfg(target_arch = "x86_64")]
pub(crate) const PREDICTOR: vectors::Sse2 = vectors::Sse2;
/// What predicts the pixels of VP8L.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const PREDICTOR: AnyCpu = AnyCpu;

/// Code for vector instructions.
#[cfg(target_arch = "x86_64")]
mod vectors {
    use image_ingest_samples::{Avx2, CpuTimer};

    use crate::dispatch::PREDICTOR;
    use crate::result::Result;
    use crate::vp8::avx2;
    use crate::vp8::kernels::{Kernels, MacroblockFilter, SampleRows};
    use crate::vp8::macroblock::{Beside, MacroblockSamples};
    use crate::vp8::modes::{PlaneMode, SubblockMode};
    use crate::vp8::reconstruct::RowDecoder;
    use crate::vp8::residual::RowContent;
    use crate::vp8::subblocks::SubblocksBeside;
    use crate::vp8::tokens::BlockRow;
    use crate::vp8l::predictor::PredictorKernels;
    use crate::vp8l::predictor_sse2;
    use crate::vp8l::rows::LosslessRows;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(super) fn decode_row_avx2(rows: &mut RowDecoder<'_>, timer: &CpuTimer<'_>, avx2: Avx2) -> Result<()> {
        rows.decode_row(avx2, timer)
    }

    /// Each function is inlined into [`decode_row_avx2`].
    impl Kernels for Avx2 {
        #[inline(always)]
        fn predict_luma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]) {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::plane::luma(mode, beside, rows) }
        }

        #[inline(always)]
        fn predict_chroma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]) {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::plane::chroma(mode, beside, rows) }
        }

        #[inline(always)]
        fn add_residual(self, row: &mut BlockRow, content: RowContent, factors: [i16; 2], rows: &mut SampleRows) {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::plane::add_residual(row, content, factors, rows) }
        }

        #[inline(always)]
        fn reconstruct_subblocks(
            self,
            modes: &[SubblockMode; 4],
            beside: &SubblocksBeside,
            residual: (&mut BlockRow, RowContent, [i16; 2]),
            rows: &mut SampleRows,
        ) {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::subblocks::reconstruct(modes, beside, residual, rows) }
        }

        #[inline(always)]
        fn last_columns(self, samples: &MacroblockSamples) -> [[u8; 16]; 2] {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::plane::last_columns(samples) }
        }

        #[inline(always)]
        fn filter(
            self,
            filter: MacroblockFilter,
            current: &mut MacroblockSamples,
            left: Option<&mut MacroblockSamples>,
            above: Option<&mut MacroblockSamples>,
        ) {
            // SAFETY: `self` proves that the CPU has AVX2.
            unsafe { avx2::filter::filter(filter, current, left, above) }
        }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(super) fn next_row_avx2(rows: &mut LosslessRows<'_>) -> Result<()> {
        rows.decode_row(PREDICTOR)
    }

    /// SSE2, which every CPU of x86-64 has.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Sse2;

    impl PredictorKernels for Sse2 {
        #[inline(always)]
        fn add_along(self, mode: u8, columns: std::ops::Range<usize>, above: &[u32], row: &mut [u32]) {
            // SAFETY: x86-64 has SSE2.
            unsafe { predictor_sse2::add_along(mode, columns, above, row) }
        }
    }
}
