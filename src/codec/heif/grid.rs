//! Reads the payload of a derived `grid` item (ISO/IEC 23008-12 § 6.6.2.3).

use image_ingest_samples::Size;

use super::boxes::{Cursor, malformed, unsupported};
use crate::error::Result;

/// A picture made of equal tiles, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) output: Size,
}

impl Grid {
    /// Reads the payload of a `grid` item.
    ///
    /// # Errors
    ///
    /// `malformed`.
    pub(super) fn read(payload: &[u8]) -> Result<Self> {
        let mut cursor = Cursor(payload);
        let wide = derivation(&mut cursor)?;
        let (rows, columns) = (u32::from(cursor.u8()?) + 1, u32::from(cursor.u8()?) + 1);
        Ok(Self { columns, rows, output: Size::new(cursor.id(wide)?, cursor.id(wide)?) })
    }

    /// Refuses tiles that do not cover the output, or of which a whole row or column would lie beyond it.
    ///
    /// # Errors
    ///
    /// `malformed`, `unsupported`.
    pub(super) fn check(&self, tile: Size, (h, v): (u8, u8)) -> Result<()> {
        let covers = |count: u32, side: u32, all: u32| {
            let (count, side, all) = (u64::from(count), u64::from(side), u64::from(all));
            count * side >= all && (count - 1) * side < all
        };
        if !covers(self.columns, tile.width, self.output.width) || !covers(self.rows, tile.height, self.output.height) {
            return Err(malformed("the tiles do not fit the grid's size"));
        }
        let odd = |count: u32, side: u32, unit: u8| count > 1 && !side.is_multiple_of(u32::from(unit));
        if odd(self.columns, tile.width, h) || odd(self.rows, tile.height, v) {
            return Err(unsupported("grid tiles that divide a chroma sample"));
        }
        Ok(())
    }
}

/// Version and flags; whether fields are 32 bits wide.
fn derivation(cursor: &mut Cursor<'_>) -> Result<bool> {
    let (version, flags) = (cursor.u8()?, cursor.u8()?);
    if version == 0 { Ok(flags & 1 == 1) } else { Err(unsupported("a derived item of an unknown version")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(columns: u32, rows: u32, width: u32, height: u32) -> Grid {
        Grid { columns, rows, output: Size::new(width, height) }
    }

    #[test]
    fn tiles_must_cover_the_output_and_no_more() {
        let check = |g: Grid| g.check(Size::new(512, 512), (2, 2)).map_err(|e| e.code());
        assert_eq!(check(grid(8, 6, 4032, 3024)), Ok(()));
        assert_eq!(check(grid(8, 6, 4096, 3072)), Ok(()));
        assert_eq!(check(grid(8, 6, 4097, 3024)), Err("malformed"));
        assert_eq!(check(grid(9, 6, 4032, 3024)), Err("malformed"));
        assert_eq!(check(grid(1, 1, 1, 1)), Ok(()));
        assert_eq!(check(grid(1, 1, 0, 1)), Err("malformed"));
    }

    #[test]
    fn tiles_keep_chroma_samples_whole() {
        let check = |h| grid(2, 1, 100, 50).check(Size::new(51, 50), (h, 1)).map_err(|e| e.code());
        assert_eq!(check(2), Err("unsupported"));
        assert_eq!(check(1), Ok(()));
    }

    #[test]
    fn fields_are_16_or_32_bits_wide() {
        let narrow = [0, 0, 1, 2, 0, 10, 0, 20];
        assert_eq!(Grid::read(&narrow).unwrap(), grid(3, 2, 10, 20));
        let wide = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 20];
        assert_eq!(Grid::read(&wide).unwrap(), grid(1, 1, 65_536, 20));
        for len in 0..narrow.len() {
            assert_eq!(Grid::read(&narrow[..len]).unwrap_err().code(), "malformed");
        }
    }
}
