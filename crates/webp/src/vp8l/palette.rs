//! The colour indexing transform (RFC 9649 § 3.5.4): green is an index into a palette.
//!
//! A palette of at most 16 colours packs 2, 4 or 8 indices into one green, the first in its lowest bits. The colours of
//! all values of green are therefore made once, as groups of 1, 2, 4 or 8 pixels.

use super::pixel::add;

/// The colours of each value of green.
pub(super) struct Palette {
    /// The binary logarithm of the pixels in one green: 0 to 3.
    pub(super) packing: u32,
    /// For each value of green, its pixels.
    colors: Vec<u32>,
}

impl Palette {
    /// A palette of 1 to 256 colours, of which each is given by its difference from the one before. Indices beyond it are
    /// transparent black.
    pub(super) fn new(differences: &[u32]) -> Self {
        let packing = match differences.len() {
            ..=2 => 3,
            3..=4 => 2,
            5..=16 => 1,
            _ => 0,
        };
        let mut palette = [0; 256];
        let mut last = 0;
        for (color, &difference) in palette.iter_mut().zip(differences) {
            last = add(last, difference);
            *color = last;
        }
        let bits = 8 >> packing;
        let pixels = |green: usize| (0..1 << packing).map(move |at| green >> (at * bits) & ((1 << bits) - 1));
        let colors = (0..256).flat_map(pixels).map(|index| palette[index & 0xFF]).collect();
        Self { packing, colors }
    }

    /// Bytes of its table.
    pub(super) const fn bytes(packing: u32) -> u64 {
        (256 * 4) << packing
    }

    /// Writes a row of pixels, whose indices are `greens`.
    #[inline(always)]
    pub(super) fn unpack(&self, greens: impl Iterator<Item = u8>, row: &mut [u32]) {
        match self.packing {
            0 => self.unpack_groups::<1>(greens, row),
            1 => self.unpack_groups::<2>(greens, row),
            2 => self.unpack_groups::<4>(greens, row),
            _ => self.unpack_groups::<8>(greens, row),
        }
    }

    #[inline(always)]
    fn unpack_groups<const N: usize>(&self, mut greens: impl Iterator<Item = u8>, row: &mut [u32]) {
        let (groups, _) = self.colors.as_chunks::<N>();
        let (whole, rest) = row.as_chunks_mut::<N>();
        let colors = |green: u8| groups.get(usize::from(green)).copied().unwrap_or([0; N]);
        whole.iter_mut().zip(greens.by_ref()).for_each(|(pixels, green)| *pixels = colors(green));
        if let Some(green) = greens.next() {
            rest.iter_mut().zip(colors(green)).for_each(|(pixel, color)| *pixel = color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_sums_of_differences() {
        let palette = Palette::new(&[0xFF01_02FF, 0x0101_0102, 0xFFFF_FFFF]);
        let mut row = [0; 5];
        // Four indices to a green, two bits each: 0, 1, 2 and 3, then 1.
        palette.unpack([0b1110_0100, 0b01].into_iter(), &mut row);
        // Each byte on its own, without a carry; the fourth colour is not in the palette.
        assert_eq!(row, [0xFF01_02FF, 0x0002_0301, 0xFF01_0200, 0, 0x0002_0301]);
    }

    #[test]
    fn as_many_indices_are_packed_as_fit() {
        for (colors, packing) in [(1, 3), (2, 3), (3, 2), (4, 2), (5, 1), (16, 1), (17, 0), (256, 0)] {
            let palette = Palette::new(&vec![1; colors]);
            assert_eq!(palette.packing, packing);
            assert_eq!(palette.colors.len() as u64 * 4, Palette::bytes(packing));
            let mut row = vec![0; 1 << packing];
            let last = u8::try_from(colors - 1).unwrap();
            palette.unpack([last].into_iter(), &mut row);
            assert_eq!(row[0], u32::try_from(colors).unwrap() & 0xFF);
        }
    }
}
