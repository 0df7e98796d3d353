//! A way from device values to the connection space, as a colour description gives it.

use crate::curve::Curve;
use crate::matrix::Matrix;
use crate::pipeline::Pipeline;

/// A way from device values to the connection space.
#[derive(Debug, Clone)]
pub(crate) enum Profile<'a> {
    Gray(Gray<'a>),
    Rgb(Rgb<'a>),
    Lut(Box<Pipeline<'a>>),
}

/// One curve.
#[derive(Debug, Clone)]
pub(crate) enum Gray<'a> {
    /// To luminance 0–1.
    Luminance(Curve<'a>),
    /// To L*, 1 being 100.
    Lightness(Curve<'a>),
}

/// A curve for each channel, then a matrix.
#[derive(Debug, Clone)]
pub(crate) struct Rgb<'a> {
    pub(crate) curves: [Curve<'a>; 3],
    pub(crate) to_xyz: Matrix,
}
