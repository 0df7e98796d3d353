//! Facts about the reader, on bitstreams written bit by bit.

use image_ingest_samples::{CpuTimer, DecodeError, Layout, RowSink, SampleRows, Size, WorkError};

use super::bits::Bits;
use super::code_lengths::CodeLengths;
use super::group::{ALPHA, BLUE, GREEN, GroupReader, RED, bits_of, kind, kind_of, pixel_of};
use super::layout::LosslessLayout;
use super::picture::decode_lossless;
use super::prefix::PrefixCode;
use crate::result::Result;

/// Writes bitstreams.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    used: u32,
}

impl Writer {
    /// The lowest bit first.
    pub(crate) fn bits(&mut self, value: u32, count: u32) -> &mut Self {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> i & 1 == 1) << (self.used % 8);
            self.used += 1;
        }
        self
    }

    /// The highest bit first, as prefix codes come.
    pub(crate) fn code(&mut self, code: u32, length: u32) -> &mut Self {
        for i in (0..length).rev() {
            self.bits(code >> i, 1);
        }
        self
    }

    /// A prefix code of one symbol.
    pub(crate) fn only(&mut self, symbol: u32) -> &mut Self {
        self.bits(0b101, 3).bits(symbol, 8)
    }

    /// A prefix code of two symbols, a bit each.
    pub(crate) fn two(&mut self, first: u32, second: u32) -> &mut Self {
        self.bits(0b111, 3).bits(first, 8).bits(second, 8)
    }

    /// A prefix code of an alphabet, by the lengths of its symbols, each length written in four bits.
    pub(crate) fn lengths(&mut self, symbols: usize, lengths: &[(usize, u32)]) -> &mut Self {
        self.bits(0, 1).bits(15, 4);
        for symbol in [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
            self.bits(if symbol < 16 { 4 } else { 0 }, 3);
        }
        self.bits(0, 1);
        for symbol in 0..symbols {
            self.code(lengths.iter().find(|of| of.0 == symbol).map_or(0, |of| of.1), 4);
        }
        self
    }

    /// Prefix codes of one pixel, that take no bits.
    fn group(&mut self) -> &mut Self {
        self.only(7).only(1).only(2).only(255).only(0)
    }
}

fn layout(write: impl Fn(&mut Writer) -> &mut Writer, size: Size) -> Result<LosslessLayout> {
    let mut writer = Writer::default();
    write(&mut writer);
    LosslessLayout::read(&writer.bytes, size, &CpuTimer::default())
}

/// Takes rows and keeps their pixels as ARGB.
struct Argb(Vec<u32>);

impl RowSink for Argb {
    fn take_rows(
        &mut self,
        _plane: usize,
        rows: SampleRows<'_>,
        _: &CpuTimer<'_>,
    ) -> std::result::Result<(), WorkError> {
        self.0.extend(rows.bytes()?.as_chunks::<4>().0.iter().map(|&[r, g, b, a]| u32::from_be_bytes([a, r, g, b])));
        Ok(())
    }
}

fn decode(data: &[u8], size: Size) -> Result<Vec<u32>> {
    let mut pixels = Argb(Vec::new());
    decode_lossless(data, size, Layout::Rgba, &mut pixels, &CpuTimer::default()).map(|()| pixels.0)
}

/// Decodes a picture without transforms and with one group, whose cache and codes are written by `write`.
fn image(write: impl Fn(&mut Writer) -> &mut Writer, size: Size) -> Result<Vec<u32>> {
    let mut writer = Writer::default();
    write(writer.bits(0, 1));
    decode(&writer.bytes, size)
}

#[test]
fn a_plain_picture_has_one_group() {
    let plain = layout(|w| w.bits(0, 3).group(), Size::new(5, 5)).unwrap();
    assert_eq!((plain.groups, plain.cache_bits, plain.sub_pixels, plain.is_indexed), (1, 0, 0, false));
    let cached = layout(|w| w.bits(0b10, 2).bits(11, 4).bits(0, 1).group(), Size::new(5, 5)).unwrap();
    assert_eq!((cached.groups, cached.cache_bits), (1, 11));
}

