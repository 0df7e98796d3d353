//! The pieces of work that are compiled twice: for any machine, and for machines with AVX2 and its bit instructions.
//!
//! Both builds come from the same source. [`Work::run`] and everything below it are inlined into the two functions that
//! call it, and the compiler makes each for its instructions: bit reading gains from BMI, refinement from counting
//! bits. So all functions on this path are `#[inline(always)]`. One that the compiler does not inline is made once,
//! without AVX2: a closure for each MCU once made progressive files a fifth slower.
//!
//! Only the inverse DCT has a source of its own for AVX2, and the tests compare it with the plain one on coefficients
//! of every size. All arithmetic is of integers, so the samples are the same.

#[cfg(target_arch = "x86_64")]
use crate::avx2::inverse_avx2;
#[cfg(target_arch = "x86_64")]
use crate::avx2_masks::{deposit_bmi2, pick_bmi2, spread_refined_avx2};
use crate::blocks::McuRow;
use crate::entropy::ScanFault;
use crate::idct::{self, BlockPair, BlockSamples, BlockTables};
use crate::interleave::Interleaver;
use crate::mask_band::{MaskTools, deposit, pick};
use crate::masked::{MaskedCoefficients, spread_refined};
use crate::precision::REFINED_BITS;
use crate::progressive::{Coefficients, ProgressiveScan, TransformOutput};
use crate::sequential::SequentialScan;

/// A piece of work, at most a row of MCUs.
pub(crate) enum Work<'w, 'a> {
    /// Decodes MCUs of the next row of a sequential scan to samples, from the one of this number on.
    Sequential(&'w mut SequentialScan<'a>, usize, &'w mut [McuRow]),
    /// Reads MCUs of a row of a progressive scan into coefficients: the row, and the first of them.
    Progressive(&'w mut Coefficients, &'w mut ProgressiveScan<'a>, (usize, usize)),
    /// Transforms a row of MCUs of coefficients to samples.
    Transform(&'w Coefficients, usize, TransformOutput<'w>),
    /// Reads MCUs of a row of a progressive scan into masks: the row, and the first of them.
    Masked(&'w mut MaskedCoefficients, &'w mut ProgressiveScan<'a>, (usize, usize)),
    /// Transforms the next row of MCUs of masks and values to samples.
    MaskedTransform(&'w mut MaskedCoefficients, usize, TransformOutput<'w>),
    /// Upsamples and converts the next row of interleaved samples.
    Interleave(&'w mut Interleaver),
}

impl Work<'_, '_> {
    #[inline(always)]
    fn run(
        self,
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
        tools: &MaskTools<impl Fn(u64, u64) -> u64, impl Fn(u32, u64) -> u64>,
        spread: impl Fn(&mut BlockPair, usize, u64, [u64; REFINED_BITS]),
    ) -> Result<(), ScanFault> {
        match self {
            Self::Sequential(scan, from, mcu_rows) => scan.decode_mcus(from, mcu_rows, inverse),
            Self::Progressive(coefficients, pass, (row, from)) => coefficients.read(pass, row, from),
            Self::Transform(coefficients, row, output) => {
                coefficients.transform(row, output, inverse);
                Ok(())
            }
            Self::Masked(coefficients, pass, (row, from)) => coefficients.read(pass, row, from, tools),
            Self::MaskedTransform(coefficients, row, output) => {
                coefficients.transform(row, output, inverse, spread);
                Ok(())
            }
            Self::Interleave(rows) => {
                rows.convert_row();
                Ok(())
            }
        }
    }

    /// Does the work on any machine.
    pub(crate) fn run_portable(self) -> Result<(), ScanFault> {
        self.run(idct::inverse, &MaskTools { deposit, pick }, spread_refined)
    }

    /// Does the work with AVX2 and bit instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(crate) fn run_avx2(self) -> Result<(), ScanFault> {
        self.run(
            |pair, tables, side, samples| inverse_avx2(pair, tables, side, samples),
            &MaskTools { deposit: |bits, mask| deposit_bmi2(bits, mask), pick: |run, mask| pick_bmi2(run, mask) },
            |pair, half, negative, refined| spread_refined_avx2(pair, half, negative, refined),
        )
    }
}
