//! Files made box by box, and pictures made by another encoder.

use std::path::{Path, PathBuf};

use libheif_rs::{Channel, ColorSpace, DecodingOptions, HeifContext, LibHeif};

use super::boxes::FourCc;
use super::*;
use crate::header::{Cicp, ColorDescription, Orientation};
use crate::pixels::{Layout, Planes, Samples};
use crate::plan::plan;
use crate::profile::{Geometry, Profile};
use crate::reduce::reduce_planes;
use crate::size::Rect;
use crate::watch::Meter;

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
    let picture = Picture::read(&bytes, &Limits::default()).unwrap();
    let data = picture.items.data(picture.whole.leaves[0].item).unwrap().concat();
    let at = bytes.windows(4).position(|w| w == b"hvcC").unwrap();
    let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap());
    (bytes[at + 4..at - 4 + size as usize].to_vec(), data)
}

fn header(file: &File) -> Header {
    probe(&file.write(), &Limits::default()).unwrap()
}

fn code(file: &File) -> &'static str {
    probe(&file.write(), &Limits::default()).unwrap_err().code()
}

/// On one thread, for a canonical image that is not reduced.
fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Pixels> {
    let plan = plan(header, bytes.len() as u64, &Profile::default());
    super::decode(bytes, header, &plan, limits, Workers::default())
}

/// For a canonical image of at most 64 pixels a side.
fn decode_to_reduce(bytes: &[u8], header: &Header, workers: Workers<'_>) -> Result<Pixels> {
    let profile = Profile { geometry: Geometry::Fit { max_edge: 64 }, ..Profile::default() };
    let plan = plan(header, bytes.len() as u64, &profile);
    super::decode(bytes, header, &plan, &Limits::default(), workers)
}

fn decoded(bytes: &[u8]) -> Pixels {
    let limits = Limits::default();
    decode(bytes, &probe(bytes, &limits).unwrap(), &limits).unwrap()
}

fn planes(bytes: &[u8]) -> Planes {
    match decoded(bytes) {
        Pixels::Ycbcr(planes) => planes,
        _ => panic!("interleaved"),
    }
}

/// libheif's own planes: size and tight rows of bytes.
fn by_libheif(bytes: &[u8], transformed: bool) -> Vec<(Size, Vec<u8>)> {
    let mut context = HeifContext::new().unwrap();
    context.set_max_decoding_threads(0);
    context.read_bytes(bytes).unwrap();
    let mut options = DecodingOptions::new().unwrap();
    options.set_ignore_transformations(!transformed);
    options.set_output_image_nclx_profile_passthrough(true);
    let handle = context.primary_image_handle().unwrap();
    let image = LibHeif::new().decode(&handle, ColorSpace::Undefined, Some(options)).unwrap();
    let planes = image.planes();
    let sizes = [planes.y, planes.cb, planes.cr].into_iter().flatten().map(|plane| {
        let row = plane.width as usize * if plane.bits_per_pixel > 8 { 2 } else { 1 };
        let rows = plane.data.chunks(plane.stride).flat_map(|r| r[..row].to_vec());
        (Size::new(plane.width, plane.height), rows.collect())
    });
    assert!(image.has_channel(Channel::Y));
    sizes.collect()
}

fn bytes_of(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::U16(v) => v.iter().flat_map(|s| s.to_ne_bytes()).collect(),
    }
}

fn assert_same_as_libheif(bytes: &[u8]) {
    let (planes, theirs) = (planes(bytes), by_libheif(bytes, false));
    assert_eq!(planes.size, theirs[0].0);
    assert!(bytes_of(&planes.luma) == theirs[0].1, "luma differs");
    let chroma = planes.chroma.unwrap();
    assert!(bytes_of(&chroma.cb) == theirs[1].1, "cb differs");
    assert!(bytes_of(&chroma.cr) == theirs[2].1, "cr differs");
}

#[test]
fn a_made_file_is_read() {
    let h = header(&File::single());
    assert_eq!((h.coded_size, h.bit_depth, h.channels), (Size::new(64, 48), 8, Channels::Ycbcr));
    assert_eq!((h.crop, h.orientation), (Rect::whole(h.coded_size), Orientation::Upright));
    let tile_size = Size::new(64, 48);
    let subsampling = Some((2, 2));
    assert_eq!(h.coding, Coding::Hevc { tiles: 1, item: "hvc1", tile_size, subsampling, composed: false });
    assert_same_as_libheif(&File::single().write());
}

