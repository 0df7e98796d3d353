//! Reads item properties and their association with items (ISO/IEC 23008-12 § 9.3 and § 6.5).
//!
//! `ipco` holds the property boxes of a file, and `ipma` says which items have which of them, in which order. The order
//! matters: crops, turns and mirrors apply one after another. Items share property boxes, so a box is parsed when an
//! item asks for it.

use std::collections::BTreeMap;

use image_ingest_samples::{Cicp, CpuTimer, DecodeError, Size, reserve};

use crate::aperture::CleanAperture;
use crate::boxes::{IsoBox, children};
use crate::cursor::{Cursor, FourCc, printable};
use crate::result::Result;

/// A property that decides how an item is read or shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Property<'a> {
    /// `ispe`: the size of the item in pixels, before its crops and turns.
    Size(Size),
    /// `hvcC`: the payload, an HEVC decoder configuration (ISO/IEC 14496-15 § 8.3.3).
    HevcConfiguration(&'a [u8]),
    /// `colr` of type `nclx`: code points of ITU-T H.273.
    Nclx(Cicp),
    /// `colr` of type `prof` or `rICC`: an ICC profile.
    Icc(&'a [u8]),
    /// `auxC`: what an auxiliary image is, as a URN, of which 64 bytes are read.
    Auxiliary(&'a [u8]),
    /// `clap`: the part that is shown.
    Crop(CleanAperture),
    /// `irot`: quarter turns anticlockwise, 0 to 3.
    Rotate(u8),
    /// `imir`: a mirror.
    Mirror(MirrorAxis),
    /// Any other property.
    Other,
}

/// The direction in which `imir` exchanges samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorAxis {
    /// Top and bottom change places (`axis` 0).
    TopBottom,
    /// Left and right change places (`axis` 1).
    LeftRight,
}

/// The property boxes of a file, and which item has which.
#[derive(Debug, Default)]
pub(crate) struct Properties<'a> {
    boxes: Vec<IsoBox<'a>>,
    /// For each item, indices into `boxes` from 0 with their essential bits, in the file's order.
    of_item: BTreeMap<u32, Vec<u16>>,
}

impl<'a> Properties<'a> {
    /// Reads `iprp`; associations of items that `known` denies are skipped.
    ///
    /// # Errors
    ///
    /// `malformed`, `deadline`, `cancelled`.
    pub(crate) fn read(iprp: &'a [u8], known: impl Fn(u32) -> bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut properties = Self::default();
        let mut containers = 0;
        for child in children(iprp, timer) {
            let child = child?;
            match &child.box_type {
                b"ipco" => {
                    containers += 1;
                    properties.boxes.clear();
                    for property in children(child.payload, timer).take(MAX_PROPERTIES) {
                        reserve(&mut properties.boxes, 1)?;
                        properties.boxes.push(property?);
                    }
                }
                b"ipma" => properties.associate(child.payload, &known, timer)?,
                _ => {}
            }
        }
        if containers == 1 { Ok(properties) } else { Err(DecodeError::malformed("not exactly one ipco box")) }
    }

    /// The item's properties, in the order of their association.
    ///
    /// # Errors
    ///
    /// `malformed`; `unsupported` for an essential property that is not understood.
    pub(crate) fn of(&self, item: u32) -> impl Iterator<Item = Result<Property<'a>>> + '_ {
        let associated = self.of_item.get(&item).map_or(&[][..], Vec::as_slice);
        associated.iter().map(|&entry| {
            let index = usize::from(entry & !ESSENTIAL);
            let found =
                *self.boxes.get(index).ok_or_else(|| DecodeError::malformed("an association with no property"))?;
            let property = parse(found)?;
            if property == Property::Other && entry & ESSENTIAL != 0 && !HARMLESS.contains(&&found.box_type) {
                return Err(DecodeError::unsupported(format!("essential property {}", printable(found.box_type))));
            }
            Ok(property)
        })
    }

    /// Whether the item is an alpha plane by its `auxC`; faults of its other properties do not matter here.
    pub(crate) fn is_alpha(&self, item: u32) -> bool {
        let mut associated = self.of_item.get(&item).into_iter().flatten();
        associated.any(|&entry| {
            let found = self.boxes.get(usize::from(entry & !ESSENTIAL)).filter(|b| &b.box_type == b"auxC");
            matches!(found.map(|&b| parse(b)), Some(Ok(Property::Auxiliary(urn))) if ALPHA.contains(&urn))
        })
    }

