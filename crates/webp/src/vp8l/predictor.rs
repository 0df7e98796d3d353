//! The inverse of the predictor transform (RFC 9649 § 3.5.1): adds to each pixel what its neighbours predict.
//!
//! Of a pixel's neighbours, three or four in the row above are known, and so is the one to the left. Modes that leave out
//! the left one are the same for all pixels of a block at once. The others go from pixel to pixel.

use super::blocks::BlockValues;
use super::columns::Columns;
use super::pixel::{add, average};
#[cfg(any(test, not(target_arch = "x86_64")))]
use super::predictor_lanes;

/// Turns the residuals of row `y` into pixels.
///
/// `above` holds the row above, and has one pixel more than the row, which becomes the first pixel of the row: it stands
/// for the neighbour above and to the right of the last one. Afterwards `above` holds this row.
#[inline(always)]
pub(super) fn add_predictions(
    kernels: impl PredictorKernels,
    modes: &BlockValues<u8>,
    y: usize,
    above: &mut [u32],
    row: &mut [u32],
) {
    let Some(first) = row.first_mut() else { return };
    if y == 0 {
        *first = add(*first, BLACK);
        add_block(kernels, 1, 1..row.len(), above, row);
    } else {
        *first = add(*first, above.first().copied().unwrap_or(0));
        let leftmost = *first;
        if let Some(last) = above.get_mut(row.len()) {
            *last = leftmost;
        }
        let mut start = 1;
        for (mode, end) in modes.of_row(y).iter().zip((1..).map(|block| block << modes.log2)) {
            let end = row.len().min(end);
            add_block(kernels, mode & 15, start..end, above, row);
            start = end;
        }
    }
    if let Some(above) = above.get_mut(..row.len()) {
        above.copy_from_slice(row);
    }
}

/// The modes that go from pixel to pixel.
pub(crate) trait PredictorKernels: Copy {
    /// Adds the predictions of mode 1, 5, 6, 7, 10, 11, 12 or 13 to the pixels of `columns`, which begin at 1 or behind; of
    /// another mode it adds none. `above` is the row above, and has one pixel more than the row.
    fn add_along(self, mode: u8, columns: std::ops::Range<usize>, above: &[u32], row: &mut [u32]);
}

/// What any CPU has. Those of x86-64 have SSE2 as well.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyCpu;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl PredictorKernels for AnyCpu {
    #[inline(always)]
    fn add_along(self, mode: u8, columns: Columns, above: &[u32], row: &mut [u32]) {
        predictor_lanes::add_along(mode, columns, above, row);
    }
}

/// Adds the predictions of one mode to the pixels of `columns`, which begin at 1 or behind.
#[inline(always)]
fn add_block(kernels: impl PredictorKernels, mode: u8, columns: Columns, above: &[u32], row: &mut [u32]) {
    match mode {
        2 => add_above(columns, above, row, |[_, top, _]| top),
        3 => add_above(columns, above, row, |[_, _, top_right]| top_right),
        4 => add_above(columns, above, row, |[top_left, _, _]| top_left),
        8 => add_above(columns, above, row, |[top_left, top, _]| average(top_left, top)),
        9 => add_above(columns, above, row, |[_, top, top_right]| average(top, top_right)),
        1 | 5..=13 => kernels.add_along(mode, columns, above, row),
        _ => row.get_mut(columns).unwrap_or_default().iter_mut().for_each(|pixel| *pixel = add(*pixel, BLACK)),
    }
}

/// Modes whose prediction depends on the row above alone: on the neighbours above and to the left, above, and above and
/// to the right.
#[inline(always)]
fn add_above(columns: Columns, above: &[u32], row: &mut [u32], predict: impl Fn([u32; 3]) -> u32) {
    let neighbours = above.get(columns.start - 1..=columns.end).unwrap_or_default();
    let pixels = row.get_mut(columns).unwrap_or_default();
    for (pixel, above) in pixels.iter_mut().zip(neighbours.windows(3)) {
        *pixel = add(*pixel, predict([above[0], above[1], above[2]]));
    }
}