#[test]
fn grids_and_deep_pictures_decode_as_libheif_decodes_them() {
    assert_same_as_libheif(&encode(700, 530, false));
    let deep = heifer::Image {
        width: 70,
        height: 50,
        bit_depth: 10,
        has_alpha: false,
        data: rgba(70, 50, false).into_iter().map(|v| u16::from(v) * 4 + 3).collect(),
    };
    let bytes = heifer::encode(&deep, &heifer::EncodeOptions::default()).unwrap();
    assert_eq!(planes(&bytes).bit_depth, 10);
    assert_same_as_libheif(&bytes);
}

#[test]
fn alpha_comes_as_rgba() {
    let bytes = encode(600, 40, true);
    assert!(probe(&bytes, &Limits::default()).unwrap().has_alpha);
    let Pixels::Interleaved(raster) = decoded(&bytes) else { panic!("planes") };
    let Samples::U8(ours) = raster.samples else { panic!("deep") };
    assert_eq!((raster.layout, raster.size), (Layout::Rgba, Size::new(600, 40)));
    let theirs = heifer::decode_rgba8(&bytes, &heifer::Options::default()).unwrap().data;
    assert!(ours.iter().zip(&theirs).skip(3).step_by(4).all(|(a, b)| a == b), "alpha differs");
    // They take chroma to lie half a pixel further right.
    let difference: u64 = ours.iter().zip(&theirs).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(difference < 2 * ours.len() as u64, "mean difference over 2: {difference} in {}", ours.len());
}

#[test]
fn folded_transformations_show_what_libheif_shows() {
    let [turn, back, across, down] =
        [(b"irot", 3), (b"irot", 1), (b"imir", 1), (b"imir", 0)].map(|(k, v)| make_box(k, &[&[v]]));
    let crop = clap([60, 40, -24, 10]);
    let lists = [
        vec![turn.clone()],
        vec![back.clone(), across.clone()],
        vec![across.clone(), turn.clone()],
        vec![down.clone()],
        vec![crop.clone(), turn.clone()],
        vec![turn.clone(), crop.clone()],
        vec![down, back, crop.clone(), across.clone()],
        vec![crop, across, turn],
    ];
    for list in lists {
        let bytes = File::single().with(&list).write();
        let h = probe(&bytes, &Limits::default()).unwrap();
        let (size, theirs) = by_libheif(&bytes, true).swap_remove(0);
        assert_eq!((h.size(), shown(&bytes_of(&planes(&bytes).luma), &h)), (size, theirs));
    }
}

/// Crops and turns a plane of the coded size, one sample at a time.
fn shown(plane: &[u8], h: &Header) -> Vec<u8> {
    let (Size { width, height }, (transpose, mirror_x, mirror_y)) = (h.size(), h.orientation.parts());
    let at = |x: u32, y: u32| {
        let (x, y) = (if mirror_x { width - 1 - x } else { x }, if mirror_y { height - 1 - y } else { y });
        let (x, y) = if transpose { (y, x) } else { (x, y) };
        plane[((h.crop.top + y) * h.coded_size.width + h.crop.left + x) as usize]
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| at(x, y)).collect()
}

#[test]
fn no_prefix_is_accepted_and_none_panics() {
    let bytes = File::grid(2, 1, 120, 48).write();
    for len in 0..bytes.len() {
        let code = probe(&bytes[..len], &Limits::default()).unwrap_err().code();
        assert!(["truncated", "malformed"].contains(&code), "{code} at {len}");
    }
    let long = [&bytes[..], b"trailing bytes"].concat();
    assert!(probe(&long, &Limits::default()).is_ok());
}

#[test]
fn no_changed_byte_panics() {
    let limits = Limits::default();
    let bytes = File::grid(2, 1, 120, 48).with(&[clap([60, 40, 0, 0]), nclx([1, 13, 6], true)]).write();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, bytes[at] ^ 0x10] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(h) = probe(&changed, &limits) {
                drop(decode(&changed, &h, &limits));
            }
        }
    }
}

#[test]
fn damaged_pictures_are_refused() {
    let bytes = encode(512, 512, false);
    let limits = Limits::default();
    let h = probe(&bytes, &limits).unwrap();
    let end = bytes.len();
    let start = end - Picture::read(&bytes, &limits).unwrap().items.data(1).unwrap().concat().len();
    for cut in [20, 50, 90].map(|percent| start + (end - start) * percent / 100) {
        let mut damaged = bytes.clone();
        damaged[cut..].fill(0);
        assert_eq!(decode(&damaged, &h, &limits).unwrap_err().code(), "malformed");
        assert_eq!(decode_to_reduce(&damaged, &h, Workers::default()).unwrap_err().code(), "malformed");
    }
}

