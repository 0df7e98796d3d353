//! RGB to the planes of every matrix of ITU-T H.273 (8.3 and table 4), in floating point.

/// The code points of planes, and their range.
#[derive(Clone, Copy)]
pub(crate) struct PlaneCoding {
    /// Colour primaries, transfer characteristics and matrix coefficients.
    pub(crate) cicp: [u8; 3],
    pub(crate) full_range: bool,
}

/// The samples of luma and of both chroma planes for RGB samples of `depth` bits, before rounding.
pub(crate) fn planes_of(rgb: &[u16], depth: u8, coding: PlaneCoding) -> [f64; 3] {
    let unit = f64::from(1u32 << (depth - 8));
    let max = 256.0 * unit - 1.0;
    let signals = [rgb[0], rgb[1], rgb[2]].map(|v| f64::from(v) / max);
    let luma = |v: f64| if coding.full_range { v * max } else { (219.0 * v + 16.0) * unit };
    let zero = 128.0 * unit;
    let chroma = |v: f64| if coding.full_range { v * max } else { 224.0 * v * unit } + zero;
    let [primaries, transfer, matrix] = coding.cicp;
    let [r, g, b] = signals;
    match matrix {
        0 => [luma(g), luma(b), luma(r)],
        8 => {
            let [r, g, b] = signals.map(luma);
            [0.5 * g + 0.25 * (r + b), 0.5 * g - 0.25 * (r + b) + zero, 0.5 * (r - b) + zero]
        }
        10 => constant_luminance(signals, weights(9), transfer).with(luma, chroma),
        11 => Signals(g, (0.986_566 * b - g) / 2.0, (r - 0.991_902 * g) / 2.0).with(luma, chroma),
        13 => constant_luminance(signals, weights(primaries), transfer).with(luma, chroma),
        14 => ictcp(signals, transfer).with(luma, chroma),
        _ => {
            let (kr, kb) = match matrix {
                1 => (0.2126, 0.0722),
                4 => (0.30, 0.11),
                7 => (0.212, 0.087),
                9 => (0.2627, 0.0593),
                12 => weights(primaries),
                _ => (0.299, 0.114),
            };
            let y = kr * r + (1.0 - kr - kb) * g + kb * b;
            Signals(y, (b - y) / (2.0 * (1.0 - kb)), (r - y) / (2.0 * (1.0 - kr))).with(luma, chroma)
        }
    }
}

/// Luma of 0–1 and two differences of ±1/2.
struct Signals(f64, f64, f64);

impl Signals {
    fn with(self, luma: impl Fn(f64) -> f64, chroma: impl Fn(f64) -> f64) -> [f64; 3] {
        [luma(self.0), chroma(self.1), chroma(self.2)]
    }
}

/// The weights of red and blue that follow from primaries.
fn weights(primaries: u8) -> (f64, f64) {
    if primaries == 9 { (0.2627, 0.0593) } else { (0.212_639, 0.072_192) }
}

fn constant_luminance([r, g, b]: [f64; 3], (kr, kb): (f64, f64), transfer: u8) -> Signals {
    let light = |v| light(v, transfer);
    let y = signal(kr * light(r) + (1.0 - kr - kb) * light(g) + kb * light(b), transfer);
    let part = |difference: f64, weight: f64| {
        let least = signal(1.0 - weight, transfer);
        let most = 1.0 - signal(weight, transfer);
        difference / (2.0 * if difference <= 0.0 { least } else { most })
    };
    Signals(y, part(b - y, kb), part(r - y, kr))
}

fn ictcp(rgb: [f64; 3], transfer: u8) -> Signals {
    let [r, g, b] = rgb.map(|v| light(v, transfer));
    let lms = [
        (1688.0 * r + 2146.0 * g + 262.0 * b) / 4096.0,
        (683.0 * r + 2951.0 * g + 462.0 * b) / 4096.0,
        (99.0 * r + 309.0 * g + 3688.0 * b) / 4096.0,
    ];
    let [l, m, s] = lms.map(|v| signal(v, transfer));
    let (ct, cp) = if transfer == 18 {
        ([3625.0, -7465.0, 3840.0], [9500.0, -9212.0, -288.0])
    } else {
        ([6610.0, -13613.0, 7003.0], [17933.0, -17390.0, -543.0])
    };
    let difference = |k: [f64; 3]| (k[0] * l + k[1] * m + k[2] * s) / 4096.0;
    Signals(0.5 * (l + m), difference(ct), difference(cp))
}

/// Light of 0–1 for a signal: PQ, HLG or sRGB.
fn light(v: f64, transfer: u8) -> f64 {
    match transfer {
        16 => {
            let p = v.powf(1.0 / 78.84375);
            ((p - 0.8359375).max(0.0) / (18.8515625 - 18.6875 * p)).powf(1.0 / 0.159_301_757_812_5)
        }
        18 if v <= 0.5 => v * v / 3.0,
        18 => (((v - 0.559_910_73) / 0.178_832_77).exp() + 0.284_668_92) / 12.0,
        _ if v <= 0.04045 => v / 12.92,
        _ => ((v + 0.055) / 1.055).powf(2.4),
    }
}

/// The signal for light of 0–1.
fn signal(v: f64, transfer: u8) -> f64 {
    match transfer {
        16 => {
            let p = v.powf(0.159_301_757_812_5);
            ((0.8359375 + 18.8515625 * p) / (1.0 + 18.6875 * p)).powf(78.84375)
        }
        18 if v <= 1.0 / 12.0 => (3.0 * v).sqrt(),
        18 => 0.178_832_77 * (12.0 * v - 0.284_668_92).ln() + 0.559_910_73,
        _ if v <= 0.003_130_8 => 12.92 * v,
        _ => 1.055 * v.powf(1.0 / 2.4) - 0.055,
    }
}
