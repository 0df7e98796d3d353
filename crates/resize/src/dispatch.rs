//! The two depths of samples. Picks at run time the code that was compiled for this CPU, and is the only file of the crate
//! with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::Avx2;

use crate::arithmetic::Arithmetic;
use crate::eight;
#[cfg(target_arch = "x86_64")]
use crate::eight_avx2;
use crate::result::Result;
use crate::sixteen;
#[cfg(target_arch = "x86_64")]
use crate::sixteen_avx2;
use crate::weights::{Taps, Weights};

impl Arithmetic for u8 {
    type Pair = eight::ByteColumns;
    const LANES: usize = eight::SIDE;
    const VERTICAL_FIRST: bool = true;

    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>) -> Result<()> {
        match avx2 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
            Some(_) => unsafe { eight_avx2::blend_rows(window, taps, out) },
            _ => eight::blend_rows(window, taps, out),
        }
    }

    fn pair_columns(rows: &[Self], row_len: usize, channels: usize, pairs: &mut [Self::Pair]) {
        eight::pair_columns(rows, row_len, channels, pairs);
    }

    fn blend_columns(
        pairs: &[Self::Pair],
        channels: usize,
        weights: &Weights<Self>,
        out: &mut [Self],
        avx2: Option<Avx2>,
    ) {
        match avx2 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
            Some(_) => unsafe { eight_avx2::blend_columns(pairs, channels, weights, out) },
            _ => eight::blend_columns(pairs, channels, weights, out),
        }
    }
}

impl Arithmetic for u16 {
    type Pair = sixteen::WordColumns;
    const LANES: usize = sixteen::LANES;
    const VERTICAL_FIRST: bool = false;

    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>) -> Result<()> {
        match avx2 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
            Some(_) => unsafe { sixteen_avx2::blend_rows(window, taps, out) },
            _ => sixteen::blend_rows(window, taps, out),
        }
    }

    fn pair_columns(rows: &[Self], row_len: usize, channels: usize, pairs: &mut [Self::Pair]) {
        sixteen::pair_columns(rows, row_len, channels, pairs);
    }

    fn blend_columns(
        pairs: &[Self::Pair],
        channels: usize,
        weights: &Weights<Self>,
        out: &mut [Self],
        avx2: Option<Avx2>,
    ) {
        match avx2 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
            Some(_) => unsafe { sixteen_avx2::blend_columns(pairs, channels, weights, out) },
            _ => sixteen::blend_columns(pairs, channels, weights, out),
        }
    }
}