    /// Reads `ipma` (§ 9.3.1): for each item a list of associations of 8 bits, or of 16 where the lowest flag is set.
    /// The highest bit marks the property as essential, and the rest counts property boxes from 1.
    fn associate(&mut self, payload: &[u8], known: impl Fn(u32) -> bool, timer: &CpuTimer<'_>) -> Result<()> {
        let mut cursor = Cursor(payload);
        let (version, flags) = cursor.full_box()?;
        for _ in 0..cursor.u32()? {
            timer.step()?;
            let item = cursor.id(version != 0)?;
            let count = cursor.u8()?;
            let mut entries = Vec::with_capacity(count.into());
            for _ in 0..count {
                let entry = if flags & 1 == 1 { cursor.u16()? } else { with_16_bits(cursor.u8()?) };
                // Index 0 says that the item has no property here.
                if let Some(index) = (entry & !ESSENTIAL).checked_sub(1) {
                    entries.push(index | (entry & ESSENTIAL));
                }
            }
            if known(item) && self.of_item.insert(item, entries).is_some() {
                return Err(DecodeError::malformed("an item with two lists of properties"));
            }
        }
        Ok(())
    }
}

/// The essential bit of a 15-bit association; index and bit travel together.
const ESSENTIAL: u16 = 0x8000;

/// Associations cannot reach further: 15 bits.
const MAX_PROPERTIES: usize = 0x7fff;

/// Properties that describe without changing how the picture is decoded or shown here.
const HARMLESS: [&FourCc; 9] = [b"pixi", b"pasp", b"colr", b"clli", b"mdcv", b"cclv", b"amve", b"rloc", b"udes"];

