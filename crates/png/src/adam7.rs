//! The passes in which an interlaced picture is stored (PNG Third Edition § 8).
//!
//! Adam7 cuts a picture into blocks of 8 × 8 pixels. Each of its seven passes takes the pixels of a block that lie on
//! one grid: every `x_step`-th column from `x` on, in every `y_step`-th row from `y` on. Together the passes hold every
//! pixel once. A pass is stored like a small picture of its own: the row above its first row is all zero. A pass
//! without pixels is not stored at all, not even by filter types.

use image_ingest_samples::Size;

/// One pass: the size of the small picture that it stores, and where its pixels lie in the whole picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adam7Pass {
    /// Pixels of the pass; neither side is 0.
    pub(crate) size: Size,
    /// The column and the row of its first pixel.
    pub(crate) x: usize,
    pub(crate) y: usize,
    /// Columns and rows from one of its pixels to the next.
    pub(crate) x_step: usize,
    pub(crate) y_step: usize,
}

/// The passes that have pixels, in file order. A picture that is not interlaced is one pass of all its pixels.
pub(crate) fn passes(size: Size, is_interlaced: bool) -> impl Iterator<Item = Adam7Pass> {
    /// `x`, `y`, `x_step`, `y_step`.
    const WHOLE: [[u32; 4]; 1] = [[0, 0, 1, 1]];
    const ADAM7: [[u32; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let passes: &[[u32; 4]] = if is_interlaced { &ADAM7 } else { &WHOLE };
    passes
        .iter()
        .map(move |&[x, y, x_step, y_step]| Adam7Pass {
            size: Size::new(
                size.width.saturating_sub(x).div_ceil(x_step),
                size.height.saturating_sub(y).div_ceil(y_step),
            ),
            x: x as usize,
            y: y as usize,
            x_step: x_step as usize,
            y_step: y_step as usize,
        })
        .filter(|pass| pass.size.pixels() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pass of each pixel of a block, as PNG Third Edition § 8.1 draws it.
    const PATTERN: [[usize; 8]; 8] = [
        [1, 6, 4, 6, 2, 6, 4, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [5, 6, 5, 6, 5, 6, 5, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [3, 6, 4, 6, 3, 6, 4, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [5, 6, 5, 6, 5, 6, 5, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
    ];

    /// The places of the pixels of each pass that has any, read off the pattern.
    fn by_pattern(size: Size) -> Vec<Vec<(usize, usize)>> {
        let (width, height) = (size.width as usize, size.height as usize);
        let places = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pass = |pass| places().filter(|(x, y)| PATTERN[y % 8][x % 8] == pass).collect();
        (1..=7).map(pass).filter(|places: &Vec<_>| !places.is_empty()).collect()
    }

    #[test]
    fn passes_hold_the_pixels_that_the_pattern_gives_them() {
        for size in (1..=9).flat_map(|width| (1..=9).map(move |height| Size::new(width, height))) {
            let places = |pass: Adam7Pass| -> Vec<_> {
                let (columns, rows) = (0..pass.size.width as usize, 0..pass.size.height as usize);
                rows.flat_map(|j| columns.clone().map(move |i| (pass.x + i * pass.x_step, pass.y + j * pass.y_step)))
                    .collect()
            };
            assert_eq!(passes(size, true).map(places).collect::<Vec<_>>(), by_pattern(size), "{size:?}");
        }
    }

    #[test]
    fn small_pictures_lack_passes() {
        let sizes = |width, height| -> Vec<_> {
            passes(Size::new(width, height), true).map(|pass| (pass.size.width, pass.size.height)).collect()
        };
        assert_eq!(sizes(1, 1), [(1, 1)]);
        assert_eq!(sizes(4, 1), [(1, 1), (1, 1), (2, 1)]);
        assert_eq!(sizes(1, 5), [(1, 1), (1, 1), (1, 1), (1, 2)]);
        assert_eq!(sizes(8, 8), [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]);
        assert_eq!(sizes(9, 9), [(2, 2), (1, 2), (3, 1), (2, 3), (5, 2), (4, 5), (9, 4)]);
    }

    #[test]
    fn a_picture_that_is_not_interlaced_is_one_pass() {
        let size = Size::new(5, 3);
        assert_eq!(passes(size, false).collect::<Vec<_>>(), [Adam7Pass { size, x: 0, y: 0, x_step: 1, y_step: 1 }]);
    }
}