const BLACK: u32 = 0xFF00_0000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::PREDICTOR;

    /// The prediction of one byte, as § 3.5.1 writes it; `select` tells whether mode 11 takes the left pixel.
    fn predicted(mode: u8, [l, tl, t, tr]: [i32; 4], takes_left: bool) -> i32 {
        let average = |a: i32, b: i32| (a + b) / 2;
        match mode {
            1 => l,
            2 => t,
            3 => tr,
            4 => tl,
            5 => average(average(l, tr), t),
            6 => average(l, tl),
            7 => average(l, t),
            8 => average(tl, t),
            9 => average(t, tr),
            10 => average(average(l, tl), average(t, tr)),
            11 => {
                if takes_left {
                    l
                } else {
                    t
                }
            }
            12 => (l + t - tl).clamp(0, 255),
            13 => (average(l, t) + (average(l, t) - tl) / 2).clamp(0, 255),
            _ => panic!("{mode}"),
        }
    }

    fn takes_left(left: [u8; 4], top_left: [u8; 4], top: [u8; 4]) -> bool {
        let estimate = |i: usize| i32::from(left[i]) + i32::from(top[i]) - i32::from(top_left[i]);
        let far = |of: [u8; 4]| (0..4).map(|i| (estimate(i) - i32::from(of[i])).abs()).sum::<i32>();
        far(left) < far(top)
    }

    fn noise(seed: u32, extreme: bool) -> impl Iterator<Item = u32> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (state >> 3).wrapping_mul(0x9E37_79B1);
            if extreme { ((value >> 7) & 0x0101_0101) * 255 } else { value }
        })
    }

    #[test]
    fn every_mode_adds_what_the_standard_predicts() {
        assert_modes(AnyCpu);
        assert_modes(PREDICTOR);
    }

    fn assert_modes(kernels: impl PredictorKernels) {
        for (mode, extreme) in (1..=13).flat_map(|mode| [(mode, false), (mode, true)]) {
            let width = 301;
            let above: Vec<u32> = noise(mode.into(), extreme).take(width + 1).collect();
            let residuals: Vec<u32> = noise(77 + u32::from(mode), extreme).take(width).collect();
            let mut row = residuals.clone();
            add_block(kernels, mode, 1..width, &above, &mut row);
            for x in 1..width {
                let around = [row[x - 1], above[x - 1], above[x], above[x + 1]].map(u32::to_le_bytes);
                let left = takes_left(around[0], around[1], around[2]);
                for (i, byte) in row[x].to_le_bytes().into_iter().enumerate() {
                    let predicted = predicted(mode, around.map(|pixel| pixel[i].into()), left);
                    let residual = residuals[x].to_le_bytes()[i];
                    assert_eq!(byte, residual.wrapping_add(u8::try_from(predicted).unwrap()), "mode {mode}, {x}");
                }
            }
        }
    }

    #[test]
    fn borders_have_modes_of_their_own() {
        let modes = BlockValues { log2: 2, width: 2, values: vec![4, 3] };
        let mut above = vec![0; 6];
        let mut row = vec![1; 5];
        add_predictions(AnyCpu, &modes, 0, &mut above, &mut row);
        // Black to the first pixel, and to each further one what is left of it.
        assert_eq!(row, [0xFF00_0001, 0xFF00_0002, 0xFF00_0003, 0xFF00_0004, 0xFF00_0005]);
        let mut row = vec![0; 5];
        add_predictions(AnyCpu, &modes, 1, &mut above, &mut row);
        // The first pixel takes the one above, and the last has the first of its row above and to the right.
        assert_eq!(row, [0xFF00_0001, 0xFF00_0001, 0xFF00_0002, 0xFF00_0003, 0xFF00_0001]);
        assert_eq!(above[..5], row);
    }

    #[test]
    fn modes_14_and_15_are_black_as_mode_0() {
        for mode in [0, 14, 15] {
            let mut row = vec![3; 4];
            add_block(AnyCpu, mode, 1..4, &[9; 5], &mut row);
            assert_eq!(row, [3, 0xFF00_0003, 0xFF00_0003, 0xFF00_0003]);
        }
    }
}
