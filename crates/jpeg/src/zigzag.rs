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
