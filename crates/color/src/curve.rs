//! One-dimensional curves of ICC profiles (ICC.1:2022, 10.6 and 10.18; tables of 10.10 and 10.11).

use libm::pow;

use crate::numbers::{fixed, length, word};

/// A curve on 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Curve<'a> {
    Identity,
    /// Equally spaced values, 255 being 1.
    Bytes(&'a [u8]),
    /// Equally spaced big-endian values, 65 535 being 1.
    Words(&'a [[u8; 2]]),
    Parametric(Parametric),
}

/// `(a·x + b)^gamma + e` from `start` on, `slope·x + offset` below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parametric {
    gamma: f64,
    a: f64,
    b: f64,
    slope: f64,
    start: f64,
    e: f64,
    offset: f64,
}

impl Curve<'_> {
    /// sRGB's (IEC 61966-2-1).
    pub(crate) const SRGB: Self = Self::Parametric(Parametric {
        gamma: 2.4,
        a: 1.0 / 1.055,
        b: 0.055 / 1.055,
        slope: 1.0 / 12.92,
        start: 0.040_45,
        e: 0.0,
        offset: 0.0,
    });

    /// `x^gamma`.
    pub(crate) const fn power(gamma: f64) -> Self {
        Self::Parametric(Parametric { gamma, a: 1.0, b: 0.0, slope: 0.0, start: 0.0, e: 0.0, offset: 0.0 })
    }

    /// The value at `x`. Tables end where they end; the result of a parametric curve may leave 0–1.
    pub(crate) fn at(&self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Bytes(table) => between(x, table.len(), |i| f64::from(table[i]) / 255.0),
            Self::Words(table) => between(x, table.len(), |i| f64::from(u16::from_be_bytes(table[i])) / 65_535.0),
            Self::Parametric(p) => p.at(x),
        }
    }
}

impl Parametric {
    fn at(&self, x: f64) -> f64 {
        let y = if x >= self.start {
            let base = self.a * x + self.b;
            (if base > 0.0 { pow(base, self.gamma) } else { 0.0 }) + self.e
        } else {
            self.slope * x + self.offset
        };
        if y.is_finite() { y } else { 0.0 }
    }
}

/// Linear interpolation in a table of `len` ≥ 2 entries.
fn between(x: f64, len: usize, entry: impl Fn(usize) -> f64) -> f64 {
    let (index, fraction) = cell(x, len);
    let low = entry(index);
    low + (entry(index + 1) - low) * fraction
}

/// The cell of `len` ≥ 2 equally spaced points that `x` falls into, and where in it. 1 is the end of the last cell;
/// what is no number is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the position is within 0..len")]
pub(crate) fn cell(x: f64, len: usize) -> (usize, f64) {
    let position = unit(x) * (len - 1) as f64;
    let index = (position as usize).min(len - 2);
    (index, position - index as f64)
}

/// Within 0–1; what is no number is 0.
pub(crate) fn unit(x: f64) -> f64 {
    if x > 0.0 { x.min(1.0) } else { 0.0 }
}

/// A `curv` or `para` element, and its length.
pub(crate) fn read(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    match bytes.get(..4)? {
        b"curv" => sampled(bytes),
        b"para" => parametric(bytes),
        _ => None,
    }
}

fn sampled(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    let count = length(bytes, 8)?;
    let end = count.checked_mul(2)?.checked_add(12)?;
    let table = bytes.get(12..end)?.as_chunks().0;
    let curve = match table {
        [] => Curve::Identity,
        // u8Fixed8Number.
        [gamma] => Curve::power(f64::from(u16::from_be_bytes(*gamma)) / 256.0),
        _ => Curve::Words(table),
    };
    Some((curve, end))
}

/// The five function types of table 68, as one.
fn parametric(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    let kind = word(bytes, 8)?;
    let count = *[1, 3, 4, 5, 7].get(usize::from(kind))?;
    let mut p = [0.0; 7];
    for (i, to) in p.iter_mut().enumerate().take(count) {
        *to = fixed(bytes, 12 + 4 * i)?;
    }
    let [gamma, a, b, c, d, e, f] = p;
    let zero = if a == 0.0 { 0.0 } else { -b / a };
    let curve = match kind {
        0 => return Some((Curve::power(gamma), 16)),
        1 => Parametric { gamma, a, b, slope: 0.0, start: zero, e: 0.0, offset: 0.0 },
        2 => Parametric { gamma, a, b, slope: 0.0, start: zero, e: c, offset: c },
        3 => Parametric { gamma, a, b, slope: c, start: d, e: 0.0, offset: 0.0 },
        _ => Parametric { gamma, a, b, slope: c, start: d, e, offset: f },
    };
    Some((Curve::Parametric(curve), 12 + 4 * count))
}
