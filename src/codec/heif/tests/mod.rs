//! Files made box by box, and pictures made by another encoder.

mod damage;
mod decoding;
mod structure;

use std::path::{Path, PathBuf};

use image_ingest_color::ColorDescription;
use image_ingest_heif::FourCc;
use image_ingest_hevc::{CodedPicture, DecoderConfiguration, InLoopFilters};
use image_ingest_resize::reduce_planes;
use image_ingest_samples::{Cicp, CpuTimer, Layout, Planes, Rect, Samples, Size, Workers};

use super::decode::decode_planes;
use super::image::PrimaryPicture;
use super::mosaic::Mosaic;
use super::picture::PictureContent;
use super::*;
use crate::error::Result;
use crate::header::Orientation;
use crate::header::{Channels, Coding, Header};
use crate::pixels::KeptRows;
use crate::plan::profile::{Geometry, Profile};
use crate::plan::{Plan, plan};
use crate::upload::limits::Limits;

/// A file to be written: items, properties, references.
#[derive(Clone)]
struct File {
    brand: FourCc,
    properties: Vec<Vec<u8>>,
    items: Vec<Item>,
    references: Vec<(FourCc, u16, Vec<u16>)>,
}

/// One item; its id is its position from 1, and 1 is the primary item.
#[derive(Clone)]
struct Item {
    kind: FourCc,
    properties: Vec<u8>,
    extents: Vec<Vec<u8>>,
}

impl File {
    /// One coded picture; properties 1 and 2 are its size and configuration.
    fn single() -> Self {
        let (config, data) = coded_picture();
        let properties = vec![ispe(64, 48), make_box(b"hvcC", &[&config])];
        let item = Item { kind: *b"hvc1", properties: vec![1, 2], extents: vec![data] };
        Self { brand: *b"heic", properties, items: vec![item], references: Vec::new() }
    }

    /// `columns × rows` times the same tile, in `width × height`.
    fn grid(columns: u8, rows: u8, width: u16, height: u16) -> Self {
        let mut file = Self::single();
        let [w, h] = [width, height].map(u16::to_be_bytes);
        let payload = [&[0, 0, rows - 1, columns - 1], &w[..], &h[..]].concat();
        file.items.insert(0, Item { kind: *b"grid", properties: vec![], extents: vec![payload] });
        file.references.push((*b"dimg", 1, vec![2; usize::from(columns) * usize::from(rows)]));
        file
    }

    /// The file, its primary item having these properties too.
    fn with(mut self, boxes: &[Vec<u8>]) -> Self {
        for b in boxes {
            self.properties.push(b.clone());
            let index = u8::try_from(self.properties.len()).unwrap();
            self.items[0].properties.push(0x80 | index);
        }
        self
    }

    fn write(&self) -> Vec<u8> {
        let ftyp = make_box(b"ftyp", &[&self.brand, &[0; 4], &self.brand]);
        let offset = ftyp.len() + self.meta(0).len() + 8;
        let data: Vec<u8> = self.items.iter().flat_map(|i| i.extents.concat()).collect();
        [ftyp, self.meta(offset), make_box(b"mdat", &[&data])].concat()
    }

    fn meta(&self, mut offset: usize) -> Vec<u8> {
        let count = u16::try_from(self.items.len()).unwrap().to_be_bytes();
        let mut infos = vec![0; 4];
        let mut locations = vec![0, 0, 0, 0, 0x44, 0];
        let mut associations = [&[0, 0, 0, 0, 0, 0][..], &count].concat();
        infos.extend(count);
        locations.extend(count);
        for (index, item) in self.items.iter().enumerate() {
            let id = u16::try_from(index + 1).unwrap().to_be_bytes();
            infos.extend(make_box(b"infe", &[&[2, 0, 0, 0], &id, &[0, 0], &item.kind, &[0]]));
            locations.extend([&id[..], &[0, 0], &u16::try_from(item.extents.len()).unwrap().to_be_bytes()].concat());
            for extent in &item.extents {
                locations.extend(u32::try_from(offset).unwrap().to_be_bytes());
                locations.extend(u32::try_from(extent.len()).unwrap().to_be_bytes());
                offset += extent.len();
            }
            associations.extend(id);
            associations.push(u8::try_from(item.properties.len()).unwrap());
            associations.extend(&item.properties);
        }
        let references = self.references.iter().map(|(kind, from, to)| {
            let count = u16::try_from(to.len()).unwrap().to_be_bytes();
            let to: Vec<u8> = to.iter().flat_map(|id| id.to_be_bytes()).collect();
            make_box(kind, &[&from.to_be_bytes(), &count, &to])
        });
        let references: Vec<u8> = references.flatten().collect();
        let ipco = make_box(b"ipco", &[&self.properties.concat()]);
        make_box(
            b"meta",
            &[
                &[0; 4],
                &make_box(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
                &make_box(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
                &make_box(b"iloc", &[&locations]),
                &make_box(b"iinf", &[&infos]),
                &make_box(b"iref", &[&[0; 4], &references]),
                &make_box(b"iprp", &[&ipco, &make_box(b"ipma", &[&associations])]),
            ],
        )
    }
}

fn make_box(kind: &FourCc, parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], kind, &payload].concat()
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    make_box(b"ispe", &[&[0; 4], &width.to_be_bytes(), &height.to_be_bytes()])
}

