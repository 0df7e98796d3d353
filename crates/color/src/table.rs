//! A profile's table from device values to the connection space, and on to linear sRGB (ICC.1:2022, 10.10–10.12).
//!
//! The stages are those of `lutAToBType`, in this order: A curves, CLUT, M curves, matrix with offset, B curves. The
//! older `lut8Type` and `lut16Type` have input tables (here A), a CLUT and output tables (here B). Stages that a
//! profile leaves out are the identity.
//!
//! All of it is `f64` and is evaluated at the nodes of a grid, never at pixels. [`crate::grid`] makes that grid and
//! interpolates in it.

use std::array::from_fn;

use crate::clut::{AxisPosition, Clut};
use crate::curve::{self, Curve, cell, unit};
use crate::description::ColorModel;
use crate::matrix::{D50, Matrix3};
use crate::numbers::{fixed, length, word};
use crate::pcs::{Pcs, PcsEncoding, cie_inverse};
use crate::tags::Tags;

/// The stages of a table from device values to linear sRGB.
#[derive(Debug, Clone)]
pub(crate) struct TableProfile<'a> {
    pub(crate) space: ColorModel,
    a: [Curve<'a>; 4],
    pub(crate) clut: Option<Clut<'a>>,
    m: [Curve<'a>; 3],
    matrix: Matrix3,
    offset: [f64; 3],
    b: [Curve<'a>; 3],
    encoding: PcsEncoding,
    /// The XYZ that becomes 0: black point compensation.
    black: [f64; 3],
    to_srgb: Matrix3,
}

impl<'a> TableProfile<'a> {
    /// The table in `tag`; `None` when it is malformed or does not fit the profile.
    pub(crate) fn read(tag: &'a [u8], tags: &Tags<'_>) -> Option<Self> {
        let kind = tag.get(..4)?;
        if usize::from(*tag.get(8)?) != tags.space.channels() || *tag.get(9)? != 3 {
            return None;
        }
        let mut table = match kind {
            b"mft1" => older(tag, tags.space, 256, 256, 1)?,
            b"mft2" => older(tag, tags.space, word(tag, 48)?.into(), word(tag, 50)?.into(), 2)?,
            b"mAB " => newer(tag, tags.space)?,
            _ => return None,
        };
        table.encoding = match tags.pcs {
            Pcs::Xyz => PcsEncoding::Xyz,
            Pcs::Lab if kind == b"mft2" => PcsEncoding::LabOfVersion2,
            Pcs::Lab => PcsEncoding::Lab,
        };
        table.black = table.darkest(tags.version);
        Some(table)
    }

    /// Linear sRGB of device values 0–1. A colour outside the gamut of sRGB has values outside 0–1.
    pub(crate) fn linear_srgb(&self, device: [f64; 4]) -> [f64; 3] {
        self.linear_srgb_at(from_fn(|axis| self.position(axis, device[axis])))
    }

    /// Where a device value lies along an axis after its curve. Many points of a grid share it.
    ///
    /// The matrix of the older types is not applied: it is for device values that are XYZ (10.10), and pictures have
    /// none.
    pub(crate) fn position(&self, axis: usize, device: f64) -> AxisPosition {
        let value = self.a[axis].at(device);
        match &self.clut {
            Some(clut) if axis < clut.channels => {
                let (index, fraction) = cell(value, clut.grid[axis]);
                AxisPosition { value, offset: index * clut.strides[axis], fraction }
            }
            _ => AxisPosition { value, offset: 0, fraction: 0.0 },
        }
    }

    /// As [`Self::linear_srgb`], from positions along the axes.
    ///
    /// Black is compensated: XYZ is stretched linearly so that `black` becomes 0 and the white of D50 stays.
    pub(crate) fn linear_srgb_at(&self, positions: [AxisPosition; 4]) -> [f64; 3] {
        let xyz = self.xyz(positions);
        let scaled = from_fn(|i| D50[i] * (xyz[i] - self.black[i]) / (D50[i] - self.black[i]));
        self.to_srgb.times(scaled)
    }

    fn xyz(&self, positions: [AxisPosition; 4]) -> [f64; 3] {
        let v = match &self.clut {
            Some(clut) => clut.at(positions),
            None => [positions[0].value, positions[1].value, positions[2].value],
        };
        let v = self.matrix.times(from_fn(|i| self.m[i].at(v[i])));
        let v = from_fn(|i| unit(self.b[i].at(v[i] + self.offset[i])));
        self.encoding.xyz(v)
    }

    /// The black to compensate for, as LittleCMS finds it for the perceptual intent: the reference medium's in version
    /// 4 (ICC.1:2022, 6.4), else the neutral of the darkest colour, at most L* 50.
    fn darkest(&self, version: u8) -> [f64; 3] {
        if version >= 4 {
            return [0.003_36, 0.003_473_1, 0.002_87];
        }
        let device = if self.space == ColorModel::Cmyk { 1.0 } else { 0.0 };
        let most = cie_inverse((50.0 + 16.0) / 116.0);
        let luminance = self.xyz(from_fn(|axis| self.position(axis, device)))[1].clamp(0.0, most);
        D50.map(|white| white * luminance)
    }
}

/// Reads `lut8Type` (one byte per value) and `lut16Type` (two): input tables, CLUT, output tables.
fn older(
    tag: &[u8],
    space: ColorModel,
    inputs: usize,
    outputs: usize,
    bytes_per_value: usize,
) -> Option<TableProfile<'_>> {
    let channels = space.channels();
    let tables_at = if bytes_per_value == 2 { 52 } else { 48 };
    if inputs < 2 || outputs < 2 {
        return None;
    }
    let grid = [*tag.get(10)?; 4];
    let clut_at = tables_at + channels * inputs * bytes_per_value;
    let clut = Clut::read(tag.get(clut_at..)?, grid, channels, bytes_per_value)?;
    let outputs_at = clut_at.checked_add(clut.byte_len())?;
    let sampled = |at: usize, len: usize, i: usize| {
        let start = at.checked_add(i * len * bytes_per_value)?;
        let bytes = tag.get(start..start.checked_add(len * bytes_per_value)?)?;
        Some(if bytes_per_value == 2 { Curve::Words(bytes.as_chunks().0) } else { Curve::Bytes(bytes) })
    };
    let mut table = identity(space);
    for (i, to) in table.a.iter_mut().enumerate().take(channels) {
        *to = sampled(tables_at, inputs, i)?;
    }
    for (i, to) in table.b.iter_mut().enumerate() {
        *to = sampled(outputs_at, outputs, i)?;
    }
    table.clut = Some(clut);
    Some(table)
}

/// Reads `lutAToBType`, where an offset of 0 leaves a stage out.
fn newer(tag: &[u8], space: ColorModel) -> Option<TableProfile<'_>> {
    let channels = space.channels();
    let stage = |at: usize| length(tag, at).map(|offset| (offset != 0).then_some(offset));
    let mut table = identity(space);
    if let Some(at) = stage(12)? {
        curves(tag, at, &mut table.b)?;
    }
    if let Some(at) = stage(16)? {
        table.matrix = matrix(tag, at)?;
        table.offset = from_fn(|i| fixed(tag, at.saturating_add(36 + 4 * i)).unwrap_or(f64::NAN));
        if table.offset.iter().any(|v| v.is_nan()) {
            return None;
        }
    }
    if let Some(at) = stage(20)? {
        curves(tag, at, &mut table.m)?;
    }
    match stage(24)? {
        Some(at) => {
            let clut = tag.get(at..)?;
            let bytes_per_value = match clut.get(16)? {
                &bytes @ (1 | 2) => usize::from(bytes),
                _ => return None,
            };
            table.clut = Some(Clut::read(clut.get(20..)?, *clut.first_chunk()?, channels, bytes_per_value)?);
        }
        // Without a CLUT nothing turns four channels, or one, into three.
        None if channels != 3 => return None,
        None => {}
    }
    if let Some(at) = stage(28)? {
        curves(tag, at, table.a.get_mut(..channels)?)?;
    }
    Some(table)
}