#[test]
fn the_entropy_image_says_how_many_groups_there_are() {
    // A predictor image of 3 × 2, no other transform, no cache, an entropy image of 2 × 1 that names groups 0 and 5.
    let write = |w: &mut Writer, last: u32| {
        w.bits(1, 1).bits(0, 2).bits(0, 3).bits(0, 1).group();
        w.bits(0, 2).bits(1, 1).bits(1, 3).bits(0, 1);
        w.two(0, last).only(0).only(0).only(255).only(0).bits(0b10, 2);
        for _ in 0..=last {
            w.group();
        }
    };
    let mut writer = Writer::default();
    write(&mut writer, 5);
    let size = Size::new(12, 8);
    let read = LosslessLayout::read(&writer.bytes, size, &CpuTimer::default()).unwrap();
    assert_eq!((read.groups, read.cache_bits, read.sub_pixels, read.is_indexed), (6, 0, 8, false));
    for len in 0..writer.bytes.len() {
        assert!(
            matches!(
                LosslessLayout::read(&writer.bytes[..len], size, &CpuTimer::default()),
                Err(DecodeError::Truncated { .. })
            ),
            "{len}"
        );
    }
}

#[test]
fn more_groups_than_any_encoder_makes_are_over_the_limit() {
    // Red is the high byte of a group's number, green the low one.
    let read = |red: u32| {
        let mut w = Writer::default();
        w.bits(0, 2).bits(1, 1).bits(0, 3).bits(0, 1).only(255).only(red).only(0).only(255).only(0);
        for _ in 0..4096 {
            w.group();
        }
        LosslessLayout::read(&w.bytes, Size::new(4, 4), &CpuTimer::default())
    };
    assert_eq!(read(15).unwrap().groups, 4096);
    assert!(
        matches!(read(16), Err(DecodeError::LimitExceeded { limit, actual, .. }) if (limit, actual) == (4096, 4352))
    );
}

#[test]
fn a_palette_packs_pixels_and_may_be_all_there_is() {
    let read = |colors: u32, more: bool| {
        let mut w = Writer::default();
        w.bits(1, 1).bits(3, 2).bits(colors - 1, 8).bits(0, 1).group();
        if more {
            w.bits(1, 1).bits(2, 2);
        }
        // An entropy image of blocks of 4 × 4.
        w.bits(0, 2).bits(1, 1).bits(0, 3).bits(0, 1).only(0).only(0).only(0).only(255).only(0).group();
        LosslessLayout::read(&w.bytes, Size::new(64, 4), &CpuTimer::default()).unwrap()
    };
    assert_eq!((read(2, false).sub_pixels, read(2, false).is_indexed), (2 + 2, true));
    assert_eq!(read(4, false).sub_pixels, 4 + 4);
    assert_eq!(read(16, false).sub_pixels, 16 + 8);
    assert_eq!(read(17, false).sub_pixels, 17 + 16);
    assert!(!read(2, true).is_indexed);
}

#[test]
fn a_transform_comes_once() {
    let twice = layout(|w| w.bits(1, 1).bits(2, 2).bits(1, 1).bits(2, 2), Size::new(4, 4));
    assert!(matches!(twice, Err(DecodeError::Malformed { .. })));
}

