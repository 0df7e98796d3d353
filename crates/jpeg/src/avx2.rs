//! [`inverse`](crate::idct::inverse) with AVX2: the same samples, bit by bit.
//!
//! Each half of a register holds a row of eight coefficients of one of the two blocks. The instructions used here work
//! on the halves apart, so the blocks never mix until their samples are written.
//!
//! As in libjpeg-turbo's jidctint-avx2.asm and jidctred-sse2.asm, rows are interleaved in pairs, and `pmaddwd` gives a
//! sum of two products at once. Its operands have 16 bits and its sum 32, which wraps for no operands that arise (see
//! [`crate::idct`]). Additions of 32 bits wrap (`paddd`), and `packssdw` saturates to 16 bits: the plain Rust says the
//! same by `wrapping_add` and `saturate`. Samples are clamped by `packsswb`, and the level shift flips their highest
//! bit.

use std::arch::x86_64::*;

use crate::idct::*;

/// Writes the same samples as [`inverse`](crate::idct::inverse). The quarter scale is rare and stays with it.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn inverse_avx2(pair: &BlockPair, tables: BlockTables<'_>, side: usize, out: &mut BlockSamples) {
    match side {
        8 => full(pair, tables, out),
        4 => half(pair, tables, out),
        _ => inverse(pair, tables, side, out),
    }
}

/// The dequantised row `row` of both blocks.
#[inline]
#[target_feature(enable = "avx2")]
fn row(pair: &BlockPair, tables: BlockTables<'_>, row: usize) -> __m256i {
    let coefficients: __m256i = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&pair[row * 16..row * 16 + 16]));
    let first: __m128i = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&tables[0][row * 8..row * 8 + 8]));
    let second: __m128i = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&tables[1][row * 8..row * 8 + 8]));
    _mm256_mullo_epi16(coefficients, _mm256_set_m128i(second, first))
}

/// Pairs of constants for `pmaddwd`: `even` in the even lanes, `odd` in the odd ones. Each fits 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn constants(even: i32, odd: i32) -> __m256i {
    _mm256_set1_epi32((even & 0xFFFF) | odd << 16)
}

/// Eight lanes of 32 bits of each block: interleaved pairs of 16 bits, or their sums. The first register holds columns
/// 0–3, the second columns 4–7.
#[derive(Clone, Copy)]
pub(crate) struct Sums32(pub(crate) __m256i, pub(crate) __m256i);

/// Pairs of the lanes of `a` and `b`.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn interleave(a: __m256i, b: __m256i) -> Sums32 {
    Sums32(_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b))
}

impl Sums32 {
    /// `a · even + b · odd` of interleaved `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn madd(self, even: i32, odd: i32) -> Self {
        let c = constants(even, odd);
        Self(_mm256_madd_epi16(self.0, c), _mm256_madd_epi16(self.1, c))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(_mm256_add_epi32(self.0, other.0), _mm256_add_epi32(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn minus(self, other: Self) -> Self {
        Self(_mm256_sub_epi32(self.0, other.0), _mm256_sub_epi32(self.1, other.1))
    }

    /// Shifted right, back to 16 bits, saturating; rounding was added before.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn narrow<const SHIFT: i32>(self) -> __m256i {
        _mm256_packs_epi32(_mm256_srai_epi32::<SHIFT>(self.0), _mm256_srai_epi32::<SHIFT>(self.1))
    }
}

/// `value << (16 - SHIFT)` as 32 bits, and half of what a later shift by `round` bits drops, so that it rounds.
///
/// Each value is put into the upper half of a lane, and an arithmetic shift by `SHIFT` brings it down with its sign.
#[inline]
#[target_feature(enable = "avx2")]
fn widen<const SHIFT: i32>(value: __m256i, round: i32) -> Sums32 {
    let zero = _mm256_setzero_si256();
    let half = _mm256_set1_epi32(1 << (round - 1));
    let Sums32(low, high) = interleave(zero, value);
    Sums32(
        _mm256_add_epi32(_mm256_srai_epi32::<SHIFT>(low), half),
        _mm256_add_epi32(_mm256_srai_epi32::<SHIFT>(high), half),
    )
}

/// Writes 8 × 8 samples: a pass over columns, which lanes are, then one over rows, turned into lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn full(pair: &BlockPair, tables: BlockTables<'_>, out: &mut BlockSamples) {
    let rows = [0, 1, 2, 3, 4, 5, 6, 7].map(|y| row(pair, tables, y));
    let columns = transpose(full_pass::<11>(rows));
    let rows = transpose(full_pass::<18>(columns));
    let bias = _mm256_set1_epi8(-128);
    for (two, out) in [0, 2, 4, 6].into_iter().zip(out.chunks_exact_mut(32)) {
        // Rows `two` and `two + 1` of the first block, then of the second.
        let samples = _mm256_xor_si256(_mm256_packs_epi16(rows[two], rows[two + 1]), bias);
        let samples = _mm256_permute4x64_epi64::<0b11_01_10_00>(samples);
        out.copy_from_slice(bytemuck::bytes_of(&samples));
    }
}

