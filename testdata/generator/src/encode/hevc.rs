//! Pictures as intra-coded HEVC by `heifer-hevc-enc`, ready to be items of a HEIF file.

use heifer_hevc_enc::encoder::{EncodedPicture, EncoderConfig, Planes16, encode_picture16};

use super::boxes::{boxed, full_box, ispe};
use super::matrix::{PlaneCoding, planes_of};
use crate::raster::Rgb;

/// RGB samples of `depth` bits.
pub(crate) struct HevcSource {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u8,
    pub(crate) samples: Vec<u16>,
}

/// The colour description of a coded picture, and its quantiser.
#[derive(Clone, Copy)]
pub(crate) struct HevcCoding {
    pub(crate) qp: u8,
    pub(crate) full_range: bool,
    /// Colour primaries, transfer characteristics and matrix coefficients (ITU-T H.273).
    pub(crate) cicp: [u8; 3],
}

/// A coded picture.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: u8,
    pub(crate) depth: u8,
    /// The `hvcC` box.
    pub(crate) config: Vec<u8>,
    /// NAL units, each after its length.
    pub(crate) data: Vec<u8>,
}

impl Default for HevcCoding {
    /// sRGB with the BT.601 matrix at full range, as phones write.
    fn default() -> Self {
        Self { qp: 26, full_range: true, cicp: [1, 13, 6] }
    }
}

impl From<&Rgb> for HevcSource {
    fn from(image: &Rgb) -> Self {
        let samples = image.samples.iter().map(|&v| u16::from(v)).collect();
        Self { width: image.width, height: image.height, depth: 8, samples }
    }
}

pub(crate) fn encode(source: &HevcSource, coding: &HevcCoding) -> Picture {
    let [y, cb, cr] = planes(source, coding);
    let planes = Planes16 { y: &y, chroma: Some((&cb, &cr)), bit_depth: source.depth };
    finish(encode_planes(source.width, source.height, planes, coding), source.depth)
}

/// A tile of which the part outside `shown` is zero in all planes, as some phones fill it.
pub(crate) fn encode_zero_padded(source: &HevcSource, shown: (u32, u32), coding: &HevcCoding) -> Picture {
    let cut = |mut plane: Vec<u16>, width: u32, shown: (u32, u32)| {
        for (y, row) in (0..).zip(plane.chunks_exact_mut(width as usize)) {
            row[if y < shown.1 { shown.0 as usize } else { 0 }..].fill(0);
        }
        plane
    };
    let [y, cb, cr] = planes(source, coding);
    let (half, shown_half) = (source.width.div_ceil(2), (shown.0.div_ceil(2), shown.1.div_ceil(2)));
    let (y, [cb, cr]) = (cut(y, source.width, shown), [cb, cr].map(|plane| cut(plane, half, shown_half)));
    let planes = Planes16 { y: &y, chroma: Some((&cb, &cr)), bit_depth: source.depth };
    finish(encode_planes(source.width, source.height, planes, coding), source.depth)
}

/// One plane of 8 bits: an alpha plane.
pub(crate) fn encode_gray(width: u32, height: u32, samples: &[u8], qp: u8) -> Picture {
    let y: Vec<u16> = samples.iter().map(|&v| u16::from(v)).collect();
    let coding = HevcCoding { qp, full_range: true, cicp: [2, 2, 2] };
    finish(encode_planes(width, height, Planes16 { y: &y, chroma: None, bit_depth: 8 }, &coding), 8)
}

fn encode_planes(width: u32, height: u32, planes: Planes16<'_>, coding: &HevcCoding) -> EncodedPicture {
    let [primaries, transfer, matrix] = coding.cicp;
    let config = EncoderConfig { qp: coding.qp, full_range: coding.full_range, colour: (primaries, transfer, matrix) };
    encode_picture16(width, height, planes, &config).expect("planes have the size of the picture")
}

