//! Writes HEIF files (ISO/IEC 23008-12 in ISO/IEC 14496-12 boxes) item by item, valid ones and broken ones alike.

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
        Self { major: *b"heic", compatible, items: Vec::new(), references: Vec::new(), primary: 1, extra: Vec::new() }
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
        let payload = ftyp.len() + self.meta(0).len() + 8;
        let mdat: Vec<u8> = self.items.iter().filter(|item| !item.in_idat).flat_map(|item| item.data.clone()).collect();
        [ftyp, self.meta(payload), boxed(*b"mdat", &mdat)].concat()
    }

    fn meta(&self, payload: usize) -> Vec<u8> {
        let handler = [&[0; 4][..], b"pict", &[0; 13]].concat();
        let idat: Vec<u8> = self.items.iter().filter(|item| item.in_idat).flat_map(|item| item.data.clone()).collect();
        let mut out = full_box(*b"hdlr", 0, 0, &handler);
        out.extend(full_box(*b"pitm", 0, 0, &self.primary.to_be_bytes()));
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
        let mut out = self.count().to_vec();
        for (id, item) in self.numbered() {
            let mut entry = id.to_be_bytes().to_vec();
            entry.extend([0, 0]);
            entry.extend(item.kind);
            entry.push(0);
            if item.kind == *b"mime" {
                entry.extend(b"application/rdf+xml\0");
            }
            out.extend(full_box(*b"infe", 2, u32::from(item.hidden), &entry));
        }
        full_box(*b"iinf", 0, 0, &out)
    }

    fn iref(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, from, to) in &self.references {
            let mut reference = from.to_be_bytes().to_vec();
            reference.extend(u16::try_from(to.len()).expect("few references").to_be_bytes());
            to.iter().for_each(|id| reference.extend(id.to_be_bytes()));
            out.extend(boxed(*kind, &reference));
        }
        full_box(*b"iref", 0, 0, &out)
    }

    /// Properties, each written once, and who has which; transformations and configurations are essential.
    fn iprp(&self) -> Vec<u8> {
        let mut distinct: Vec<&Vec<u8>> = Vec::new();
        let mut ipma = Vec::new();
        let mut entries = 0u32;
        for (id, item) in self.numbered().filter(|(_, item)| !item.properties.is_empty()) {
            entries += 1;
            ipma.extend(id.to_be_bytes());
            ipma.push(u8::try_from(item.properties.len()).expect("few properties"));
            for property in &item.properties {
                let place = distinct.iter().position(|other| *other == property).unwrap_or(distinct.len());
                if place == distinct.len() {
                    distinct.push(property);
                }
                let essential =
                    [*b"hvcC", *b"av1C", *b"irot", *b"imir", *b"clap"].iter().any(|name| property[4..8] == *name);
                let index = u16::try_from(place + 1).expect("few properties");
                ipma.extend((u16::from(essential) << 15 | index).to_be_bytes());
            }
        }
        let ipco: Vec<u8> = distinct.into_iter().flatten().copied().collect();
        let ipma = [&entries.to_be_bytes()[..], &ipma].concat();
        boxed(*b"iprp", &[boxed(*b"ipco", &ipco), full_box(*b"ipma", 0, 1, &ipma), self.extra.clone()].concat())
    }

    /// Version 1 with 4-byte offsets and lengths; `payload` is where the data of `mdat` begins.
    fn iloc(&self, payload: usize) -> Vec<u8> {
        let mut out = vec![0x44, 0];
        out.extend(self.count());
        let (mut in_mdat, mut in_idat) = (payload, 0);
        for (id, item) in self.numbered() {
            let next = if item.in_idat { &mut in_idat } else { &mut in_mdat };
            out.extend(id.to_be_bytes());
            out.extend([0, u8::from(item.in_idat), 0, 0, 0, 1]);
            out.extend(be32(*next));
            out.extend(be32(item.data.len()));
            *next += item.data.len();
        }
        full_box(*b"iloc", 1, 0, &out)
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, &Item)> {
        (1..=u16::MAX).zip(&self.items)
    }

    fn count(&self) -> [u8; 2] {
        u16::try_from(self.items.len()).expect("ids are 16 bits here").to_be_bytes()
    }
}

pub(crate) fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    [&be32(content.len() + 8)[..], &name, content].concat()
}

pub(crate) fn full_box(name: [u8; 4], version: u8, flags: u32, content: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = flags.to_be_bytes();
    boxed(name, &[&[version, a, b, c][..], content].concat())
}

pub(crate) fn ispe(width: u32, height: u32) -> Vec<u8> {
    full_box(*b"ispe", 0, 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

pub(crate) fn pixi8() -> Vec<u8> {
    full_box(*b"pixi", 0, 0, &[3, 8, 8, 8])
}

pub(crate) fn nclx([primaries, transfer, matrix]: [u8; 3], full_range: bool) -> Vec<u8> {
    let range = if full_range { 0x80 } else { 0 };
    boxed(*b"colr", &[&b"nclx"[..], &[0, primaries, 0, transfer, 0, matrix, range]].concat())
}

pub(crate) fn prof(icc: &[u8]) -> Vec<u8> {
    boxed(*b"colr", &[b"prof", icc].concat())
}

/// `quarter_turns` anti-clockwise.
pub(crate) fn irot(quarter_turns: u8) -> Vec<u8> {
    boxed(*b"irot", &[quarter_turns])
}

/// 0 exchanges top and bottom, 1 exchanges left and right (ISO/IEC 23008-12:2022, 6.5.12).
pub(crate) fn imir(axis: u8) -> Vec<u8> {
    boxed(*b"imir", &[axis])
}

/// A crop to `width` × `height` whose centre lies `off` halves of a pixel from the picture's.
pub(crate) fn clap(width: u32, height: u32, off: (i32, i32)) -> Vec<u8> {
    let halves = |v: i32| [v.to_be_bytes(), 2i32.to_be_bytes()].concat();
    let whole = |v: u32| [v.to_be_bytes(), 1u32.to_be_bytes()].concat();
    boxed(*b"clap", &[whole(width), whole(height), halves(off.0), halves(off.1)].concat())
}

/// A `grid` item's data; 32-bit sizes where 16 do not do.
pub(crate) fn grid_payload(rows: usize, columns: usize, width: u32, height: u32) -> Vec<u8> {
    let last = |count: usize| u8::try_from(count - 1).expect("grids have 256 rows at most");
    let mut out = vec![0, u8::from(width.max(height) > 0xFFFF), last(rows), last(columns)];
    for side in [width, height] {
        let bytes = side.to_be_bytes();
        out.extend_from_slice(if out[1] == 1 { &bytes } else { &bytes[2..] });
    }
    out
}

/// The properties that turn a stored picture upright as Exif orientation `orientation` would.
pub(crate) fn turns(orientation: u8) -> Vec<Vec<u8>> {
    match orientation {
        2 => vec![imir(1)],
        3 => vec![irot(2)],
        4 => vec![imir(0)],
        5 => vec![irot(1), imir(0)],
        6 => vec![irot(3)],
        7 => vec![irot(3), imir(0)],
        8 => vec![irot(1)],
        _ => Vec::new(),
    }
}

fn be32(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("files are below 4 GiB").to_be_bytes()
}
