//! Collects the samples around a block, from which it is predicted (ITU-T H.265 § 8.4.4.2.2).

use crate::intra::plane::{DecodedBlocks, Plane, PlaneSample};

/// The samples around a block of side `n`, from the lower end of the left column over the corner to the right end of
/// the row above: 4n + 1 of them, at most 129.
///
/// `border[2n]` is the corner. `border[2n - 1 - y]` is to the left of row `y`, and `border[2n + 1 + x]` is above column
/// `x`, for `x` and `y` below 2n.
pub(crate) type Border = [u16; 129];

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
        let mut walk = BorderWalk { border: [0; 129], start: 0, end: 0, is_found: false };
        let (unit_x, unit_y) = (4 >> self.shift.0, 4 >> self.shift.1);
        let (block_x, block_y) = ((x << self.shift.0) / 4, (y << self.shift.1) / 4);
        let sample = |x: usize, y: usize| &self.samples[y * self.width + x..];
        let left = if x > 0 { blocks.down((block_x - 1, block_y), 2 * n / unit_y, region) } else { 0 };
        let mut below = 2 * n / unit_y;
        while below > 0 {
            let (there, len) = run((left << (32 - below)).reverse_bits(), below);
            below -= len;
            let to = walk.next(len * unit_y, there);
            if there {
                let column = sample(x - 1, y + below * unit_y).iter().step_by(self.width);
                to.iter_mut().rev().zip(column).for_each(|(to, sample)| *to = sample.wide() as u16);
                walk.found();
            }
        }
        let has_corner = x > 0 && y > 0 && blocks.has(block_x - 1, block_y - 1, region);
        let to = walk.next(1, has_corner);
        if has_corner {
            to[0] = sample(x - 1, y - 1)[0].wide() as u16;
            walk.found();
        }
        let units = 2 * n / unit_x;
        let above = if y > 0 { blocks.across((block_x, block_y - 1), units, region) } else { 0 };
        let mut at = 0;
        while at < units {
            let (there, len) = run(above >> at, units - at);
            let to = walk.next(len * unit_x, there);
            if there {
                let row = sample(x + at * unit_x, y - 1);
                to.iter_mut().zip(row).for_each(|(to, sample)| *to = sample.wide() as u16);
                walk.found();
            }
            at += len;
        }
        if !walk.is_found {
            walk.border.fill(1 << (depth - 1));
        }
        walk.border
    }
}

/// How far a border is filled.
struct BorderWalk {
    border: Border,
    /// Where the last samples begin, and where they end.
    start: usize,
    end: usize,
    /// Whether a sample was there.
    is_found: bool,
}

impl BorderWalk {
    /// The place of the next `len` samples. Where none of them is there, they take the value before them.
    #[inline(always)]
    fn next(&mut self, len: usize, there: bool) -> &mut [u16] {
        (self.start, self.end) = (self.end, self.end + len);
        if !there && self.is_found {
            let last = self.border[self.start - 1];
            self.border[self.start..self.end].fill(last);
        }
        &mut self.border[self.start..self.end]
    }

    /// Notes that the last samples are there. Those before the first that is there take its value.
    #[inline(always)]
    fn found(&mut self) {
        if !self.is_found {
            let first = self.border[self.start];
            self.border[..self.start].fill(first);
            self.is_found = true;
        }
    }
}

/// Whether the first of `len` ≤ 32 units is there, by their bits from the lowest on, and how many after it are as it is.
#[inline(always)]
fn run(units: u32, len: usize) -> (bool, usize) {
    let there = units & 1 == 1;
    let same = if there { units.trailing_ones() } else { units.trailing_zeros() };
    (there, len.min(same as usize))
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
                    let border: Vec<_> = border[..=4 * n].iter().map(|&sample| i32::from(sample)).collect();
                    assert_eq!(border, slow(&plane, place, n, is_there), "{shift:?} {place:?} {n}");
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
