//! Item properties and their association with items (ISO/IEC 23008-12 § 9.3 and § 6.5).

use std::collections::BTreeMap;

use image_ingest_hevc::DecoderConfiguration;
use image_ingest_samples::{Cicp, Size};

use super::boxes::{Box, Cursor, FourCc, children, malformed, printable, refusal, unsupported};
use crate::error::{Error, Result};

/// The property boxes of a file, and which item has which.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    boxes: Vec<Box<'a>>,
    /// Index into `boxes`, from 0, in the file's order.
    of_item: BTreeMap<u32, Vec<u16>>,
}

/// A property that decides how the primary image is read or shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Property<'a> {
    Size(Size),
    Config(DecoderConfiguration<'a>),
    Nclx(Cicp),
    Icc(&'a [u8]),
    Auxiliary(&'a [u8]),
    Crop(CleanAperture),
    /// Quarter turns, anticlockwise.
    Rotate(u8),
    Mirror(Axis),
    Other,
}

/// `clap`, ISO/IEC 14496-12 § 12.1.4: numerators and denominators as stored, offsets signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CleanAperture {
    pub(super) width: (u32, u32),
    pub(super) height: (u32, u32),
    pub(super) horizontal_offset: (i32, u32),
    pub(super) vertical_offset: (i32, u32),
}

/// The direction in which `imir` exchanges samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Top and bottom change places (`axis` 0).
    TopBottom,
    /// Left and right change places (`axis` 1).
    LeftRight,
}

impl<'a> Properties<'a> {
    /// Reads `iprp`; associations of items that `known` denies are skipped.
    ///
    /// # Errors
    ///
    /// `malformed`.
    pub(super) fn read(iprp: &'a [u8], known: impl Fn(u32) -> bool) -> Result<Self> {
        let mut properties = Self::default();
        let mut containers = 0;
        for child in children(iprp) {
            let child = child?;
            match &child.kind {
                b"ipco" => {
                    containers += 1;
                    properties.boxes = children(child.payload).take(MAX_PROPERTIES).collect::<Result<_>>()?;
                }
                b"ipma" => properties.associate(child.payload, &known)?,
                _ => {}
            }
        }
        if containers == 1 { Ok(properties) } else { Err(malformed("not exactly one ipco box")) }
    }

    /// The item's properties, in the order of their association.
    ///
    /// # Errors
    ///
    /// `malformed`; `unsupported` for an essential property that is not understood.
    pub(super) fn of(&self, item: u32) -> Result<Vec<Property<'a>>> {
        let associated = self.of_item.get(&item).map_or(&[][..], Vec::as_slice);
        let mut properties = Vec::with_capacity(associated.len());
        for &entry in associated {
            let index = usize::from(entry & !ESSENTIAL);
            let found = self.boxes.get(index).ok_or_else(|| malformed("an association with no property"))?;
            let property = parse(*found)?;
            if property == Property::Other && entry & ESSENTIAL != 0 && !HARMLESS.contains(&&found.kind) {
                return Err(unsupported(format!("essential property {}", printable(found.kind))));
            }
            properties.push(property);
        }
        Ok(properties)
    }

    /// Whether the item is an alpha plane by its `auxC`; faults of its other properties do not matter here.
    pub(super) fn is_alpha(&self, item: u32) -> bool {
        let mut associated = self.of_item.get(&item).into_iter().flatten();
        associated.any(|&entry| {
            let found = self.boxes.get(usize::from(entry & !ESSENTIAL)).filter(|b| &b.kind == b"auxC");
            matches!(found.map(|&b| parse(b)), Some(Ok(Property::Auxiliary(kind))) if is_alpha(kind))
        })
    }

    /// `ipma`, § 9.3.1.
    fn associate(&mut self, payload: &[u8], known: impl Fn(u32) -> bool) -> Result<()> {
        let mut cursor = Cursor(payload);
        let (version, flags) = cursor.full_box()?;
        for _ in 0..cursor.u32()? {
            let item = cursor.id(version != 0)?;
            let mut entries = Vec::new();
            for _ in 0..cursor.u8()? {
                let raw = if flags & 1 == 1 { cursor.u16()? } else { widen(cursor.u8()?) };
                // Index 0 says that the item has no property here.
                if let Some(index) = (raw & !ESSENTIAL).checked_sub(1) {
                    entries.push(index | (raw & ESSENTIAL));
                }
            }
            if known(item) && self.of_item.insert(item, entries).is_some() {
                return Err(malformed("an item with two lists of properties"));
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

fn widen(byte: u8) -> u16 {
    u16::from(byte & 0x7f) | (u16::from(byte & 0x80) << 8)
}

fn parse(b: Box<'_>) -> Result<Property<'_>> {
    let mut cursor = Cursor(b.payload);
    Ok(match &b.kind {
        b"ispe" => {
            cursor.full_box()?;
            Property::Size(Size::new(cursor.u32()?, cursor.u32()?))
        }
        b"hvcC" => Property::Config(DecoderConfiguration::read(b.payload).map_err(refusal)?),
        b"colr" => colour(cursor)?,
        b"auxC" => {
            cursor.full_box()?;
            Property::Auxiliary(cursor.0.split(|&c| c == 0).next().unwrap_or_default())
        }
        b"clap" => Property::Crop(clean_aperture(cursor)?),
        b"irot" => Property::Rotate(cursor.u8()? & 3),
        b"imir" => Property::Mirror(if cursor.u8()? & 1 == 0 { Axis::TopBottom } else { Axis::LeftRight }),
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

fn clean_aperture(mut cursor: Cursor<'_>) -> Result<CleanAperture> {
    let mut fraction = || Ok::<_, Error>((cursor.u32()?, cursor.u32()?));
    let (width, height, horizontal, vertical) = (fraction()?, fraction()?, fraction()?, fraction()?);
    let signed = |(n, d): (u32, u32)| (n.cast_signed(), d);
    Ok(CleanAperture { width, height, horizontal_offset: signed(horizontal), vertical_offset: signed(vertical) })
}

/// Whether an auxiliary type names an alpha plane (ISO/IEC 23000-22 and ISO/IEC 23008-12 § B.2.4).
fn is_alpha(kind: &[u8]) -> bool {
    [&b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"[..], b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:avc:2015:auxid:1"]
        .contains(&kind)
}
