//! The transfer functions of ITU-T H.273, table 3: from a signal of 0–1 to light of 0–1, and back.
//!
//! They are evaluated in `f64` with the pinned `libm` crate, and pixels meet tables of them only.

use libm::{exp, log, log10, pow};

/// A transfer function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TransferFunction {
    /// A power, and a line below `start`, which is light: BT.709 and its like, SMPTE ST 240, sRGB. Scale and start are α
    /// and β of the table, to the digits at which line and power meet.
    Gamma { exponent: f64, scale: f64, slope: f64, start: f64 },
    /// `1 + log10(light) / decades`, 0 from `10^-decades` down.
    Logarithmic { decades: f64 },
    /// SMPTE ST 2084, light of 1 being 10 000 cd/m².
    Pq,
    /// ARIB STD-B67: scene light.
    Hlg,
}

impl TransferFunction {
    /// Codes 1, 6, 11, 12, 14 and 15, and those that say nothing.
    const BT709: Self =
        Self::Gamma { exponent: 1.0 / 0.45, scale: 1.099_296_826_809_442, slope: 4.5, start: 0.018_053_968_510_807 };

    /// The function of a code. Unspecified and reserved codes are taken as BT.709.
    pub(crate) const fn of(code: u16) -> Self {
        match code {
            4 => Self::power(2.2),
            5 => Self::power(2.8),
            7 => Self::Gamma {
                exponent: 1.0 / 0.45,
                scale: 1.111_572_195_921_731,
                slope: 4.0,
                start: 0.022_821_585_529_445,
            },
            8 => Self::power(1.0),
            9 => Self::Logarithmic { decades: 2.0 },
            10 => Self::Logarithmic { decades: 2.5 },
            13 => {
                Self::Gamma { exponent: 2.4, scale: 1.055_010_718_947_587, slope: 12.92, start: 0.003_041_282_560_128 }
            }
            PQ => Self::Pq,
            // SMPTE ST 428-1. Its factor of 48 / 52.37 is a matter of the display's peak, and left out on both ways.
            17 => Self::power(2.6),
            HLG => Self::Hlg,
            _ => Self::BT709,
        }
    }

    const fn power(exponent: f64) -> Self {
        Self::Gamma { exponent, scale: 1.0, slope: 0.0, start: 0.0 }
    }

    /// The light of a signal, both of 0–1.
    pub(crate) fn light(self, signal: f64) -> f64 {
        match self {
            Self::Gamma { exponent, scale, slope, start } => {
                if signal < slope * start {
                    signal / slope
                } else {
                    pow((signal + scale - 1.0) / scale, exponent)
                }
            }
            Self::Logarithmic { decades } if signal > 0.0 => pow(10.0, (signal - 1.0) * decades),
            Self::Logarithmic { .. } => 0.0,
            Self::Pq => pq_light(signal) / PQ_PEAK,
            Self::Hlg => hlg_scene_light(signal),
        }
    }

    /// The signal of light, both of 0–1.
    pub(crate) fn signal(self, light: f64) -> f64 {
        match self {
            Self::Gamma { exponent, scale, slope, start } => {
                if light < start {
                    slope * light
                } else {
                    scale * pow(light, 1.0 / exponent) - (scale - 1.0)
                }
            }
            Self::Logarithmic { decades } if light > 0.0 => (1.0 + log10(light) / decades).max(0.0),
            Self::Logarithmic { .. } => 0.0,
            Self::Pq => {
                let p = pow(light, 0.159_301_757_812_5);
                pow((0.835_937_5 + 18.851_562_5 * p) / (1.0 + 18.687_5 * p), 78.843_75)
            }
            Self::Hlg if light <= 1.0 / 12.0 => pow(3.0 * light, 0.5),
            Self::Hlg => HLG_A * log(12.0 * light - HLG_B) + hlg_c(),
        }
    }
}

