//! Turns the rows of a stored picture so that it stands upright.
//!
//! A turn is a transposition and two mirrors, each made or not ([`Orientation::parts`]). Without a transposition whole
//! rows are copied. With one, a row of the source becomes a column of the result, and a picture of several megabytes
//! would touch a new page for every sample. So the picture is transposed in blocks that both stay in the cache: bytes
//! in blocks of 16 × 16 by vector instructions ([`crate::block`]), pixels of more bytes in blocks of 32 × 32 one by
//! one.

use std::ops::Range;

use wide::u8x16;

use crate::block::{self, SIDE};
use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::memory::zeroed;
use crate::orientation::Orientation;
use crate::size::Size;

/// Turns rows of pixels of `N` bytes each upright; `size` is that of the stored picture.
///
/// The result has the axes of the upright picture: `height × width` pixels where the orientation swaps the axes.
///
/// ```
/// use image_ingest_samples::{CpuTimer, Orientation, Size, turn};
///
/// let stored = vec![1, 2, 3, 4, 5, 6];
/// let upright = turn::<1>(stored, Size::new(3, 2), Orientation::Rotate90, &CpuTimer::default())?;
/// assert_eq!(upright, [4, 1, 5, 2, 6, 3]);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when the
/// length disagrees with the size.
pub fn turn<const N: usize>(
    samples: Vec<u8>,
    size: Size,
    orientation: Orientation,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>, WorkError> {
    let (width, height) = (size.width as usize, size.height as usize);
    let (pixels, rest) = samples.as_chunks::<N>();
    if !rest.is_empty() || pixels.len() != width.saturating_mul(height) {
        return Err(WorkError::internal("samples disagree with their size"));
    }
    let (transpose, mirror_x, mirror_y) = orientation.parts();
    if orientation == Orientation::Upright {
        return Ok(samples);
    }
    let mut out = zeroed(samples.len())?;
    let to = out.as_chunks_mut::<N>().0;
    if transpose && N == 1 {
        transpose_bytes(&samples, width, height, to.as_flattened_mut(), (mirror_x, mirror_y), timer)?;
    } else if transpose {
        let whole = Part { x: 0..width, y: 0..height };
        transpose_part(pixels, whole, (width, height), to, (mirror_x, mirror_y), timer)?;
    } else {
        for (y, row) in pixels.chunks_exact(width).enumerate() {
            timer.check()?;
            let y = if mirror_y { height - 1 - y } else { y };
            let target = &mut to[y * width..(y + 1) * width];
            target.copy_from_slice(row);
            if mirror_x {
                target.reverse();
            }
        }
    }
    Ok(out)
}

/// Transposes bytes in blocks of 16 × 16; what is left at the right and at the bottom goes byte by byte.
///
/// A mirror is made by the order in which rows go into a block (`mirror_x`) and by the row to which a column of it is
/// written (`mirror_y`), so it costs nothing.
fn transpose_bytes(
    from: &[u8],
    width: usize,
    height: usize,
    to: &mut [u8],
    (mirror_x, mirror_y): (bool, bool),
    timer: &CpuTimer<'_>,
) -> Result<(), WorkError> {
    let (right, bottom) = (width / SIDE * SIDE, height / SIDE * SIDE);
    for top in (0..bottom).step_by(SIDE) {
        timer.check()?;
        for left in (0..right).step_by(SIDE) {
            let source = |i: usize| top + if mirror_x { SIDE - 1 - i } else { i };
            let mut rows = [u8x16::ZERO; SIDE];
            rows.iter_mut().enumerate().for_each(|(i, row)| *row = block::row(from, source(i) * width + left));
            block::transpose(&mut rows);
            let column = if mirror_x { height - top - SIDE } else { top };
            for (x, bytes) in (left..).zip(rows) {
                let row = if mirror_y { width - 1 - x } else { x };
                to[row * height + column..][..SIDE].copy_from_slice(bytes.as_array());
            }
        }
    }
    let (from, to) = (from.as_chunks::<1>().0, to.as_chunks_mut::<1>().0);
    let size = (width, height);
    transpose_part(from, Part { x: right..width, y: 0..bottom }, size, to, (mirror_x, mirror_y), timer)?;
    transpose_part(from, Part { x: 0..width, y: bottom..height }, size, to, (mirror_x, mirror_y), timer)
}

/// Columns and rows of the source.
struct Part {
    x: Range<usize>,
    y: Range<usize>,
}

/// Transposes a part pixel by pixel, block by block, so that neither side walks whole columns through the cache.
fn transpose_part<T: Copy>(
    from: &[T],
    part: Part,
    (width, height): (usize, usize),
    to: &mut [T],
    (mirror_x, mirror_y): (bool, bool),
    timer: &CpuTimer<'_>,
) -> Result<(), WorkError> {
    for top in part.y.clone().step_by(PIXEL_BLOCK) {
        timer.check()?;
        for left in part.x.clone().step_by(PIXEL_BLOCK) {
            for x in left..(left + PIXEL_BLOCK).min(part.x.end) {
                let row = if mirror_y { width - 1 - x } else { x };
                for y in top..(top + PIXEL_BLOCK).min(part.y.end) {
                    let column = if mirror_x { height - 1 - y } else { y };
                    to[row * height + column] = from[y * width + x];
                }
            }
        }
    }
    Ok(())
}

/// Side of a block of pixels: 32 × 32 of three bytes are 3 KB on either side.
const PIXEL_BLOCK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// CIPA DC-008 table 6: which corner of the upright picture the stored first row and column become.
    #[test]
    fn every_exif_value_stands_upright() {
        // Upright: 1 2 3 / 4 5 6.
        let stored: [(u16, u32, [u8; 6]); 8] = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [3, 6, 2, 5, 1, 4]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [4, 1, 5, 2, 6, 3]),
        ];
        for (value, width, samples) in stored {
            let size = Size::new(width, 6 / width);
            let upright =
                turn::<1>(samples.to_vec(), size, Orientation::from_exif(value), &CpuTimer::default()).unwrap();
            assert_eq!(upright, [1, 2, 3, 4, 5, 6], "orientation {value}");
        }
    }

    #[test]
    fn pixels_keep_their_samples_together() {
        let rgb = vec![1, 2, 3, 4, 5, 6];
        assert_eq!(
            turn::<3>(rgb, Size::new(2, 1), Orientation::Rotate180, &CpuTimer::default()).unwrap(),
            [4, 5, 6, 1, 2, 3]
        );
    }

    #[test]
    fn blocks_give_what_single_bytes_give() {
        for (width, height) in [(16, 16), (15, 40), (47, 33), (64, 17), (1, 100), (100, 1)] {
            let bytes: Vec<u8> = (0..width * height).map(|i: u32| i.wrapping_mul(40_503).to_le_bytes()[1]).collect();
            let triples: Vec<u8> = bytes.iter().flat_map(|&b| [b; 3]).collect();
            for value in 1..=8 {
                let (size, orientation) = (Size::new(width, height), Orientation::from_exif(value));
                let single = turn::<1>(bytes.clone(), size, orientation, &CpuTimer::default()).unwrap();
                let triple = turn::<3>(triples.clone(), size, orientation, &CpuTimer::default()).unwrap();
                assert!(single.iter().zip(triple.as_chunks::<3>().0).all(|(a, b)| [*a; 3] == *b), "{size:?} {value}");
            }
        }
    }

    #[test]
    fn one_turn_after_another_is_their_composition() {
        let size = Size::new(3, 2);
        for a in 1..=8 {
            for b in 1..=8 {
                let (a, b) = (Orientation::from_exif(a), Orientation::from_exif(b));
                let once = turn::<1>(vec![1, 2, 3, 4, 5, 6], size, a, &CpuTimer::default()).unwrap();
                let between = if a.swaps_axes() { size.transposed() } else { size };
                let twice = turn::<1>(once, between, b, &CpuTimer::default()).unwrap();
                assert_eq!(
                    turn::<1>(vec![1, 2, 3, 4, 5, 6], size, a.then(b), &CpuTimer::default()).unwrap(),
                    twice,
                    "{a:?} then {b:?}"
                );
            }
        }
    }

    #[test]
    fn a_length_that_disagrees_with_the_size_is_internal() {
        for len in [0, 5, 7] {
            let wrong = turn::<1>(vec![0; len], Size::new(3, 2), Orientation::Rotate90, &CpuTimer::default());
            assert!(matches!(wrong, Err(WorkError::Internal { .. })));
        }
    }
}
