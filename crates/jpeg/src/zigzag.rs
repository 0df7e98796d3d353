//! The zigzag order of coefficients.

/// The position in natural order, row · 8 + column, of each coefficient in zigzag order (ITU-T T.81 figure A.6).
pub(crate) const ZIGZAG: [u8; 64] = zigzag();

const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut k, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            // Odd diagonals run down, even ones up.
            let (row, column) = if diagonal % 2 == 1 { (step, diagonal - step) } else { (diagonal - step, step) };
            if row < 8 && column < 8 {
                #[expect(clippy::cast_possible_truncation, reason = "below 64")]
                {
                    order[k] = (row * 8 + column) as u8;
                }
                k += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_figure_a_6() {
        // The zigzag index of each position, row by row.
        let figure = [
            [0, 1, 5, 6, 14, 15, 27, 28],
            [2, 4, 7, 13, 16, 26, 29, 42],
            [3, 8, 12, 17, 25, 30, 41, 43],
            [9, 11, 18, 24, 31, 40, 44, 53],
            [10, 19, 23, 32, 39, 45, 52, 54],
            [20, 22, 33, 38, 46, 51, 55, 60],
            [21, 34, 37, 47, 50, 56, 59, 61],
            [35, 36, 48, 49, 57, 58, 62, 63],
        ];
        for (position, index) in figure.as_flattened().iter().enumerate() {
            assert_eq!(usize::from(ZIGZAG[*index]), position);
        }
    }
}
