//! Pieces of a decoder's work, each compiled for any machine and for machines with AVX2.

#[cfg(target_arch = "x86_64")]
use crate::avx2::inverse_avx2;
use crate::blocks::{McuRow, PendingBlocks};
use crate::entropy::ScanFault;
use crate::idct::{self, BlockPair, BlockSamples, BlockTables};
use crate::progressive::{Coefficients, ProgressiveScan};
use crate::sequential::SequentialScan;

/// What is compiled once for any machine and once for those with AVX2.
pub(crate) enum Work<'w, 'a> {
    /// A row of MCUs of a sequential scan, into mcu_rows.
    Sequential(&'w mut SequentialScan<'a>, &'w mut [McuRow]),
    /// A row of a progressive scan.
    Progressive(&'w mut Coefficients, &'w mut ProgressiveScan<'a>, usize),
    /// A row of MCUs of coefficients, into mcu_rows.
    Transform(&'w Coefficients, usize, &'w [[i16; 64]], &'w mut [PendingBlocks; 2], &'w mut [McuRow]),
}

impl Work<'_, '_> {
    #[inline(always)]
    fn run(self, inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples)) -> Result<(), ScanFault> {
        match self {
            Self::Sequential(scan, mcu_rows) => scan.row(mcu_rows, inverse),
            Self::Progressive(coefficients, pass, row) => coefficients.read(pass, row),
            Self::Transform(coefficients, row, tables, pending, mcu_rows) => {
                coefficients.transform(row, tables, pending, mcu_rows, inverse);
                Ok(())
            }
        }
    }

    /// On any machine.
    pub(crate) fn run_portable(self) -> Result<(), ScanFault> {
        self.run(idct::inverse)
    }

    /// With AVX2 and bit instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(crate) fn run_avx2(self) -> Result<(), ScanFault> {
        self.run(|pair, tables, side, samples| inverse_avx2(pair, tables, side, samples))
    }
}
