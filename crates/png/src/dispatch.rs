//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::Avx2;

use crate::adler;
use crate::inflate::fault::InflateFault;
use crate::inflate::symbols::{FastWork, Stop};
use crate::unfilter::group::RowGroup;

/// Decodes symbols with the instructions that come with AVX2 where the CPU has them, and else with what any CPU has.
pub(crate) fn decode_fast(work: FastWork<'_, '_, '_>, avx2: Option<Avx2>) -> Result<Stop, InflateFault> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { vectors::decode_fast(work) },
        _ => work.run(),
    }
}

/// Goes on with the sums of an Adler-32 in the same way.
pub(crate) fn adler32(sums: [u32; 2], bytes: &[u8], avx2: Option<Avx2>) -> [u32; 2] {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Some(_) => unsafe { adler::added_avx2(sums, bytes) },
        _ => adler::added(sums, bytes),
    }
}

/// Restores a group of rows with AVX2.
pub(crate) fn eight_rows(group: &RowGroup<'_>, out: &mut [u8], _: Avx2) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
    unsafe {
        crate::unfilter::eight::restore(group, out);
    }
    #[cfg(not(target_arch = "x86_64"))]
    group.restore_portable(out);
}

/// The same code, compiled for AVX2 and what came with it.
#[cfg(target_arch = "x86_64")]
mod vectors {
    use crate::inflate::fault::InflateFault;
    use crate::inflate::symbols::{FastWork, Stop};

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(super) fn decode_fast(work: FastWork<'_, '_, '_>) -> Result<Stop, InflateFault> {
        work.run()
    }
}
