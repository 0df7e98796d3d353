//! Makes samples of stored rows: gray, RGB or RGBA, 8 bits each, or 16 where the file has 16 (PNG Third Edition
//! § 13.12).
//!
//! Depths below 8 are scaled, indices become the colours of the palette, `tRNS` becomes alpha, gray with alpha becomes
//! RGBA, and samples in limited range (`cICP`) are stretched to full range.
//!
//! Where a stored pixel is one number below 256 (an index, or gray of at most 8 bits), all of that is decided once per
//! picture, in a table of 256 pixels, and a row is a walk of look-ups. The tables have an entry for every byte, so no
//! look-up is out of range whatever the file holds.

use image_ingest_samples::{Layout, Range};

use crate::header::{ColorType, ImageHeader};

/// How the rows of a picture become samples.
#[derive(Debug)]
pub(crate) struct Expand {
    form: PixelForm,
    /// The pixels of each byte of indices to opaque colours, of 8 or of 4 bits.
    opaque: Option<Box<BytePixels>>,
    /// Bits per stored sample.
    depth: u8,
    pub(crate) layout: Layout,
    range: Range,
}

/// What a stored pixel is, and what it becomes.
#[derive(Debug)]
enum PixelForm {
    /// A number below 256, which stands for an entry of this table.
    GrayTable(Box<[[u8; 1]; 256]>),
    RgbTable(Box<[[u8; 3]; 256]>),
    RgbaTable(Box<[[u8; 4]; 256]>),
    /// Samples in the order of the layout; only their range may change.
    AsStored,
    /// Gray and alpha, which become RGBA.
    GrayAlpha,
    /// Gray, of which this value is transparent.
    KeyedGray(u16),
    /// RGB, of which this colour is transparent.
    KeyedRgb([u16; 3]),
}

impl Expand {
    /// Decides how pixels that `header` describes become samples. `palette` has three bytes an entry, `transparency` is
    /// the data of `tRNS`. Limited range has a meaning for colours of 8 bits and more only, which a palette has at any depth of
    /// its indices.
    pub(crate) fn new(header: &ImageHeader, palette: Option<&[u8]>, transparency: Option<&[u8]>, range: Range) -> Self {
        let is_fine = header.bit_depth >= 8 || header.color_type == ColorType::Palette;
        let range = if is_fine { range } else { Range::Full };
        let form = match (header.color_type, transparency) {
            (ColorType::Palette, transparency) => by_palette(palette.unwrap_or_default(), transparency, range),
            (ColorType::Gray, transparency) if header.bit_depth <= 8 => by_gray(header, transparency, range),
            (ColorType::Gray, Some(key)) => PixelForm::KeyedGray(key_sample(key, 0, header.bit_depth)),
            (ColorType::Rgb, Some(key)) => {
                PixelForm::KeyedRgb([0, 2, 4].map(|at| key_sample(key, at, header.bit_depth)))
            }
            (ColorType::GrayAlpha, _) => PixelForm::GrayAlpha,
            _ => PixelForm::AsStored,
        };
        let layout = match (&form, header.color_type) {
            (PixelForm::GrayTable(_), _) | (PixelForm::AsStored, ColorType::Gray) => Layout::Gray,
            (PixelForm::RgbTable(_), _) | (PixelForm::AsStored, ColorType::Rgb) => Layout::Rgb,
            _ => Layout::Rgba,
        };
        let opaque = match &form {
            PixelForm::RgbTable(pixels) => pixels_of_bytes(pixels, header.bit_depth),
            _ => None,
        };
        Self { form, opaque, depth: header.bit_depth, layout, range }
    }

    /// Whether rows are bytes of samples as they stand.
    pub(crate) fn is_as_stored(&self) -> bool {
        matches!(self.form, PixelForm::AsStored) && self.depth == 8 && self.range == Range::Full
    }

