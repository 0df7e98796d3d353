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