/// Transforms eight columns at a time; the names are those of `full_line` of [`crate::idct`].
#[inline]
#[target_feature(enable = "avx2")]
fn full_pass<const SHIFT: i32>(v: [__m256i; 8]) -> [__m256i; 8] {
    let even = widen::<3>(_mm256_add_epi16(v[0], v[4]), SHIFT);
    let odd = widen::<3>(_mm256_sub_epi16(v[0], v[4]), SHIFT);
    let v26 = interleave(v[2], v[6]);
    let inner = v26.madd(F_0_541, F_0_541 - F_1_847);
    let outer = v26.madd(F_0_541 + F_0_765, F_0_541);
    let sums = [even.plus(outer), odd.plus(inner), odd.minus(inner), even.minus(outer)];
    let z = interleave(_mm256_add_epi16(v[7], v[3]), _mm256_add_epi16(v[5], v[1]));
    let (z3, z4) = (z.madd(F_1_175 - F_1_961, F_1_175), z.madd(F_1_175, F_1_175 - F_0_390));
    let (v71, v53) = (interleave(v[7], v[1]), interleave(v[5], v[3]));
    let odds = [
        v71.madd(-F_0_899, F_1_501 - F_0_899).plus(z4),
        v53.madd(-F_2_562, F_3_072 - F_2_562).plus(z3),
        v53.madd(F_2_053 - F_2_562, -F_2_562).plus(z4),
        v71.madd(F_0_298 - F_0_899, -F_0_899).plus(z3),
    ];
    [
        sums[0].plus(odds[0]).narrow::<SHIFT>(),
        sums[1].plus(odds[1]).narrow::<SHIFT>(),
        sums[2].plus(odds[2]).narrow::<SHIFT>(),
        sums[3].plus(odds[3]).narrow::<SHIFT>(),
        sums[3].minus(odds[3]).narrow::<SHIFT>(),
        sums[2].minus(odds[2]).narrow::<SHIFT>(),
        sums[1].minus(odds[1]).narrow::<SHIFT>(),
        sums[0].minus(odds[0]).narrow::<SHIFT>(),
    ]
}

/// Turns rows of each block into its columns.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn transpose(v: [__m256i; 8]) -> [__m256i; 8] {
    let a = [(0, 1), (2, 3), (4, 5), (6, 7)].map(|(i, j)| interleave(v[i], v[j]));
    let quads = |x: __m256i, y: __m256i| [_mm256_unpacklo_epi32(x, y), _mm256_unpackhi_epi32(x, y)];
    let [b0, b1] = quads(a[0].0, a[1].0);
    let [b2, b3] = quads(a[0].1, a[1].1);
    let [b4, b5] = quads(a[2].0, a[3].0);
    let [b6, b7] = quads(a[2].1, a[3].1);
    [
        _mm256_unpacklo_epi64(b0, b4),
        _mm256_unpackhi_epi64(b0, b4),
        _mm256_unpacklo_epi64(b1, b5),
        _mm256_unpackhi_epi64(b1, b5),
        _mm256_unpacklo_epi64(b2, b6),
        _mm256_unpackhi_epi64(b2, b6),
        _mm256_unpacklo_epi64(b3, b7),
        _mm256_unpackhi_epi64(b3, b7),
    ]
}

