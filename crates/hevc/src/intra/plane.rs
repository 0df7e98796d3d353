//! Planes while they are decoded, and which of their blocks are.

use image_ingest_samples::{Zeroable, zeroed};

use crate::result::Result;

/// A sample of a plane: 8 bits in `u8`, 9 to 16 bits in `u16`. A residual takes `i32`, which nothing clips.
pub(crate) trait PlaneSample: Copy + Default + Zeroable {
    /// A value that is known to be a sample.
    fn narrow(value: i32) -> Self;
    /// The nearest value of `depth` bits (`Clip1`, ITU-T H.265 § 5.8).
    fn clipped(value: i32, depth: u32) -> Self;
    /// The value, for sums.
    fn wide(self) -> i32;
}

impl PlaneSample for u8 {
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

impl PlaneSample for u16 {
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

impl PlaneSample for i32 {
    #[inline]
    fn narrow(value: i32) -> Self {
        value
    }

    #[inline]
    fn clipped(value: i32, _: u32) -> Self {
        value
    }

    #[inline]
    fn wide(self) -> i32 {
        self
    }
}

/// One plane, rows tight.
pub(crate) struct Plane<T> {
    /// `width × height` samples.
    pub(crate) samples: Vec<T>,
    /// Samples across.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// The logarithms of the subsampling factors, across and down.
    pub(crate) shift: (u32, u32),
}

/// Which blocks of 4 × 4 luma samples are decoded, and in which region.
///
/// A region is what a slice and a tile have in common. Regions have numbers from 1 on, in decoding order. A sample may
/// be used for prediction where it is decoded and belongs to the same slice and tile (§ 6.4.1). Blocks are decoded in
/// z-scan order, and each is marked when its luma is there, so the map answers that without comparing addresses.
pub(crate) struct DecodedBlocks {
    /// The number of the region, or 0 for a block that is not decoded, rows tight.
    map: Vec<u16>,
    across: usize,
    down: usize,
}

impl DecodedBlocks {
    /// A map without decoded blocks, of a picture of `width` × `height` luma samples: multiples of 4.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(width: usize, height: usize) -> Result<Self> {
        let (across, down) = (width / 4, height / 4);
        Ok(Self { map: zeroed(across * down)?, across, down })
    }

    /// Marks a square block inside the picture at luma position `(x, y)`.
    pub(crate) fn mark(&mut self, (x, y): (usize, usize), side: usize, region: u16) {
        for row in self.map.chunks_mut(self.across).skip(y / 4).take(side / 4) {
            row[x / 4..x / 4 + side / 4].fill(region);
        }
    }

    /// Which of `count` ≤ 32 blocks from column `x` and row `y` of blocks on, to the right, are decoded and belong to
    /// `region`: the first is the lowest bit.
    #[inline]
    pub(crate) fn across(&self, (x, y): (usize, usize), count: usize, region: u16) -> u32 {
        let row = &self.map[y * self.across..(y + 1) * self.across];
        bits(row[x..].iter().take(count), region)
    }

    /// [`Self::across`], downwards.
    #[inline]
    pub(crate) fn down(&self, (x, y): (usize, usize), count: usize, region: u16) -> u32 {
        bits(self.map[y * self.across + x..].iter().step_by(self.across).take(count), region)
    }

    /// Whether the block at column `x` and row `y` of blocks is decoded and belongs to `region`. A block outside the
    /// picture is not.
    #[inline]
    pub(crate) fn has(&self, x: usize, y: usize, region: u16) -> bool {
        x < self.across && y < self.down && self.map[y * self.across + x] == region
    }
}

fn bits<'r>(regions: impl Iterator<Item = &'r u16>, region: u16) -> u32 {
    regions.enumerate().fold(0, |bits, (i, &at)| bits | u32::from(at == region) << i)
}
