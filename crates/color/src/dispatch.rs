//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::Avx2;

use crate::eight_bits::EightBitCoefficients;
#[cfg(target_arch = "x86_64")]
use crate::eight_bits_avx2;
use crate::shaper::Shaper;
#[cfg(target_arch = "x86_64")]
use crate::shaper_avx2;

/// [`EightBitCoefficients::fill`].
pub(crate) fn rgb_of_ycbcr(
    coefficients: &EightBitCoefficients,
    planes: [&[u8]; 3],
    out: &mut [[u8; 3]],
    avx2: Option<Avx2>,
) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { eight_bits_avx2::fill(coefficients, planes, out) },
        _ => coefficients.fill(planes, out),
    }
}

/// [`Shaper::fill`].
pub(crate) fn shape(shaper: &Shaper<256>, pixels: &[[u8; 3]], out: &mut [[u8; 3]], avx2: Option<Avx2>) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { shaper_avx2::fill(shaper, pixels, out) },
        _ => shaper.fill(pixels, out),
    }
}