/// Auxiliary types that name an alpha plane (ISO/IEC 23000-22 and ISO/IEC 23008-12 § B.2.4).
const ALPHA: [&[u8]; 3] =
    [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:avc:2015:auxid:1"];

/// Bytes that are read of an auxiliary type.
const MAX_URN_BYTES: usize = 64;

/// An association of 8 bits as one of 16: the essential bit moves to the top.
fn with_16_bits(entry: u8) -> u16 {
    u16::from(entry & 0x7f) | (u16::from(entry & 0x80) << 8)
}

fn parse(property: IsoBox<'_>) -> Result<Property<'_>> {
    let mut cursor = Cursor(property.payload);
    Ok(match &property.box_type {
        b"ispe" => {
            cursor.full_box()?;
            Property::Size(Size::new(cursor.u32()?, cursor.u32()?))
        }
        b"hvcC" => Property::HevcConfiguration(property.payload),
        b"colr" => colour(cursor)?,
        b"auxC" => {
            cursor.full_box()?;
            // A URN ends at its first zero byte; subtypes may follow. None that matters is as long as what is read of one.
            let urn = cursor.0.get(..MAX_URN_BYTES).unwrap_or(cursor.0);
            Property::Auxiliary(urn.split(|&c| c == 0).next().unwrap_or_default())
        }
        b"clap" => Property::Crop(CleanAperture::read(cursor)?),
        b"irot" => Property::Rotate(cursor.u8()? & 3),
        b"imir" => Property::Mirror(if cursor.u8()? & 1 == 0 { MirrorAxis::TopBottom } else { MirrorAxis::LeftRight }),
        _ => Property::Other,
    })
}

/// `colr`, ISO/IEC 14496-12 § 12.1.5.
fn colour(mut cursor: Cursor<'_>) -> Result<Property<'_>> {
    Ok(match &cursor.four_cc()? {
        b"nclx" => {
            let (primaries, transfer, matrix) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
            Property::Nclx(Cicp { primaries, transfer, matrix, full_range: cursor.u8()? & 0x80 != 0 })
        }
        b"prof" | b"rICC" => Property::Icc(cursor.0),
        _ => Property::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::make_box;

    /// `iprp` with these boxes in `ipco`, and this payload of `ipma`.
    fn iprp(boxes: &[Vec<u8>], ipma: &[u8]) -> Vec<u8> {
        [make_box(b"ipco", &[&boxes.concat()]), make_box(b"ipma", &[ipma])].concat()
    }

    fn of(properties: &Properties<'_>, item: u32) -> Vec<std::result::Result<String, String>> {
        let text = |property: Result<Property<'_>>| match property {
            Ok(property) => Ok(format!("{property:?}")),
            Err(error) => Err(error.to_string()),
        };
        properties.of(item).map(text).collect()
    }

    #[test]
    fn associations_have_8_or_16_bits_and_keep_their_order() {
        let boxes = [make_box(b"irot", &[&[1]]), make_box(b"imir", &[&[1]]), make_box(b"irot", &[&[2]])];
        let expected =
            [3u8, 1, 2].map(|at| Ok(["Rotate(1)", "Mirror(LeftRight)", "Rotate(2)"][usize::from(at) - 1].into()));
        // Version 0 and 8 bits; version 1, which has items of 32 bits, and 16 bits. Index 0 names no property.
        let short = iprp(&boxes, &[0, 0, 0, 0, 0, 0, 0, 1, 0, 7, 4, 3, 0x81, 0, 2]);
        let long = iprp(&boxes, &[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 3, 0, 3, 0x80, 1, 0, 2]);
        for iprp in [short, long] {
            let properties = Properties::read(&iprp, |_| true, &CpuTimer::default()).unwrap();
            assert_eq!(of(&properties, 7), expected);
            assert_eq!(of(&properties, 8), []);
        }
    }

    #[test]
    fn an_essential_property_must_be_understood() {
        let boxes = [make_box(b"what", &[]), make_box(b"pixi", &[])];
        let iprp = iprp(&boxes, &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2, 1, 0x82, 0, 2, 2, 0x81, 3]);
        let properties = Properties::read(&iprp, |_| true, &CpuTimer::default()).unwrap();
        assert_eq!(of(&properties, 1), [Ok("Other".into()), Ok("Other".into())]);
        let refused = ["unsupported: essential property what", "malformed: an association with no property"];
        assert_eq!(of(&properties, 2), refused.map(|error| Err(error.to_owned())));
    }

    #[test]
    fn an_item_that_is_there_has_one_list() {
        let iprp = iprp(&[], &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 1, 0]);
        assert!(matches!(Properties::read(&iprp, |_| true, &CpuTimer::default()), Err(DecodeError::Malformed { .. })));
        assert!(Properties::read(&iprp, |item| item != 1, &CpuTimer::default()).is_ok());
    }

    #[test]
    fn there_is_one_container_of_properties() {
        for iprp in [vec![], [make_box(b"ipco", &[]), make_box(b"ipco", &[])].concat()] {
            assert!(matches!(
                Properties::read(&iprp, |_| true, &CpuTimer::default()),
                Err(DecodeError::Malformed { .. })
            ));
        }
    }

    #[test]
    fn each_property_is_read() {
        let parsed = |name: &FourCc, payload: &[u8]| {
            let whole = make_box(name, &[payload]);
            let property = children(&whole, &CpuTimer::default())
                .next()
                .unwrap()
                .and_then(parse)
                .map(|property| format!("{property:?}"));
            property.unwrap_or_else(|error| error.to_string())
        };
        let size = Property::Size(Size::new(64, 48));
        assert_eq!(parsed(b"ispe", &[0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 48]), format!("{size:?}"));
        assert_eq!(parsed(b"irot", &[0xFF]), "Rotate(3)");
        assert_eq!(parsed(b"imir", &[0xFE]), "Mirror(TopBottom)");
        let nclx = Property::Nclx(Cicp { primaries: 12, transfer: 13, matrix: 6, full_range: true });
        assert_eq!(parsed(b"colr", b"nclx\0\x0c\0\x0d\0\x06\x80"), format!("{nclx:?}"));
        assert_eq!(parsed(b"colr", b"rICCicc"), format!("{:?}", Property::Icc(b"icc")));
        assert_eq!(parsed(b"colr", b"nclc"), "Other");
        assert_eq!(parsed(b"auxC", b"\0\0\0\0urn:a\0sub"), format!("{:?}", Property::Auxiliary(b"urn:a")));
        assert_eq!(
            parsed(b"auxC", &[&[0; 4][..], &[b'u'; 65]].concat()),
            format!("{:?}", Property::Auxiliary(&[b'u'; 64]))
        );
        assert_eq!(parsed(b"hvcC", &[1]), "HevcConfiguration([1])");
        assert_eq!(parsed(b"irot", &[]), "malformed: a box ends before its fields do");
        let clap = [1u32, 2, 3, 4, u32::MAX, 6, 7, 8].map(u32::to_be_bytes).concat();
        let aperture =
            CleanAperture { width: (1, 2), height: (3, 4), horizontal_offset: (-1, 6), vertical_offset: (7, 8) };
        assert_eq!(parsed(b"clap", &clap), format!("{:?}", Property::Crop(aperture)));
    }

    #[test]
    fn an_alpha_plane_is_known_by_its_urn_alone() {
        let urn = |urn: &[u8]| make_box(b"auxC", &[&[0; 4], urn, &[0]]);
        let boxes = [urn(ALPHA[0]), urn(b"urn:mpeg:hevc:2015:auxid:2"), make_box(b"irot", &[])];
        let iprp = iprp(&boxes, &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2, 3, 1, 0, 2, 1, 2]);
        let properties = Properties::read(&iprp, |_| true, &CpuTimer::default()).unwrap();
        assert_eq!([1, 2, 3].map(|item| properties.is_alpha(item)), [true, false, false]);
    }
}
