//! Predicts a block from the samples around it (ITU-T H.265 § 8.4.4.2).
//!
//! All sums are of samples with weights that add up to 2n, at most 64, or to 32. So 16 bits hold the sums of samples of up
//! to 10 bits, eight at a time, and 32 bits those of others.
//! Every mean has weights that add up to its divisor, so it is a sample again and needs no clipping. The edge filters
//! of the vertical and the horizontal mode alone add a difference, and clip.
//!
//! Rows are made eight samples at a time. What a block of 4 has behind its four is never used.

use std::ops::{Add, Mul, Shr};

use wide::i16x8;

use crate::intra::border::Border;
use crate::intra::plane::PlaneSample;

/// `INTRA_PLANAR`.
pub(crate) const PLANAR: u8 = 0;
/// `INTRA_DC`.
pub(crate) const DC: u8 = 1;
/// `INTRA_ANGULAR10`, straight from the left.
pub(crate) const HORIZONTAL: u8 = 10;
/// `INTRA_ANGULAR26`, straight from above.
pub(crate) const VERTICAL: u8 = 26;

/// What decides the filters of a prediction.
#[derive(Clone, Copy)]
pub(crate) struct PredictionRules {
    /// Whether the border may be smoothed: of luma, and of chroma in 4:4:4.
    pub(crate) smooths: bool,
    /// Whether the border of a large block may be smoothed by interpolation: of luma alone.
    pub(crate) strong_smoothing: bool,
    /// Whether DC prediction has softer edges: of luma alone.
    pub(crate) soft_mean: bool,
    /// Whether the vertical and the horizontal mode follow the other side: of luma alone, and not where a residual
    /// without a transform consists of differences (`disableIntraBoundaryFilter`).
    pub(crate) soft_direction: bool,
    /// Bits per sample.
    pub(crate) depth: u32,
}

/// The samples of a predicted block: rows, or columns where it is predicted from the left.
pub(crate) type PredictedRows = [[u16; 32]; 32];

/// Predicts a block of side `n` (4, 8, 16 or 32) by `mode` (0 to 34) into `out`, whose rows are `stride` apart.
///
/// The border may be smoothed in place, so a caller makes a new one for each block. `rows` holds anything before and after.
pub(crate) fn predict<T: PlaneSample>(
    border: &mut Border,
    n: usize,
    mode: u8,
    rules: PredictionRules,
    rows: &mut PredictedRows,
    (out, stride): (&mut [T], usize),
) {
    if rules.depth <= 10 {
        predict_rows::<u16>(border, n, mode, rules, rows);
    } else {
        predict_rows::<u32>(border, n, mode, rules, rows);
    }
    if (2..18).contains(&mode) {
        turn(rows, n);
    }
    for (row, out) in rows[..n].iter().zip(out.chunks_mut(stride)) {
        if n == 4 {
            narrow::<T, 4>(row, out);
        } else {
            narrow::<T, 8>(&row[..n], &mut out[..n]);
        }
    }
}

/// Copies the samples of a row, `W` at a time.
#[inline(always)]
fn narrow<T: PlaneSample, const W: usize>(row: &[u16], out: &mut [T]) {
    let (pieces, places) = (row.as_chunks::<W>().0, out.as_chunks_mut::<W>().0);
    for (piece, place) in pieces.iter().zip(places).take(if W == 4 { 1 } else { 4 }) {
        *place = piece.map(|sample| T::narrow(sample.into()));
    }
}

/// What sums of samples are made in.
trait SampleSum: Copy + From<u16> + Add<Output = Self> + Mul<Output = Self> + Shr<u32, Output = Self> {
    /// A mean of samples.
    fn sample(self) -> u16;
}

impl SampleSum for u16 {
    #[inline(always)]
    fn sample(self) -> u16 {
        self
    }
}

impl SampleSum for u32 {
    #[inline(always)]
    fn sample(self) -> u16 {
        self as u16
    }
}

#[inline(never)]
fn predict_rows<S: SampleSum>(
    border: &mut Border,
    n: usize,
    mode: u8,
    rules: PredictionRules,
    rows: &mut PredictedRows,
) {
    if rules.smooths && smooths(n, mode) {
        smooth(border, n, rules);
    }
    match mode {
        PLANAR => planar::<S>(border, n, rows),
        DC => mean(border, n, rules.soft_mean && n < 32, rows),
        _ => {
            angular::<S>(border, n, mode, rows);
            if rules.soft_direction && n < 32 && (mode == VERTICAL || mode == HORIZONTAL) {
                follow_side(border, n, mode, rules.depth, rows);
            }
        }
    }
}