    /// Appends the samples of a row of `width` pixels to `out`, for pictures of 8 bits or less. Of the row's last byte
    /// only the bits of pixels count.
    pub(crate) fn row8(&self, row: &[u8], width: usize, out: &mut Vec<u8>) {
        match &self.form {
            PixelForm::GrayTable(pixels) => self.looked_up(row, width, pixels, out),
            PixelForm::RgbTable(pixels) => self.looked_up(row, width, pixels, out),
            PixelForm::RgbaTable(pixels) => self.looked_up(row, width, pixels, out),
            _ => self.converted(row.as_chunks().0, |&[byte]| byte, out),
        }
    }

    /// Appends the samples of a row to `out`, for pictures of 16 bits, which are stored with the high byte first
    /// (§ 7.1).
    pub(crate) fn row16(&self, row: &[u8], out: &mut Vec<u16>) {
        self.converted(row.as_chunks().0, |&pair| u16::from_be_bytes(pair), out);
    }

    /// Appends the table's pixel for each number of a row.
    fn looked_up<const N: usize>(&self, row: &[u8], width: usize, pixels: &[[u8; N]; 256], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + width * N, 0);
        if let Some(opaque) = &self.opaque {
            return fill_overlapping(row, opaque, 3 * 8 / usize::from(self.depth), &mut out[start..]);
        }
        let out = out[start..].as_chunks_mut().0;
        match self.depth {
            1 => unpack::<1, N>(row, pixels, out),
            2 => unpack::<2, N>(row, pixels, out),
            4 => unpack::<4, N>(row, pixels, out),
            _ => out.iter_mut().zip(row).for_each(|(pixel, &number)| *pixel = pixels[usize::from(number)]),
        }
    }

    /// Appends what whole samples become: in full range, with alpha where the form has it. Alpha is never scaled, since
    /// `cICP` speaks of colours.
    fn converted<S, T: StoredSample>(&self, row: &[S], sample: impl Fn(&S) -> T, out: &mut Vec<T>) {
        let scaled = |value: T| value.in_full(self.range);
        let alpha = |is_clear: bool| if is_clear { T::default() } else { T::WHITE };
        match self.form {
            PixelForm::GrayAlpha => out.extend(row.as_chunks().0.iter().flat_map(|[gray, alpha]| {
                let gray = scaled(sample(gray));
                [gray, gray, gray, sample(alpha)]
            })),
            PixelForm::KeyedGray(key) => out.extend(row.iter().flat_map(|stored| {
                let value = sample(stored);
                let gray = scaled(value);
                [gray, gray, gray, alpha(value.into() == key)]
            })),
            PixelForm::KeyedRgb(key) => out.extend(row.as_chunks().0.iter().flat_map(|[r, g, b]| {
                let value = [sample(r), sample(g), sample(b)];
                let [r, g, b] = value.map(scaled);
                [r, g, b, alpha(value.map(Into::into) == key)]
            })),
            _ if self.range == Range::Full => out.extend(row.iter().map(sample)),
            _ if self.layout == Layout::Rgba => out.extend(row.as_chunks().0.iter().flat_map(|[r, g, b, alpha]| {
                let [r, g, b] = [r, g, b].map(|value| scaled(sample(value)));
                [r, g, b, sample(alpha)]
            })),
            _ => out.extend(row.iter().map(|value| scaled(sample(value)))),
        }
    }
}

/// For each byte of a row, the samples of one or two pixels of RGB; what is behind them does not matter.
type BytePixels = [[u8; 8]; 256];

/// `None` for indices of other depths.
fn pixels_of_bytes(pixels: &[[u8; 3]; 256], depth: u8) -> Option<Box<BytePixels>> {
    let pair = |[a, b, c]: [u8; 3], [d, e, f]: [u8; 3]| [a, b, c, d, e, f, 0, 0];
    let of = |byte: usize| match depth {
        8 => pair(pixels[byte], [0; 3]),
        _ => pair(pixels[byte >> 4], pixels[byte & 0xF]),
    };
    [4, 8].contains(&depth).then(|| Box::new(std::array::from_fn(of)))
}