#[test]
fn images_that_cost_more_than_pictures_have_are_over_the_limit() {
    let most = Size::new(16_384, 16_384);
    let mut w = Writer::default();
    w.bits(1, 1).bits(0, 2).bits(0, 3).bits(0, 1).group();
    w.bits(1, 1).bits(1, 2).bits(0, 3);
    let refused = LosslessLayout::read(&w.bytes, most, &CpuTimer::default());
    let Err(DecodeError::LimitExceeded { limit, actual, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((limit, actual), (1 << 24, 2 << 24));
}

#[test]
fn pixels_are_copied_from_before_even_into_themselves() {
    let pixels = image(
        |w| {
            w.bits(0, 2).lengths(280, &[(10, 1), (20, 2), (258, 2)]).only(1).only(2).only(255).only(4);
            // Two pixels, then three from two to the left: distance code 6.
            w.code(0, 1).code(0b10, 2).code(0b11, 2).bits(1, 1)
        },
        Size::new(5, 1),
    )
    .unwrap();
    let [a, b] = [0xFF01_0A02, 0xFF01_1402];
    assert_eq!(pixels, [a, b, a, b, a]);
}

#[test]
fn copies_from_outside_are_malformed() {
    // A pixel, then one from the row above: distance code 1.
    let read = |size| {
        image(|w| w.bits(0, 2).lengths(280, &[(10, 1), (256, 1)]).only(1).only(2).only(255).only(0).bits(0b10, 2), size)
    };
    assert!(read(Size::new(1, 2)).is_ok());
    assert!(matches!(read(Size::new(2, 1)), Err(DecodeError::Malformed { .. })));
    // Three pixels, of which the last is one too many.
    let beyond = |width| {
        image(
            |w| w.bits(0, 2).lengths(280, &[(10, 1), (257, 1)]).only(1).only(2).only(255).only(1).bits(0b10, 2),
            Size::new(width, 1),
        )
    };
    assert!(beyond(3).is_ok());
    assert!(matches!(beyond(2), Err(DecodeError::Malformed { .. })));
}

#[test]
fn the_cache_remembers_colours_by_their_hash() {
    let a = 0xFF01_0A02u32;
    let place = usize::try_from(0x1E35_A7BD_u32.wrapping_mul(a) >> 30).unwrap();
    let pixels = image(
        |w| {
            w.bits(1, 1)
                .bits(2, 4)
                .bits(0, 1)
                .lengths(284, &[(10, 1), (280 + place, 1)])
                .only(1)
                .only(2)
                .only(255)
                .only(0);
            w.bits(0b10, 2)
        },
        Size::new(2, 1),
    );
    assert_eq!(pixels.unwrap(), [a, a]);
}

#[test]
fn symbols_of_every_length_are_found() {
    let lengths: Vec<(usize, u32)> =
        (1u32..=16).zip((0..).step_by(3)).map(|(length, symbol)| (symbol, length.min(15))).collect();
    let mut w = Writer::default();
    w.lengths(256, &lengths);
    for i in 0..15 {
        w.code((1 << (i + 1)) - 2, i + 1);
    }
    w.code((1 << 15) - 1, 15);
    assert_eq!(symbols(&w.bytes, 256, 16).unwrap(), (0..16).map(|i| i * 3).collect::<Vec<u16>>());
}

/// Reads a code of an alphabet, and then `count` symbols.
fn symbols(data: &[u8], alphabet: usize, count: usize) -> Result<Vec<u16>> {
    let (mut bits, mut lengths) = (Bits::new(data), CodeLengths::new());
    lengths.read(&mut bits, alphabet)?;
    let (code, end) = PrefixCode::at(0, &lengths);
    let mut tables = vec![0; end];
    code.write(&lengths, &mut tables);
    Ok((0..count)
        .map(|_| {
            bits.refill();
            code.symbol(&tables, &mut bits)
        })
        .collect())
}

#[test]
fn codes_that_are_not_complete_are_malformed() {
    for lengths in [&[(0, 1), (1, 2)][..], &[(0, 1), (1, 1), (2, 1)], &[]] {
        let mut w = Writer::default();
        w.lengths(256, lengths);
        assert!(matches!(symbols(&w.bytes, 256, 0), Err(DecodeError::Malformed { .. })));
    }
    // One symbol needs no bit, whatever its length.
    let mut w = Writer::default();
    w.lengths(256, &[(9, 3)]);
    assert_eq!(symbols(&w.bytes, 256, 2).unwrap(), [9, 9]);
}

#[test]
fn a_table_of_whole_pixels_says_what_the_codes_say_one_by_one() {
    let mut w = Writer::default();
    // Green has codes of 1 to 14 bits, two of lengths among them; the others have codes of 1 to 6 bits.
    let mut green: Vec<(usize, u32)> =
        (1u32..=13).zip((3..).step_by(5)).map(|(length, symbol)| (symbol, length)).collect();
    green.extend([(257, 14), (270, 14)]);
    let few: Vec<(usize, u32)> = [(2, 1), (90, 2), (91, 3), (200, 4), (201, 5), (202, 6), (255, 6)].to_vec();
    w.lengths(280, &green).lengths(256, &few).two(7, 9).lengths(256, &few).only(0);
    let group = GroupReader::new().group(&mut Bits::new(&w.bytes), 0, 1 << 20).unwrap();
    let known = group.pixels.len().ilog2();
    assert_eq!(known, 11);
    let mut kinds = [0; 6];
    for window in (0..1u64 << 26).step_by(101) {
        let entry = group.pixels[usize::try_from(window).unwrap() & (group.pixels.len() - 1)];
        let (mut used, mut pixel, mut kind) = (0, 0, kind::PIXEL);
        for (code, shift, undecided) in [
            (GREEN, 8, kind::LONG),
            (RED, 16, kind::GREEN),
            (BLUE, 0, kind::GREEN_RED),
            (ALPHA, 24, kind::GREEN_RED_BLUE),
        ] {
            let (symbol, length) = group.codes[code].find(&group.tables, window >> used);
            if used + length > known {
                kind = undecided;
                break;
            }
            used += length;
            if symbol >= 256 {
                (kind, pixel) = (kind::SYMBOL, symbol.into());
                break;
            }
            pixel |= u32::from(symbol) << shift;
        }
        assert_eq!((kind_of(entry), bits_of(entry), pixel_of(entry)), (kind, used, pixel), "{window:b}");
        kinds[kind as usize] += 1;
    }
    assert!(kinds[kind::PIXEL as usize] > 1000 && kinds[kind::LONG as usize] > 0, "{kinds:?}");
}
