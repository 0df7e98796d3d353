//! Planes under construction, and the samples around a block of them.

use image_ingest_samples::zeroed;

use crate::intra::predict::Border;
use crate::result::Result;

/// 8-bit samples, or deeper ones in 16 bits.
pub(crate) trait Sample: Copy + Default {
    /// The value of a sum that is known to fit.
    fn narrow(value: i32) -> Self;
    /// The nearest value of `depth` bits.
    fn clipped(value: i32, depth: u32) -> Self;
    fn wide(self) -> i32;
}

impl Sample for u8 {
    #[inline]
    fn narrow(value: i32) -> Self {
        value as Self
    }

    #[inline]
    fn clipped(value: i32, _: u32) -> Self {
        value.clamp(0, 255) as Self
    }

    #[inline]
    fn wide(self) -> i32 {
        self.into()
    }
}

impl Sample for u16 {
    #[inline]
    fn narrow(value: i32) -> Self {
        value as Self
    }

    #[inline]
    fn clipped(value: i32, depth: u32) -> Self {
        value.clamp(0, (1 << depth) - 1) as Self
    }

    #[inline]
    fn wide(self) -> i32 {
        self.into()
    }
}

/// One plane; `shift` are the logarithms of its subsampling factors.
pub(crate) struct Plane<T> {
    pub(crate) samples: Vec<T>,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) shift: (u32, u32),
}

/// Which blocks of 4 × 4 luma samples are decoded, and in which slice: 0 is none.
pub(crate) struct Done {
    map: Vec<u8>,
    across: usize,
    down: usize,
}

impl Done {
    pub(crate) fn new(width: usize, height: usize) -> Result<Self> {
        let (across, down) = (width / 4, height / 4);
        Ok(Self { map: zeroed(across * down)?, across, down })
    }

    /// Marks a square block at luma position `(x, y)`.
    pub(crate) fn mark(&mut self, (x, y): (usize, usize), side: usize, slice: u8) {
        for row in self.map.chunks_mut(self.across).skip(y / 4).take(side / 4) {
            row[x / 4..x / 4 + side / 4].fill(slice);
        }
    }

    /// Whether the block at column `x` and row `y` of blocks belongs to the part of `slice` that is decoded.
    #[inline]
    fn has(&self, x: usize, y: usize, slice: u8) -> bool {
        x < self.across && y < self.down && self.map[y * self.across + x] == slice
    }
}

impl<T: Sample> Plane<T> {
    /// The samples around a block of side `n` at `(x, y)`; those that are not there repeat their neighbours
    /// (ITU-T H.265 § 8.4.4.2.2).
    pub(crate) fn border(&self, (x, y): (usize, usize), n: usize, done: &Done, slice: u8, depth: u32) -> Border {
        let mut border = [0; 129];
        let (unit_x, unit_y) = (4 >> self.shift.0, 4 >> self.shift.1);
        let corner = 2 * n;
        // Known from `known` on; gaps are filled with the value before them.
        let mut known = None;
        let mut fill = |border: &mut Border, from: usize, len: usize, read: Option<&dyn Fn(usize) -> i32>| match read {
            Some(read) => {
                for i in 0..len {
                    border[from + i] = read(i);
                }
                if known.is_none() {
                    known = Some(from);
                    let first = border[from];
                    border[..from].fill(first);
                }
            }
            None if known.is_some() => {
                let last = border[from - 1];
                border[from..from + len].fill(last);
            }
            None => {}
        };
        let luma = |x: usize, y: usize| ((x << self.shift.0) / 4, (y << self.shift.1) / 4);
        for i in (0..2 * n / unit_y).rev() {
            let top = y + i * unit_y;
            let there = x > 0 && {
                let (bx, by) = luma(x - 1, top);
                done.has(bx, by, slice)
            };
            let read = |i: usize| self.samples[(top + unit_y - 1 - i) * self.width + x - 1].wide();
            fill(&mut border, corner - i * unit_y - unit_y, unit_y, there.then_some(&read));
        }
        let there = x > 0 && y > 0 && {
            let (bx, by) = luma(x - 1, y - 1);
            done.has(bx, by, slice)
        };
        fill(&mut border, corner, 1, there.then_some(&|_| self.samples[(y - 1) * self.width + x - 1].wide()));
        for i in 0..2 * n / unit_x {
            let left = x + i * unit_x;
            let there = y > 0 && {
                let (bx, by) = luma(left, y - 1);
                done.has(bx, by, slice)
            };
            let read = |i: usize| self.samples[(y - 1) * self.width + left + i].wide();
            fill(&mut border, corner + 1 + i * unit_x, unit_x, there.then_some(&read));
        }
        if known.is_none() {
            border.fill(1 << (depth - 1));
        }
        border
    }
}