/// Luma and chroma planes, chroma averaged over 2×2 pixels.
fn planes(source: &HevcSource, coding: &HevcCoding) -> [Vec<u16>; 3] {
    let plane_coding = PlaneCoding { cicp: coding.cicp, full_range: coding.full_range };
    let pixels = source.samples.chunks_exact(3).map(|rgb| planes_of(rgb, source.depth, plane_coding));
    let pixels: Vec<[f64; 3]> = pixels.collect();
    let (w, h) = (source.width as usize, source.height as usize);
    let luma = pixels.iter().map(|p| quantized(p[0], source.depth)).collect();
    let chroma = |channel: usize| {
        let sample = |i: usize| {
            let (x, y) = (i % w.div_ceil(2) * 2, i / w.div_ceil(2) * 2);
            let corners = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            let sum: f64 = corners.iter().map(|&(x, y)| pixels[y.min(h - 1) * w + x.min(w - 1)][channel]).sum();
            quantized(sum / 4.0, source.depth)
        };
        (0..w.div_ceil(2) * h.div_ceil(2)).map(sample).collect()
    };
    [luma, chroma(1), chroma(2)]
}

fn quantized(value: f64, depth: u8) -> u16 {
    ((value + 0.5).max(0.0) as u16).min((1 << depth) - 1)
}

fn finish(encoded: EncodedPicture, depth: u8) -> Picture {
    let prefixed = |nal: &Vec<u8>| [&length(nal)[..], nal].concat();
    Picture {
        width: encoded.width,
        height: encoded.height,
        channels: if encoded.chroma_format == 0 { 1 } else { 3 },
        depth,
        config: hvcc(&encoded, depth),
        data: encoded.slices.iter().flat_map(prefixed).collect(),
    }
}

/// The decoder configuration (ISO/IEC 14496-15, 8.3.2.1).
fn hvcc(encoded: &EncodedPicture, depth: u8) -> Vec<u8> {
    let compatible: u32 = if encoded.profile_idc == 1 { 0x6000_0000 } else { 0x2000_0000 };
    let mut out = vec![1, encoded.profile_idc];
    out.extend(compatible.to_be_bytes());
    out.extend([0x90, 0, 0, 0, 0, 0, encoded.level_idc, 0xF0, 0, 0xFC]);
    out.extend([0xFC | encoded.chroma_format, 0xF8 | (depth - 8), 0xF8 | (depth - 8), 0, 0, 0x0F]);
    out.push(3);
    for nal in &encoded.parameter_sets {
        out.extend([0x80 | nal[0] >> 1, 0, 1]);
        out.extend(&length(nal)[2..]);
        out.extend_from_slice(nal);
    }
    boxed(*b"hvcC", &out)
}

fn length(nal: &[u8]) -> [u8; 4] {
    u32::try_from(nal.len()).expect("tiles are small").to_be_bytes()
}

impl Picture {
    /// Adds copies of the picture parameter set under other numbers, which no slice names.
    pub(crate) fn add_picture_sets(&mut self, numbers: std::ops::Range<u16>) {
        let config = &self.config[8..];
        let start = config.windows(2).position(|pair| pair == [34 << 1, 1]).expect("a picture parameter set");
        let count = (numbers.end - numbers.start).to_be_bytes();
        let sets = numbers.map(|number| numbered_set(&config[start..], number));
        let sets: Vec<u8> = sets.flat_map(|set| [&length(&set)[2..], &set].concat()).collect();
        let mut content = [config, &[0x80 | 34], &count, &sets].concat();
        content[22] += 1;
        self.config = boxed(*b"hvcC", &content);
    }

    /// The properties that every coded picture has: `hvcC`, `ispe` and `pixi`.
    pub(crate) fn properties(&self) -> Vec<Vec<u8>> {
        let mut pixi = vec![self.channels];
        pixi.resize(1 + usize::from(self.channels), self.depth);
        vec![self.config.clone(), ispe(self.width, self.height), full_box(*b"pixi", 0, 0, &pixi)]
    }
}

/// A picture parameter set of number 0, whose code is one bit, under another number (ITU-T H.265, 7.3.2.3 and 9.2).
fn numbered_set(set: &[u8], number: u16) -> Vec<u8> {
    let bits = set[2..].iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1 == 1)).skip(1);
    let length = (number + 1).ilog2();
    let code = (0..=2 * length).rev().map(|i| u32::from(number + 1) >> i & 1 == 1);
    let mut bits: Vec<bool> = code.chain(bits).collect();
    let stop = bits.iter().rposition(|&bit| bit).expect("a stop bit");
    bits.truncate(stop + 1);
    let byte = |bits: &[bool]| bits.iter().enumerate().fold(0, |byte, (i, &bit)| byte | u8::from(bit) << (7 - i));
    set[..2].iter().copied().chain(bits.chunks(8).map(byte)).collect()
}
