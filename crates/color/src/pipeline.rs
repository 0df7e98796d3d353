//! A profile's table from device values to the connection space, on to linear sRGB (ICC.1:2022, 10.10–10.12).
//!
//! Evaluated in `f64` at the nodes of a grid, never at pixels; [`crate::lut`] has the rest.

use std::array::from_fn;

use crate::curve::{self, Curve, cell, unit};
use crate::description::ColorModel;
use crate::matrix::{D50, Matrix};
use crate::numbers::{fixed, length, word};
use crate::tags::{Pcs, Tags};

/// `lut8Type`, `lut16Type` or `lutAToBType`, in the order of the last: A curves, CLUT, M curves, matrix, B curves.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline<'a> {
    pub(crate) space: ColorModel,
    a: [Curve<'a>; 4],
    pub(crate) clut: Option<Clut<'a>>,
    m: [Curve<'a>; 3],
    matrix: Matrix,
    offset: [f64; 3],
    b: [Curve<'a>; 3],
    encoding: Encoding,
    /// What black is moved from, to 0.
    black: [f64; 3],
    to_srgb: Matrix,
}

/// A device value after its curve, and in the colour table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    value: f64,
    /// Of the cell's start, in nodes.
    offset: usize,
    /// Within the cell.
    fraction: f64,
}

/// How 0–1 stand for the connection space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Xyz,
    Lab,
    /// `lut16Type` keeps version 2's: 0xFF00 is L* 100 (10.10, table 42).
    LabOfVersion2,
}

impl<'a> Pipeline<'a> {
    /// The pipeline in a tag; `None` when it is malformed or does not fit the profile.
    pub(crate) fn read(tag: &'a [u8], tags: &Tags<'_>) -> Option<Self> {
        let kind = tag.get(..4)?;
        if usize::from(*tag.get(8)?) != tags.space.channels() || *tag.get(9)? != 3 {
            return None;
        }
        let mut pipeline = match kind {
            b"mft1" => older(tag, tags.space, 256, 256, 48)?,
            b"mft2" => older(tag, tags.space, word(tag, 48)?.into(), word(tag, 50)?.into(), 52)?,
            b"mAB " => newer(tag, tags.space)?,
            _ => return None,
        };
        pipeline.encoding = match tags.pcs {
            Pcs::Xyz => Encoding::Xyz,
            Pcs::Lab if kind == b"mft2" => Encoding::LabOfVersion2,
            Pcs::Lab => Encoding::Lab,
        };
        pipeline.black = pipeline.darkest(tags.version);
        Some(pipeline)
    }

    /// Linear sRGB of device values 0–1; out of gamut it leaves 0–1.
    pub(crate) fn linear_srgb(&self, device: [f64; 4]) -> [f64; 3] {
        self.linear_srgb_at(from_fn(|axis| self.place(axis, device[axis])))
    }

    /// Where a device value leads to along an axis: what many points have in common. The older types' matrix is for
    /// device values that are XYZ (10.10), which pictures' are not.
    pub(crate) fn place(&self, axis: usize, device: f64) -> Place {
        let value = self.a[axis].at(device);
        match &self.clut {
            Some(clut) if axis < clut.channels => {
                let (index, fraction) = cell(value, clut.grid[axis]);
                Place { value, offset: index * clut.strides[axis], fraction }
            }
            _ => Place { value, offset: 0, fraction: 0.0 },
        }
    }

    /// As [`Self::linear_srgb`].
    pub(crate) fn linear_srgb_at(&self, places: [Place; 4]) -> [f64; 3] {
        let xyz = self.xyz(places);
        let scaled = from_fn(|i| D50[i] * (xyz[i] - self.black[i]) / (D50[i] - self.black[i]));
        self.to_srgb.times(scaled)
    }

    fn xyz(&self, places: [Place; 4]) -> [f64; 3] {
        let v = match &self.clut {
            Some(clut) => clut.at(places),
            None => [places[0].value, places[1].value, places[2].value],
        };
        let v = self.matrix.times(from_fn(|i| self.m[i].at(v[i])));
        let v = from_fn(|i| unit(self.b[i].at(v[i] + self.offset[i])));
        self.encoding.xyz(v)
    }

