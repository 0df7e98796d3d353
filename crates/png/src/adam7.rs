//! The passes in which an interlaced picture is stored (PNG Third Edition § 8).

use image_ingest_samples::Size;

/// The rows that are stored one behind the other, and the places of their pixels in the picture.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    pub(crate) size: Size,
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) x_step: usize,
    pub(crate) y_step: usize,
}

/// The passes that have pixels: Adam7's, or the whole picture (PNG Third Edition § 8).
pub(crate) fn passes(size: Size, is_interlaced: bool) -> impl Iterator<Item = Pass> {
    const WHOLE: [[u32; 4]; 1] = [[0, 0, 1, 1]];
    const ADAM7: [[u32; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let passes: &[[u32; 4]] = if is_interlaced { &ADAM7 } else { &WHOLE };
    passes
        .iter()
        .map(move |&[x, y, x_step, y_step]| Pass {
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
