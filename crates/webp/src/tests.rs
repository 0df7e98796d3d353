//! Facts about the reader, on bitstreams written bit by bit.

use image_ingest_samples::{DecodeError, Size};

use crate::bits::Bits;
use crate::entropy_image;
use crate::layout::LosslessLayout;
use crate::prefix::PrefixCode;
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
    fn lengths(&mut self, symbols: usize, lengths: &[(usize, u32)]) -> &mut Self {
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
    LosslessLayout::read(&writer.bytes, size)
}

fn image(write: impl Fn(&mut Writer) -> &mut Writer, size: Size) -> Vec<u32> {
    let mut writer = Writer::default();
    write(&mut writer);
    entropy_image::read(&mut Bits::new(&writer.bytes), size).unwrap()
}

#[test]
fn a_plain_picture_has_one_group() {
    let plain = layout(|w| w.bits(0, 3).group(), Size::new(5, 5)).unwrap();
    assert_eq!(plain, LosslessLayout { groups: 1, cache_bits: 0, sub_pixels: 0, is_indexed: false });
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
    let read = LosslessLayout::read(&writer.bytes, size).unwrap();
    assert_eq!(read, LosslessLayout { groups: 6, cache_bits: 0, sub_pixels: 8, is_indexed: false });
    assert!(read.table_bytes() > 6 * 2954 * 4);
    for len in 0..writer.bytes.len() {
        assert!(
            matches!(LosslessLayout::read(&writer.bytes[..len], size), Err(DecodeError::Truncated { .. })),
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
        for _ in 0..8192 {
            w.group();
        }
        LosslessLayout::read(&w.bytes, Size::new(4, 4))
    };
    assert_eq!(read(31).unwrap().groups, 8192);
    assert!(
        matches!(read(32), Err(DecodeError::LimitExceeded { limit, actual, .. }) if (limit, actual) == (8192, 8448))
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
        LosslessLayout::read(&w.bytes, Size::new(64, 4)).unwrap()
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
    let refused = LosslessLayout::read(&w.bytes, most);
    let Err(DecodeError::LimitExceeded { limit, actual, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((limit, actual), (1 << 24, 2 << 24));
}

#[test]
fn pixels_are_copied_from_before_even_into_themselves() {
    let pixels = image(
        |w| {
            w.bits(0, 1).lengths(280, &[(10, 1), (20, 2), (258, 2)]).only(1).only(2).only(255).only(4);
            // Two pixels, then three from two to the left: distance code 6.
            w.code(0, 1).code(0b10, 2).code(0b11, 2).bits(1, 1)
        },
        Size::new(5, 1),
    );
    let [a, b] = [0xFF01_0A02, 0xFF01_1402];
    assert_eq!(pixels, [a, b, a, b, a]);
}

#[test]
fn copies_from_outside_are_malformed() {
    let mut w = Writer::default();
    // A pixel, then one from the row above: distance code 1.
    w.bits(0, 1).lengths(280, &[(10, 1), (256, 1)]).only(1).only(2).only(255).only(0).bits(0b10, 2);
    assert!(entropy_image::read(&mut Bits::new(&w.bytes), Size::new(1, 2)).is_ok());
    assert!(matches!(
        entropy_image::read(&mut Bits::new(&w.bytes), Size::new(2, 1)),
        Err(DecodeError::Malformed { .. })
    ));
}

#[test]
fn the_cache_remembers_colours_by_their_hash() {
    let a = 0xFF01_0A02u32;
    let place = usize::try_from(0x1E35_A7BD_u32.wrapping_mul(a) >> 30).unwrap();
    let pixels = image(
        |w| {
            w.bits(1, 1).bits(2, 4).lengths(284, &[(10, 1), (280 + place, 1)]).only(1).only(2).only(255).only(0);
            w.bits(0b10, 2)
        },
        Size::new(2, 1),
    );
    assert_eq!(pixels, [a, a]);
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
    let mut bits = Bits::new(&w.bytes);
    let code = PrefixCode::read(&mut bits, 256).unwrap();
    let symbols: Vec<u16> = (0..16).map(|_| code.symbol(&mut bits).unwrap()).collect();
    assert_eq!(symbols, (0..16).map(|i| i * 3).collect::<Vec<u16>>());
}

#[test]
fn codes_that_are_not_complete_are_malformed() {
    for lengths in [&[(0, 1), (1, 2)][..], &[(0, 1), (1, 1), (2, 1)], &[]] {
        let mut w = Writer::default();
        w.lengths(256, lengths);
        assert!(matches!(PrefixCode::read(&mut Bits::new(&w.bytes), 256), Err(DecodeError::Malformed { .. })));
    }
    // One symbol needs no bit, whatever its length.
    let mut w = Writer::default();
    w.lengths(256, &[(9, 3)]);
    assert_eq!(PrefixCode::read(&mut Bits::new(&w.bytes), 256).unwrap().only(), Some(9));
}