/// § 8.4.4.2.4: the mean of two linear interpolations, across and down.
#[inline(always)]
fn planar<S: SampleSum>(border: &Border, n: usize, rows: &mut PredictedRows) {
    let (corner, log2) = (2 * n, n.ilog2());
    let sum = |value: usize| S::from(value as u16);
    let (right, below) = (S::from(border[corner + 1 + n]), S::from(border[corner - 1 - n]));
    for left in (0..n).step_by(8) {
        let above: [S; 8] = std::array::from_fn(|i| S::from(border[corner + 1 + left + i]));
        let weights: [S; 8] = std::array::from_fn(|i| sum((n - 1).saturating_sub(left + i)));
        let fixed: [S; 8] = std::array::from_fn(|i| sum(left + i + 1) * right + sum(n));
        for (y, row) in rows[..n].iter_mut().enumerate() {
            let side = S::from(border[corner - 1 - y]);
            let (down, end) = (sum(n - 1 - y), sum(y + 1) * below);
            for (i, to) in row[left..left + 8].iter_mut().enumerate() {
                *to = ((weights[i] * side + fixed[i] + down * above[i] + end) >> (log2 + 1)).sample();
            }
        }
    }
}

/// § 8.4.4.2.5: the mean of both sides, with softer edges in luma.
fn mean(border: &Border, n: usize, soft: bool, rows: &mut PredictedRows) {
    let corner = 2 * n;
    let both = border[n..corner].iter().chain(&border[corner + 1..corner + 1 + n]);
    let mean = (both.map(|&sample| u32::from(sample)).sum::<u32>() + n as u32) >> (n.ilog2() + 1);
    for row in &mut rows[..n] {
        row[..n].fill(mean as u16);
    }
    if soft {
        let edge = |sample: u16| ((u32::from(sample) + 3 * mean + 2) >> 2) as u16;
        for i in 1..n {
            rows[0][i] = edge(border[corner + 1 + i]);
            rows[i][0] = edge(border[corner - 1 - i]);
        }
        let sides = u32::from(border[corner - 1]) + u32::from(border[corner + 1]);
        rows[0][0] = ((sides + 2 * mean + 2) >> 2) as u16;
    }
}

/// Whether the border of a block is smoothed (§ 8.4.4.2.3, table 8-4). Directions near to horizontal and vertical
/// are not; the larger the block, the nearer they have to be.
fn smooths(n: usize, mode: u8) -> bool {
    let least = match n {
        8 => 7,
        16 => 1,
        32 => 0,
        _ => return false,
    };
    mode != DC && mode.abs_diff(VERTICAL).min(mode.abs_diff(HORIZONTAL)) > least
}

/// Smooths a border with weights 1, 2, 1 (§ 8.4.4.2.3). Both ends stay as they are. The border of a block of 32 × 32
/// that is close to two straight lines is replaced by these lines.
fn smooth(border: &mut Border, n: usize, rules: PredictionRules) {
    let old = *border;
    let at = |i: usize| i32::from(old[i]);
    let (low, corner, high) = (at(0), at(2 * n), at(4 * n));
    let flat = |end: i32, middle: i32| (corner + end - 2 * middle).abs() < 1 << (rules.depth - 5);
    if rules.strong_smoothing && n == 32 && flat(high, at(96)) && flat(low, at(32)) {
        for i in 1..64 {
            let step = i as i32;
            border[i] = (((64 - step) * low + step * corner + 32) >> 6) as u16;
            border[64 + i] = (((64 - step) * corner + step * high + 32) >> 6) as u16;
        }
        return;
    }
    for (to, around) in border[1..4 * n].iter_mut().zip(old.windows(3)) {
        *to = ((u32::from(around[0]) + 2 * u32::from(around[1]) + u32::from(around[2]) + 2) >> 2) as u16;
    }
}

