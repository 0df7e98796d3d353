//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::{Avx2, WorkError};

use crate::encode::work::EncodeWork;
use crate::entropy::ScanFault;
#[cfg(all(test, target_arch = "x86_64"))]
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::work::Work;

/// Does a piece of work with AVX2 where the CPU has it, and else with what any CPU has. The samples are the same.
pub(crate) fn run(work: Work<'_, '_>, avx2: Option<Avx2>) -> Result<(), ScanFault> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { work.run_avx2() },
        _ => work.run_portable(),
    }
}

/// Whether the CPU deposits bits (`pdep`) in an instruction that is as fast as others.
///
/// AMD's CPUs before Zen 3, which is family 0x19, take up to some hundred cycles, and so do Hygon's, which are of family
/// 0x18. All of Intel's with AVX2 take three.
pub(crate) fn deposits_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        #[allow(unused_unsafe, reason = "it is safe in later versions of Rust")]
        // SAFETY: every x86-64 CPU has the instruction and these two leaves.
        let (vendor, version) = unsafe { (__cpuid(0), __cpuid(1).eax) };
        let family = (version >> 8 & 0xF) + (version >> 20 & 0xFF);
        vendor.ebx == u32::from_le_bytes(*b"Genu") || family >= 0x19
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Does a piece of an encoder's work in the same way. The bytes are the same.
pub(crate) fn encode(work: EncodeWork<'_, '_>, avx2: Option<Avx2>) -> Result<(), WorkError> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { work.run_avx2() },
        _ => work.run_portable(),
    }
}

/// Calls the inverse DCT for AVX2 on a machine that has it.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn inverse_avx2(_: Avx2, pair: &BlockPair, tables: BlockTables<'_>, side: usize, out: &mut BlockSamples) {
    // SAFETY: the CPU has the feature that the function is compiled for; `Avx2` exists only where it was found.
    unsafe { crate::avx2::inverse_avx2(pair, tables, side, out) }
}

/// Deposits bits with BMI2 on a machine that has it.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn deposit_bmi2(_: Avx2, bits: u64, mask: u64) -> u64 {
    // SAFETY: the CPU has the features that the function is compiled for; `Avx2` exists only where they were found.
    unsafe { crate::avx2_masks::deposit_bmi2(bits, mask) }
}

/// Picks a bit with BMI2 on a machine that has it.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn pick_bmi2(_: Avx2, above: u32, mask: u64) -> u64 {
    // SAFETY: the CPU has the features that the function is compiled for; `Avx2` exists only where they were found.
    unsafe { crate::avx2_masks::pick_bmi2(above, mask) }
}

/// Spreads refined bits with AVX2 on a machine that has it.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn spread_refined_avx2(_: Avx2, pair: &mut BlockPair, half: usize, negative: u64, refined: [u64; 4]) {
    // SAFETY: the CPU has the feature that the function is compiled for; `Avx2` exists only where it was found.
    unsafe { crate::avx2_masks::spread_refined_avx2(pair, half, negative, refined) }
}