/// Writes the first `step` samples of each byte's pixels. Eight are written where there is room, of which the next byte's
/// overwrite the others: one store of a register is a third of the work of two or three short ones.
fn fill_overlapping(row: &[u8], pixels: &BytePixels, step: usize, out: &mut [u8]) {
    for (at, &byte) in (0..out.len()).step_by(step).zip(row) {
        let samples = pixels[usize::from(byte)];
        match out[at..].first_chunk_mut() {
            Some(to) => *to = samples,
            None => {
                let len = step.min(out.len() - at);
                out[at..at + len].copy_from_slice(&samples[..len]);
            }
        }
    }
}

/// Writes the table's pixel for each number of `BITS` bits, the first of which has the highest bits of its byte
/// (§ 7.2).
///
/// Each byte fills a group of `8 / BITS` pixels. The last group is shorter where the width is no multiple of that, and
/// the byte's other bits are not looked at.
fn unpack<const BITS: usize, const N: usize>(row: &[u8], pixels: &[[u8; N]; 256], out: &mut [[u8; N]]) {
    let pixel = |byte: u8, place: usize| pixels[usize::from(byte >> (8 - BITS * (place + 1)) & ((1 << BITS) - 1))];
    let mut groups = out.chunks_exact_mut(8 / BITS);
    let mut bytes = row.iter();
    for (group, &byte) in groups.by_ref().zip(bytes.by_ref()) {
        group.iter_mut().enumerate().for_each(|(place, to)| *to = pixel(byte, place));
    }
    if let Some(&byte) = bytes.next() {
        groups.into_remainder().iter_mut().enumerate().for_each(|(place, to)| *to = pixel(byte, place));
    }
}

/// Indices into a palette. An index without an entry is opaque black, as libpng has it; an entry without an alpha is
/// opaque (§ 11.3.1.1).
fn by_palette(entries: &[u8], transparency: Option<&[u8]>, range: Range) -> PixelForm {
    let mut opaque = Box::new([[0; 3]; 256]);
    for (pixel, entry) in opaque.iter_mut().zip(entries.as_chunks::<3>().0) {
        *pixel = entry.map(|value| value.in_full(range));
    }
    let Some(transparency) = transparency else { return PixelForm::RgbTable(opaque) };
    let alphas = transparency.iter().copied().chain(std::iter::repeat(u8::MAX));
    let mut clear = Box::new([[0; 4]; 256]);
    for ((pixel, [r, g, b]), alpha) in clear.iter_mut().zip(*opaque).zip(alphas) {
        *pixel = [r, g, b, alpha];
    }
    PixelForm::RgbaTable(clear)
}