/// Predicts along a direction (§ 8.4.4.2.6): modes below 18 from the left, the others from above.
///
/// Each row of the block is a copy of one reference row, moved by `angle` / 32 samples more than the row before and
/// interpolated between two samples. Modes from the left are predicted as if from above, and turned later.
///
/// The reference row has 3n + 1 samples around index `zero`: the corner there, 2n of the main side behind it, and
/// before it up to n of the other side, which are projected onto it. `|angle|` ≤ 32, so `whole` lies in -n..=n and
/// `start` is at least 1. The last index that counts is `zero` + 2n: with `angle` = 32 `part` is 0, and with a smaller
/// one `whole` is below n. Behind it are zeros, which count nothing or belong to no sample of a block of 4.
#[inline(always)]
fn angular<S: SampleSum>(border: &Border, n: usize, mode: u8, rows: &mut PredictedRows) {
    let upright = mode >= 18;
    let angle = ANGLES[usize::from(mode) - 2];
    let corner = 2 * n;
    let mut reference = [0u16; 3 * 32 + 16];
    let zero = 32;
    let main = &mut reference[zero..=zero + 2 * n];
    if upright {
        main.copy_from_slice(&border[corner..=corner + 2 * n]);
    } else {
        main.iter_mut().zip(border[..=corner].iter().rev()).for_each(|(to, &sample)| *to = sample);
    }
    if angle < 0 {
        let inverse = INVERSE[usize::from(mode) - 11];
        let last = (n as i32 * angle) >> 5;
        // Where `last` is -1, index -1 is never read. Otherwise n |angle| is above 32. The inverse angle is 8192 /
        // angle, so `at` is at most n + 32 / |angle|, rounded, and lies in 1..=2n: the border has it.
        for i in if last < -1 { last..0 } else { 0..0 } {
            let at = (i * inverse + 128) >> 8;
            let from = if upright { corner as i32 - at } else { corner as i32 + at };
            reference[(zero as i32 + i) as usize] = border[from as usize];
        }
    }
    for (y, row) in rows[..n].iter_mut().enumerate() {
        let position = (y as i32 + 1) * angle;
        let (whole, part) = (position >> 5, (position & 31) as u16);
        let from = &reference[(zero as i32 + whole + 1) as usize..];
        let (near, far) = (S::from(32 - part), S::from(part));
        for left in (0..n).step_by(8) {
            let Some(nine) = from[left..].first_chunk::<9>() else { return };
            for (i, to) in row[left..left + 8].iter_mut().enumerate() {
                *to = ((near * S::from(nine[i]) + far * S::from(nine[i + 1]) + S::from(16)) >> 5).sample();
            }
        }
    }
}

/// The first column of the vertical mode follows the left side, and the first row of the horizontal one the row above (§
/// 8.4.4.2.6). The latter is a column here, too, before it is turned.
fn follow_side(border: &Border, n: usize, mode: u8, depth: u32, rows: &mut PredictedRows) {
    let corner = 2 * n;
    let at = |place: usize| i32::from(border[place]);
    for (i, row) in rows[..n].iter_mut().enumerate() {
        let (main, side) = match mode {
            VERTICAL => (corner + 1, corner - 1 - i),
            _ => (corner - 1, corner + 1 + i),
        };
        row[0] = (at(main) + ((at(side) - at(corner)) >> 1)).clamp(0, (1 << depth) - 1) as u16;
    }
}

/// Swaps the rows of a block with its columns, in squares of 8.
fn turn(rows: &mut PredictedRows, n: usize) {
    for y in (0..n).step_by(8) {
        for x in (0..=y).step_by(8) {
            let (lower, upper) = (turned(rows, x, y), turned(rows, y, x));
            put(rows, y, x, lower);
            put(rows, x, y, upper);
        }
    }
}

/// The square of 8 at column `x` and row `y`, turned.
#[inline(always)]
fn turned(rows: &PredictedRows, x: usize, y: usize) -> [i16x8; 8] {
    let row = |i: usize| rows[y + i][x..].first_chunk::<8>().copied().unwrap_or_default();
    i16x8::transpose(std::array::from_fn(|i| i16x8::new(bytemuck::must_cast(row(i)))))
}

#[inline(always)]
fn put(rows: &mut PredictedRows, x: usize, y: usize, square: [i16x8; 8]) {
    for (row, eight) in rows[y..y + 8].iter_mut().zip(square) {
        row[x..x + 8].copy_from_slice(&bytemuck::must_cast::<[i16; 8], [u16; 8]>(eight.to_array()));
    }
}

/// `intraPredAngle` of modes 2 to 34 (table 8-5).
static ANGLES: [i32; 33] = [
    32, 26, 21, 17, 13, 9, 5, 2, 0, -2, -5, -9, -13, -17, -21, -26, -32, -26, -21, -17, -13, -9, -5, -2, 0, 2, 5, 9,
    13, 17, 21, 26, 32,
];

/// `invAngle` of modes 11 to 25 (table 8-6).
static INVERSE: [i32; 15] =
    [-4096, -1638, -910, -630, -482, -390, -315, -256, -315, -390, -482, -630, -910, -1638, -4096];

#[cfg(test)]
mod tests;
