//! Filters the edges of a macroblock (RFC 6386 § 15), luma and chroma at once.
//!
//! The lower half of a register has sixteen places of luma along an edge, the upper one eight of U and eight of V. Edges
//! inside lie 4, 8 and 12 samples into luma and 4 into chroma, so the upper half is masked out of the second and third.
//! The order of work and the arithmetic are those of [`crate::vp8::filter`] and [`crate::vp8::edges`].

use std::arch::x86_64::*;

use super::lanes::{halves, join, load, store, transpose_32_in_halves, transpose_bytes_in_halves};
use crate::vp8::kernels::MacroblockFilter;
use crate::vp8::macroblock::MacroblockSamples;
use crate::vp8::strength::{EdgeStrength, LoopFilter};

/// Filters a macroblock.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn filter(
    filter: MacroblockFilter,
    current: &mut MacroblockSamples,
    left: Option<&mut MacroblockSamples>,
    above: Option<&mut MacroblockSamples>,
) {
    match filter.kind {
        LoopFilter::Off => {}
        LoopFilter::Simple => edges::<true>(filter.strength, filter.inner, current, left, above),
        LoopFilter::Normal => edges::<false>(filter.strength, filter.inner, current, left, above),
    }
}

/// The simple filter runs on the same registers, with chroma left out where samples are written.
#[inline]
#[target_feature(enable = "avx2")]
fn edges<const SIMPLE: bool>(
    strength: EdgeStrength,
    inner: bool,
    current: &mut MacroblockSamples,
    left: Option<&mut MacroblockSamples>,
    above: Option<&mut MacroblockSamples>,
) {
    let limits = Limits32::new(strength);
    if let Some(left) = left {
        left_edge::<SIMPLE>(left, current, limits.between());
    }
    if inner {
        inner_columns::<SIMPLE>(current, limits);
    }
    if let Some(above) = above {
        edge_above::<SIMPLE>(above, current, limits.between());
    }
    if inner {
        inner_rows::<SIMPLE>(current, limits);
    }
}

/// The edge to the left neighbour: four columns of each.
#[inline]
#[target_feature(enable = "avx2")]
fn left_edge<const SIMPLE: bool>(left: &mut MacroblockSamples, current: &mut MacroblockSamples, limits: Limits32) {
    let [a, b, c, d] = four_columns(left, 12, 4);
    let [e, f, g, h] = four_columns(current, 0, 0);
    let [a, b, c, d, e, f, g, h] = between::<SIMPLE>([a, b, c, d, e, f, g, h], limits);
    put_four_columns::<SIMPLE>([a, b, c, d], left, 12, 4);
    put_four_columns::<SIMPLE>([e, f, g, h], current, 0, 0);
}

/// Columns of luma from `luma_at` on, and of both planes of chroma from `chroma_at` on.
#[inline]
#[target_feature(enable = "avx2")]
fn four_columns(samples: &MacroblockSamples, luma_at: usize, chroma_at: usize) -> [__m256i; 4] {
    let four = |i: usize| {
        let luma: __m128i = bytemuck::cast([
            word(&samples.luma[4 * i], luma_at),
            word(&samples.luma[4 * i + 1], luma_at),
            word(&samples.luma[4 * i + 2], luma_at),
            word(&samples.luma[4 * i + 3], luma_at),
        ]);
        // U has the first eight places, V the others.
        let (at, row) = (chroma_at + 8 * (i / 2), 4 * (i % 2));
        let chroma: __m128i = bytemuck::cast([
            word(&samples.chroma[row], at),
            word(&samples.chroma[row + 1], at),
            word(&samples.chroma[row + 2], at),
            word(&samples.chroma[row + 3], at),
        ]);
        _mm256_shuffle_epi8(join(luma, chroma), columns_together())
    };
    transpose_32_in_halves([four(0), four(1), four(2), four(3)])
}

