//! Turns the file-level `meta` box into items, their references and where their bytes lie (ISO/IEC 14496-12 § 8.11).

use std::collections::BTreeMap;

use super::boxes::{
    Box, Cursor, FourCc, check_depth, children, malformed, next_box, printable, truncated, unsupported,
};
use super::properties::Properties;
use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::upload::limits::Limits;

/// Items of a file and what is needed to read them.
#[derive(Debug)]
pub(super) struct Items<'a> {
    pub(super) primary: u32,
    kinds: BTreeMap<u32, FourCc>,
    /// `dimg`: the inputs of a derived item, in order.
    derived_from: BTreeMap<u32, Vec<u32>>,
    /// `auxl` items that refer to the primary item.
    pub(super) auxiliaries: Vec<u32>,
    /// The first `Exif` item that describes the primary item (`cdsc`).
    exif: Option<u32>,
    /// Whether the file keeps to MIAF (ISO/IEC 23000-22), by which Exif's orientation is that of `irot` and `imir`.
    pub(super) is_miaf: bool,
    /// `prem`: whether the primary item's samples are premultiplied by an alpha item.
    pub(super) premultiplied: bool,
    locations: BTreeMap<u32, Location>,
    pub(super) properties: Properties<'a>,
    idat: &'a [u8],
    file: &'a [u8],
}

/// Where an item's bytes lie (§ 8.11.3).
#[derive(Debug, PartialEq, Eq)]
struct Location {
    method: u16,
    data_reference: u16,
    extents: Vec<(u64, u64)>,
}

impl<'a> Items<'a> {
    /// Reads `ftyp` and `meta`.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `limit_exceeded`.
    pub(super) fn read(file: &'a [u8], limits: &Limits) -> Result<Self> {
        check_depth(file, limits)?;
        let meta = Meta::find(file)?;
        meta.check_handler()?;
        let mut items = Items {
            primary: meta.primary()?,
            kinds: BTreeMap::new(),
            derived_from: BTreeMap::new(),
            auxiliaries: Vec::new(),
            exif: None,
            is_miaf: meta.is_miaf,
            premultiplied: false,
            locations: BTreeMap::new(),
            properties: Properties::default(),
            idat: meta.get(b"idat").unwrap_or_default(),
            file,
        };
        items.read_infos(meta.need(b"iinf")?, limits)?;
        if let Some(iref) = meta.get(b"iref") {
            items.read_references(iref, limits)?;
        }
        items.read_locations(meta.need(b"iloc")?, limits)?;
        items.properties = Properties::read(meta.need(b"iprp")?, |id| items.kinds.contains_key(&id))?;
        Ok(items)
    }

    /// The item's type.
    ///
    /// # Errors
    ///
    /// `malformed` when there is no such item.
    pub(super) fn kind(&self, id: u32) -> Result<FourCc> {
        self.kinds.get(&id).copied().ok_or_else(|| malformed("a reference to an item that does not exist"))
    }

    /// The inputs of a derived item; empty when it has none.
    pub(super) fn inputs(&self, id: u32) -> &[u32] {
        self.derived_from.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The item's bytes, one slice per extent.
    ///
    /// # Errors
    ///
    /// `truncated` when an extent runs over the end of the file, `malformed`, `unsupported`.
    pub(super) fn data(&self, id: u32) -> Result<Vec<&'a [u8]>> {
        let location = self.locations.get(&id).ok_or_else(|| malformed("an item without a location"))?;
        if location.data_reference != 0 {
            return Err(unsupported("item data in another file"));
        }
        let source = match location.method {
            0 => self.file,
            1 => self.idat,
            _ => return Err(unsupported("item data inside another item")),
        };
        let slices: Vec<_> = location.extents.iter().map(|&e| extent(source, e)).collect::<Result<_>>()?;
        let total = slices.iter().fold(0usize, |sum, s| sum.saturating_add(s.len()));
        match total {
            0 => Err(malformed("an item without data")),
            t if t > self.file.len() => Err(malformed("extents of an item overlap")),
            _ => Ok(slices),
        }
    }

    /// What Exif says of the primary item (ISO/IEC 23008-12 annex A.2.1): four bytes tell how many more stand before it.
    pub(super) fn exif(&self) -> Option<Exif> {
        let data = self.data(self.exif?).ok()?;
        let (skipped, rest) = data.first()?.split_first_chunk()?;
        let skipped = usize::try_from(u32::from_be_bytes(*skipped)).ok()?;
        Exif::parse(rest.get(skipped..)?).or_else(|| Exif::parse(rest))
    }

