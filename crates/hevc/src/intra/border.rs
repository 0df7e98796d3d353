//! Collects the samples around a block, from which it is predicted (ITU-T H.265 § 8.4.4.2.2).

use crate::intra::plane::{DecodedBlocks, Plane, PlaneSample};

/// The samples around a block of side `n`, from the lower end of the left column over the corner to the right end of
/// the row above: 4n + 1 of them, at most 129.
///
/// `border[2n]` is the corner. `border[2n - 1 - y]` is to the left of row `y`, and `border[2n + 1 + x]` is above column
/// `x`, for `x` and `y` below 2n.
pub(crate) type Border = [i32; 129];

impl<T: PlaneSample> Plane<T> {
    /// The border of a block of side `n` at `(x, y)` of this plane, for a block of `slice`.
    ///
    /// Samples that may not be used take the value before them on the way from the lower left to the upper right, those
    /// at the start take the first value that is there, and half of the range stands in where there is none.
    ///
    /// The way goes by the part of a plane that belongs to a block of 4 × 4 luma samples, since all its samples are
    /// there or none is: 4 samples of luma, 2 of chroma that is halved. A block that is there lies inside the picture,
    /// and with it every sample that is read.
    pub(crate) fn border(
        &self,
        (x, y): (usize, usize),
        n: usize,
        blocks: &DecodedBlocks,
        slice: u8,
        depth: u32,
    ) -> Border {
        let mut border = [0; 129];
        let (unit_x, unit_y) = (4 >> self.shift.0, 4 >> self.shift.1);
        let corner = 2 * n;
        // Whether a sample was there. If so, the border is filled up to the current index.
        let mut any = false;
        let mut fill = |border: &mut Border, from: usize, len: usize, read: Option<&dyn Fn(usize) -> i32>| match read {
            Some(read) => {
                for i in 0..len {
                    border[from + i] = read(i);
                }
                if !any {
                    any = true;
                    let first = border[from];
                    border[..from].fill(first);
                }
            }
            None if any => {
                let last = border[from - 1];
                border[from..from + len].fill(last);
            }
            None => {}
        };
        let block_of = |x: usize, y: usize| ((x << self.shift.0) / 4, (y << self.shift.1) / 4);
        for i in (0..2 * n / unit_y).rev() {
            let top = y + i * unit_y;
            let there = x > 0 && {
                let (bx, by) = block_of(x - 1, top);
                blocks.has(bx, by, slice)
            };
            let read = |i: usize| self.samples[(top + unit_y - 1 - i) * self.width + x - 1].wide();
            fill(&mut border, corner - i * unit_y - unit_y, unit_y, there.then_some(&read));
        }
        let there = x > 0 && y > 0 && {
            let (bx, by) = block_of(x - 1, y - 1);
            blocks.has(bx, by, slice)
        };
        fill(&mut border, corner, 1, there.then_some(&|_| self.samples[(y - 1) * self.width + x - 1].wide()));
        for i in 0..2 * n / unit_x {
            let left = x + i * unit_x;
            let there = y > 0 && {
                let (bx, by) = block_of(left, y - 1);
                blocks.has(bx, by, slice)
            };
            let read = |i: usize| self.samples[(y - 1) * self.width + left + i].wide();
            fill(&mut border, corner + 1 + i * unit_x, unit_x, there.then_some(&read));
        }
        if !any {
            border.fill(1 << (depth - 1));
        }
        border
    }
}
