//! 3 × 3 matrices between RGB and XYZ under D50.

/// The rows of a 3 × 3 matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Matrix3(pub(crate) [[f64; 3]; 3]);

/// The white of the connection space (ICC.1:2022, 7.2.16).
pub(crate) const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// The chromaticities `(x, y)` of white, red, green and blue.
pub(crate) type Chromaticities = [(f64, f64); 4];

/// ITU-R BT.709, and so sRGB.
pub(crate) const BT709: Chromaticities = [D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];
pub(crate) const D65: (f64, f64) = (0.3127, 0.3290);

impl Matrix3 {
    /// The matrix that changes nothing.
    pub(crate) const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// From linear RGB of these primaries to XYZ under D50; `None` when the primaries span no space.
    ///
    /// The primaries are scaled so that their sum is white, and the result is adapted from that white to D50 by the
    /// linearised Bradford transform (ICC.1:2022, annex E): to cone responses, each scaled to that of D50, and back.
    pub(crate) fn to_xyz([white, red, green, blue]: Chromaticities) -> Option<Self> {
        let white = xyz(white);
        let primaries = Self::from_columns(xyz(red), xyz(green), xyz(blue));
        let amounts = primaries.inverse()?.times(white);
        let scaled = Self(primaries.0.map(|[r, g, b]| [r * amounts[0], g * amounts[1], b * amounts[2]]));
        let (from, to) = (BRADFORD.times(white), BRADFORD.times(D50));
        let gains = Self([[to[0] / from[0], 0.0, 0.0], [0.0, to[1] / from[1], 0.0], [0.0, 0.0, to[2] / from[2]]]);
        let adapted = BRADFORD.inverse()?.after(&gains.after(&BRADFORD.after(&scaled)));
        adapted.0.iter().flatten().all(|v| v.is_finite()).then_some(adapted)
    }

    /// The luminance of red, green and blue of these primaries where white has 1; `None` when they span no space.
    pub(crate) fn luminance([white, red, green, blue]: Chromaticities) -> Option<[f64; 3]> {
        // Each primary has luminance 1, so its amount in white is its part of white's luminance.
        let amounts = Self::from_columns(xyz(red), xyz(green), xyz(blue)).inverse()?.times(xyz(white));
        amounts.iter().all(|v| v.is_finite()).then_some(amounts)
    }

    /// From XYZ under D50 to linear sRGB.
    pub(crate) fn xyz_to_srgb() -> Self {
        Self::to_xyz(BT709).and_then(|m| m.inverse()).unwrap_or(BRADFORD)
    }

    pub(crate) fn from_columns(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> Self {
        Self([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [a[2], b[2], c[2]]])
    }

    pub(crate) fn times(&self, v: [f64; 3]) -> [f64; 3] {
        self.0.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    /// The matrix that does `first`, then this.
    pub(crate) fn after(&self, first: &Self) -> Self {
        let [a, b, c] = first.transposed().0;
        Self::from_columns(self.times(a), self.times(b), self.times(c))
    }

    fn transposed(&self) -> Self {
        Self::from_columns(self.0[0], self.0[1], self.0[2])
    }

    /// By Cramer's rule; `None` when the determinant is 0 within rounding.
    pub(crate) fn inverse(&self) -> Option<Self> {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.0;
        let minors = [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ];
        let determinant = a * minors[0][0] + b * minors[1][0] + c * minors[2][0];
        (determinant.abs() > 1e-9).then(|| Self(minors.map(|row| row.map(|v| v / determinant))))
    }
}

/// The XYZ of a chromaticity at luminance 1.
fn xyz((x, y): (f64, f64)) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

/// From XYZ to the cone responses of Bradford (ICC.1:2022, annex E).
const BRADFORD: Matrix3 = Matrix3([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]);

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &Matrix3, wanted: [[f64; 3]; 3], tolerance: f64) {
        let pairs = found.0.iter().flatten().zip(wanted.iter().flatten());
        assert!(pairs.clone().all(|(f, w)| (f - w).abs() <= tolerance), "{found:?} {wanted:?}");
    }

    /// The media colorants of the ICC's own sRGB profiles, as `rXYZ`, `gXYZ` and `bXYZ` store them.
    #[test]
    fn srgb_has_the_colorants_of_its_icc_profiles() {
        let found = Matrix3::to_xyz(BT709).unwrap();
        let wanted = [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]];
        near(&found, wanted, 0.0002);
    }

    /// The colorants of Adobe RGB (1998), as its profile stores them.
    #[test]
    fn adobe_rgb_has_the_colorants_of_its_icc_profile() {
        let found = Matrix3::to_xyz([D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]).unwrap();
        let wanted = [[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]];
        near(&found, wanted, 0.0002);
    }

    #[test]
    fn white_is_d50_whatever_the_primaries() {
        let p3 = [D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)];
        let ntsc = [(0.310, 0.316), (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)];
        for points in [BT709, p3, ntsc] {
            let white = Matrix3::to_xyz(points).unwrap().times([1.0; 3]);
            assert!(white.iter().zip(D50).all(|(f, w)| (f - w).abs() < 1e-12), "{white:?}");
        }
    }

    #[test]
    fn there_and_back_is_the_identity() {
        let both = Matrix3::xyz_to_srgb().after(&Matrix3::to_xyz(BT709).unwrap());
        near(&both, Matrix3::IDENTITY.0, 1e-12);
        let rows = Matrix3([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]]);
        near(&rows.inverse().unwrap(), [[-24.0, 18.0, 5.0], [20.0, -15.0, -4.0], [-5.0, 4.0, 1.0]], 1e-12);
    }

    /// The weights that BT.709 and BT.2020 state, which follow from their primaries.
    #[test]
    fn luminance_follows_from_the_primaries() {
        let bt2020 = [D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)];
        for (points, wanted) in [(BT709, [0.2126, 0.7152, 0.0722]), (bt2020, [0.2627, 0.678, 0.0593])] {
            let found = Matrix3::luminance(points).unwrap();
            assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-4), "{found:?}");
        }
    }

    #[test]
    fn primaries_on_a_line_span_no_space() {
        assert!(Matrix3::to_xyz([D65, (0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]).is_none());
        assert!(Matrix3::to_xyz([D65, (0.64, 0.0), (0.3, 0.6), (0.15, 0.06)]).is_none());
    }
}
