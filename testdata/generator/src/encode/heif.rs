//! Writes HEIF files (ISO/IEC 23008-12 in ISO/IEC 14496-12 boxes) item by item, valid ones and broken ones alike.

use super::boxes::{be32, boxed, full_box, ispe, pixi8};
use super::hevc::Picture;

/// A HEIF file under construction.
pub(crate) struct Heif {
    pub(crate) major: [u8; 4],
    pub(crate) compatible: Vec<[u8; 4]>,
    pub(crate) items: Vec<Item>,
    pub(crate) references: Vec<([u8; 4], u16, Vec<u16>)>,
    pub(crate) primary: u16,
    /// Boxes added at the end of `iprp`.
    pub(crate) extra: Vec<u8>,
    pub(crate) layout: HeifLayout,
}

/// The choices that the format allows for writing boxes.
#[derive(Clone, Default)]
pub(crate) struct HeifLayout {
    /// Item ids of 32 bits, from 70 001.
    pub(crate) wide_ids: bool,
    /// `iloc` of version 0 rather than 1; with wide ids it is 2.
    pub(crate) old_locations: bool,
    /// Offsets, lengths and base offsets of 8 bytes, data from a base offset.
    pub(crate) based: bool,
    /// Each item of `mdat` in so many extents, the first at the end; 0 is 1.
    pub(crate) extents: usize,
    /// Associations of 7 bits.
    pub(crate) narrow_associations: bool,
    /// `mdat` before `meta`.
    pub(crate) data_first: bool,
    pub(crate) data_size: DataSize,
    /// Boxes between `ftyp` and what follows.
    pub(crate) after_ftyp: Vec<u8>,
    /// Boxes at the start of `meta`.
    pub(crate) in_meta: Vec<u8>,
    /// Boxes at the end of `iinf`, which its count includes.
    pub(crate) extra_info: Vec<u8>,
    /// Bytes after the last box.
    pub(crate) at_end: Vec<u8>,
}

/// How the size of `mdat` is written.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum DataSize {
    #[default]
    Short,
    /// 64 bits.
    Long,
    /// 0: to the end of the file.
    ToTheEnd,
}

/// An item; its id is its place, from 1.
pub(crate) struct Item {
    pub(crate) kind: [u8; 4],
    pub(crate) hidden: bool,
    /// Complete boxes, in the order in which transformations are applied.
    pub(crate) properties: Vec<Vec<u8>>,
    pub(crate) data: Vec<u8>,
    /// In `idat` (construction method 1) rather than in `mdat`.
    pub(crate) in_idat: bool,
}

impl Heif {
    pub(crate) fn new() -> Self {
        let compatible = vec![*b"mif1", *b"heic"];
        Self {
            major: *b"heic",
            compatible,
            items: Vec::new(),
            references: Vec::new(),
            primary: 1,
            extra: Vec::new(),
            layout: HeifLayout::default(),
        }
    }

    /// A file of one picture with further `properties`.
    pub(crate) fn single(picture: &Picture, properties: &[Vec<u8>]) -> Self {
        let mut heif = Self::new();
        if picture.depth > 8 {
            heif.major = *b"heix";
            heif.compatible.push(*b"heix");
        }
        heif.add_picture(picture, properties, false);
        heif
    }

    /// A grid of `columns` of `tiles`, cut to `width` × `height`; the grid is the primary item and comes last.
    pub(crate) fn grid(tiles: &[Picture], columns: usize, (width, height): (u32, u32), properties: &[Vec<u8>]) -> Self {
        let mut heif = Self::new();
        let colours: Vec<Vec<u8>> = properties.iter().filter(|p| p[4..8] == *b"colr").cloned().collect();
        let ids: Vec<u16> = tiles.iter().map(|tile| heif.add_picture(tile, &colours, true)).collect();
        let payload = grid_payload(tiles.len() / columns, columns, width, height);
        let properties = [&[ispe(width, height), pixi8()], properties].concat();
        heif.primary = heif.add(Item { kind: *b"grid", hidden: false, properties, data: payload, in_idat: true });
        heif.references.push((*b"dimg", heif.primary, ids));
        heif
    }

    /// A canvas of red, green, blue and alpha with items that are there already over each other; it is the primary item
    /// (ISO/IEC 23008-12, 6.6.2.2).
    pub(crate) fn overlay(
        &mut self,
        fill: [u16; 4],
        (width, height): (u16, u16),
        layers: &[(u16, (i16, i16))],
        properties: &[Vec<u8>],
    ) {
        let canvas = [&fill[..], &[width, height]].concat().into_iter().flat_map(u16::to_be_bytes);
        let offsets = layers.iter().flat_map(|&(_, (x, y))| [x, y]).flat_map(i16::to_be_bytes);
        let data = [0, 0].into_iter().chain(canvas).chain(offsets).collect();
        let properties = [&[ispe(width.into(), height.into()), pixi8()], properties].concat();
        self.primary = self.add(Item { kind: *b"iovl", hidden: false, properties, data, in_idat: true });
        self.references.push((*b"dimg", self.primary, layers.iter().map(|layer| layer.0).collect()));
    }

