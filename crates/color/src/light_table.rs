//! Tables of a transfer function, for pixels.

use image_ingest_samples::{CpuTimer, zeroed};

use crate::result::Result;
use crate::transfer_function::TransferFunction;

/// A transfer function both ways, for signals and light of 0–1.
///
/// From signal to light there are 65 536 equal steps. Light needs relative precision, since signals are steep near
/// black: its table has 2 048 steps for each of the 32 octaves from 2⁻³² to 1, so an index is the upper bits of the
/// number as IEEE 754 stores it. Between two entries the signal is interpolated; below 2⁻³² it goes to 0 in a line.
pub(crate) struct LightTables {
    light: Vec<f32>,
    signal: Vec<f32>,
}

impl LightTables {
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    #[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds")]
    pub(crate) fn new(function: TransferFunction, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut light = zeroed(1 << 16)?;
        for (step, to) in light.iter_mut().enumerate() {
            timer.step()?;
            *to = function.light(step as f64 / 65_535.0) as f32;
        }
        let mut signal = zeroed((OCTAVES << STEP_BITS) as usize + 1)?;
        for (bits, to) in (LEAST..).step_by(1 << DROPPED_BITS).zip(signal.iter_mut()) {
            timer.step()?;
            *to = function.signal(f32::from_bits(bits).into()) as f32;
        }
        Ok(Self { light, signal })
    }

    /// The light of a signal, which is clamped to 0–1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0–65 535")]
    pub(crate) fn light(&self, signal: f32) -> f32 {
        self.light[(signal.clamp(0.0, 1.0) * 65_535.0 + 0.5) as usize]
    }

    /// The signal of light, which is clamped to 0–1.
    pub(crate) fn signal(&self, light: f32) -> f32 {
        // NaN counts as 0. The least entry stands for 2⁻³², the last for 1, so a cell has an end.
        let light = if light > 0.0 { light.min(LARGEST_BELOW_ONE) } else { 0.0 };
        let least = f32::from_bits(LEAST);
        if light < least {
            return self.signal[0] * (light / least);
        }
        let bits = light.to_bits() - LEAST;
        let cell = (bits >> DROPPED_BITS) as usize;
        let fraction = (bits & ((1 << DROPPED_BITS) - 1)) as f32 / (1u32 << DROPPED_BITS) as f32;
        let (low, high) = (self.signal[cell], self.signal[cell + 1]);
        low + (high - low) * fraction
    }
}

const OCTAVES: u32 = 32;
const STEP_BITS: u32 = 11;
/// Of 23 bits of fraction.
const DROPPED_BITS: u32 = 23 - STEP_BITS;
const LARGEST_BELOW_ONE: f32 = 1.0 - f32::EPSILON / 2.0;
/// 2⁻³²: an exponent of 127 − 32 and no fraction.
const LEAST: u32 = (127 - OCTAVES) << 23;

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_possible_truncation, reason = "the tests' numbers are small")]

    use super::*;

    #[test]
    fn tables_are_within_a_step_of_sixteen_bits_of_their_function() {
        for code in [1, 4, 7, 8, 13, 16, 18] {
            let function = TransferFunction::of(code);
            let tables = LightTables::new(function, &CpuTimer::default()).unwrap();
            for step in 0..=4_000 {
                let signal = f64::from(step) / 4_000.0;
                let light = function.light(signal);
                let found = f64::from(tables.signal(light as f32));
                assert!((found - signal).abs() < 1.0 / 16_384.0, "{code}: {signal} {found}");
                let found = function.signal(tables.light(signal as f32).into());
                assert!((found - signal).abs() < 1.0 / 16_384.0, "{code}: {signal} {found}");
            }
        }
    }

    #[test]
    fn what_is_outside_is_clamped() {
        let tables = LightTables::new(TransferFunction::of(13), &CpuTimer::default()).unwrap();
        assert_eq!([-1.0, f32::NAN, 0.0].map(|v| tables.signal(v)), [0.0; 3]);
        assert_eq!([1.0, 2.0].map(|v| (tables.signal(v) * 65_535.0 + 0.5) as u32), [65_535; 2]);
        assert_eq!([-1.0, 0.0].map(|v| tables.light(v)), [0.0; 2]);
    }
}