/// Gray of 1, 2, 4 or 8 bits. The largest number becomes 255, and 255 is a multiple of it at each of these depths, so
/// linear scaling (§ 13.12) is one exact factor: 255, 85, 17 or 1.
fn by_gray(header: &ImageHeader, transparency: Option<&[u8]>, range: Range) -> PixelForm {
    let most = u8::MAX >> (8 - header.bit_depth.clamp(1, 8));
    let level = |number: u8| (number & most).wrapping_mul(u8::MAX / most).in_full(range);
    let Some(key) = transparency else {
        if header.bit_depth == 8 {
            return PixelForm::AsStored;
        }
        return PixelForm::GrayTable(Box::new(std::array::from_fn(|number| [level(byte(number))])));
    };
    let key = key_sample(key, 0, header.bit_depth);
    PixelForm::RgbaTable(Box::new(std::array::from_fn(|number| {
        let gray = level(byte(number));
        [gray, gray, gray, if u16::from(byte(number)) == key { 0 } else { u8::MAX }]
    })))
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A sample of `tRNS`: of its 16 bits those count that the picture's samples have (§ 11.3.1.1).
fn key_sample(key: &[u8], at: usize, depth: u8) -> u16 {
    let pair = key.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
    u16::from_be_bytes(pair) & (u16::MAX >> (16 - depth.clamp(1, 16)))
}

/// A sample of 8 or 16 bits.
trait StoredSample: Copy + Default + Into<u16> {
    const WHITE: Self;

    /// The sample in full range, to the nearest. In limited range black is 16 and white 235 of 255, or 256 times that
    /// (ITU-T H.273 § 8.3), and values outside of that count as black or white.
    fn in_full(self, range: Range) -> Self;
}

impl StoredSample for u8 {
    const WHITE: Self = Self::MAX;

    fn in_full(self, range: Range) -> Self {
        match range {
            Range::Full => self,
            Range::Limited => {
                let above_black = u32::from(self.saturating_sub(16)).min(219);
                Self::try_from((above_black * 255 + 109) / 219).unwrap_or(Self::MAX)
            }
        }
    }
}

impl StoredSample for u16 {
    const WHITE: Self = Self::MAX;

    fn in_full(self, range: Range) -> Self {
        match range {
            Range::Full => self,
            Range::Limited => {
                let above_black = u32::from(self.saturating_sub(16 << 8)).min(219 << 8);
                // At most 56 064 × 65 535 + 28 032, which is below 2³².
                Self::try_from((above_black * 65_535 + 28_032) / 56_064).unwrap_or(Self::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Size;

    use super::*;

    #[test]
    fn limited_range_is_stretched_from_black_to_white() {
        for (stored, full) in [(0u8, 0), (16, 0), (17, 1), (125, 127), (126, 128), (235, 255), (255, 255)] {
            assert_eq!(stored.in_full(Range::Limited), full, "{stored}");
            assert_eq!(stored.in_full(Range::Full), stored);
        }
        for (stored, full) in [(0u16, 0), (4096, 0), (4097, 1), (32_128, 32_768), (60_160, 65_535), (65_535, 65_535)] {
            assert_eq!(stored.in_full(Range::Limited), full, "{stored}");
        }
    }

    #[test]
    fn colours_of_a_palette_are_stretched_at_every_depth() {
        let palette = [16, 16, 16, 235, 235, 235];
        for (depth, row) in [(1, 0b0100_0000), (2, 0b0001_0000), (4, 0x01)] {
            let expand = Expand::new(&header(ColorType::Palette, depth), Some(&palette), None, Range::Limited);
            let mut out = Vec::new();
            expand.row8(&[row], 2, &mut out);
            assert_eq!(out, [0, 0, 0, 255, 255, 255], "{depth}");
        }
    }

    fn header(color_type: ColorType, bit_depth: u8) -> ImageHeader {
        ImageHeader { size: Size::new(4, 1), bit_depth, color_type, interlaced: false }
    }

    /// The layout and the samples of one row of 8 bits or less.
    fn row8(header: &ImageHeader, chunks: [Option<&[u8]>; 2], row: &[u8], width: usize) -> (Layout, Vec<u8>) {
        let expand = Expand::new(header, chunks[0], chunks[1], Range::Full);
        let mut out = Vec::new();
        expand.row8(row, width, &mut out);
        (expand.layout, out)
    }

    /// The layout and the samples of one row of 16 bits.
    fn row16(color_type: ColorType, transparency: Option<&[u8]>, range: Range, row: &[u8]) -> (Layout, Vec<u16>) {
        let expand = Expand::new(&header(color_type, 16), None, transparency, range);
        let mut out = Vec::new();
        expand.row16(row, &mut out);
        (expand.layout, out)
    }

    #[test]
    fn low_depths_are_scaled_to_the_whole_range_and_spare_bits_are_not_read() {
        let gray = |depth, row: &[u8], width| row8(&header(ColorType::Gray, depth), [None, None], row, width);
        assert_eq!(gray(1, &[0b0110_1111], 4), (Layout::Gray, vec![0, 255, 255, 0]));
        assert_eq!(gray(1, &[0x80, 0x80], 9), (Layout::Gray, vec![255, 0, 0, 0, 0, 0, 0, 0, 255]));
        assert_eq!(gray(2, &[0b0001_1011], 4), (Layout::Gray, vec![0, 85, 170, 255]));
        assert_eq!(gray(2, &[0b0001_1011, 0xFF], 5), (Layout::Gray, vec![0, 85, 170, 255, 255]));
        assert_eq!(gray(4, &[0x07, 0xF8], 3), (Layout::Gray, vec![0, 119, 255]));
        assert_eq!(gray(8, &[0, 1, 254], 3), (Layout::Gray, vec![0, 1, 254]));
    }

    #[test]
    fn every_number_of_a_low_depth_is_scaled_to_the_nearest() {
        for depth in [1, 2, 4_u8] {
            let most = (1_u32 << depth) - 1;
            for number in 0..=most {
                let stored = u8::try_from(number << (8 - depth)).unwrap();
                let (_, samples) = row8(&header(ColorType::Gray, depth), [None, None], &[stored], 1);
                assert_eq!(u32::from(samples[0]), (number * 255 + most / 2) / most, "{number} of {depth} bits");
            }
        }
    }

    #[test]
    fn indices_become_colours_with_the_alpha_of_trns() {
        let palette = Some([1, 2, 3, 4, 5, 6].as_slice());
        let indexed = header(ColorType::Palette, 2);
        // Index 2 has no entry.
        assert_eq!(row8(&indexed, [palette, None], &[0b0001_1000], 3), (Layout::Rgb, vec![1, 2, 3, 4, 5, 6, 0, 0, 0]));
        let with_alpha = vec![1, 2, 3, 9, 4, 5, 6, 255, 0, 0, 0, 255];
        assert_eq!(row8(&indexed, [palette, Some(&[9])], &[0b0001_1000], 3), (Layout::Rgba, with_alpha));
        assert_eq!(row8(&header(ColorType::Palette, 8), [palette, None], &[1], 1), (Layout::Rgb, vec![4, 5, 6]));
    }

    #[test]
    fn a_transparent_colour_has_alpha_0_and_others_255() {
        let gray = row8(&header(ColorType::Gray, 4), [None, Some(&[0, 7])], &[0x78], 2);
        assert_eq!(gray, (Layout::Rgba, vec![119, 119, 119, 0, 136, 136, 136, 255]));
        let rgb = row8(&header(ColorType::Rgb, 8), [None, Some(&[0, 1, 0, 2, 0, 3])], &[1, 2, 3, 1, 2, 4], 2);
        assert_eq!(rgb, (Layout::Rgba, vec![1, 2, 3, 0, 1, 2, 4, 255]));
        // Of 16 bits all count: the second differs in its low byte.
        let gray16 = row16(ColorType::Gray, Some(&[0x12, 0x34]), Range::Full, &[0x12, 0x34, 0x12, 0x35]);
        assert_eq!(gray16.1, [0x1234, 0x1234, 0x1234, 0, 0x1235, 0x1235, 0x1235, 0xFFFF]);
    }

    #[test]
    fn samples_of_16_bits_have_their_high_byte_first() {
        assert_eq!(row16(ColorType::Gray, None, Range::Full, &[0x12, 0x34]), (Layout::Gray, vec![0x1234]));
        let rgba = row16(ColorType::Rgba, None, Range::Full, &[1, 0, 2, 0, 3, 0, 4, 0]);
        assert_eq!(rgba, (Layout::Rgba, vec![0x100, 0x200, 0x300, 0x400]));
        let gray_alpha = row16(ColorType::GrayAlpha, None, Range::Full, &[1, 2, 3, 4]);
        assert_eq!(gray_alpha, (Layout::Rgba, vec![0x102, 0x102, 0x102, 0x304]));
    }

    #[test]
    fn alpha_keeps_its_value_in_limited_range() {
        let rgba = row16(ColorType::Rgba, None, Range::Limited, &[16, 0, 235, 0, 16, 0, 16, 0]);
        assert_eq!(rgba, (Layout::Rgba, vec![0, 65_535, 0, 0x1000]));
        let gray_alpha = row16(ColorType::GrayAlpha, None, Range::Limited, &[235, 0, 235, 0]);
        assert_eq!(gray_alpha.1, [65_535, 65_535, 65_535, 0xEB00]);
    }

    #[test]
    fn the_key_has_the_bits_of_the_picture() {
        assert_eq!(key_sample(&[0x12, 0x37], 0, 2), 3);
        assert_eq!(key_sample(&[0x12, 0x37], 0, 8), 0x37);
        assert_eq!(key_sample(&[0, 0, 0x12, 0x37], 2, 16), 0x1237);
    }
}
