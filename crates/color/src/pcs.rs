//! The profile connection space: XYZ or CIELAB under D50 (ICC.1:2022, 6.3), and the numbers that stand for it in
//! tables.

use crate::matrix::D50;

/// The connection space of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pcs {
    Xyz,
    Lab,
}

/// How table values of 0–1 stand for the connection space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PcsEncoding {
    /// 1 is the largest `u1Fixed15Number`, 1 + 32 767/32 768.
    Xyz,
    /// 1 is L* 100, and a* and b* go from −128 to 127.
    Lab,
    /// The encoding of version 2, which `lut16Type` has kept: 0xFF00 is L* 100, 0x8000 is a* 0 (10.10, table 42).
    LabOfVersion2,
}

impl PcsEncoding {
    /// The XYZ under D50 of three table values.
    pub(crate) fn xyz(self, v: [f64; 3]) -> [f64; 3] {
        let (l, a, b) = match self {
            Self::Xyz => return v.map(|v| v * (65_535.0 / 32_768.0)),
            Self::Lab => (v[0] * 100.0, v[1] * 255.0 - 128.0, v[2] * 255.0 - 128.0),
            Self::LabOfVersion2 => {
                let [l, a, b] = v.map(|v| v * (65_535.0 / 256.0));
                (l * (100.0 / 255.0), a - 128.0, b - 128.0)
            }
        };
        let y = (l + 16.0) / 116.0;
        let [x, y, z] = [y + a / 500.0, y, y - b / 200.0].map(cie_inverse);
        [x * D50[0], y * D50[1], z * D50[2]]
    }
}

/// The inverse of CIELAB's function `f` (CIE 15): relative to white, the tristimulus value of which `f` is `t`.
///
/// For a neutral `t` is `(L* + 16) / 116`, and the result is its luminance, 0–1.
pub(crate) fn cie_inverse(t: f64) -> f64 {
    if t > 24.0 / 116.0 { t * t * t } else { (108.0 / 841.0) * (t - 16.0 / 116.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: [f64; 3], wanted: [f64; 3]) {
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-9), "{found:?} {wanted:?}");
    }

    #[test]
    fn white_and_black_of_each_encoding_are_those_of_the_space() {
        let word = |v: u16| f64::from(v) / 65_535.0;
        near(PcsEncoding::Xyz.xyz([word(0x8000); 3]), [1.0; 3]);
        near(PcsEncoding::Lab.xyz([1.0, 128.0 / 255.0, 128.0 / 255.0]), D50);
        near(PcsEncoding::LabOfVersion2.xyz([word(0xFF00), word(0x8000), word(0x8000)]), D50);
        for encoding in [PcsEncoding::Lab, PcsEncoding::LabOfVersion2] {
            let neutral = if encoding == PcsEncoding::Lab { 128.0 / 255.0 } else { word(0x8000) };
            near(encoding.xyz([0.0, neutral, neutral]), [0.0; 3]);
        }
    }

    #[test]
    fn lightness_50_is_the_luminance_that_cie_gives() {
        // ((50 + 16) / 116)³ = 0.184 186 5…
        assert!((cie_inverse(66.0 / 116.0) - 0.184_186_518_512_444_5).abs() < 1e-12);
        // Below L* 8 the line L* = 24 389/27 × Y.
        assert!((cie_inverse((8.0 + 16.0) / 116.0) - 216.0 / 24_389.0).abs() < 1e-12);
        assert!((cie_inverse((1.0 + 16.0) / 116.0) - 27.0 / 24_389.0).abs() < 1e-12);
    }
}