fn nclx(codes: [u16; 3], full_range: bool) -> Vec<u8> {
    make_box(b"colr", &[b"nclx", &codes.map(u16::to_be_bytes).concat(), &[u8::from(full_range) << 7]])
}

fn clap(numbers: [i32; 4]) -> Vec<u8> {
    let halves = numbers.map(|n| [n.to_be_bytes(), 2i32.to_be_bytes()].concat());
    make_box(b"clap", &[&halves.concat()])
}

/// RGBA of a picture that looks different from each side.
fn rgba(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let at = |n: u32, all: u32| u8::try_from(n * 255 / all).unwrap();
        [at(x, width), at(y, height), at(x * y, width * height), if alpha { at(width - x, width) } else { 255 }]
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

fn encode(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let options = heifer::EncodeOptions { quality: 90, max_threads: 1 };
    heifer::encode_rgba8(width, height, &rgba(width, height, alpha), &options).unwrap()
}

/// `hvcC` payload and item data of a picture of 64 × 48.
fn coded_picture() -> (Vec<u8>, Vec<u8>) {
    let bytes = encode(64, 48, false);
    let picture = PrimaryPicture::read(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let data = picture.items.data(whole(&picture).leaves[0].item).unwrap().concat();
    let at = bytes.windows(4).position(|w| w == b"hvcC").unwrap();
    let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap());
    (bytes[at + 4..at - 4 + size as usize].to_vec(), data)
}

fn header(file: &File) -> Header {
    probe(&file.write(), &Limits::default(), &CpuTimer::default()).unwrap()
}

fn code(file: &File) -> &'static str {
    probe(&file.write(), &Limits::default(), &CpuTimer::default()).unwrap_err().code()
}

/// On one thread, for a canonical image that is not reduced.
fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<KeptRows> {
    decode_by(
        bytes,
        header,
        &plan(header, &Profile::default(), &CpuTimer::default()).unwrap(),
        limits,
        Workers::default(),
    )
}

/// For a canonical image of at most 64 pixels a side.
fn decode_to_reduce(bytes: &[u8], header: &Header, workers: Workers<'_>) -> Result<KeptRows> {
    let profile = Profile { geometry: Geometry::Fit { max_edge: 64 }, ..Profile::default() };
    decode_by(bytes, header, &plan(header, &profile, &CpuTimer::default()).unwrap(), &Limits::default(), workers)
}

fn decode_by(bytes: &[u8], header: &Header, plan: &Plan, limits: &Limits, workers: Workers<'_>) -> Result<KeptRows> {
    let mut rows = KeptRows::new();
    super::decode(bytes, header, plan, limits, workers, &mut rows)?;
    Ok(rows)
}

fn decoded(bytes: &[u8]) -> KeptRows {
    let limits = Limits::default();
    decode(bytes, &probe(bytes, &limits, &CpuTimer::default()).unwrap(), &limits).unwrap()
}

/// The planes as stored.
fn planes(bytes: &[u8]) -> Planes {
    let PrimaryPicture { items, content, .. } =
        PrimaryPicture::read(bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let PictureContent::Picture(picture) = content else { panic!("layers") };
    decode_planes(&items, &picture, true, Workers::default()).unwrap()
}

fn bytes_of(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::U16(v) => v.iter().flat_map(|s| s.to_ne_bytes()).collect(),
    }
}

fn whole<'p, 'a>(picture: &'p PrimaryPicture<'a>) -> &'p Mosaic<'a> {
    &picture.content.pictures().next().unwrap().whole
}

/// The planes of each coded picture, put together row by row.
fn of_each_tile(bytes: &[u8]) -> [Vec<u8>; 3] {
    let picture = PrimaryPicture::read(bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let whole = whole(&picture);
    let (h, v) = whole.subsampling().unwrap();
    let sample_bytes = if whole.bit_depth() > 8 { 2 } else { 1 };
    let places = [(1, 1), (h, v), (h, v)].map(|(h, v)| (usize::from(h), usize::from(v)));
    let size =
        |(h, v): (usize, usize)| ((whole.size.width as usize).div_ceil(h), (whole.size.height as usize).div_ceil(v));
    let mut planes = places.map(|of| vec![0; size(of).0 * size(of).1 * sample_bytes]);
    for (index, leaf) in whole.leaves.iter().enumerate() {
        let data = picture.items.data(leaf.item).unwrap().concat();
        let coded = CodedPicture::read(&leaf.config, &data, &CpuTimer::default()).unwrap();
        let decoded = image_ingest_hevc::decode(&coded, InLoopFilters::Applied, &CpuTimer::default()).unwrap();
        let ((left, top), shown) = whole.place(index, leaf).unwrap();
        for (channel, (to, of)) in planes.iter_mut().zip(places).enumerate() {
            let from = decoded.view()[channel].unwrap();
            for y in 0..(shown.height as usize).div_ceil(of.1) {
                let row = &from.bytes[y * from.stride..][..(shown.width as usize).div_ceil(of.0) * sample_bytes];
                let start = ((top as usize / of.1 + y) * size(of).0 + left as usize / of.0) * sample_bytes;
                to[start..start + row.len()].copy_from_slice(row);
            }
        }
    }
    planes
}

fn assert_same_as_each_tile(bytes: &[u8]) {
    let planes = planes(bytes);
    let chroma = planes.chroma.unwrap();
    let ours = [planes.luma, chroma.cb, chroma.cr].map(|plane| bytes_of(&plane));
    assert!(ours == of_each_tile(bytes), "other samples");
}
