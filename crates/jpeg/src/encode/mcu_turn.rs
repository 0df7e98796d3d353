//! Arranges the samples of a stored MCU as those of the upright one, and tells its place.

use image_ingest_samples::Orientation;

use crate::encode::samples::{Filled, McuPairs};
use crate::encode::ycbcr::ChromaBias;

/// How the MCUs of a stored picture become those of the upright one.
///
/// The grid of MCUs is that of the upright picture, which is filled up to the right and below. In the stored picture that
/// may be on the left or above.
#[derive(Debug, Clone, Copy)]
pub(crate) struct McuTurn {
    /// Transposed, then mirrored left to right, then top to bottom, each or not ([`Orientation::parts`]).
    parts: (bool, bool, bool),
}

impl McuTurn {
    pub(crate) fn new(orientation: Orientation) -> Self {
        Self { parts: orientation.parts() }
    }

    /// Whether the stored picture has the upright one's columns as rows.
    pub(crate) fn transposes(self) -> bool {
        self.parts.0
    }

    /// Whether stored columns and stored rows are in the opposite order of what they become.
    pub(crate) fn mirrors(self) -> (bool, bool) {
        let (transpose, mirror_x, mirror_y) = self.parts;
        // A stored row becomes an upright column where the picture is transposed.
        if transpose { (mirror_y, mirror_x) } else { (mirror_x, mirror_y) }
    }

    /// Where the stored picture is filled up.
    pub(crate) fn filled(self) -> Filled {
        let (on_the_left, above) = self.mirrors();
        Filled { on_the_left, above }
    }

    /// Column and row of the upright MCU that the stored MCU at `(across, down)` of a grid of `mcus` becomes.
    pub(crate) fn upright(self, (across, down): (usize, usize), mcus: (usize, usize)) -> (usize, usize) {
        let (mirror_across, mirror_down) = self.mirrors();
        let across = if mirror_across { mcus.0 - 1 - across } else { across };
        let down = if mirror_down { mcus.1 - 1 - down } else { down };
        if self.transposes() { (down, across) } else { (across, down) }
    }

    /// What is added to the sums of chroma of a pair of stored rows, which is number `pair` from where the upright picture
    /// begins.
    ///
    /// It is 1 in even columns of the upright picture and 2 in odd ones. Where that is transposed, a pair of rows is a column.
    /// Else columns may be mirrored, of which the grid has an even number.
    pub(crate) fn chroma_bias(self, pair: usize) -> ChromaBias {
        match (self.parts, pair % 2) {
            ((true, ..), 0) => [1, 1],
            ((true, ..), _) => [2, 2],
            ((false, true, _), _) => [2, 1],
            ((false, false, _), _) => [1, 2],
        }
    }

    /// Arranges the samples of a stored MCU as those of the upright one: row by row or, where the picture is transposed, its
    /// blocks column by column.
    #[inline(always)]
    pub(crate) fn arrange(self, [upper, lower, chroma]: &mut McuPairs) {
        let (mirror_across, mirror_down) = self.mirrors();
        if mirror_down {
            std::mem::swap(upper, lower);
            [&mut *upper, lower, chroma].into_iter().for_each(|pair| pair.reverse());
        }
        if mirror_across {
            upper.iter_mut().chain(lower.iter_mut()).for_each(|row| *row = reversed(*row));
            let chroma = chroma.as_flattened_mut().as_chunks_mut().0;
            chroma.iter_mut().for_each(|row| *row = u64::from_ne_bytes(*row).swap_bytes().to_ne_bytes());
        }
        if self.transposes() {
            // The upper right block and the lower left one change places.
            for (upper, lower) in upper.iter_mut().zip(lower) {
                upper[8..].swap_with_slice(&mut lower[..8]);
            }
        }
    }
}

#[inline(always)]
fn reversed(row: [u8; 16]) -> [u8; 16] {
    u128::from_ne_bytes(row).swap_bytes().to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_of_an_mcu_are_turned_as_its_picture_is() {
        // Luma of 16 × 16 and two planes of chroma of 8 × 8, all with different samples near each other.
        let luma = |x: usize, y: usize| u8::try_from((x * 16 + y) % 256).unwrap();
        let chroma = |component: usize, x: usize, y: usize| u8::try_from(component * 100 + x * 8 + y).unwrap();
        for orientation in (1..=8).map(Orientation::from_exif) {
            let mut mcu: McuPairs = [
                std::array::from_fn(|y| std::array::from_fn(|x| luma(x, y))),
                std::array::from_fn(|y| std::array::from_fn(|x| luma(x, y + 8))),
                std::array::from_fn(|y| std::array::from_fn(|x| chroma(x / 8, x % 8, y))),
            ];
            let turn = McuTurn::new(orientation);
            turn.arrange(&mut mcu);
            let (transpose, mirror_x, mirror_y) = orientation.parts();
            // Where an upright sample of a square of `side` is stored.
            let stored = |x: usize, y: usize, side: usize| {
                let (x, y) = (if mirror_x { side - 1 - x } else { x }, if mirror_y { side - 1 - y } else { y });
                if transpose { (y, x) } else { (x, y) }
            };
            // The sample of a block, whose rows may be columns.
            let found = |pair: usize, block: usize, x: usize, y: usize| {
                let (x, y) = if turn.transposes() { (y, x) } else { (x, y) };
                mcu[pair][y][8 * block + x]
            };
            for (x, y) in (0..16).flat_map(|y| (0..16).map(move |x| (x, y))) {
                let (from_x, from_y) = stored(x, y, 16);
                assert_eq!(found(y / 8, x / 8, x % 8, y % 8), luma(from_x, from_y), "{orientation:?} {x} {y}");
                let (from_x, from_y) = stored(x % 8, y % 8, 8);
                assert_eq!(found(2, x / 8, x % 8, y % 8), chroma(x / 8, from_x, from_y), "{orientation:?} {x} {y}");
            }
        }
    }

    #[test]
    fn the_upper_left_mcu_goes_where_the_corner_goes() {
        let corners = [(0, 0), (2, 0), (2, 1), (0, 1), (0, 0), (1, 0), (1, 2), (0, 2)];
        for (value, corner) in (1..=8).zip(corners) {
            let turn = McuTurn::new(Orientation::from_exif(value));
            assert_eq!(turn.upright((0, 0), (3, 2)), corner, "{value}");
        }
    }
}
