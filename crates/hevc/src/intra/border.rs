//! Collects the samples around a block, from which it is predicted (ITU-T H.265 § 8.4.4.2.2).

use crate::intra::plane::{DecodedBlocks, Plane, PlaneSample};

/// The samples around a block of side `n`, from the lower end of the left column over the corner to the right end of
/// the row above: 4n + 1 of them, at most 129.
///
/// `border[2n]` is the corner. `border[2n - 1 - y]` is to the left of row `y`, and `border[2n + 1 + x]` is above column
/// `x`, for `x` and `y` below 2n.
pub(crate) type Border = [i32; 129];

impl<T: PlaneSample> Plane<T> {
    /// The border of a block of side `n` at `(x, y)` of this plane, for a block of `region`.
    ///
    /// The border is walked from the lower left to the upper right. A sample that may not be used takes the value
    /// before it. Those at the start take the first value that may be used. Where there is none, all take half of the
    /// range.
    ///
    /// A step of the walk is the side of a block of 4 × 4 luma samples, since all its samples may be used or none: 4
    /// samples of luma, 2 of chroma at half the size. A block that may be used lies inside the picture, and so do its
    /// samples.
    pub(crate) fn border(
        &self,
        (x, y): (usize, usize),
        n: usize,
        blocks: &DecodedBlocks,
        region: u16,
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
                blocks.has(bx, by, region)
            };
            let read = |i: usize| self.samples[(top + unit_y - 1 - i) * self.width + x - 1].wide();
            fill(&mut border, corner - i * unit_y - unit_y, unit_y, there.then_some(&read));
        }
        let there = x > 0 && y > 0 && {
            let (bx, by) = block_of(x - 1, y - 1);
            blocks.has(bx, by, region)
        };
        fill(&mut border, corner, 1, there.then_some(&|_| self.samples[(y - 1) * self.width + x - 1].wide()));
        for i in 0..2 * n / unit_x {
            let left = x + i * unit_x;
            let there = y > 0 && {
                let (bx, by) = block_of(left, y - 1);
                blocks.has(bx, by, region)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// § 8.4.4.2.2, sample by sample: from the lower left to the upper right.
    fn slow(plane: &Plane<u8>, (x, y): (usize, usize), n: usize, is_there: impl Fn(i32, i32) -> bool) -> Vec<i32> {
        let (x, y, n) = (x as i32, y as i32, n as i32);
        let left = (0..2 * n).rev().map(|i| (x - 1, y + i));
        let places = left.chain([(x - 1, y - 1)]).chain((0..2 * n).map(|i| (x + i, y - 1)));
        let sample = |(x, y): (i32, i32)| {
            let (width, height) = (plane.width as i32, plane.height as i32);
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            (inside && is_there(x, y)).then(|| plane.samples[(y * width + x) as usize].wide())
        };
        let samples: Vec<_> = places.map(sample).collect();
        let Some(first) = samples.iter().find_map(|&sample| sample) else { return vec![128; samples.len()] };
        samples
            .iter()
            .scan(first, |last, &sample| {
                *last = sample.unwrap_or(*last);
                Some(*last)
            })
            .collect()
    }

    /// A plane of a picture of 32 × 32 luma samples whose values tell their place.
    fn plane(shift: (u32, u32)) -> Plane<u8> {
        let (width, height) = (32 >> shift.0, 32 >> shift.1);
        let samples = (0..width * height).map(|at| (at * 37 % 251) as u8).collect();
        Plane { samples, width, height, shift }
    }

    #[test]
    fn missing_samples_repeat_the_one_before() {
        let mut state = 1u32;
        for round in 0..400u32 {
            let mut blocks = DecodedBlocks::new(32, 32).unwrap();
            // Most blocks are of slice 2, some of slice 1, some are not there.
            for at in 0..64 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let slice = [0, 1, 2, 2][(state >> 20) as usize % 4];
                blocks.mark((at % 8 * 4, at / 8 * 4), 4, slice);
            }
            for shift in [(0, 0), (1, 1), (1, 0)] {
                let plane = plane(shift);
                for n in [4, 8] {
                    let place = (round as usize % (plane.width / n) * n, round as usize / 3 % (plane.height / n) * n);
                    let is_there =
                        |x: i32, y: i32| blocks.has((x << shift.0) as usize / 4, (y << shift.1) as usize / 4, 2);
                    let border = plane.border(place, n, &blocks, 2, 8);
                    assert_eq!(border[..=4 * n], slow(&plane, place, n, is_there), "{shift:?} {place:?} {n}");
                }
            }
        }
    }

    #[test]
    fn half_of_the_range_stands_in_for_nothing() {
        let blocks = DecodedBlocks::new(32, 32).unwrap();
        assert_eq!(plane((0, 0)).border((8, 8), 8, &blocks, 1, 8)[..33], [128; 33]);
        assert_eq!(plane((0, 0)).border((0, 0), 8, &blocks, 1, 10)[..33], [512; 33]);
    }
}
