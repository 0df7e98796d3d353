//! Reads the tags of an ICC profile that lead from device values to its connection space (ICC.1:2022, clauses 7–10).
//!
//! Nothing is copied: curves and tables stay views of the profile's bytes, so a profile costs no more than itself.

use crate::curve;
use crate::description::ColorModel;
use crate::matrix::Matrix;
use crate::numbers::fixed;
use crate::pipeline::Pipeline;
use crate::profile::{Gray, Profile, Rgb};
use crate::tags::{Pcs, Tags};

/// The profile in `bytes`, if it is one of `space` and what it needs is well-formed.
///
/// `A2B0` comes first as in LittleCMS, then matrix and curves, then the tables of other intents.
pub(crate) fn read(bytes: &[u8], space: ColorModel) -> Option<Profile<'_>> {
    let tags = Tags::read(bytes)?;
    if tags.space != space {
        return None;
    }
    if let Some(table) = tags.get(*b"A2B0") {
        return Some(Profile::Lut(Box::new(Pipeline::read(table, &tags)?)));
    }
    let simple = match space {
        ColorModel::Gray => gray(&tags),
        ColorModel::Rgb => rgb(&tags),
        ColorModel::Cmyk => None,
    };
    simple.or_else(|| {
        let table = tags.get(*b"A2B1").or_else(|| tags.get(*b"A2B2"))?;
        Some(Profile::Lut(Box::new(Pipeline::read(table, &tags)?)))
    })
}

fn gray<'a>(tags: &Tags<'a>) -> Option<Profile<'a>> {
    let curve = curve::read(tags.get(*b"kTRC")?)?.0;
    Some(Profile::Gray(match tags.pcs {
        Pcs::Xyz => Gray::Luminance(curve),
        Pcs::Lab => Gray::Lightness(curve),
    }))
}

fn rgb<'a>(tags: &Tags<'a>) -> Option<Profile<'a>> {
    if tags.pcs != Pcs::Xyz {
        return None;
    }
    let curve = |name| Some(curve::read(tags.get(name)?)?.0);
    let [red, green, blue] = [xyz(tags, *b"rXYZ")?, xyz(tags, *b"gXYZ")?, xyz(tags, *b"bXYZ")?];
    Some(Profile::Rgb(Rgb {
        curves: [curve(*b"rTRC")?, curve(*b"gTRC")?, curve(*b"bTRC")?],
        to_xyz: Matrix::from_columns(red, green, blue),
    }))
}

/// `XYZType` (10.31). Corbis marked its profiles by another signature for the same type, which LittleCMS reads too.
fn xyz(tags: &Tags<'_>, name: [u8; 4]) -> Option<[f64; 3]> {
    const CORBIS: [u8; 4] = [0x17, 0xA5, 0x05, 0xB8];
    let tag = tags.get(name)?;
    let signature = tag.get(..4)?;
    if signature != b"XYZ " && signature != CORBIS {
        return None;
    }
    Some([fixed(tag, 8)?, fixed(tag, 12)?, fixed(tag, 16)?])
}