    /// `iinf`, § 8.11.6.
    fn read_infos(&mut self, payload: &[u8], limits: &Limits) -> Result<()> {
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        check_items(cursor.id(version != 0)?, limits)?;
        for entry in children(cursor.0) {
            let entry = entry?;
            if &entry.kind == b"infe"
                && let Some((id, kind)) = info(entry.payload)?
            {
                if self.kinds.insert(id, kind).is_some() {
                    return Err(malformed("two items with one id"));
                }
                check_items(u32::try_from(self.kinds.len()).unwrap_or(u32::MAX), limits)?;
            }
        }
        Ok(())
    }

    /// `iref`, § 8.11.12.
    fn read_references(&mut self, payload: &[u8], limits: &Limits) -> Result<()> {
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        for reference in children(cursor.0) {
            let Box { kind, payload } = reference?;
            let mut cursor = Cursor(payload);
            let from = cursor.id(version != 0)?;
            let count = cursor.u16()?;
            match &kind {
                b"dimg" => self.read_inputs(from, count, cursor, version != 0, limits)?,
                b"auxl" if self.refers_to_primary(count, cursor, version != 0)? => self.auxiliaries.push(from),
                b"cdsc" if self.exif.is_none() && self.kinds.get(&from) == Some(b"Exif") => {
                    self.exif =
                        self.refers_to_primary(count, cursor, version != 0).ok().and_then(|is| is.then_some(from));
                }
                b"prem" if from == self.primary => self.premultiplied = true,
                _ => {}
            }
        }
        Limits::check("auxiliary items", self.auxiliaries.len() as u64, u64::from(limits.max_heif_items))
    }

    fn read_inputs(
        &mut self,
        from: u32,
        count: u16,
        mut cursor: Cursor<'_>,
        wide: bool,
        limits: &Limits,
    ) -> Result<()> {
        Limits::check("tiles", u64::from(count), u64::from(limits.max_heif_tiles))?;
        let inputs = (0..count).map(|_| cursor.id(wide)).collect::<Result<Vec<_>>>()?;
        self.kind(from)?;
        match self.derived_from.insert(from, inputs) {
            None => Ok(()),
            Some(_) => Err(malformed("a derived item with two lists of inputs")),
        }
    }

    fn refers_to_primary(&self, count: u16, mut cursor: Cursor<'_>, wide: bool) -> Result<bool> {
        let mut found = false;
        for _ in 0..count {
            found |= cursor.id(wide)? == self.primary;
        }
        Ok(found)
    }

    /// `iloc`, § 8.11.3.
    fn read_locations(&mut self, payload: &[u8], limits: &Limits) -> Result<()> {
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        if version > 2 {
            return Err(unsupported(format!("iloc version {version}")));
        }
        let (sizes, more) = (cursor.u8()?, cursor.u8()?);
        let widths = Widths {
            version,
            offset: sizes >> 4,
            length: sizes & 15,
            base: more >> 4,
            index: if version == 0 { 0 } else { more & 15 },
        };
        let count = cursor.id(version == 2)?;
        check_items(count, limits)?;
        for _ in 0..count {
            let (id, location) = widths.location(&mut cursor, limits)?;
            if self.locations.insert(id, location).is_some() {
                return Err(malformed("an item with two locations"));
            }
        }
        Ok(())
    }
}

/// The byte widths of `iloc`'s fields.
struct Widths {
    version: u8,
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

impl Widths {
    fn location(&self, cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(u32, Location)> {
        let id = cursor.id(self.version == 2)?;
        let method = if self.version == 0 { 0 } else { cursor.u16()? & 15 };
        let data_reference = cursor.u16()?;
        let base = cursor.sized(self.base)?;
        let count = cursor.u16()?;
        Limits::check("extents", u64::from(count), u64::from(limits.max_heif_extents))?;
        let mut extents = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            cursor.sized(self.index)?;
            let offset = cursor.sized(self.offset)?;
            // Without a length field, the one extent is the rest of the file (§ 8.11.3.1).
            let length = if self.length == 0 { u64::MAX } else { cursor.sized(self.length)? };
            extents.push((base.checked_add(offset).ok_or_else(|| malformed("an extent's offset overflows"))?, length));
        }
        Ok((id, Location { method, data_reference, extents }))
    }
}

fn extent(source: &[u8], (offset, length): (u64, u64)) -> Result<&[u8]> {
    let cut = || truncated("an item's data ends beyond the file");
    let from = usize::try_from(offset).ok().and_then(|start| source.get(start..)).ok_or_else(cut)?;
    if length == u64::MAX {
        return Ok(from);
    }
    usize::try_from(length).ok().and_then(|len| from.get(..len)).ok_or_else(cut)
}

fn check_items(count: u32, limits: &Limits) -> Result<()> {
    Limits::check("items", u64::from(count), u64::from(limits.max_heif_items))
}

/// Id and type of an `infe` box; `None` for the versions without a type.
fn info(payload: &[u8]) -> Result<Option<(u32, FourCc)>> {
    let mut cursor = Cursor(payload);
    let (version, _) = cursor.full_box()?;
    if version < 2 {
        return Ok(None);
    }
    let id = cursor.id(version > 2)?;
    let protection = cursor.u16()?;
    let kind = cursor.four_cc()?;
    // A protected item keeps its type, so only its own use is refused.
    Ok(Some((id, if protection == 0 { kind } else { *b"encv" })))
}

/// The children of the file-level `meta` box that matter here.
struct Meta<'a> {
    parts: Vec<Box<'a>>,
    /// Whether `miaf` is among the brands.
    is_miaf: bool,
}

