//! Transposes blocks of 16 × 16 bytes, with the vector instructions that every CPU of a target has.
//!
//! Reducing along rows and turning a picture both need columns of bytes where memory has rows. Sixteen rows of sixteen
//! bytes fit in sixteen registers, and four rounds of interleaving turn them.

use wide::u8x16;

/// Rows of a block, and bytes in each of them.
pub const SIDE: usize = 16;

/// Transposes a block: byte `j` of row `i` becomes byte `i` of row `j`.
///
/// One round interleaves rows `i` and `i + 8` into rows `2i` and `2i + 1`. Written as an eight-bit number, row number
/// before column number, a byte's position moves by one bit to the left in each round, and its highest bit becomes its
/// lowest. After four rounds the four bits of the row and those of the column have changed places.
#[inline(always)]
#[must_use]
pub fn transposed(block: [u8x16; SIDE]) -> [u8x16; SIDE] {
    interleaved(interleaved(interleaved(interleaved(block))))
}

/// Rows `i` and `i + 8` become rows `2i` and `2i + 1`, whose bytes alternate between both. Written out, so that all rows
/// stay in registers: an array that a closure fills goes through memory.
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

/// Sixteen bytes from `at` on; zeros where fewer than sixteen are left.
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
        let block = std::array::from_fn(|i| u8x16::new(std::array::from_fn(|j| byte(i, j))));
        for (j, row) in transposed(block).into_iter().enumerate() {
            assert_eq!(row.to_array(), std::array::from_fn(|i| byte(i, j)));
        }
    }

    #[test]
    fn a_row_that_is_cut_is_zeros() {
        let bytes: Vec<u8> = (1..=20).collect();
        assert_eq!(row(&bytes, 4).to_array(), std::array::from_fn(|i| u8::try_from(i + 5).unwrap()));
        assert_eq!(row(&bytes, 5).to_array(), [0; 16]);
        assert_eq!(row(&bytes, 21).to_array(), [0; 16]);
    }
}
