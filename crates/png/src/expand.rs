//! Makes samples of stored rows: gray, RGB or RGBA, 8 bits each, or 16 where the file has 16 (PNG Third Edition § 13.12).
//!
//! Depths below 8 and palettes are expanded, `tRNS` becomes alpha, gray with alpha becomes RGBA, and samples in narrow range
//! (`cICP`) are stretched to full range.

use image_ingest_samples::Layout;

use crate::header::{ColorType, ImageHeader};

/// How the rows of a picture become samples.
pub(crate) struct Expand {
    form: Form,
    depth: u8,
    pub(crate) layout: Layout,
    range: Range,
}

/// What a stored pixel is.
enum Form {
    /// A number below 256 that names one of these pixels.
    Gray(Box<[[u8; 1]; 256]>),
    Opaque(Box<[[u8; 3]; 256]>),
    Clear(Box<[[u8; 4]; 256]>),
    /// Samples in the order in which they are wanted.
    AsWanted,
    GrayAlpha,
    /// Gray, of which this value is transparent.
    KeyedGray(u16),
    /// RGB, of which this colour is transparent.
    KeyedRgb([u16; 3]),
}

impl Expand {
    /// For pixels as `header` describes them. `palette` has three bytes an entry, `transparency` is the data of `tRNS`.
    pub(crate) fn new(
        header: &ImageHeader,
        palette: Option<&[u8]>,
        transparency: Option<&[u8]>,
        is_narrow: bool,
    ) -> Self {
        let range = if is_narrow && header.bit_depth >= 8 { Range::Narrow } else { Range::Full };
        let form = match (header.color_type, transparency) {
            (ColorType::Palette, transparency) => by_palette(palette.unwrap_or_default(), transparency, range),
            (ColorType::Gray, transparency) if header.bit_depth <= 8 => by_gray(header, transparency, range),
            (ColorType::Gray, Some(key)) => Form::KeyedGray(key_sample(key, 0, header.bit_depth)),
            (ColorType::Rgb, Some(key)) => Form::KeyedRgb([0, 2, 4].map(|at| key_sample(key, at, header.bit_depth))),
            (ColorType::GrayAlpha, _) => Form::GrayAlpha,
            _ => Form::AsWanted,
        };
        let layout = match (&form, header.color_type) {
            (Form::Gray(_), _) | (Form::AsWanted, ColorType::Gray) => Layout::Gray,
            (Form::Opaque(_), _) | (Form::AsWanted, ColorType::Rgb) => Layout::Rgb,
            _ => Layout::Rgba,
        };
        Self { form, depth: header.bit_depth, layout, range }
    }

    /// Whether rows are bytes of samples as they stand.
    pub(crate) fn is_as_stored(&self) -> bool {
        matches!(self.form, Form::AsWanted) && self.depth == 8 && self.range == Range::Full
    }

    /// Adds the samples of a row of `width` pixels to `out`, of a picture of 8 bits or less.
    pub(crate) fn row8(&self, row: &[u8], width: usize, out: &mut Vec<u8>) {
        match &self.form {
            Form::Gray(pixels) => self.named(row, width, pixels, out),
            Form::Opaque(pixels) => self.named(row, width, pixels, out),
            Form::Clear(pixels) => self.named(row, width, pixels, out),
            _ => self.samples(row.as_chunks().0, |&[byte]| byte, out),
        }
    }

    /// Adds the samples of a row to `out`, of a picture of 16 bits.
    pub(crate) fn row16(&self, row: &[u8], out: &mut Vec<u16>) {
        self.samples(row.as_chunks().0, |&pair| u16::from_be_bytes(pair), out);
    }

