//! Predicts a block from the samples around it (ITU-T H.265 § 8.4.4.2).
//!
//! All sums are of samples of at most 16 bits with weights that add up to at most 4n = 128, so they fit into 24 bits.
//! Every mean has weights that add up to its divisor, so it is a sample again and needs no clipping. The edge filters
//! of the vertical and the horizontal mode alone add a difference, and clip.

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

/// Predicts a block of side `n` (4, 8, 16 or 32) by `mode` (0 to 34) into `out`, whose rows are `stride` apart.
///
/// The border may be smoothed in place, so a caller makes a new one for each block.
pub(crate) fn predict<T: PlaneSample>(
    border: &mut Border,
    n: usize,
    mode: u8,
    rules: PredictionRules,
    out: &mut [T],
    stride: usize,
) {
    if rules.smooths && smooths(n, mode) {
        smooth(border, n, rules);
    }
    let corner = 2 * n;
    let (left, above) = (|y: usize| border[corner - 1 - y], &border[corner + 1..]);
    match mode {
        // § 8.4.4.2.4: the mean of two linear interpolations, across and down.
        PLANAR => {
            let log2 = n.ilog2();
            let (right, below) = (above[n], left(n));
            for (y, row) in out.chunks_mut(stride).take(n).enumerate() {
                let (l, y) = (left(y), y as i32);
                for (x, (to, &a)) in row[..n].iter_mut().zip(above).enumerate() {
                    let (x, n) = (x as i32, n as i32);
                    let sum = (n - 1 - x) * l + (x + 1) * right + (n - 1 - y) * a + (y + 1) * below + n;
                    *to = T::narrow(sum >> (log2 + 1));
                }
            }
        }
        // § 8.4.4.2.5: the mean of both sides, with softer edges in luma.
        DC => {
            let sum: i32 = above[..n].iter().chain(&border[n..corner]).sum();
            let mean = (sum + n as i32) >> (n.ilog2() + 1);
            for row in out.chunks_mut(stride).take(n) {
                row[..n].fill(T::narrow(mean));
            }
            if rules.soft_mean && n < 32 {
                out[0] = T::narrow((left(0) + 2 * mean + above[0] + 2) >> 2);
                for (to, &a) in out[1..n].iter_mut().zip(&above[1..]) {
                    *to = T::narrow((a + 3 * mean + 2) >> 2);
                }
                for y in 1..n {
                    out[y * stride] = T::narrow((left(y) + 3 * mean + 2) >> 2);
                }
            }
        }
        _ => angular(border, n, mode, rules.soft_direction && n < 32, rules.depth, out, stride),
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
    let (low, corner, high) = (border[0], border[2 * n], border[4 * n]);
    let flat = |end: i32, middle: i32| (corner + end - 2 * middle).abs() < 1 << (rules.depth - 5);
    if rules.strong_smoothing && n == 32 && flat(high, border[96]) && flat(low, border[32]) {
        for i in 1..64 {
            let step = i as i32;
            border[i] = ((64 - step) * low + step * corner + 32) >> 6;
            border[64 + i] = ((64 - step) * corner + step * high + 32) >> 6;
        }
        return;
    }
    let mut before = low;
    for i in 1..4 * n {
        let here = border[i];
        border[i] = (before + 2 * here + border[i + 1] + 2) >> 2;
        before = here;
    }
}

/// Predicts along a direction (§ 8.4.4.2.6): modes below 18 from the left, the others from above.
///
/// Each row of the block is a copy of one reference row, moved by `angle` / 32 samples more than the row before and
/// interpolated between two samples. Modes from the left are predicted as if from above, and transposed.
///
/// The reference row has 3n + 1 samples around index `zero`: the corner there, 2n of the main side behind it, and
/// before it up to n of the other side, which are projected onto it. `|angle|` ≤ 32, so `whole` lies in -n..=n and
/// `start` is at least 1. The last index that is read is `zero` + 2n: with `angle` = 32 `part` is 0, and with a smaller
/// one `whole` is below n.
fn angular<T: PlaneSample>(border: &Border, n: usize, mode: u8, edges: bool, depth: u32, out: &mut [T], stride: usize) {
    let upright = mode >= 18;
    let angle = ANGLES[usize::from(mode) - 2];
    let corner = 2 * n;
    let mut reference = [0i32; 3 * 32 + 1];
    let zero = 32;
    for i in 0..=2 * n {
        reference[zero + i] = if upright { border[corner + i] } else { border[corner - i] };
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
    let mut turned = [T::default(); 32 * 32];
    for y in 0..n {
        let position = (y as i32 + 1) * angle;
        let (whole, part) = (position >> 5, position & 31);
        let start = (zero as i32 + whole + 1) as usize;
        let from = &reference[start..start + n + usize::from(part != 0)];
        let to = if upright { &mut out[y * stride..y * stride + n] } else { &mut turned[y * n..(y + 1) * n] };
        if part == 0 {
            to.iter_mut().zip(from).for_each(|(to, &v)| *to = T::narrow(v));
        } else {
            for ((to, &a), &b) in to.iter_mut().zip(from).zip(&from[1..]) {
                *to = T::narrow(((32 - part) * a + part * b + 16) >> 5);
            }
        }
    }
    if !upright {
        for (y, row) in out.chunks_mut(stride).take(n).enumerate() {
            for (x, to) in row[..n].iter_mut().enumerate() {
                *to = turned[x * n + y];
            }
        }
    }
    // The first column follows the left side, and below the first row follows the row above (§ 8.4.4.2.6).
    if edges && mode == VERTICAL {
        for y in 0..n {
            let v = border[corner + 1] + ((border[corner - 1 - y] - border[corner]) >> 1);
            out[y * stride] = T::clipped(v, depth);
        }
    }
    if edges && mode == HORIZONTAL {
        for (x, to) in out[..n].iter_mut().enumerate() {
            *to = T::clipped(border[corner - 1] + ((border[corner + 1 + x] - border[corner]) >> 1), depth);
        }
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