    /// The black to compensate for, as LittleCMS finds it for the perceptual intent: the reference medium's in version 4
    /// (ICC.1:2022, 6.4), else the neutral of the darkest colour.
    fn darkest(&self, version: u8) -> [f64; 3] {
        if version >= 4 {
            return [0.003_36, 0.003_473_1, 0.002_87];
        }
        let device = if self.space == ColorModel::Cmyk { 1.0 } else { 0.0 };
        let most = cubed_back((50.0 + 16.0) / 116.0);
        let luminance = self.xyz(from_fn(|axis| self.place(axis, device)))[1].clamp(0.0, most);
        D50.map(|white| white * luminance)
    }
}

impl Encoding {
    fn xyz(self, v: [f64; 3]) -> [f64; 3] {
        let (l, a, b) = match self {
            Self::Xyz => return v.map(|v| v * (65_535.0 / 32_768.0)),
            Self::Lab => (v[0] * 100.0, v[1] * 255.0 - 128.0, v[2] * 255.0 - 128.0),
            Self::LabOfVersion2 => {
                let [l, a, b] = v.map(|v| v * (65_535.0 / 256.0));
                (l * (100.0 / 255.0), a - 128.0, b - 128.0)
            }
        };
        let y = (l + 16.0) / 116.0;
        let [x, y, z] = [y + a / 500.0, y, y - b / 200.0].map(cubed_back);
        [x * D50[0], y * D50[1], z * D50[2]]
    }
}

/// CIE 1976 lightness undone; 0–1 for a neutral's `(L* + 16) / 116`.
pub(crate) fn cubed_back(t: f64) -> f64 {
    if t > 24.0 / 116.0 { t * t * t } else { (108.0 / 841.0) * (t - 16.0 / 116.0) }
}

/// `lut8Type` and `lut16Type`: tables begin at `at`.
fn older(tag: &[u8], space: ColorModel, inputs: usize, outputs: usize, at: usize) -> Option<Pipeline<'_>> {
    let channels = space.channels();
    let wide = at == 52;
    let width = if wide { 2 } else { 1 };
    if inputs < 2 || outputs < 2 {
        return None;
    }
    let grid = [*tag.get(10)?; 4];
    let clut_at = at + channels * inputs * width;
    let clut = Clut::read(tag.get(clut_at..)?, grid, channels, wide)?;
    let outputs_at = clut_at.checked_add(clut.samples.bytes().len())?;
    let table = |at: usize, len: usize, i: usize| {
        let start = at.checked_add(i * len * width)?;
        let bytes = tag.get(start..start.checked_add(len * width)?)?;
        Some(if wide { Curve::Words(bytes.as_chunks().0) } else { Curve::Bytes(bytes) })
    };
    let mut pipeline = identity(space);
    for (i, to) in pipeline.a.iter_mut().enumerate().take(channels) {
        *to = table(at, inputs, i)?;
    }
    for (i, to) in pipeline.b.iter_mut().enumerate() {
        *to = table(outputs_at, outputs, i)?;
    }
    pipeline.clut = Some(clut);
    Some(pipeline)
}

/// `lutAToBType`; an offset of 0 leaves a stage out.
fn newer(tag: &[u8], space: ColorModel) -> Option<Pipeline<'_>> {
    let channels = space.channels();
    let stage = |at: usize| length(tag, at).map(|offset| (offset != 0).then_some(offset));
    let mut pipeline = identity(space);
    if let Some(at) = stage(12)? {
        curves(tag, at, &mut pipeline.b)?;
    }
    if let Some(at) = stage(16)? {
        pipeline.matrix = matrix(tag, at)?;
        pipeline.offset = from_fn(|i| fixed(tag, at.saturating_add(36 + 4 * i)).unwrap_or(f64::NAN));
        if pipeline.offset.iter().any(|v| v.is_nan()) {
            return None;
        }
    }
    if let Some(at) = stage(20)? {
        curves(tag, at, &mut pipeline.m)?;
    }
    match stage(24)? {
        Some(at) => {
            let clut = tag.get(at..)?;
            let wide = match clut.get(16)? {
                1 => false,
                2 => true,
                _ => return None,
            };
            pipeline.clut = Some(Clut::read(clut.get(20..)?, *clut.first_chunk()?, channels, wide)?);
        }
        // Without a CLUT nothing turns four channels, or one, into three.
        None if channels != 3 => return None,
        None => {}
    }
    if let Some(at) = stage(28)? {
        curves(tag, at, pipeline.a.get_mut(..channels)?)?;
    }
    Some(pipeline)
}