/// Writes columns back; the inverse of [`four_columns`].
#[inline]
#[target_feature(enable = "avx2")]
fn put_four_columns<const SIMPLE: bool>(
    columns: [__m256i; 4],
    samples: &mut MacroblockSamples,
    luma_at: usize,
    chroma_at: usize,
) {
    for (i, rows) in transpose_32_in_halves(columns).into_iter().enumerate() {
        let [luma, chroma]: [[[u8; 4]; 4]; 2] = bytemuck::cast(_mm256_shuffle_epi8(rows, columns_together()));
        for j in 0..4 {
            samples.luma[4 * i + j][luma_at..luma_at + 4].copy_from_slice(&luma[j]);
            if !SIMPLE {
                let at = chroma_at + 8 * (i / 2);
                samples.chroma[4 * (i % 2) + j][at..at + 4].copy_from_slice(&chroma[j]);
            }
        }
    }
}

/// A shuffle that transposes 4 × 4 bytes, so it is its own inverse.
#[inline]
#[target_feature(enable = "avx2")]
fn columns_together() -> __m256i {
    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15))
}

#[inline]
fn word(row: &[u8; 16], at: usize) -> u32 {
    row.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The upright edges inside a macroblock. Turned, a register has a column of luma and one of both planes of chroma.
#[inline]
#[target_feature(enable = "avx2")]
fn inner_columns<const SIMPLE: bool>(current: &mut MacroblockSamples, limits: Limits32) {
    let mut columns = [_mm256_setzero_si256(); 16];
    for (i, column) in columns.iter_mut().enumerate() {
        let [u, v] = bytemuck::cast::<_, [u64; 2]>(current.chroma[i % 8]);
        *column = join(load(&current.luma[i]), bytemuck::cast([if i < 8 { u } else { v }, 0]));
    }
    transpose_bytes_in_halves(&mut columns);
    inside_at::<SIMPLE, 0>(&mut columns, limits);
    inside_at::<SIMPLE, 4>(&mut columns, limits);
    inside_at::<SIMPLE, 8>(&mut columns, limits);
    transpose_bytes_in_halves(&mut columns);
    for (i, row) in columns.iter().enumerate() {
        store(&mut current.luma[i], halves(*row)[0]);
    }
    if !SIMPLE {
        for i in 0..8 {
            let [u, v] = [halves(columns[i])[1], halves(columns[i + 8])[1]];
            store(&mut current.chroma[i], _mm_unpacklo_epi64(u, v));
        }
    }
}

/// The edge to the macroblock above.
#[inline]
#[target_feature(enable = "avx2")]
fn edge_above<const SIMPLE: bool>(above: &mut MacroblockSamples, current: &mut MacroblockSamples, limits: Limits32) {
    let before = |i: usize| join(load(&above.luma[12 + i]), load(&above.chroma[4 + i]));
    let behind = |i: usize| join(load(&current.luma[i]), load(&current.chroma[i]));
    let rows = [before(0), before(1), before(2), before(3), behind(0), behind(1), behind(2), behind(3)];
    let rows = between::<SIMPLE>(rows, limits);
    for i in 0..3 {
        let ([luma, chroma], [luma_behind, chroma_behind]) = (halves(rows[i + 1]), halves(rows[i + 4]));
        store(&mut above.luma[13 + i], luma);
        store(&mut current.luma[i], luma_behind);
        if !SIMPLE {
            store(&mut above.chroma[5 + i], chroma);
            store(&mut current.chroma[i], chroma_behind);
        }
    }
}

/// The level edges inside a macroblock.
#[inline]
#[target_feature(enable = "avx2")]
fn inner_rows<const SIMPLE: bool>(current: &mut MacroblockSamples, limits: Limits32) {
    let mut rows = [_mm256_setzero_si256(); 16];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = join(load(&current.luma[i]), load(&current.chroma[i % 8]));
    }
    inside_at::<SIMPLE, 0>(&mut rows, limits);
    inside_at::<SIMPLE, 4>(&mut rows, limits);
    inside_at::<SIMPLE, 8>(&mut rows, limits);
    for (i, row) in rows.iter().enumerate() {
        let [luma, chroma] = halves(*row);
        store(&mut current.luma[i], luma);
        if !SIMPLE && i < 8 {
            store(&mut current.chroma[i], chroma);
        }
    }
}

