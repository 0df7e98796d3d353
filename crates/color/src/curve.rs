//! One-dimensional curves of ICC profiles (ICC.1:2022: `curveType` 10.6, `parametricCurveType` 10.18, tables of 10.10
//! and 10.11).
//!
//! A curve is a view of the profile's bytes and is evaluated in `f64`, with `pow` of the pinned `libm` crate. Pixels
//! never meet one: [`crate::shaper`] and [`crate::grid`] make tables of it.

use libm::pow;

use crate::numbers::{fixed, length, word};

/// A curve on 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Curve<'a> {
    /// The value itself.
    Identity,
    /// Equally spaced values, 255 being 1.
    Bytes(&'a [u8]),
    /// Equally spaced big-endian values, 65 535 being 1.
    Words(&'a [[u8; 2]]),
    /// A power and a line.
    Parametric(Parametric),
}

/// `(a·x + b)^gamma + e` from `start` on, `slope·x + offset` below: the five function types of `parametricCurveType` as
/// one.
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
    /// The curve of sRGB (IEC 61966-2-1), from encoded value to light.
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

    /// The value at `x`. Outside 0–1 a table has the value of its nearer end. A parametric curve may give a value
    /// outside 0–1, and gives 0 where its formula has no finite value.
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

/// The value at `x` by linear interpolation in a table of `len` ≥ 2 entries.
fn between(x: f64, len: usize, entry: impl Fn(usize) -> f64) -> f64 {
    let (index, fraction) = cell(x, len);
    let low = entry(index);
    low + (entry(index + 1) - low) * fraction
}

/// The cell of `len` ≥ 2 equally spaced points that `x` falls into, and the fraction of the way to the cell's end.
///
/// The index is at most `len − 2`, so the point after it exists; 1 is the end of the last cell. NaN counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the position is within 0..len")]
pub(crate) fn cell(x: f64, len: usize) -> (usize, f64) {
    let position = unit(x) * (len - 1) as f64;
    let index = (position as usize).min(len - 2);
    (index, position - index as f64)
}

/// `x` within 0–1. NaN becomes 0.
pub(crate) fn unit(x: f64) -> f64 {
    if x > 0.0 { x.min(1.0) } else { 0.0 }
}

/// Reads a `curv` or `para` element, and says how many bytes it has.
pub(crate) fn read(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    match bytes.get(..4)? {
        b"curv" => sampled(bytes),
        b"para" => parametric(bytes),
        _ => None,
    }
}

/// `curveType`: no entry is the identity, one is an exponent as `u8Fixed8Number`, more are a table.
fn sampled(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    let count = length(bytes, 8)?;
    let end = count.checked_mul(2)?.checked_add(12)?;
    let table = bytes.get(12..end)?.as_chunks().0;
    let curve = match table {
        [] => Curve::Identity,
        [gamma] => Curve::power(f64::from(u16::from_be_bytes(*gamma)) / 256.0),
        _ => Curve::Words(table),
    };
    Some((curve, end))
}

/// `parametricCurveType`: the five function types of table 68.
fn parametric(bytes: &[u8]) -> Option<(Curve<'_>, usize)> {
    let kind = word(bytes, 8)?;
    let count = *[1, 3, 4, 5, 7].get(usize::from(kind))?;
    let mut p = [0.0; 7];
    for (i, to) in p.iter_mut().enumerate().take(count) {
        *to = fixed(bytes, 12 + 4 * i)?;
    }
    let [gamma, a, b, c, d, e, f] = p;
    // Types 1 and 2 change from line to power where the base of the power is 0.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
    }

    /// A `para` element whose parameters are all exact in `s15Fixed16Number`.
    fn para(kind: u16, parameters: &[f64]) -> Vec<u8> {
        #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
        let fixed = parameters.iter().flat_map(|v| ((v * 65_536.0).round() as i32).to_be_bytes());
        [b"para\0\0\0\0".to_vec(), kind.to_be_bytes().to_vec(), vec![0, 0], fixed.collect()].concat()
    }

    fn curv(entries: &[u16]) -> Vec<u8> {
        let count = u32::try_from(entries.len()).unwrap().to_be_bytes();
        let entries = entries.iter().flat_map(|v| v.to_be_bytes());
        [b"curv\0\0\0\0".to_vec(), count.to_vec(), entries.collect()].concat()
    }

    /// IEC 61966-2-1: the line below 0.040 45, 0.5 and the ends.
    #[test]
    fn srgb_has_the_points_of_its_standard() {
        near(Curve::SRGB.at(0.0), 0.0);
        near(Curve::SRGB.at(0.04), 0.04 / 12.92);
        near(Curve::SRGB.at(0.040_45), 0.003_130_8);
        near(Curve::SRGB.at(0.5), 0.214_041);
        near(Curve::SRGB.at(1.0), 1.0);
    }

    #[test]
    fn the_five_function_types_are_those_of_icc() {
        let at = |kind, parameters: &[f64], x| read(&para(kind, parameters)).unwrap().0.at(x);
        // Y = X^g.
        near(at(0, &[2.0], 0.5), 0.25);
        // Y = (aX + b)^g from −b/a on, else 0.
        near(at(1, &[2.0, 2.0, -0.5], 0.5), 0.25);
        near(at(1, &[2.0, 2.0, -0.5], 0.2), 0.0);
        // Y = (aX + b)^g + c from −b/a on, else c.
        near(at(2, &[2.0, 2.0, -0.5, 0.125], 0.5), 0.375);
        near(at(2, &[2.0, 2.0, -0.5, 0.125], 0.2), 0.125);
        // Y = (aX + b)^g from d on, else cX.
        near(at(3, &[2.0, 1.0, 0.0, 0.5, 0.25], 0.5), 0.25);
        near(at(3, &[2.0, 1.0, 0.0, 0.5, 0.25], 0.125), 0.062_5);
        // Y = (aX + b)^g + e from d on, else cX + f.
        near(at(4, &[2.0, 1.0, 0.0, 0.5, 0.25, 0.125, 0.0625], 0.5), 0.375);
        near(at(4, &[2.0, 1.0, 0.0, 0.5, 0.25, 0.125, 0.0625], 0.125), 0.125);
        assert!(read(&para(5, &[2.0; 7])).is_none());
    }

    #[test]
    fn a_table_is_linear_between_its_entries_and_ends_at_its_ends() {
        let bytes = curv(&[0, 65_535, 32_768]);
        let (curve, len) = read(&bytes).unwrap();
        assert_eq!(len, 18);
        for (x, wanted) in [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.75, 0.75), (1.0, 0.5), (2.0, 0.5), (-1.0, 0.0)] {
            near(curve.at(x), wanted);
        }
    }

    #[test]
    fn short_curves_are_the_identity_or_an_exponent() {
        near(read(&curv(&[])).unwrap().0.at(0.3), 0.3);
        near(read(&curv(&[0x0200])).unwrap().0.at(0.5), 0.25);
        assert!(read(&curv(&[1, 2])[..15]).is_none());
    }

    #[test]
    fn a_cell_and_the_point_after_it_exist_for_every_number() {
        assert_eq!(cell(0.0, 5), (0, 0.0));
        assert_eq!(cell(0.5, 5), (2, 0.0));
        assert_eq!(cell(1.0, 5), (3, 1.0));
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 9.0] {
            let (index, fraction) = cell(odd, 2);
            assert!(index == 0 && (0.0..=1.0).contains(&fraction));
        }
    }

    #[test]
    fn a_power_without_a_finite_value_is_0() {
        near(read(&para(0, &[-2.0])).unwrap().0.at(0.0), 0.0);
        near(read(&para(1, &[2.0, 0.0, 0.0])).unwrap().0.at(0.7), 0.0);
    }
}