/// Curves one after another, each padded to four bytes.
fn curves<'a>(tag: &'a [u8], mut at: usize, to: &mut [Curve<'a>]) -> Option<()> {
    for to in to {
        let (curve, len) = curve::read(tag.get(at..)?)?;
        *to = curve;
        at = at.checked_add(len.next_multiple_of(4))?;
    }
    Some(())
}

fn matrix(bytes: &[u8], at: usize) -> Option<Matrix> {
    let bytes = bytes.get(at..at.checked_add(36)?)?;
    let mut matrix = IDENTITY;
    for (i, to) in matrix.0.iter_mut().flatten().enumerate() {
        *to = fixed(bytes, 4 * i)?;
    }
    Some(matrix)
}

fn identity<'a>(space: ColorModel) -> Pipeline<'a> {
    Pipeline {
        space,
        a: [Curve::Identity; 4],
        clut: None,
        m: [Curve::Identity; 3],
        matrix: IDENTITY,
        offset: [0.0; 3],
        b: [Curve::Identity; 3],
        encoding: Encoding::Xyz,
        black: [0.0; 3],
        to_srgb: Matrix::xyz_to_srgb(),
    }
}

const IDENTITY: Matrix = Matrix([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

/// A colour table of one, three or four inputs and three outputs; the first input varies slowest.
#[derive(Debug, Clone)]
pub(crate) struct Clut<'a> {
    /// Points along each input, 2–255.
    pub(crate) grid: [usize; 4],
    /// Nodes from one point to the next along each input; 0 along none.
    strides: [usize; 4],
    channels: usize,
    samples: Samples<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Samples<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u8]),
}

impl<'a> Samples<'a> {
    fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) | Self::Words(bytes) => bytes,
        }
    }
}

impl<'a> Clut<'a> {
    fn read(bytes: &'a [u8], grid: [u8; 4], channels: usize, wide: bool) -> Option<Self> {
        let mut sizes = [0; 4];
        let mut len = if wide { 6usize } else { 3 };
        for (to, &points) in sizes.iter_mut().zip(&grid).take(channels) {
            if points < 2 {
                return None;
            }
            *to = usize::from(points);
            len = len.checked_mul(*to)?;
        }
        let bytes = bytes.get(..len)?;
        let samples = if wide { Samples::Words(bytes) } else { Samples::Bytes(bytes) };
        let mut strides = [0; 4];
        let mut stride = 1;
        for axis in (0..channels).rev() {
            strides[axis] = stride;
            stride *= sizes[axis];
        }
        Some(Self { grid: sizes, strides, channels, samples })
    }

    /// Tetrahedral in three inputs; linear along the first of four, as LittleCMS has it.
    fn at(&self, places: [Place; 4]) -> [f64; 3] {
        let base = places.iter().map(|place| place.offset).sum();
        let axis = |i: usize| (places[i].fraction, self.strides[i]);
        if self.channels < 4 {
            return self.simplex(base, [axis(0), axis(1), axis(2)]);
        }
        let rest = [axis(1), axis(2), axis(3)];
        let (low, high) = (self.simplex(base, rest), self.simplex(base + self.strides[0], rest));
        from_fn(|i| low[i] + (high[i] - low[i]) * places[0].fraction)
    }

    /// From the base corner towards the far one, along the axis of the largest fraction first.
    fn simplex(&self, base: usize, [a, b, c]: [(f64, usize); 3]) -> [f64; 3] {
        let (a, b) = if a.0 < b.0 { (b, a) } else { (a, b) };
        let (b, c) = if b.0 < c.0 { (c, b) } else { (b, c) };
        let (a, b) = if a.0 < b.0 { (b, a) } else { (a, b) };
        let first = base + a.1;
        let [n0, n1, n2, n3] = [base, first, first + b.1, first + b.1 + c.1].map(|at| self.node(at));
        from_fn(|i| n0[i] + (n1[i] - n0[i]) * a.0 + (n2[i] - n1[i]) * b.0 + (n3[i] - n2[i]) * c.0)
    }

    /// The node at `index`, 0–1. Every index that [`cell`] leads to exists.
    fn node(&self, index: usize) -> [f64; 3] {
        match self.samples {
            Samples::Bytes(bytes) => bytes.as_chunks::<3>().0[index].map(|v| f64::from(v) / 255.0),
            Samples::Words(bytes) => {
                let [a, b, c, d, e, f] = bytes.as_chunks::<6>().0[index];
                [[a, b], [c, d], [e, f]].map(|v| f64::from(u16::from_be_bytes(v)) / 65_535.0)
            }
        }
    }
}
