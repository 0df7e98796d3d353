//! sRGB's transfer function (IEC 61966-2-1) as tables, from light to 8-bit codes.

use libm::pow;

use image_ingest_samples::{WorkError, zeroed};

use crate::curve::{Curve, cell, unit};
use crate::result::Result;

/// Linear light 0–1 in [`STEPS`] steps to codes, each rounded to the nearest.
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

/// Steps of [`codes`]: near black, one is a fifth of a code.
pub(crate) const STEPS: usize = 1 << STEP_BITS;
/// Binary logarithm of [`STEPS`].
pub(crate) const STEP_BITS: u32 = 14;
/// Entries of [`codes`].
pub(crate) const CODES: usize = STEPS + 1;

/// The encoded value of light, both 0–1.
pub(crate) fn encode(light: f64) -> f64 {
    let light = unit(light);
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * pow(light, 1.0 / 2.4) - 0.055 }
}

/// [`encode`] from a table, within 1/10 000 of a code where it is curved most: three powers a node would be most of the cost.
pub(crate) struct Encoder(Vec<f64>);

impl Encoder {
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