#[test]
fn without_in_loop_filters_only_a_little_changes() {
    let bytes = encode(300, 200, false);
    let h = probe(&bytes, &Limits::default()).unwrap();
    let (Pixels::Ycbcr(rough) | Pixels::ReducedYcbcr(rough)) =
        decode_to_reduce(&bytes, &h, Workers::default()).unwrap()
    else {
        panic!("no planes")
    };
    let (smooth, rough) = (bytes_of(&planes(&bytes).luma), bytes_of(&rough.luma));
    let error: u64 = smooth.iter().zip(&rough).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(error > 0 && error < smooth.len() as u64, "{error} of {}", smooth.len());
}

#[test]
fn what_was_decoded_before_decides_nothing() {
    let bytes = encode(200, 136, false);
    let h = probe(&bytes, &Limits::default()).unwrap();
    let data = Picture::read(&bytes, &Limits::default()).unwrap().items.data(1).unwrap().concat().len();
    let alone = |bytes: &[u8]| decode(bytes, &h, &Limits::default()).map_err(|e| e.to_string());
    let other = encode(640, 480, true);
    let other_header = probe(&other, &Limits::default()).unwrap();
    for step in 0..60 {
        let mut damaged = bytes.clone();
        let at = bytes.len() - data + data / 8 + step * data / 70;
        damaged[at] ^= 0x10;
        let first = alone(&damaged);
        decode(&other, &other_header, &Limits::default()).unwrap();
        assert!(alone(&damaged) == first, "step {step}");
    }
}

/// Every coded picture of a file by our decoder and by libde265, without in-loop filters; how many were ours.
fn compare_decoders(bytes: &[u8]) -> usize {
    let picture = Picture::read(bytes, &Limits::default()).unwrap();
    let mut ours = 0;
    for leaf in picture.leaves() {
        let data = picture.items.data(leaf.item).unwrap().concat();
        let Some(agree) = agreement::agree(&leaf.config, &data, &Limits::default()) else { continue };
        assert!(agree.unwrap(), "item {}", leaf.item);
        ours += 1;
    }
    ours
}

#[test]
fn our_decoder_gives_what_libde265_gives() {
    assert_eq!(compare_decoders(&encode(700, 530, false)), 4);
    let deep = heifer::Image {
        width: 270,
        height: 150,
        bit_depth: 10,
        has_alpha: false,
        data: rgba(270, 150, false).into_iter().map(|v| u16::from(v) * 4 + 3).collect(),
    };
    assert_eq!(compare_decoders(&heifer::encode(&deep, &heifer::EncodeOptions::default()).unwrap()), 1);
}

#[test]
fn rows_of_tiles_reduce_as_the_whole_does() {
    let bytes = encode(1500, 1100, false);
    let h = probe(&bytes, &Limits::default()).unwrap();
    for max_edge in [64, 500, 999] {
        let profile = Profile { geometry: Geometry::Fit { max_edge }, ..Profile::default() };
        let to_reduce = plan(&h, 0, &profile);
        let whole = Plan { target: to_reduce.crop.size, ..to_reduce.clone() };
        let decode = |plan| super::decode(&bytes, &h, plan, &Limits::default(), Workers::default()).unwrap();
        let (Pixels::Ycbcr(whole), Pixels::ReducedYcbcr(rows)) = (decode(&whole), decode(&to_reduce)) else {
            panic!("not as planned")
        };
        let grid = to_reduce.chroma_grid(8, whole.matrix);
        assert!(reduce_planes(whole, to_reduce.crop, to_reduce.target, grid, &Meter::default()).unwrap() == rows);
    }
}

#[test]
fn threads_change_neither_samples_nor_errors() {
    let bytes = encode(1500, 1100, false);
    let h = probe(&bytes, &Limits::default()).unwrap();
    let picture = Picture::read(&bytes, &Limits::default()).unwrap();
    assert!(picture.whole.leaves.len() >= 6);
    let mut damaged = bytes.clone();
    // One tile whose data ends early and, before it, one of another kind: two errors to choose from.
    for (tile, at) in [(2, 4), (4, 0)] {
        let data = picture.items.data(picture.whole.leaves[tile].item).unwrap()[0];
        let start = data.as_ptr() as usize - bytes.as_ptr() as usize;
        damaged[start + at] = if at == 0 { 0xff } else { 1 << 1 };
    }
    let alone = (decode_to_reduce(&bytes, &h, Workers::default()), decode_to_reduce(&damaged, &h, Workers::default()));
    assert_eq!(alone.1.as_ref().unwrap_err().code(), "unsupported");
    for threads in 1..=3 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let workers = Workers::of(Some(&pool));
        assert!(decode_to_reduce(&bytes, &h, workers).unwrap() == *alone.0.as_ref().unwrap());
        let error = decode_to_reduce(&damaged, &h, workers).unwrap_err();
        assert_eq!(error.to_string(), alone.1.as_ref().unwrap_err().to_string());
    }
}

