//! The two depths of samples, each by the build for this CPU.

use image_ingest_samples::Avx2;

use crate::arithmetic::Arithmetic;
use crate::dispatch;
use crate::eight;
use crate::sixteen;
use crate::weights::{Taps, Weights};

impl Arithmetic for u8 {
    type Pair = eight::ByteColumns;
    const LANES: usize = eight::SIDE;
    const VERTICAL_FIRST: bool = true;

    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>) {
        dispatch::blend_rows_8(window, taps, out, avx2);
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
        dispatch::blend_columns_8(pairs, channels, weights, out, avx2);
    }
}

impl Arithmetic for u16 {
    type Pair = sixteen::WordColumns;
    const LANES: usize = sixteen::LANES;
    const VERTICAL_FIRST: bool = false;

    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>) {
        dispatch::blend_rows_16(window, taps, out, avx2);
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
        dispatch::blend_columns_16(pairs, channels, weights, out, avx2);
    }
}