/// The EOTF of PQ (SMPTE ST 2084; BT.2100, table 4): from 0–1 to cd/m².
pub(crate) fn pq_light(v: f64) -> f64 {
    let p = pow(v, 1.0 / 78.843_75);
    PQ_PEAK * pow((p - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.687_5 * p), 1.0 / 0.159_301_757_812_5)
}

/// The inverse OETF of HLG (BT.2100, table 5): from 0–1 to scene light of 0–1.
pub(crate) fn hlg_scene_light(v: f64) -> f64 {
    if v <= 0.5 { v * v / 3.0 } else { (exp((v - hlg_c()) / HLG_A) + HLG_B) / 12.0 }
}

fn hlg_c() -> f64 {
    0.5 - HLG_A * log(4.0 * HLG_A)
}

/// H.273 transfer characteristics of PQ (SMPTE ST 2084).
pub(crate) const PQ: u16 = 16;
/// H.273 transfer characteristics of HLG (ARIB STD-B67).
pub(crate) const HLG: u16 = 18;
/// In cd/m².
const PQ_PEAK: f64 = 10_000.0;
const HLG_A: f64 = 0.178_832_77;
const HLG_B: f64 = 1.0 - 4.0 * HLG_A;

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) {
        assert!((found / wanted - 1.0).abs() < 0.002, "{found} {wanted}");
    }

    /// BT.2100, table 4: signals of PQ and the luminance that they stand for.
    #[test]
    fn pq_has_the_points_of_its_standard() {
        assert_eq!(pq_light(0.0), 0.0);
        for (signal, nits) in
            [(0.508_1, 100.0), (0.580_7, 203.0), (0.751_8, 1_000.0), (0.902_6, 4_000.0), (1.0, 10_000.0)]
        {
            near(pq_light(signal), nits);
        }
    }

    /// BT.2100, table 5: the two branches meet at 1/12; BT.2408: 75 % is 0.265 of scene light.
    #[test]
    fn hlg_has_the_points_of_its_standard() {
        assert_eq!(hlg_scene_light(0.0), 0.0);
        for (signal, light) in [(0.5, 1.0 / 12.0), (0.500_001, 1.0 / 12.0), (0.75, 0.265), (1.0, 1.0)] {
            near(hlg_scene_light(signal), light);
        }
        // On a display of 1000 cd/m² that is reference white.
        near(1_000.0 * pow(hlg_scene_light(0.75), 1.2), 203.0);
    }

    #[test]
    fn every_function_goes_there_and_back_and_never_falls() {
        for code in 1..=18 {
            let function = TransferFunction::of(code);
            let mut below = 0.0;
            for step in 1..=1_000 {
                let signal = f64::from(step) / 1_000.0;
                let light = function.light(signal);
                assert!((0.0..=1.0 + 1e-6).contains(&light) && light >= below, "{code}: {signal} {light}");
                assert!((function.signal(light) - signal).abs() < 1e-4, "{code}: {signal} {}", function.signal(light));
                below = light;
            }
            near(function.light(1.0), 1.0);
        }
    }

    /// H.273, table 3: points on the lines and on the curves.
    #[test]
    fn codes_have_the_functions_of_their_table() {
        for (code, light, signal) in [
            (1, 0.01, 0.045),
            (1, 0.18, 1.099 * 0.18f64.powf(0.45) - 0.099),
            (7, 0.02, 0.08),
            (7, 0.5, 1.1115 * 0.5f64.powf(0.45) - 0.1115),
            (4, 0.5, 0.5f64.powf(1.0 / 2.2)),
            (8, 0.3, 0.3),
            (9, 0.1, 0.5),
            (10, 0.1, 0.6),
            (13, 0.003, 0.038_76),
            (13, 0.214_041, 0.5),
            (18, 1.0 / 12.0, 0.5),
        ] {
            near(TransferFunction::of(code).signal(light), signal);
        }
    }
}