/// Writes 4 × 4 samples; the names are those of `half_line` of [`crate::idct`].
#[inline]
#[target_feature(enable = "avx2")]
fn half(pair: &BlockPair, tables: BlockTables<'_>, out: &mut BlockSamples) {
    let v = [0, 1, 2, 3, 5, 6, 7].map(|y| row(pair, tables, y));
    let [v0, v1, v2, v3, v5, v6, v7] = v;
    let even = widen::<2>(v0, 12);
    let inner = interleave(v2, v6).madd(F_1_847, -F_0_765);
    let (v13, v57) = (interleave(v1, v3), interleave(v5, v7));
    let outer_odd = v13.madd(F_2_562, F_0_899).plus(v57.madd(-F_0_601, -F_0_509));
    let inner_odd = v13.madd(F_1_061, -F_2_172).plus(v57.madd(F_1_451, -F_0_211));
    let (sum, difference) = (even.plus(inner), even.minus(inner));
    let rows = [
        sum.plus(outer_odd).narrow::<12>(),
        difference.plus(inner_odd).narrow::<12>(),
        difference.minus(inner_odd).narrow::<12>(),
        sum.minus(outer_odd).narrow::<12>(),
    ];
    half_rows(rows, out);
}

/// The second pass: four rows of eight columns each become four samples each.
#[inline]
#[target_feature(enable = "avx2")]
fn half_rows(rows: [__m256i; 4], out: &mut BlockSamples) {
    // Four rows of column 0 then of column 1, and so on.
    let (low, high) = (interleave(rows[0], rows[1]), interleave(rows[2], rows[3]));
    let c01 = _mm256_unpacklo_epi32(low.0, high.0);
    let c23 = _mm256_unpackhi_epi32(low.0, high.0);
    let c45 = _mm256_unpacklo_epi32(low.1, high.1);
    let c67 = _mm256_unpackhi_epi32(low.1, high.1);
    let madd = |pairs: __m256i, even, odd| _mm256_madd_epi16(pairs, constants(even, odd));
    let rounding = _mm256_set1_epi32(1 << 18);
    let even = _mm256_srai_epi32::<2>(_mm256_unpacklo_epi16(_mm256_setzero_si256(), c01));
    let even = _mm256_add_epi32(even, rounding);
    let inner = madd(_mm256_unpacklo_epi16(c23, c67), F_1_847, -F_0_765);
    let (c13, c57) = (_mm256_unpackhi_epi16(c01, c23), _mm256_unpackhi_epi16(c45, c67));
    let outer_odd = _mm256_add_epi32(madd(c13, F_2_562, F_0_899), madd(c57, -F_0_601, -F_0_509));
    let inner_odd = _mm256_add_epi32(madd(c13, F_1_061, -F_2_172), madd(c57, F_1_451, -F_0_211));
    let (sum, difference) = (_mm256_add_epi32(even, inner), _mm256_sub_epi32(even, inner));
    let narrow = |v: __m256i| _mm256_srai_epi32::<19>(v);
    let first = narrow(_mm256_add_epi32(sum, outer_odd));
    let second = narrow(_mm256_add_epi32(difference, inner_odd));
    let third = narrow(_mm256_sub_epi32(difference, inner_odd));
    let fourth = narrow(_mm256_sub_epi32(sum, outer_odd));
    // Columns of four rows each, to rows of four samples.
    let samples = _mm256_packs_epi16(_mm256_packs_epi32(first, second), _mm256_packs_epi32(third, fourth));
    let order = _mm256_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    );
    let samples = _mm256_shuffle_epi8(_mm256_xor_si256(samples, _mm256_set1_epi8(-128)), order);
    // A row of the first block, then of the second.
    let by_row = _mm256_permutevar8x32_epi32(samples, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    out[..32].copy_from_slice(bytemuck::bytes_of(&by_row));
}
