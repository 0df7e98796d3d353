//! Cosines as fixed-point numbers.

use std::f64::consts::PI;

/// Fraction bits of [`cosine`].
pub(crate) const COSINE_BITS: u32 = 18;

/// The cosine of `numerator / denominator × π`, rounded to nearest.
///
/// The angle is brought into the first turn before, and the quotient and product are IEEE 754's, so that the table is the
/// same on every machine.
#[expect(clippy::cast_possible_truncation, reason = "a cosine is between −1 and 1")]
pub(crate) fn cosine(numerator: u32, denominator: u32) -> i64 {
    let angle = PI * f64::from(numerator % (2 * denominator)) / f64::from(denominator);
    libm::round(libm::cos(angle) * f64::from(1 << COSINE_BITS)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_of_quarters_of_a_turn_are_exact() {
        let one = 1 << COSINE_BITS;
        assert_eq!([0, 1, 2, 3, 4].map(|n| cosine(n, 2)), [one, 0, -one, 0, one]);
        assert_eq!(cosine(1, 3), one / 2);
    }
}
