//! Turns blocks of sixteen rows of sixteen bytes into columns.

use wide::u8x16;

/// Rows of a block, and bytes in a row.
pub const SIDE: usize = 16;

/// Transposes a block: byte `j` of row `i` becomes byte `i` of row `j`.
///
/// Four times, rows `i` and `i + 8` are interleaved. Each time moves one bit of a byte's row number into its column number.
#[inline]
#[must_use]
pub fn transposed(mut block: [u8x16; SIDE]) -> [u8x16; SIDE] {
    for _ in 0..4 {
        block = std::array::from_fn(|i| {
            let (a, b) = (block[i / 2], block[i / 2 + 8]);
            if i % 2 == 0 { u8x16::unpack_low(a, b) } else { u8x16::unpack_high(a, b) }
        });
    }
    block
}

/// Sixteen bytes from `at` on; zeros where there are fewer.
#[inline]
#[must_use]
pub fn row(bytes: &[u8], at: usize) -> u8x16 {
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
