//! Copies coding units whose samples are stored as they are (ITU-T H.265 § 7.3.8.7, § 8.4.4.1).

use super::state::{PictureDecoder, SliceState};
use crate::intra::plane::PlaneSample;
use crate::intra::predict::DC;
use crate::parameters::sequence::PcmSyntax;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Copies a unit of side `1 << log2` at luma position `(x, y)`. Neighbours take its mode as DC.
    ///
    /// A unit has at least 8 × 8 samples, and in 4:2:0 at least 16 of each chroma plane, so all its planes together
    /// fill whole bytes.
    pub(super) fn pcm(
        &mut self,
        slice: &mut SliceState<'_, '_>,
        (x, y): (usize, usize),
        log2: u32,
        syntax: PcmSyntax,
    ) -> Option<()> {
        let side = 1usize << log2;
        let depths = [syntax.depths[0], syntax.depths[1], syntax.depths[1]];
        let size = |shift: (u32, u32)| (side >> shift.0, side >> shift.1);
        let bits = |(shift, depth): (&(u32, u32), u32)| size(*shift).0 * size(*shift).1 * depth as usize;
        let all: usize = self.format.shifts().iter().zip(depths).map(bits).sum();
        let mut stored = StoredBits { bytes: slice.cabac.raw(all / 8)?, word: 0, len: 0 };
        for (plane, depth) in self.planes.iter_mut().zip(depths) {
            let (width, height) = size(plane.shift);
            let (left, top) = (x >> plane.shift.0, y >> plane.shift.1);
            for row in plane.samples.chunks_mut(plane.width).skip(top).take(height) {
                for sample in &mut row[left..left + width] {
                    *sample = T::narrow((stored.take(depth) << (self.format.bit_depth - depth)) as i32);
                }
            }
        }
        self.fill_modes((x, y), side, DC);
        self.blocks.mark((x, y), side, slice.region);
        if let Some(maps) = &mut self.maps {
            maps.add_edges((x, y), side);
        }
        Some(())
    }
}

/// Bits that are not coded, from the highest of each byte on. Zeros follow the last.
struct StoredBits<'a> {
    bytes: &'a [u8],
    /// The next `len` bits, the lowest last: below 8 between two samples.
    word: u32,
    len: u32,
}

impl StoredBits<'_> {
    /// The next `count` bits, 1 to 16. With up to 7 bits left over and three bytes loaded `word` uses 23 bits at most.
    fn take(&mut self, count: u32) -> u32 {
        while self.len < count {
            let byte = self.bytes.split_off_first().copied().unwrap_or(0);
            self.word = self.word << 8 | u32::from(byte);
            self.len += 8;
        }
        self.len -= count;
        let bits = self.word >> self.len & ((1 << count) - 1);
        self.word &= (1 << self.len) - 1;
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_taken_from_the_highest_on() {
        let take = |counts: &[u32]| {
            let mut stored = StoredBits { bytes: &[0b1010_0110, 0x12, 0x34, 0x56], word: 0, len: 0 };
            counts.iter().map(|&count| stored.take(count)).collect::<Vec<_>>()
        };
        assert_eq!(take(&[1, 2, 5, 8, 16]), [1, 0b01, 0b0_0110, 0x12, 0x3456]);
        assert_eq!(take(&[4, 16, 12, 8]), [0b1010, 0x6123, 0x456, 0]);
        assert_eq!(take(&[7, 16, 9]), [0b101_0011, 0x091A, 0x056]);
    }
}