    pub(crate) fn add(&mut self, item: Item) -> u16 {
        self.items.push(item);
        u16::try_from(self.items.len()).expect("ids are 16 bits here")
    }

    pub(crate) fn add_picture(&mut self, picture: &Picture, properties: &[Vec<u8>], hidden: bool) -> u16 {
        let properties = [&picture.properties(), properties].concat();
        self.add(Item { kind: *b"hvc1", hidden, properties, data: picture.data.clone(), in_idat: false })
    }

    /// An auxiliary alpha plane of the item `of`.
    pub(crate) fn add_alpha(&mut self, picture: &Picture, of: u16) {
        let kind = full_box(*b"auxC", 0, 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0");
        let id = self.add_picture(picture, &[kind], true);
        self.references.push((*b"auxl", id, vec![of]));
    }

    pub(crate) fn add_thumbnail(&mut self, picture: &Picture, of: u16) {
        let id = self.add_picture(picture, &[], true);
        self.references.push((*b"thmb", id, vec![of]));
    }

    /// An Exif item describing `of`: four bytes of offset, `Exif\0\0`, the TIFF structure.
    pub(crate) fn add_exif(&mut self, tiff: &[u8], of: u16) {
        let data = [&6u32.to_be_bytes()[..], b"Exif\0\0", tiff].concat();
        let id = self.add(Item { kind: *b"Exif", hidden: true, properties: Vec::new(), data, in_idat: false });
        self.references.push((*b"cdsc", id, vec![of]));
    }

    /// An XMP item describing `of`.
    pub(crate) fn add_xmp(&mut self, xmp: Vec<u8>, of: u16) {
        let id = self.add(Item { kind: *b"mime", hidden: true, properties: Vec::new(), data: xmp, in_idat: false });
        self.references.push((*b"cdsc", id, vec![of]));
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let brands = self.compatible.concat();
        let ftyp = boxed(*b"ftyp", &[&self.major[..], &[0; 4], &brands].concat());
        let start = [ftyp, self.layout.after_ftyp.clone()].concat();
        let data: Vec<u8> = self.items.iter().filter(|item| !item.in_idat).flat_map(|item| self.placed(item)).collect();
        let mdat = match self.layout.data_size {
            DataSize::Short => boxed(*b"mdat", &data),
            DataSize::Long => [&[0, 0, 0, 1], &b"mdat"[..], &(data.len() as u64 + 16).to_be_bytes(), &data].concat(),
            DataSize::ToTheEnd => [&[0; 4], &b"mdat"[..], &data].concat(),
        };
        let header = mdat.len() - data.len();
        let end = &self.layout.at_end;
        if self.layout.data_first {
            let meta = self.meta(start.len() + header);
            return [&start, &mdat, &meta, end].map(|part| &part[..]).concat();
        }
        let meta = self.meta(start.len() + self.meta(0).len() + header);
        [&start, &meta, &mdat, end].map(|part| &part[..]).concat()
    }

    /// An item's data as it lies in the file: its extents, the first of them last.
    fn placed(&self, item: &Item) -> Vec<u8> {
        let first = self.extents(item).next().map_or(0, |(_, len)| len);
        let (first, rest) = item.data.split_at(first);
        [rest, first].concat()
    }

    /// Where each extent lies in the item's placed data, and how long it is.
    fn extents(&self, item: &Item) -> impl Iterator<Item = (usize, usize)> {
        let (len, count) = (item.data.len(), if item.in_idat { 1 } else { self.layout.extents.max(1) });
        let part = len / count;
        let first = if count == 1 { len } else { part };
        let others = (1..count).map(move |i| {
            let end = if i + 1 == count { len } else { (i + 1) * part };
            (i * part - first, end - i * part)
        });
        std::iter::once((len - first, first)).chain(others)
    }

    fn meta(&self, payload: usize) -> Vec<u8> {
        let handler = [&[0; 4][..], b"pict", &[0; 13]].concat();
        let idat: Vec<u8> = self.items.iter().filter(|item| item.in_idat).flat_map(|item| item.data.clone()).collect();
        let mut out = [self.layout.in_meta.clone(), full_box(*b"hdlr", 0, 0, &handler)].concat();
        out.extend(full_box(*b"pitm", self.wide(), 0, &self.id(self.primary)));
        out.extend(self.iinf());
        if !self.references.is_empty() {
            out.extend(self.iref());
        }
        out.extend(self.iprp());
        if !idat.is_empty() {
            out.extend(boxed(*b"idat", &idat));
        }
        out.extend(self.iloc(payload));
        full_box(*b"meta", 0, 0, &out)
    }

    fn iinf(&self) -> Vec<u8> {
        let more = u16::from(!self.layout.extra_info.is_empty());
        let mut out = (u16::from_be_bytes(self.count()) + more).to_be_bytes().to_vec();
        for (id, item) in self.numbered() {
            let mut entry = self.id(id);
            entry.extend([0, 0]);
            entry.extend(item.kind);
            entry.push(0);
            if item.kind == *b"mime" {
                entry.extend(b"application/rdf+xml\0");
            }
            out.extend(full_box(*b"infe", 2 + self.wide(), u32::from(item.hidden), &entry));
        }
        out.extend(&self.layout.extra_info);
        full_box(*b"iinf", 0, 0, &out)
    }

    fn iref(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, from, to) in &self.references {
            let mut reference = self.id(*from);
            reference.extend(u16::try_from(to.len()).expect("few references").to_be_bytes());
            to.iter().for_each(|id| reference.extend(self.id(*id)));
            out.extend(boxed(*kind, &reference));
        }
        full_box(*b"iref", self.wide(), 0, &out)
    }

