//! The pieces of work that are compiled twice, as [`crate::work`] explains it for the decoder. Transform and conversion
//! have a source of their own for AVX2; all else is the same source.

use image_ingest_samples::{CpuTimer, WorkError};

use crate::encode::fdct;
#[cfg(target_arch = "x86_64")]
use crate::encode::fdct_avx2;
use crate::encode::samples::McuSamples;
use crate::encode::scan::ScanEncoder;
use crate::encode::turned_scan::TurnedScan;
use crate::encode::ycbcr::{self, ChromaBias, YcbcrRows, convert_rows};
#[cfg(target_arch = "x86_64")]
use crate::encode::ycbcr_avx2::convert_avx2;

/// A piece of work, at most a row of MCUs.
pub(crate) enum EncodeWork<'w, 'a> {
    /// Transforms and codes a row of MCUs.
    Code(&'w mut ScanEncoder, &'w McuSamples<'a>, &'w CpuTimer<'w>),
    /// The same for the stored rows of a turned picture.
    CodeTurned(&'w mut TurnedScan, &'w McuSamples<'a>, &'w CpuTimer<'w>),
    /// Converts two rows of RGB.
    Convert([&'w [u8]; 2], YcbcrRows<'w>, ChromaBias),
}

impl EncodeWork<'_, '_> {
    /// Does the work on any machine.
    pub(crate) fn run_portable(self) -> Result<(), WorkError> {
        match self {
            Self::Code(scan, samples, timer) => scan.code_row(samples, fdct::transform, fdct::place, timer),
            Self::CodeTurned(scan, samples, timer) => scan.code_row(samples, fdct::transform, fdct::place, timer),
            Self::Convert(rgb, to, bias) => {
                convert_rows(rgb, to, |piece| ycbcr::convert(piece, bias));
                Ok(())
            }
        }
    }

    /// Does the work with AVX2 and bit instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(crate) fn run_avx2(self) -> Result<(), WorkError> {
        let transform = |samples: &_, quantiser: &_, out: &mut _, are_columns| {
            fdct_avx2::transform_avx2(samples, quantiser, out, are_columns);
        };
        match self {
            Self::Code(scan, samples, timer) => scan.code_row(samples, transform, fdct_avx2::place, timer),
            Self::CodeTurned(scan, samples, timer) => scan.code_row(samples, transform, fdct_avx2::place, timer),
            Self::Convert(rgb, to, bias) => {
                convert_rows(rgb, to, |piece| convert_avx2(piece, bias));
                Ok(())
            }
        }
    }
}
