//! The transfer function of sRGB (IEC 61966-2-1) as tables, from light to 8-bit codes.

use libm::pow;

use image_ingest_samples::{WorkError, zeroed};

use crate::curve::{Curve, cell, unit};
use crate::result::Result;

/// The nearest code of linear light, 0–1 in [`STEPS`] steps.
///
/// For each code the table is filled up to the light of the half code above it, by the curve from code to light. So the
/// inverse curve is not needed, and the entries are exact.
pub(crate) fn codes() -> Result<Box<[u8; CODES]>> {
    let mut codes = zeroed(CODES)?;
    let mut from = 0;
    for code in 0..=255u8 {
        let upper = Curve::SRGB.at((f64::from(code) + 0.5) / 255.0);
        let end = (from..=STEPS).find(|&step| step as f64 / STEPS as f64 >= upper).unwrap_or(CODES);
        codes[from..end].fill(code);
        from = end;
    }
    codes.into_boxed_slice().try_into().map_err(|_| WorkError::internal("the table of codes has another length"))
}

/// Steps of [`codes`]: near black, where the curve is steepest, a step is a fifth of a code.
pub(crate) const STEPS: usize = 1 << STEP_BITS;
/// The binary logarithm of [`STEPS`].
pub(crate) const STEP_BITS: u32 = 14;
/// Entries of [`codes`].
pub(crate) const CODES: usize = STEPS + 1;

/// The encoded value of light, both 0–1 (IEC 61966-2-1).
pub(crate) fn encode(light: f64) -> f64 {
    let light = unit(light);
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * pow(light, 1.0 / 2.4) - 0.055 }
}

/// [`encode`] from a table. Its error is below 1/200 of a code, and largest just above the linear part, where a cell
/// has the corner of the curve. Three powers for each node would be most of the cost of a grid.
pub(crate) struct Encoder(Vec<f64>);

impl Encoder {
    /// Makes the table of 4097 entries.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new() -> Result<Self> {
        let mut table = zeroed(ENCODER_CELLS + 1)?;
        for (i, to) in table.iter_mut().enumerate() {
            *to = encode(i as f64 / ENCODER_CELLS as f64);
        }
        Ok(Self(table))
    }

    /// The encoded value of light, both 0–1.
    pub(crate) fn at(&self, light: f64) -> f64 {
        let light = unit(light);
        if light <= 0.003_130_8 {
            return 12.92 * light;
        }
        let (index, fraction) = cell(light, self.0.len());
        self.0[index] + (self.0[index + 1] - self.0[index]) * fraction
    }
}

const ENCODER_CELLS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    /// IEC 61966-2-1.
    #[test]
    fn the_curve_has_the_points_of_its_standard() {
        for (light, encoded) in [(0.0, 0.0), (0.003_130_8, 0.040_45), (0.214_041, 0.5), (0.5, 0.735_357), (1.0, 1.0)] {
            assert!((encode(light) - encoded).abs() < 1e-5, "{light}");
            assert!((Curve::SRGB.at(encoded) - light).abs() < 1e-5, "{encoded}");
        }
        assert_eq!((encode(-1.0), encode(2.0), encode(f64::NAN)), (0.0, encode(1.0), 0.0));
    }

    #[test]
    fn every_step_has_its_nearest_code() {
        let codes = codes().unwrap();
        for (step, &code) in codes.iter().enumerate() {
            let exact = encode(step as f64 / STEPS as f64) * 255.0;
            assert!((exact - f64::from(code)).abs() <= 0.500_1, "{step}: {code} for {exact}");
        }
    }

    #[test]
    fn the_table_is_within_a_200th_of_a_code() {
        let encoder = Encoder::new().unwrap();
        for i in 0..=100_000 {
            let light = f64::from(i) / 100_000.0;
            assert!((encoder.at(light) - encode(light)).abs() * 255.0 < 0.005, "{light}");
        }
    }
}
