//! Reads the payload of a derived item of type `grid` (ISO/IEC 23008-12 § 6.6.2.3).

use image_ingest_samples::{DecodeError, Size};

use crate::cursor::Cursor;
use crate::result::Result;

/// A picture made of tiles of one size, row by row.
///
/// ```
/// use image_ingest_heif::Grid;
/// use image_ingest_samples::Size;
///
/// // Version 0, fields of 16 bits, 2 rows and 3 columns (each less one), 1400 × 1000 pixels.
/// let grid = Grid::read(&[0, 0, 1, 2, 5, 120, 3, 232])?;
/// assert_eq!((grid.columns, grid.rows, grid.output), (3, 2, Size::new(1400, 1000)));
/// assert!(grid.check(Size::new(512, 512), (2, 2)).is_ok());
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Tiles in a row, 1 to 256.
    pub columns: u32,
    /// Rows of tiles, 1 to 256.
    pub rows: u32,
    /// The size of the picture in pixels. Tiles of the last column and row may reach beyond it.
    pub output: Size,
}

impl Grid {
    /// Reads the payload of a `grid` item.
    ///
    /// # Errors
    ///
    /// `malformed`; `unsupported` for a version other than 0.
    pub fn read(payload: &[u8]) -> Result<Self> {
        let mut cursor = Cursor(payload);
        let (version, flags) = (cursor.u8()?, cursor.u8()?);
        if version != 0 {
            return Err(DecodeError::unsupported("a derived item of an unknown version"));
        }
        let has_32_bits = flags & 1 == 1;
        let (rows, columns) = (u32::from(cursor.u8()?) + 1, u32::from(cursor.u8()?) + 1);
        Ok(Self { columns, rows, output: Size::new(cursor.id(has_32_bits)?, cursor.id(has_32_bits)?) })
    }

    /// Refuses tiles of size `tile` that do not cover the output, or of which a whole row or column would lie beyond
    /// it. Chroma is subsampled by (`h`, `v`); a chroma sample may not belong to two tiles.
    ///
    /// # Errors
    ///
    /// `malformed`, `unsupported`.
    pub fn check(&self, tile: Size, (h, v): (u8, u8)) -> Result<()> {
        // `count` is at most 256 and `side` below 2³², so products fit in 64 bits.
        let covers = |count: u32, side: u32, all: u32| {
            let (count, side, all) = (u64::from(count), u64::from(side), u64::from(all));
            count * side >= all && (count - 1) * side < all
        };
        if !covers(self.columns, tile.width, self.output.width) || !covers(self.rows, tile.height, self.output.height) {
            return Err(DecodeError::malformed("the tiles do not fit the grid's size"));
        }
        let odd = |count: u32, side: u32, unit: u8| count > 1 && !side.is_multiple_of(u32::from(unit));
        if odd(self.columns, tile.width, h) || odd(self.rows, tile.height, v) {
            return Err(DecodeError::unsupported("grid tiles that divide a chroma sample"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(columns: u32, rows: u32, width: u32, height: u32) -> Grid {
        Grid { columns, rows, output: Size::new(width, height) }
    }

    #[test]
    fn tiles_must_cover_the_output_and_no_more() {
        let fits = |g: Grid| match g.check(Size::new(512, 512), (2, 2)) {
            Ok(()) => true,
            Err(DecodeError::Malformed { .. }) => false,
            Err(error) => panic!("{error}"),
        };
        assert!(fits(grid(8, 6, 4032, 3024)));
        assert!(fits(grid(8, 6, 4096, 3072)));
        assert!(!fits(grid(8, 6, 4097, 3024)));
        assert!(!fits(grid(9, 6, 4032, 3024)));
        assert!(fits(grid(1, 1, 1, 1)));
        assert!(!fits(grid(1, 1, 0, 1)));
    }

    #[test]
    fn tiles_keep_chroma_samples_whole() {
        let check = |h| grid(2, 1, 100, 50).check(Size::new(51, 50), (h, 1));
        assert!(matches!(check(2), Err(DecodeError::Unsupported { .. })));
        assert!(check(1).is_ok());
    }

    #[test]
    fn fields_have_16_or_32_bits() {
        let short = [0, 0, 1, 2, 0, 10, 0, 20];
        assert_eq!(Grid::read(&short).unwrap(), grid(3, 2, 10, 20));
        let long = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 20];
        assert_eq!(Grid::read(&long).unwrap(), grid(1, 1, 65_536, 20));
        for len in 0..short.len() {
            assert!(matches!(Grid::read(&short[..len]), Err(DecodeError::Malformed { .. })));
        }
    }

    #[test]
    fn another_version_is_unsupported() {
        assert!(matches!(Grid::read(&[1, 0, 0, 0, 0, 1, 0, 1]), Err(DecodeError::Unsupported { .. })));
    }
}