impl<'a> Meta<'a> {
    /// Walks the top level up to `meta`; what follows is found through `iloc`. Another `meta` would be the picture for
    /// readers that take the last (at most one, § 8.11.1).
    fn find(file: &'a [u8]) -> Result<Self> {
        let mut rest = file;
        let (mut brands_seen, mut is_miaf, mut sequence) = (false, false, false);
        while let Some(next) = next_box(&mut rest)? {
            match &next.kind {
                b"ftyp" if !brands_seen => {
                    is_miaf = check_brands(next.payload)?;
                    brands_seen = true;
                }
                b"meta" if brands_seen => {
                    return if has_meta(rest) {
                        Err(malformed("two meta boxes"))
                    } else {
                        Self::read(next.payload, is_miaf)
                    };
                }
                _ if !brands_seen => return Err(malformed("ftyp is not the first box")),
                kind => sequence |= *kind == *b"moov",
            }
        }
        Err(if sequence { unsupported("an image sequence without a still picture") } else { truncated("no meta box") })
    }

    fn read(payload: &'a [u8], is_miaf: bool) -> Result<Self> {
        let mut cursor = Cursor(payload);
        cursor.full_box()?;
        let mut found: Vec<Box<'_>> = Vec::new();
        for child in children(cursor.0) {
            let child = child?;
            if !PARTS.contains(&&child.kind) {
                continue;
            }
            if found.iter().any(|b| b.kind == child.kind) {
                return Err(malformed(format!("two {} boxes", printable(child.kind))));
            }
            found.push(child);
        }
        Ok(Self { parts: found, is_miaf })
    }

    fn get(&self, kind: &FourCc) -> Option<&'a [u8]> {
        self.parts.iter().find(|b| &b.kind == kind).map(|b| b.payload)
    }

    fn need(&self, kind: &FourCc) -> Result<&'a [u8]> {
        self.get(kind).ok_or_else(|| malformed(format!("no {} box", printable(*kind))))
    }

    fn check_handler(&self) -> Result<()> {
        let mut cursor = Cursor(self.need(b"hdlr")?);
        cursor.full_box()?;
        cursor.u32()?;
        if &cursor.four_cc()? == b"pict" { Ok(()) } else { Err(malformed("the meta box is not about pictures")) }
    }

    fn primary(&self) -> Result<u32> {
        let mut cursor = Cursor(self.need(b"pitm")?);
        let (version, _) = cursor.full_box()?;
        cursor.id(version != 0)
    }
}

/// Whether the file goes on with a `meta` box. Bytes after its end are no boxes, or another file's.
fn has_meta(mut rest: &[u8]) -> bool {
    let boxes = std::iter::from_fn(|| next_box(&mut rest).ok().flatten());
    boxes.map(|b| b.kind).take_while(|kind| kind != b"ftyp").any(|kind| &kind == b"meta")
}

/// One of the brands under which an HEVC still picture may come, ISO/IEC 23008-12 § 10 and annex B; whether MIAF's is there.
fn check_brands(payload: &[u8]) -> Result<bool> {
    let known = |brand: &FourCc| BRANDS.contains(&brand);
    let (brands, _) = payload.as_chunks::<4>();
    let mut listed = brands.iter().enumerate().filter(|&(i, _)| i != 1).map(|(_, b)| b);
    if listed.any(known) {
        return Ok(brands.contains(b"miaf"));
    }
    let major = brands.first().ok_or_else(|| malformed("ftyp is empty"))?;
    Err::<bool, Error>(unsupported(format!("brand {}", printable(*major))))
}

const PARTS: [&FourCc; 7] = [b"hdlr", b"pitm", b"iinf", b"iref", b"iloc", b"idat", b"iprp"];

const BRANDS: [&FourCc; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];
