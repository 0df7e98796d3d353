//! A way from device values to the connection space, as a colour description gives it.

use crate::curve::Curve;
use crate::matrix::Matrix3;
use crate::table::TableProfile;

/// A way from device values to the connection space.
#[derive(Debug, Clone)]
pub(crate) enum ColorProfile<'a> {
    Gray(GrayProfile<'a>),
    Matrix(MatrixProfile<'a>),
    Table(Box<TableProfile<'a>>),
}

/// A profile of one curve.
#[derive(Debug, Clone)]
pub(crate) enum GrayProfile<'a> {
    /// The curve gives luminance, 0–1.
    Luminance(Curve<'a>),
    /// The curve gives L*, 1 being 100.
    Lightness(Curve<'a>),
}

/// A profile of one curve for each channel (TRC) and a matrix.
#[derive(Debug, Clone)]
pub(crate) struct MatrixProfile<'a> {
    /// From red, green and blue to linear light.
    pub(crate) curves: [Curve<'a>; 3],
    /// From linear light to XYZ under D50.
    pub(crate) to_xyz: Matrix3,
}
