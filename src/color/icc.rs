//! Reads the tags of an ICC profile that lead from device values to its connection space (ICC.1:2022, clauses 7–10).
//!
//! Nothing is copied: curves and tables stay views of the profile's bytes, so a profile costs no more than itself.

use super::curve;
use super::matrix::Matrix;
use super::pipeline::Pipeline;
use super::profile::{Gray, Profile, Rgb};

/// What a profile's samples are, as far as pictures here have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Gray,
    Rgb,
    Cmyk,
}

impl Space {
    /// Channels of a pixel.
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The connection space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pcs {
    Xyz,
    Lab,
}

/// The profile in `bytes`, if it is one of `space` and what it needs is well-formed.
///
/// `A2B0` comes first as in LittleCMS, then matrix and curves, then the tables of other intents.
pub(super) fn read(bytes: &[u8], space: Space) -> Option<Profile<'_>> {
    let tags = Tags::read(bytes)?;
    if tags.space != space {
        return None;
    }
    if let Some(table) = tags.get(*b"A2B0") {
        return Some(Profile::Lut(Box::new(Pipeline::read(table, &tags)?)));
    }
    let simple = match space {
        Space::Gray => gray(&tags),
        Space::Rgb => rgb(&tags),
        Space::Cmyk => None,
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

/// A profile's header and tag table.
pub(super) struct Tags<'a> {
    bytes: &'a [u8],
    pub(super) version: u8,
    pub(super) space: Space,
    pub(super) pcs: Pcs,
}

impl<'a> Tags<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        // Version 0 occurs in the field and means 2; 5 is another format (ICC.2).
        let version = *bytes.get(8)?;
        let known = matches!(version, 0 | 2..=4) && bytes.get(36..40)? == b"acsp";
        let device = matches!(bytes.get(12..16)?, b"scnr" | b"mntr" | b"prtr" | b"spac");
        if !known || !device {
            return None;
        }
        let space = match bytes.get(16..20)? {
            b"GRAY" => Space::Gray,
            b"RGB " => Space::Rgb,
            b"CMYK" => Space::Cmyk,
            _ => return None,
        };
        let pcs = match bytes.get(20..24)? {
            b"XYZ " => Pcs::Xyz,
            b"Lab " => Pcs::Lab,
            _ => return None,
        };
        Some(Self { bytes, version, space, pcs })
    }

    /// The first tag of that name, if it lies within the profile.
    pub(super) fn get(&self, name: [u8; 4]) -> Option<&'a [u8]> {
        let count = length(self.bytes, 128)?;
        let entries = self.bytes.get(132..)?.as_chunks::<12>().0;
        let entry = entries.iter().take(count).find(|entry| entry.starts_with(&name))?;
        let start = length(entry, 4)?;
        self.bytes.get(start..start.checked_add(length(entry, 8)?)?)
    }
}

/// `uInt32Number` as a length.
pub(super) fn length(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

/// `uInt16Number`.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// `s15Fixed16Number`.
pub(super) fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(i32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)) / 65_536.0)
}
