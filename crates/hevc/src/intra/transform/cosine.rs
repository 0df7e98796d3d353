//! The cosine functions of the inverse transforms (ITU-T H.265 § 8.6.4.2).

/// The functions of each size.
pub(super) static COSINE_4: [[i16; 4]; 4] = cosine();
pub(super) static COSINE_8: [[i16; 8]; 8] = cosine();
pub(super) static COSINE_16: [[i16; 16]; 16] = cosine();
pub(super) static COSINE_32: [[i16; 32]; 32] = cosine();

/// The cosine functions (§ 8.6.4.2, `transMatrix`). The functions of a smaller transform are every other one of the
/// next larger. All values have the size of one in the first column of the largest matrix, and the sign of the cosine.
const fn cosine<const N: usize>() -> [[i16; N]; N] {
    let mut matrix = [[0; N]; N];
    let mut k = 0;
    while k < N {
        let mut x = 0;
        while x < N {
            // cos(π (2x + 1) k / 2N), as a multiple of π / 64.
            let angle = (2 * x + 1) * k * (32 / N) % 128;
            let (angle, sign) = if angle > 64 { (128 - angle, 1) } else { (angle, 1) };
            let (angle, sign) = if angle > 32 { (64 - angle, -sign) } else { (angle, sign) };
            matrix[k][x] = sign * QUARTER[angle];
            x += 1;
        }
        k += 1;
    }
    matrix
}

/// The cosine from 0 to π / 2 in steps of π / 64, as the standard rounds it.
const QUARTER: [i16; 33] = [
    64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25, 22, 18,
    13, 9, 4, 0,
];