    /// Adds the pixels that the numbers of a row name.
    fn named<const N: usize>(&self, row: &[u8], width: usize, pixels: &[[u8; N]; 256], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + width * N, 0);
        let out = out[start..].as_chunks_mut().0;
        match self.depth {
            1 => unpack::<1, N>(row, pixels, out),
            2 => unpack::<2, N>(row, pixels, out),
            4 => unpack::<4, N>(row, pixels, out),
            _ => out.iter_mut().zip(row).for_each(|(pixel, &number)| *pixel = pixels[usize::from(number)]),
        }
    }

    /// Adds whole samples, with alpha beside them where the form has it.
    fn samples<S, T: StoredSample>(&self, row: &[S], sample: impl Fn(&S) -> T, out: &mut Vec<T>) {
        let scaled = |value: T| value.in_full(self.range);
        let alpha = |is_clear: bool| if is_clear { T::default() } else { T::WHITE };
        match self.form {
            Form::GrayAlpha => out.extend(row.as_chunks().0.iter().flat_map(|[gray, alpha]| {
                let gray = scaled(sample(gray));
                [gray, gray, gray, sample(alpha)]
            })),
            Form::KeyedGray(key) => out.extend(row.iter().flat_map(|stored| {
                let value = sample(stored);
                let gray = scaled(value);
                [gray, gray, gray, alpha(value.into() == key)]
            })),
            Form::KeyedRgb(key) => out.extend(row.as_chunks().0.iter().flat_map(|[r, g, b]| {
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

/// Writes the pixels that numbers of `BITS` bits name, the first in the highest bits of a byte.
fn unpack<const BITS: usize, const N: usize>(row: &[u8], pixels: &[[u8; N]; 256], out: &mut [[u8; N]]) {
    for (group, &byte) in out.chunks_mut(8 / BITS).zip(row) {
        for (place, pixel) in group.iter_mut().enumerate() {
            let number = byte >> (8 - BITS * (place + 1)) & ((1 << BITS) - 1);
            *pixel = pixels[usize::from(number)];
        }
    }
}

/// An index without an entry is opaque black, as libpng has it.
fn by_palette(entries: &[u8], transparency: Option<&[u8]>, range: Range) -> Form {
    let mut opaque = Box::new([[0; 3]; 256]);
    for (pixel, entry) in opaque.iter_mut().zip(entries.as_chunks::<3>().0) {
        *pixel = entry.map(|value| value.in_full(range));
    }
    let Some(transparency) = transparency else { return Form::Opaque(opaque) };
    let alphas = transparency.iter().copied().chain(std::iter::repeat(u8::MAX));
    let mut clear = Box::new([[0; 4]; 256]);
    for ((pixel, [r, g, b]), alpha) in clear.iter_mut().zip(*opaque).zip(alphas) {
        *pixel = [r, g, b, alpha];
    }
    Form::Clear(clear)
}

/// Gray of 1, 2, 4 or 8 bits.
fn by_gray(header: &ImageHeader, transparency: Option<&[u8]>, range: Range) -> Form {
    let most = u8::MAX >> (8 - header.bit_depth.clamp(1, 8));
    let level = |number: u8| (number & most).wrapping_mul(u8::MAX / most).in_full(range);
    let Some(key) = transparency else {
        if header.bit_depth == 8 {
            return Form::AsWanted;
        }
        return Form::Gray(Box::new(std::array::from_fn(|number| [level(byte(number))])));
    };
    let key = key_sample(key, 0, header.bit_depth);
    Form::Clear(Box::new(std::array::from_fn(|number| {
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

/// How sample values map to signal values (ITU-T H.273, `VideoFullRangeFlag`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    Full,
    Narrow,
}

/// A sample of 8 or 16 bits.
trait StoredSample: Copy + Default + Into<u16> {
    const WHITE: Self;

    /// The sample in full range: in narrow range black is 16 and white 235 of 255, or 256 times that (H.273, 8.3).
    fn in_full(self, range: Range) -> Self;
}

impl StoredSample for u8 {
    const WHITE: Self = Self::MAX;

    fn in_full(self, range: Range) -> Self {
        match range {
            Range::Full => self,
            Range::Narrow => {
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
            Range::Narrow => {
                let above_black = u32::from(self.saturating_sub(16 << 8)).min(219 << 8);
                // At most 56 064 × 65 535 + 28 032, which is below 2³².
                Self::try_from((above_black * 65_535 + 28_032) / 56_064).unwrap_or(Self::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_range_is_stretched_from_black_to_white() {
        for (stored, full) in [(0u8, 0), (16, 0), (17, 1), (125, 127), (126, 128), (235, 255), (255, 255)] {
            assert_eq!(stored.in_full(Range::Narrow), full, "{stored}");
            assert_eq!(stored.in_full(Range::Full), stored);
        }
        for (stored, full) in [(0u16, 0), (4096, 0), (4097, 1), (32_128, 32_768), (60_160, 65_535), (65_535, 65_535)] {
            assert_eq!(stored.in_full(Range::Narrow), full, "{stored}");
        }
    }

    #[test]
    fn the_key_has_the_bits_of_the_picture() {
        assert_eq!(key_sample(&[0x12, 0x37], 0, 2), 3);
        assert_eq!(key_sample(&[0x12, 0x37], 0, 8), 0x37);
        assert_eq!(key_sample(&[0, 0, 0x12, 0x37], 2, 16), 0x1237);
    }
}
