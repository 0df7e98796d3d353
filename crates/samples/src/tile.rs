//! Turns blocks of sixteen rows of sixteen bytes into columns.

use wide::u8x16;

/// Rows of a block, and bytes in a row.
pub const SIDE: usize = 16;

/// Transposes a block: byte `j` of row `i` becomes byte `i` of row `j`.
///
/// Four times, rows `i` and `i + 8` are interleaved. Each time moves one bit of a byte's row number into its column number.
#[inline(always)]
#[must_use]
pub fn transposed(block: [u8x16; SIDE]) -> [u8x16; SIDE] {
    interleaved(interleaved(interleaved(interleaved(block))))
}

/// Rows `i` and `i + 8` become rows `2i` and `2i + 1`, whose bytes alternate between both. Written out, so that all rows stay
/// in registers: an array that a closure fills goes through memory.
#[inline(always)]
fn interleaved(rows: [u8x16; SIDE]) -> [u8x16; SIDE] {
    let low = |i: usize| u8x16::unpack_low(rows[i], rows[i + 8]);
    let high = |i: usize| u8x16::unpack_high(rows[i], rows[i + 8]);
    [
        low(0),
        high(0),
        low(1),
        high(1),
        low(2),
        high(2),
        low(3),
        high(3),
        low(4),
        high(4),
        low(5),
        high(5),
        low(6),
        high(6),
        low(7),
        high(7),
    ]
}

/// Sixteen bytes from `at` on; zeros where there are fewer.
#[inline(always)]
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
