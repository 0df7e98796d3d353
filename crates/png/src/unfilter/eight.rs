//! Restores eight rows together with AVX2, of whatever filters.
//!
//! A register holds a pixel of each row in a word of four bytes. Each row is two pixels behind the row above it: at time
//! `t`, row `r` (0 to 7) restores its pixel `t − 2r`.
//!
//! ```text
//! time    0   1   2   3   4   5      `left` is what the step before made.
//! row 0   0   1   2   3   4   5      What is above was made two steps before, by the row above: so moving it over to
//! row 1           0   1   2   3      the next word has a step's time, and no step waits for it.
//! row 2                   0   1      `corner` is what was above in the step before.
//! ```
//!
//! A row that has not begun has zeros in all three, and what it would restore is zero, so its first pixel finds zeros on
//! its left and in the corner. What a row that has ended makes is above no pixel of the next one. The first and the last
//! steps, in which some rows have not begun or have ended, go pixel by pixel. Those between go in blocks of four, in which
//! words of rows and words of times are transposed.

use std::arch::x86_64::*;

use super::group::RowGroup;
use super::row::{AVERAGE, PAETH};

/// The time at which every row has begun.
const BEGUN: usize = 14;

/// Restores the rows of `group` to `out`, which has room for eight.
///
/// # Panics
///
/// Where a row or `out` is too short.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) fn restore(group: &RowGroup<'_>, out: &mut [u8]) {
    let all_paeth = group.filters == [PAETH; 8];
    match (group.bytes_per_pixel, all_paeth) {
        (3, true) => rows::<3, true>(group, out),
        (3, false) => rows::<3, false>(group, out),
        (_, true) => rows::<4, true>(group, out),
        (_, false) => rows::<4, false>(group, out),
    }
}

/// [`restore`] for pixels of `N` bytes. `PAETH_ALONE` says that every filter is Paeth.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn rows<const N: usize, const PAETH_ALONE: bool>(group: &RowGroup<'_>, out: &mut [u8]) {
    let row_len = group.above.len();
    let pixels = row_len / N;
    let mut outs = out.chunks_exact_mut(row_len);
    let mut outs: [&mut [u8]; 8] = std::array::from_fn(|_| outs.next().unwrap_or_default());
    let mut front = EightFront::new(group.filters);
    let blocks = pixels.saturating_sub(BEGUN + 2) / 4;
    for time in 0..BEGUN {
        ragged::<N, PAETH_ALONE>(&mut front, group, &mut outs, time);
    }
    // Row `r` goes on at its pixel 14 − 2r. A block reads 16 bytes, which are up to two pixels more than it restores.
    let len = (blocks * 4 + 2) * N;
    let from: [&[u8]; 8] = std::array::from_fn(|row| &group.rows[row][(BEGUN - 2 * row) * N..][..len]);
    let above = &group.above[BEGUN * N..][..len];
    let mut row = 0;
    let mut to = outs.each_mut().map(|out| {
        let begin = (BEGUN - 2 * row) * N;
        row += 1;
        &mut out[begin..][..len]
    });
    for block in 0..blocks {
        restore_block::<N, PAETH_ALONE>(&mut front, from, above, &mut to, block * 4 * N);
    }
    for time in BEGUN + 4 * blocks..pixels + BEGUN {
        ragged::<N, PAETH_ALONE>(&mut front, group, &mut outs, time);
    }
}

/// Does one step, for the rows that have a pixel then.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn ragged<const N: usize, const PAETH_ALONE: bool>(
    front: &mut EightFront,
    group: &RowGroup<'_>,
    outs: &mut [&mut [u8]; 8],
    time: usize,
) {
    let pixels = group.above.len() / N;
    let at = |row: usize| time.checked_sub(2 * row).filter(|at| *at < pixels).map(|at| at * N);
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word[..N].copy_from_slice(&bytes[..N]);
        u32::from_le_bytes(word)
    };
    let filtered: [u32; 8] = std::array::from_fn(|row| at(row).map_or(0, |at| word(&group.rows[row][at..])));
    let above = at(0).map_or(0, |at| word(&group.above[at..]));
    let made = front.step::<PAETH_ALONE>(bytemuck::cast(filtered), bytemuck::cast([above, 0, 0, 0, 0, 0, 0, 0]));
    let made: [[u8; 4]; 8] = bytemuck::cast(made);
    for (row, out) in outs.iter_mut().enumerate() {
        if let Some(at) = at(row) {
            out[at..at + N].copy_from_slice(&made[row][..N]);
        }
    }
}