    /// Properties, each written once, and who has which; transformations and configurations are essential.
    fn iprp(&self) -> Vec<u8> {
        let mut distinct: Vec<&Vec<u8>> = Vec::new();
        let mut ipma = Vec::new();
        let mut entries = 0u32;
        for (id, item) in self.numbered().filter(|(_, item)| !item.properties.is_empty()) {
            entries += 1;
            ipma.extend(self.id(id));
            ipma.push(u8::try_from(item.properties.len()).expect("few properties"));
            for property in &item.properties {
                let place = distinct.iter().position(|other| *other == property).unwrap_or(distinct.len());
                if place == distinct.len() {
                    distinct.push(property);
                }
                let essential =
                    [*b"hvcC", *b"av1C", *b"irot", *b"imir", *b"clap"].iter().any(|name| property[4..8] == *name);
                let index = u16::try_from(place + 1).expect("few properties");
                if self.layout.narrow_associations {
                    ipma.push(u8::from(essential) << 7 | u8::try_from(index).expect("few properties"));
                } else {
                    ipma.extend((u16::from(essential) << 15 | index).to_be_bytes());
                }
            }
        }
        let ipco: Vec<u8> = distinct.into_iter().flatten().copied().collect();
        let ipma = [&entries.to_be_bytes()[..], &ipma].concat();
        let flags = u32::from(!self.layout.narrow_associations);
        let ipma = full_box(*b"ipma", self.wide(), flags, &ipma);
        boxed(*b"iprp", &[boxed(*b"ipco", &ipco), ipma, self.extra.clone()].concat())
    }

    /// `payload` is where the data of `mdat` begins.
    fn iloc(&self, payload: usize) -> Vec<u8> {
        let HeifLayout { wide_ids, old_locations, based, .. } = self.layout;
        let version = if wide_ids { 2 } else { u8::from(!old_locations) };
        let mut out = if based { vec![0x88, 0x80] } else { vec![0x44, 0] };
        let number = |value: usize| if based { (value as u64).to_be_bytes().to_vec() } else { be32(value).to_vec() };
        out.extend(if wide_ids { be32(self.items.len()).to_vec() } else { self.count().to_vec() });
        let (mut in_mdat, mut in_idat) = (payload, 0);
        for (id, item) in self.numbered() {
            let next = if item.in_idat { &mut in_idat } else { &mut in_mdat };
            out.extend(self.id(id));
            if version > 0 {
                out.extend([0, u8::from(item.in_idat)]);
            }
            let base = if based { *next / 2 } else { 0 };
            out.extend([0, 0]);
            out.extend(if based { number(base) } else { Vec::new() });
            let extents: Vec<(usize, usize)> = self.extents(item).collect();
            out.extend(u16::try_from(extents.len()).expect("few extents").to_be_bytes());
            for (offset, len) in extents {
                out.extend(number(*next + offset - base));
                out.extend(number(len));
            }
            *next += item.data.len();
        }
        full_box(*b"iloc", version, 0, &out)
    }

    /// The version of boxes whose ids are 32 bits wide, or else 0.
    fn wide(&self) -> u8 {
        u8::from(self.layout.wide_ids)
    }

    fn id(&self, id: u16) -> Vec<u8> {
        if self.layout.wide_ids { (70_000 + u32::from(id)).to_be_bytes().to_vec() } else { id.to_be_bytes().to_vec() }
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, &Item)> {
        (1..=u16::MAX).zip(&self.items)
    }

    fn count(&self) -> [u8; 2] {
        u16::try_from(self.items.len()).expect("ids are 16 bits here").to_be_bytes()
    }
}

/// A `grid` item's data, with 32-bit sizes if 16 bits are too few.
pub(crate) fn grid_payload(rows: usize, columns: usize, width: u32, height: u32) -> Vec<u8> {
    let last = |count: usize| u8::try_from(count - 1).expect("grids have 256 rows at most");
    let mut out = vec![0, u8::from(width.max(height) > 0xFFFF), last(rows), last(columns)];
    for side in [width, height] {
        let bytes = side.to_be_bytes();
        out.extend_from_slice(if out[1] == 1 { &bytes } else { &bytes[2..] });
    }
    out
}
