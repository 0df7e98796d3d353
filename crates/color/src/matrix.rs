//! 3×3 matrices between RGB and XYZ under D50.

/// Rows of a 3×3 matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Matrix(pub(crate) [[f64; 3]; 3]);

/// The white of the connection space (ICC.1:2022, 7.2.16).
pub(crate) const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// White, red, green and blue as `(x, y)`.
pub(crate) type Points = [(f64, f64); 4];

/// ITU-R BT.709, and so sRGB.
pub(crate) const BT709: Points = [D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];
pub(crate) const D65: (f64, f64) = (0.3127, 0.3290);

impl Matrix {
    /// RGB of those primaries to XYZ: scaled so that white is white, then adapted to D50 (ICC.1:2022, annex E).
    /// `None` when the points span no space.
    pub(crate) fn to_xyz([white, red, green, blue]: Points) -> Option<Self> {
        let white = xyz(white);
        let primaries = Self::from_columns(xyz(red), xyz(green), xyz(blue));
        let amounts = primaries.inverse()?.times(white);
        let scaled = Self(primaries.0.map(|[r, g, b]| [r * amounts[0], g * amounts[1], b * amounts[2]]));
        let (from, to) = (BRADFORD.times(white), BRADFORD.times(D50));
        let gains = Self([[to[0] / from[0], 0.0, 0.0], [0.0, to[1] / from[1], 0.0], [0.0, 0.0, to[2] / from[2]]]);
        let adapted = BRADFORD.inverse()?.after(&gains.after(&BRADFORD.after(&scaled)));
        adapted.0.iter().flatten().all(|v| v.is_finite()).then_some(adapted)
    }

    /// XYZ under D50 to linear sRGB.
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

    fn inverse(&self) -> Option<Self> {
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

/// At luminance 1.
fn xyz((x, y): (f64, f64)) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

const BRADFORD: Matrix = Matrix([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]);
