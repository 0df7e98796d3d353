//! Reads the tags of an ICC profile that lead from device values to its connection space (ICC.1:2022, clauses 7–10).
//!
//! Nothing is copied: curves and tables stay views of the profile's bytes, so a profile costs no more than itself.

use crate::curve;
use crate::description::ColorModel;
use crate::matrix::Matrix3;
use crate::numbers::fixed;
use crate::pcs::Pcs;
use crate::profile::{ColorProfile, GrayProfile, MatrixProfile};
use crate::table::TableProfile;
use crate::tags::Tags;

/// The profile in `bytes`, if it is one of `space` and the tags that it is read from are well-formed.
///
/// `A2B0`, the table of the perceptual intent, comes first as in LittleCMS; then matrix and curves; then the tables of
/// the other intents. A malformed `A2B0` makes the whole profile unreadable: the picture is then taken for sRGB and not
/// refused.
pub(crate) fn read(bytes: &[u8], space: ColorModel) -> Option<ColorProfile<'_>> {
    let tags = Tags::read(bytes)?;
    if tags.space != space {
        return None;
    }
    if let Some(table) = tags.get(*b"A2B0") {
        return Some(ColorProfile::Table(Box::new(TableProfile::read(table, &tags)?)));
    }
    let simple = match space {
        ColorModel::Gray => gray(&tags),
        ColorModel::Rgb => rgb(&tags),
        ColorModel::Cmyk => None,
    };
    simple.or_else(|| {
        let table = tags.get(*b"A2B1").or_else(|| tags.get(*b"A2B2"))?;
        Some(ColorProfile::Table(Box::new(TableProfile::read(table, &tags)?)))
    })
}

fn gray<'a>(tags: &Tags<'a>) -> Option<ColorProfile<'a>> {
    let curve = curve::read(tags.get(*b"kTRC")?)?.0;
    Some(ColorProfile::Gray(match tags.pcs {
        Pcs::Xyz => GrayProfile::Luminance(curve),
        Pcs::Lab => GrayProfile::Lightness(curve),
    }))
}

fn rgb<'a>(tags: &Tags<'a>) -> Option<ColorProfile<'a>> {
    if tags.pcs != Pcs::Xyz {
        return None;
    }
    let curve = |name| Some(curve::read(tags.get(name)?)?.0);
    let [red, green, blue] = [xyz(tags, *b"rXYZ")?, xyz(tags, *b"gXYZ")?, xyz(tags, *b"bXYZ")?];
    Some(ColorProfile::Matrix(MatrixProfile {
        curves: [curve(*b"rTRC")?, curve(*b"gTRC")?, curve(*b"bTRC")?],
        to_xyz: Matrix3::from_columns(red, green, blue),
    }))
}

/// `XYZType` (10.31). Profiles by Corbis have another signature for the same type; LittleCMS reads it, too.
fn xyz(tags: &Tags<'_>, name: [u8; 4]) -> Option<[f64; 3]> {
    const CORBIS: [u8; 4] = [0x17, 0xA5, 0x05, 0xB8];
    let tag = tags.get(name)?;
    let signature = tag.get(..4)?;
    if signature != b"XYZ " && signature != CORBIS {
        return None;
    }
    Some([fixed(tag, 8)?, fixed(tag, 12)?, fixed(tag, 16)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 2 profile of an RGB display with these XYZ tags and curves of `x²`.
    fn profile(signature: [u8; 4]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[8] = 2;
        bytes[12..24].copy_from_slice(b"mntrRGB XYZ ");
        bytes[36..40].copy_from_slice(b"acsp");
        bytes.extend([0, 0, 0, 6]);
        let names = [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"];
        let xyz = |values: [u8; 3]| [&signature[..], &[0; 4], &values.map(|v| [0, 0, v, 0]).concat()].concat();
        let curve = b"curv\0\0\0\0\0\0\0\x01\x02\0\0\0".to_vec();
        let data = [xyz([128, 64, 0]), xyz([64, 128, 32]), xyz([32, 16, 192]), curve.clone(), curve.clone(), curve];
        let mut at = 132 + 12 * 6;
        for (name, tag) in names.iter().zip(&data) {
            let number = |v: usize| u32::try_from(v).unwrap().to_be_bytes();
            bytes.extend([&name[..], &number(at), &number(tag.len())].concat());
            at += tag.len();
        }
        bytes.extend(data.concat());
        bytes
    }

    #[test]
    fn columns_are_the_xyz_of_the_primaries() {
        for signature in [*b"XYZ ", [0x17, 0xA5, 0x05, 0xB8]] {
            let bytes = profile(signature);
            let Some(ColorProfile::Matrix(matrix)) = read(&bytes, ColorModel::Rgb) else { panic!("a matrix profile") };
            assert_eq!(matrix.to_xyz.0, [[0.5, 0.25, 0.125], [0.25, 0.5, 0.0625], [0.0, 0.125, 0.75]]);
            assert_eq!(matrix.curves[2].at(0.5), 0.25);
        }
    }

    #[test]
    fn other_signatures_and_other_spaces_are_none() {
        assert!(read(&profile(*b"text"), ColorModel::Rgb).is_none());
        assert!(read(&profile(*b"XYZ "), ColorModel::Gray).is_none());
    }
}
