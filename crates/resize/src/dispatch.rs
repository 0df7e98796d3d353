//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::Avx2;

use crate::eight;
#[cfg(target_arch = "x86_64")]
use crate::eight_avx2;
use crate::sixteen;
#[cfg(target_arch = "x86_64")]
use crate::sixteen_avx2;
use crate::weights::{Taps, Weights};

/// [`eight::blend_rows`].
pub(crate) fn blend_rows_8(window: &[&[u8]], taps: Taps<'_, u8>, out: &mut [u8], avx2: Option<Avx2>) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { eight_avx2::blend_rows(window, taps, out) },
        _ => eight::blend_rows(window, taps, out),
    }
}

/// [`eight::blend_columns`].
pub(crate) fn blend_columns_8(
    pairs: &[eight::ByteColumns],
    channels: usize,
    weights: &Weights<u8>,
    out: &mut [u8],
    avx2: Option<Avx2>,
) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { eight_avx2::blend_columns(pairs, channels, weights, out) },
        _ => eight::blend_columns(pairs, channels, weights, out),
    }
}

/// [`sixteen::blend_rows`].
pub(crate) fn blend_rows_16(window: &[&[u16]], taps: Taps<'_, u16>, out: &mut [u16], avx2: Option<Avx2>) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { sixteen_avx2::blend_rows(window, taps, out) },
        _ => sixteen::blend_rows(window, taps, out),
    }
}

/// [`sixteen::blend_columns`].
pub(crate) fn blend_columns_16(
    pairs: &[sixteen::WordColumns],
    channels: usize,
    weights: &Weights<u16>,
    out: &mut [u16],
    avx2: Option<Avx2>,
) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { sixteen_avx2::blend_columns(pairs, channels, weights, out) },
        _ => sixteen::blend_columns(pairs, channels, weights, out),
    }
}
