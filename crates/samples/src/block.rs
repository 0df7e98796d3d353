//! Transposes blocks of 16 × 16 bytes, with the vector instructions that every CPU of a target has.
//!
//! Reducing along rows and turning a picture both need columns of bytes where memory has rows. Sixteen rows of sixteen
//! bytes fit in sixteen registers, and four rounds of interleaving turn them.

use wide::u8x16;

/// Rows of a block, and bytes in each of them.
pub const SIDE: usize = 16;

/// Transposes a block in place: byte `j` of row `i` becomes byte `i` of row `j`.
///
/// One round interleaves rows `i` and `i + 8` into rows `2i` and `2i + 1`. Written as an eight-bit number, row number
/// before column number, a byte's position moves by one bit to the left in each round, and its highest bit becomes its
/// lowest. After four rounds the four bits of the row and those of the column have changed places.
///
/// This is one function for all its callers. Inlined into them, it took minutes to compile and ran no faster.
#[inline(never)]
pub fn transpose(block: &mut [u8x16; SIDE]) {
    let mut rows = *block;
    for _ in 0..4 {
        rows = interleaved(rows);
    }
    *block = rows;
}

#[inline]
fn interleaved([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [u8x16; SIDE]) -> [u8x16; SIDE] {
    let [[r0, r1], [r2, r3], [r4, r5], [r6, r7]] = [pair(a, i), pair(b, j), pair(c, k), pair(d, l)];
    let [[r8, r9], [r10, r11], [r12, r13], [r14, r15]] = [pair(e, m), pair(f, n), pair(g, o), pair(h, p)];
    [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15]
}

/// The bytes of two rows in turn: the lower halves, then the upper ones.
#[inline]
fn pair(upper: u8x16, lower: u8x16) -> [u8x16; 2] {
    [u8x16::unpack_low(upper, lower), u8x16::unpack_high(upper, lower)]
}

/// Sixteen bytes from `at` on; zeros where fewer than sixteen are left.
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
        let mut block = std::array::from_fn(|i| u8x16::new(std::array::from_fn(|j| byte(i, j))));
        transpose(&mut block);
        for (j, row) in block.into_iter().enumerate() {
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