/// Reads curves that follow each other, each padded to a multiple of four bytes.
fn curves<'a>(tag: &'a [u8], mut at: usize, to: &mut [Curve<'a>]) -> Option<()> {
    for to in to {
        let (curve, len) = curve::read(tag.get(at..)?)?;
        *to = curve;
        at = at.checked_add(len.next_multiple_of(4))?;
    }
    Some(())
}

fn matrix(bytes: &[u8], at: usize) -> Option<Matrix3> {
    let bytes = bytes.get(at..at.checked_add(36)?)?;
    let mut matrix = Matrix3::IDENTITY;
    for (i, to) in matrix.0.iter_mut().flatten().enumerate() {
        *to = fixed(bytes, 4 * i)?;
    }
    Some(matrix)
}

/// A table without stages.
fn identity<'a>(space: ColorModel) -> TableProfile<'a> {
    TableProfile {
        space,
        a: [Curve::Identity; 4],
        clut: None,
        m: [Curve::Identity; 3],
        matrix: Matrix3::IDENTITY,
        offset: [0.0; 3],
        b: [Curve::Identity; 3],
        encoding: PcsEncoding::Xyz,
        black: [0.0; 3],
        to_srgb: Matrix3::xyz_to_srgb(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: [f64; 3], wanted: [f64; 3]) {
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-9), "{found:?} {wanted:?}");
    }

    /// Device values that are the connection space: `x` stands for `x × 65 535 / 32 768`.
    fn device([x, y, z]: [f64; 3]) -> [f64; 4] {
        [x, y, z, 0.0].map(|v| v * 32_768.0 / 65_535.0)
    }

    #[test]
    fn black_becomes_zero_and_white_stays() {
        let mut table = identity(ColorModel::Rgb);
        near(table.linear_srgb(device(D50)), [1.0; 3]);
        near(table.linear_srgb(device([0.0; 3])), [0.0; 3]);
        let black = D50.map(|white| white * 0.05);
        table.black = black;
        near(table.linear_srgb(device(black)), [0.0; 3]);
        near(table.linear_srgb(device(D50)), [1.0; 3]);
    }

    #[test]
    fn stages_follow_each_other_in_the_order_of_the_standard() {
        let mut table = identity(ColorModel::Rgb);
        table.a = [Curve::power(2.0); 4];
        table.m = [Curve::power(0.5); 3];
        table.matrix = Matrix3([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]);
        table.offset = [0.25; 3];
        table.b = [Curve::power(2.0); 3];
        // ((0.8²)^½ × ½ + ¼)² = 0.65².
        let positions = from_fn(|axis| table.position(axis, 0.8));
        near(table.xyz(positions), [0.65 * 0.65 * 65_535.0 / 32_768.0; 3]);
    }

    #[test]
    fn the_black_of_version_4_is_that_of_the_reference_medium() {
        let table = identity(ColorModel::Rgb);
        assert_eq!(table.darkest(4), [0.003_36, 0.003_473_1, 0.002_87]);
        // Device 0 is black here, and 1 for inks is brighter than L* 50.
        assert_eq!(table.darkest(2), [0.0; 3]);
        let most = cie_inverse(66.0 / 116.0);
        assert_eq!(identity(ColorModel::Cmyk).darkest(2), D50.map(|white| white * most));
    }

    #[test]
    fn tables_of_fewer_than_two_entries_are_none() {
        let tag = [0; 200];
        assert!(older(&tag, ColorModel::Rgb, 1, 256, 2).is_none());
        assert!(older(&tag, ColorModel::Rgb, 256, 0, 2).is_none());
    }
}
