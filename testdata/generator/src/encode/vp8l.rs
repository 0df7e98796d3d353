//! VP8L bitstreams (RFC 9649, 3) that no encoder makes, written bit by bit.

use super::webp;

/// A VP8L picture of one colour (RFC 9649, 3) with an entropy image of 4×4 blocks that names `count` groups. Of those,
/// `written` follow, each of whose codes has one symbol.
pub(crate) fn groups(side: u32, count: u32, written: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2F, 8).put(side - 1, 14).put(side - 1, 14).put(0, 4);
    // No transform, no colour cache, an entropy image of blocks of 1 << 2 pixels a side, without a cache of its own.
    bits.put(0, 2).put(1, 1).put(0, 3).put(0, 1);
    // Green is the low byte of a group's number, red the high one.
    bits.flat_code(280).flat_code(256).only(0).only(255).only(0);
    let pixels = (side / 4) * (side / 4);
    for pixel in 0..pixels {
        let group = if pixel + 1 == pixels { count - 1 } else { pixel % count };
        bits.put_reversed(group & 0xFF).put_reversed(group >> 8);
    }
    for _ in 0..written {
        bits.only(90).only(120).only(150).only(255).only(0);
    }
    webp::riff(&[(*b"VP8L", bits.bytes)])
}

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) -> &mut Self {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> i & 1) as u8;
            *self.bytes.last_mut().expect("just pushed") |= bit << (self.used % 8);
            self.used += 1;
        }
        self
    }

    /// A symbol of a flat code: its eight bits, the highest first.
    fn put_reversed(&mut self, symbol: u32) -> &mut Self {
        self.put(u32::from((symbol as u8).reverse_bits()), 8)
    }

    /// A code of one symbol.
    fn only(&mut self, symbol: u32) -> &mut Self {
        self.put(0b101, 3).put(symbol, 8)
    }

    /// A code of 8 bits for each of the first 256 symbols of an alphabet.
    fn flat_code(&mut self, symbols: u32) -> &mut Self {
        // Lengths 0 and 8 have a bit each; their places in the order of code lengths are 2 and 11.
        self.put(0, 1).put(8, 4);
        for place in 0..12 {
            self.put(u32::from(place == 2 || place == 11), 3);
        }
        self.put(0, 1);
        for symbol in 0..symbols {
            self.put(u32::from(symbol < 256), 1);
        }
        self
    }
}