/// Restores four pixels of every row, from byte `at` of each slice on.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn restore_block<const N: usize, const PAETH_ALONE: bool>(
    front: &mut EightFront,
    from: [&[u8]; 8],
    above: &[u8],
    to: &mut [&mut [u8]; 8],
    at: usize,
) {
    let read = |bytes: &[u8]| -> __m128i { bytemuck::pod_read_unaligned(&bytes[at..at + 16]) };
    // Three bytes a pixel are spread to four, and back.
    let spread = if N == 3 {
        _mm256_setr_epi8(
            0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,
        )
    } else {
        _mm256_setzero_si256()
    };
    let close = _mm256_setr_epi8(
        0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
    );
    let words = |low: __m128i, high: __m128i| {
        let both = _mm256_set_m128i(high, low);
        if N == 3 { _mm256_shuffle_epi8(both, spread) } else { both }
    };
    let [a, b, c, d, e, f, g, h] = from.map(read);
    let filtered = transposed([words(a, e), words(b, f), words(c, g), words(d, h)]);
    let above = words(read(above), _mm_setzero_si128());
    let above =
        [above, _mm256_shuffle_epi32::<1>(above), _mm256_shuffle_epi32::<2>(above), _mm256_shuffle_epi32::<3>(above)];
    let mut made = filtered;
    for k in 0..4 {
        made[k] = front.step::<PAETH_ALONE>(filtered[k], above[k]);
    }
    let made = transposed(made);
    for (row, made) in made.into_iter().enumerate() {
        let bytes: [[u8; 16]; 2] = bytemuck::cast(if N == 3 { _mm256_shuffle_epi8(made, close) } else { made });
        to[row][at..at + 4 * N].copy_from_slice(&bytes[0][..4 * N]);
        to[row + 4][at..at + 4 * N].copy_from_slice(&bytes[1][..4 * N]);
    }
}

/// Transposes the words of each half of four registers: four rows of four pixels, and four more.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab2, cd2) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab2, cd2),
        _mm256_unpackhi_epi64(ab2, cd2),
    ]
}

/// The state of eight rows between two steps, and what their filters use.
#[derive(Clone, Copy)]
struct EightFront {
    /// What the last step made, and what the one before it did.
    left: __m256i,
    before: __m256i,
    /// What was above in the last step.
    corner: __m256i,
    /// All bits of the words of rows whose filters use what is on the left, above, and in the corner, and of rows of the
    /// Average filter.
    uses_left: __m256i,
    uses_above: __m256i,
    uses_corner: __m256i,
    is_average: __m256i,
}

impl EightFront {
    #[target_feature(enable = "avx2")]
    fn new(filters: [u8; 8]) -> Self {
        let mask = |uses: fn(u8) -> bool| -> __m256i {
            bytemuck::cast(filters.map(|filter| if uses(filter) { u32::MAX } else { 0 }))
        };
        Self {
            left: _mm256_setzero_si256(),
            before: _mm256_setzero_si256(),
            corner: _mm256_setzero_si256(),
            uses_left: mask(|filter| matches!(filter, 1 | AVERAGE | PAETH)),
            uses_above: mask(|filter| matches!(filter, 2 | AVERAGE | PAETH)),
            uses_corner: mask(|filter| filter == PAETH),
            is_average: mask(|filter| filter == AVERAGE),
        }
    }

    /// Restores the next pixel of each row from its filtered bytes. The first word of `above` is the pixel above the first
    /// row's.
    ///
    /// The filters None, Sub and Up are Paeth with zeros for what they do not use: of `0, 0, 0`, of `left, 0, 0` and of
    /// `0, above, 0` it predicts `0`, `left` and `above`. How Paeth is computed in bytes is in [`super::four`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn step<const PAETH_ALONE: bool>(&mut self, filtered: __m256i, above: __m256i) -> __m256i {
        let moved = _mm256_permutevar8x32_epi32(self.before, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6));
        let whole_above = _mm256_blend_epi32::<1>(moved, above);
        let (mut left, mut above, mut corner) = (self.left, whole_above, self.corner);
        if !PAETH_ALONE {
            left = _mm256_and_si256(left, self.uses_left);
            above = _mm256_and_si256(above, self.uses_above);
            corner = _mm256_and_si256(corner, self.uses_corner);
        }
        let mut predicted = paeth(left, above, corner);
        if !PAETH_ALONE {
            predicted = select(self.is_average, mean(left, above), predicted);
        }
        let made = _mm256_add_epi8(predicted, filtered);
        (self.left, self.before, self.corner) = (made, self.left, whole_above);
        made
    }
}

/// The Paeth predictor of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn paeth(left: __m256i, above: __m256i, corner: __m256i) -> __m256i {
    let pa = distance(above, corner);
    let pb = distance(left, corner);
    let between = _mm256_xor_si256(at_most(left, corner), at_most(above, corner));
    // Where the corner is not between left and above, all bits: no other distance is above it.
    let apart = _mm256_cmpeq_epi8(between, _mm256_setzero_si256());
    let pc = _mm256_or_si256(distance(pa, pb), apart);
    let nearer = select(at_most(pb, pc), above, corner);
    select(at_most(pa, _mm256_min_epu8(pb, pc)), left, nearer)
}

/// Half the sum of two bytes, rounded down: the instruction rounds up where the sum is odd.
#[inline]
#[target_feature(enable = "avx2")]
fn mean(a: __m256i, b: __m256i) -> __m256i {
    let is_odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));
    _mm256_sub_epi8(_mm256_avg_epu8(a, b), is_odd)
}

/// `|a − b|` of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn distance(a: __m256i, b: __m256i) -> __m256i {
    _mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b))
}

/// All bits of a byte where `a ≤ b`, none elsewhere.
#[inline]
#[target_feature(enable = "avx2")]
fn at_most(a: __m256i, b: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_min_epu8(a, b), a)
}

/// `yes` where the mask has its bits, `no` elsewhere.
#[inline]
#[target_feature(enable = "avx2")]
fn select(mask: __m256i, yes: __m256i, no: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(mask, yes), _mm256_andnot_si256(mask, no))
}
