//! Sixteen rows of sixteen bytes, and the same as columns.

use wide::u8x16;

/// Bytes in a row of a tile, and rows.
pub(crate) const SIDE: usize = 16;

/// Rows become columns: four times, row `i` and row `i + 8` are interleaved.
#[inline]
pub(crate) fn transposed(mut tile: [u8x16; SIDE]) -> [u8x16; SIDE] {
    for _ in 0..4 {
        tile = std::array::from_fn(|i| {
            let (a, b) = (tile[i / 2], tile[i / 2 + 8]);
            if i % 2 == 0 { u8x16::unpack_low(a, b) } else { u8x16::unpack_high(a, b) }
        });
    }
    tile
}

/// The row's sixteen bytes from `at`; zeros where they are fewer.
#[inline]
pub(crate) fn row(bytes: &[u8], at: usize) -> u8x16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<SIDE>).map_or(u8x16::ZERO, |row| u8x16::new(*row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_j_of_row_i_becomes_byte_i_of_row_j() {
        let byte = |i: usize, j: usize| u8::try_from(16 * i + j).unwrap();
        let tile = std::array::from_fn(|i| u8x16::new(std::array::from_fn(|j| byte(i, j))));
        for (j, row) in transposed(tile).into_iter().enumerate() {
            assert_eq!(row.to_array(), std::array::from_fn(|i| byte(i, j)));
        }
    }
}