#[test]
fn limits_are_inclusive() {
    let mut file = File::grid(2, 2, 128, 96);
    file.items[1].extents = [&[], &file.items[1].extents[0][..]].map(<[u8]>::to_vec).to_vec();
    let bytes = file.write();
    let exact = Limits {
        max_heif_items: 2,
        max_heif_tiles: 4,
        max_heif_extents: 2,
        max_heif_depth: 4,
        max_pixels: 128 * 96,
        max_side: 128,
        ..Limits::default()
    };
    assert!(probe(&bytes, &exact).is_ok());
    let refused = |limits: Limits| probe(&bytes, &limits).unwrap_err();
    let numbers = |limits: Limits| refused(limits).limit_and_actual().unwrap();
    assert_eq!(numbers(Limits { max_heif_items: 1, ..exact.clone() }), (1, 2));
    assert_eq!(numbers(Limits { max_heif_tiles: 3, ..exact.clone() }), (3, 4));
    assert_eq!(numbers(Limits { max_heif_extents: 1, ..exact.clone() }), (1, 2));
    assert_eq!(numbers(Limits { max_heif_depth: 3, ..exact.clone() }), (3, 4));
    assert_eq!(refused(Limits { max_pixels: 128 * 96 - 1, ..exact.clone() }).code(), "too_many_pixels");
    assert_eq!(refused(Limits { max_side: 127, ..exact }).code(), "too_many_pixels");
}

#[test]
fn derived_items_must_make_sense() {
    let with_inputs = |inputs: &[u16]| {
        let mut file = File::grid(2, 1, 128, 48);
        file.references[0].2 = inputs.to_vec();
        code(&file)
    };
    assert_eq!(with_inputs(&[2]), "malformed");
    assert_eq!(with_inputs(&[2, 2, 2]), "malformed");
    assert_eq!(with_inputs(&[2, 9]), "malformed");
    assert_eq!(with_inputs(&[1, 2]), "malformed");
    assert_eq!(with_inputs(&[]), "malformed");
    assert_eq!(code(&File::grid(2, 1, 129, 48)), "malformed");
    assert_eq!(code(&File::grid(2, 1, 64, 48)), "malformed");
}

#[test]
fn circles_of_references_are_malformed() {
    let mut file = File::single();
    file.items = vec![Item { kind: *b"iden", properties: vec![], extents: vec![] }; 2];
    file.references = vec![(*b"dimg", 1, vec![2]), (*b"dimg", 2, vec![1])];
    assert_eq!(code(&file), "malformed");
}

#[test]
fn an_identity_adds_its_transformation() {
    let mut file = File::single().with(&[make_box(b"irot", &[&[3]])]);
    file.items.insert(0, Item { kind: *b"iden", properties: vec![], extents: vec![] });
    file.references = vec![(*b"dimg", 1, vec![2])];
    let file = file.with(&[make_box(b"imir", &[&[1]])]);
    let h = header(&file);
    assert_eq!((h.orientation, h.size()), (Orientation::Transpose, Size::new(48, 64)));
    assert_eq!(planes(&file.write()).size, Size::new(64, 48));
}

#[test]
fn what_is_not_hevc_is_unsupported_by_name() {
    let refusal = |file: &File| probe(&file.write(), &Limits::default()).unwrap_err();
    let mut file = File::single();
    file.items[0].kind = *b"av01";
    assert_eq!((refusal(&file).code(), refusal(&file).to_string().contains("av01")), ("unsupported", true));
    let mut file = File::single();
    file.brand = *b"avis";
    assert_eq!((refusal(&file).code(), refusal(&file).to_string().contains("avis")), ("unsupported", true));
    assert_eq!(refusal(&File::single().with(&[make_box(b"what", &[])])).code(), "unsupported");
}