/// Filters the edge inside that has four registers from `AT` on before it. Chroma has the first one alone.
#[inline]
#[target_feature(enable = "avx2")]
fn inside_at<const SIMPLE: bool, const AT: usize>(vectors: &mut [__m256i; 16], limits: Limits32) {
    let mut window: [__m256i; 8] = std::array::from_fn(|i| vectors[AT + i]);
    let lanes = if AT == 0 { [-1, -1] } else { [-1, 0] };
    window = if SIMPLE {
        simple(window, limits)
    } else {
        inside(window, limits, _mm256_setr_epi64x(lanes[0], lanes[0], lanes[1], lanes[1]))
    };
    vectors[AT..AT + 8].copy_from_slice(&window);
}

/// The limits, one in every lane.
#[derive(Clone, Copy)]
struct Limits32 {
    edge: __m256i,
    interior: __m256i,
    variance: __m256i,
}

impl Limits32 {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(strength: EdgeStrength) -> Self {
        let splat = |limit: u8| _mm256_set1_epi8(limit.cast_signed());
        Self { edge: splat(strength.edge), interior: splat(strength.interior), variance: splat(strength.variance) }
    }

    /// The limits of edges between macroblocks.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn between(self) -> Self {
        Self { edge: _mm256_adds_epu8(self.edge, _mm256_set1_epi8(4)), ..self }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn between<const SIMPLE: bool>(samples: [__m256i; 8], limits: Limits32) -> [__m256i; 8] {
    if SIMPLE {
        return simple(samples, limits);
    }
    let [p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let (mask, even) = masks(&samples, limits);
    let [a, b, c, d, e, f] = [flip(p2), flip(p1), flip(p0), flip(q0), flip(q1), flip(q2)];
    let step = _mm256_and_si256(step(b, c, d, e, _mm256_set1_epi8(-1)), mask);
    let [c, d] = common(c, d, _mm256_andnot_si256(even, step));
    let [by27, by18, by9] = parts_of_128(_mm256_and_si256(step, even));
    let before = [_mm256_adds_epi8(a, by9), _mm256_adds_epi8(b, by18), _mm256_adds_epi8(c, by27)];
    let behind = [_mm256_subs_epi8(d, by27), _mm256_subs_epi8(e, by18), _mm256_subs_epi8(f, by9)];
    let ([a, b, c], [d, e, f]) = (before, behind);
    [p3, flip(a), flip(b), flip(c), flip(d), flip(e), flip(f), q3]
}

#[inline]
#[target_feature(enable = "avx2")]
fn inside(samples: [__m256i; 8], limits: Limits32, lanes: __m256i) -> [__m256i; 8] {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let (mask, even) = masks(&samples, limits);
    let [b, c, d, e] = [flip(p1), flip(p0), flip(q0), flip(q1)];
    let uneven = _mm256_xor_si256(even, _mm256_set1_epi8(-1));
    let step = _mm256_and_si256(step(b, c, d, e, uneven), _mm256_and_si256(mask, lanes));
    let (up, down) = (eighth(step, 4), eighth(step, 3));
    // (up + 1) / 2, by the average of two samples, which rounds up: of `up` and 0, each with 128 more.
    let half = _mm256_sub_epi8(_mm256_avg_epu8(flip(up), _mm256_setzero_si256()), _mm256_set1_epi8(64));
    let half = _mm256_and_si256(half, even);
    let before = [flip(_mm256_adds_epi8(b, half)), flip(_mm256_adds_epi8(c, down))];
    let behind = [flip(_mm256_subs_epi8(d, up)), flip(_mm256_subs_epi8(e, half))];
    [p3, p2, before[0], before[1], behind[0], behind[1], q2, q3]
}

#[inline]
#[target_feature(enable = "avx2")]
fn simple(samples: [__m256i; 8], limits: Limits32) -> [__m256i; 8] {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let mask = edge_is_low(p1, p0, q0, q1, limits.edge);
    let [b, c, d, e] = [flip(p1), flip(p0), flip(q0), flip(q1)];
    let [c, d] = common(c, d, _mm256_and_si256(step(b, c, d, e, _mm256_set1_epi8(-1)), mask));
    [p3, p2, p1, flip(c), flip(d), q1, q2, q3]
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(samples: &[__m256i; 8], limits: Limits32) -> (__m256i, __m256i) {
    let &[p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let at_edge = _mm256_max_epu8(distance(p1, p0), distance(q1, q0));
    let before = _mm256_max_epu8(distance(p3, p2), distance(p2, p1));
    let behind = _mm256_max_epu8(distance(q3, q2), distance(q2, q1));
    let most = _mm256_max_epu8(at_edge, _mm256_max_epu8(before, behind));
    let low = edge_is_low(p1, p0, q0, q1, limits.edge);
    (_mm256_and_si256(at_most(most, limits.interior), low), at_most(at_edge, limits.variance))
}

#[inline]
#[target_feature(enable = "avx2")]
fn edge_is_low(p1: __m256i, p0: __m256i, q0: __m256i, q1: __m256i, limit: __m256i) -> __m256i {
    let near = distance(p0, q0);
    let half = _mm256_and_si256(_mm256_srli_epi16::<1>(distance(p1, q1)), _mm256_set1_epi8(0x7F));
    at_most(_mm256_adds_epu8(_mm256_adds_epu8(near, near), half), limit)
}

#[inline]
#[target_feature(enable = "avx2")]
fn step(p1: __m256i, p0: __m256i, q0: __m256i, q1: __m256i, outer: __m256i) -> __m256i {
    let across = _mm256_subs_epi8(q0, p0);
    let sum = _mm256_adds_epi8(_mm256_and_si256(_mm256_subs_epi8(p1, q1), outer), across);
    _mm256_adds_epi8(_mm256_adds_epi8(sum, across), across)
}

#[inline]
#[target_feature(enable = "avx2")]
fn common(p0: __m256i, q0: __m256i, step: __m256i) -> [__m256i; 2] {
    [_mm256_adds_epi8(p0, eighth(step, 3)), _mm256_subs_epi8(q0, eighth(step, 4))]
}

/// (step + add) / 8, clamped before the division. Bytes are divided as in [`crate::vp8::edges`].
#[inline]
#[target_feature(enable = "avx2")]
fn eighth(step: __m256i, add: i8) -> __m256i {
    let sum = _mm256_adds_epi8(step, _mm256_set1_epi8(add));
    let shifted = _mm256_and_si256(_mm256_srli_epi16::<3>(sum), _mm256_set1_epi8(0x1F));
    let sign = _mm256_set1_epi8(0x10);
    _mm256_sub_epi8(_mm256_xor_si256(shifted, sign), sign)
}

/// (27 · step + 63) / 128, and so for 18 and 9. `pmaddubsw` adds the products of pairs of bytes: of the step and the
/// factor, and of 63 and 1. Both fit 16 bits by far.
#[inline]
#[target_feature(enable = "avx2")]
fn parts_of_128(step: __m256i) -> [__m256i; 3] {
    let one = _mm256_set1_epi8(1);
    let (low, high) = (_mm256_unpacklo_epi8(step, one), _mm256_unpackhi_epi8(step, one));
    let part = |factor: i16| {
        let factors = _mm256_set1_epi16(63 << 8 | factor);
        let low = _mm256_srai_epi16::<7>(_mm256_maddubs_epi16(factors, low));
        let high = _mm256_srai_epi16::<7>(_mm256_maddubs_epi16(factors, high));
        _mm256_packs_epi16(low, high)
    };
    [part(27), part(18), part(9)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn distance(a: __m256i, b: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn at_most(value: __m256i, limit: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_subs_epu8(value, limit), _mm256_setzero_si256())
}

/// A sample less 128, and back.
#[inline]
#[target_feature(enable = "avx2")]
fn flip(samples: __m256i) -> __m256i {
    _mm256_xor_si256(samples, _mm256_set1_epi8(-128))
}