#[test]
fn colour_prefers_the_profile_and_keeps_the_signal_of_nclx() {
    let icc = make_box(b"colr", &[b"prof", b"not a profile"]);
    let file = File::single().with(&[nclx([9, 16, 9], false), icc]);
    assert_eq!(header(&file).color, ColorDescription::Icc(bytes::Bytes::from_static(b"not a profile")));
    let planes = planes(&file.write());
    assert_eq!((planes.range, planes.matrix), (crate::pixels::Range::Limited, crate::pixels::Matrix::Bt2020));
    let cicp = Cicp { primaries: 12, transfer: 13, matrix: 6, full_range: true };
    assert_eq!(header(&File::single().with(&[nclx([12, 13, 6], true)])).color, ColorDescription::Cicp(cicp));
    let limits = Limits { max_icc_bytes: 12, ..Limits::default() };
    let color = probe(&file.write(), &limits).unwrap().color;
    assert_eq!(color.name(), "cicp");
}

#[test]
fn a_size_other_than_the_coded_one_is_malformed() {
    let mut file = File::single();
    file.properties[0] = ispe(64, 64);
    assert_eq!(code(&file), "malformed");
    file.properties[0] = ispe(0, 48);
    assert_eq!(code(&file), "malformed");
    file.properties[0] = ispe(40_000, 48);
    assert_eq!(code(&file), "too_many_pixels");
}

#[test]
fn nothing_in_an_item_makes_the_decoder_hold_more_than_its_picture() {
    let refused = |change: fn(&mut Vec<u8>)| {
        let mut file = File::single();
        change(&mut file.items[0].extents[0]);
        let bytes = file.write();
        decode(&bytes, &probe(&bytes, &Limits::default()).unwrap(), &Limits::default()).unwrap_err().code()
    };
    assert_eq!(refused(|data| data[4] = 1 << 1), "unsupported");
    assert_eq!(refused(|data| data[4] = 21 << 1), "unsupported");
    assert_eq!(refused(|data| drop(data.splice(..0, [0, 0, 0, 3, 33 << 1, 1, 1]))), "unsupported");
}

#[test]
fn parameter_sets_may_be_repeated() {
    let mut file = File::single();
    let (config, _) = coded_picture();
    let sets = hevc::Config::read(&config).unwrap().parameter_sets().unwrap().into_iter();
    let sets = sets.flat_map(|set| [&u32::try_from(set.len()).unwrap().to_be_bytes(), set].concat());
    let sets: Vec<u8> = sets.collect();
    file.items[0].extents[0].splice(..0, sets);
    assert_same_as_libheif(&file.write());
}

#[test]
fn real_files_are_accepted() {
    let Some(corpus) = std::env::var_os("IMAGE_INGEST_CORPUS") else {
        eprintln!("skipped: IMAGE_INGEST_CORPUS is not set");
        return;
    };
    let mut found = Vec::new();
    for folder in ["perf", "orient", "color", "odd/heic"] {
        files(&Path::new(&corpus).join(folder), &mut found);
    }
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        let h = probe(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let reduced = plan(&h, 0, &Profile::default()).target;
        assert!([h.coded_size, reduced].contains(&decoded(&bytes).size()), "{}", path.display());
        eprintln!("{}: {} coded pictures by our decoder", path.display(), compare_decoders(&bytes));
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    found.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "heic" || e == "heif")));
}

#[test]
fn work_out_of_proportion_is_refused() {
    let mut file = File::grid(1, 5, 64, 240);
    file.items[0] =
        Item { kind: *b"iovl", properties: vec![], extents: vec![[&[0; 10][..], &[0, 64, 0, 48]].concat()] };
    let limits = Limits { max_pixels: 64 * 48, ..Limits::default() };
    let error = probe(&file.write(), &limits).unwrap_err();
    assert_eq!(error.limit_and_actual(), Some((2 * 64 * 48, 3 * 64 * 48)));
    let mut file = File::single();
    file.items[0].extents = vec![coded_picture().1.repeat(2)];
    let (bytes, h) = (file.write(), header(&file));
    assert_eq!(decode(&bytes, &h, &Limits::default()).unwrap_err().code(), "unsupported");
}

#[test]
fn a_slice_among_the_parameter_sets_is_malformed() {
    let mut file = File::single();
    let (mut config, _) = coded_picture();
    let sets = config[22];
    config[22] += 1;
    config.extend([1, 0, 1, 0, 3, 1 << 1, 1, 0x80]);
    file.properties[1] = make_box(b"hvcC", &[&config]);
    assert_eq!((sets, code(&file)), (3, "malformed"));
}
