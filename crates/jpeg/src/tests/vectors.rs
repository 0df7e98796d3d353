//! Tables of ITU-T T.81 annex K, and slow references that follow the figures of the standard word by word.

use crate::codes::HuffmanTable;

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 32 bits.
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).unwrap()
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        self.next() % n
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}

/// The numbers of codes by length, and the symbols in the order of their codes.
pub(crate) struct CodeLengths {
    pub(crate) counts: [u8; 16],
    pub(crate) symbols: Vec<u8>,
}

/// Table K.3: DC differences of luma.
pub(crate) fn dc_luma() -> CodeLengths {
    CodeLengths { counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], symbols: (0..12).collect() }
}

/// Table K.4: DC differences of chroma.
pub(crate) fn dc_chroma() -> CodeLengths {
    CodeLengths { counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], symbols: (0..12).collect() }
}

/// Table K.5: AC coefficients of luma.
pub(crate) fn ac_luma() -> CodeLengths {
    let mut symbols =
        b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xA1\x08\
        \x23\x42\xB1\xC1\x15\x52\xD1\xF0\x24\x33\x62\x72\x82\x09\x0A"
            .to_vec();
    // Codes of 16 bits: of each run, the sizes that have no shorter code.
    let rest = [(1, 6), (2, 5), (3, 4), (4, 3), (5, 3), (6, 3), (7, 3), (8, 3), (9, 2), (10, 2), (11, 2), (12, 2)];
    let rest = rest.into_iter().chain([(13, 2), (14, 1), (15, 1)]);
    symbols.extend(rest.flat_map(|(run, size)| (size..=10).map(move |size| run << 4 | size)));
    CodeLengths { counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], symbols }
}

impl CodeLengths {
    pub(crate) fn table(&self) -> HuffmanTable {
        HuffmanTable::new(self.counts, &self.symbols).unwrap()
    }

    /// The length, code and symbol of each code, by the procedures of figures C.1 and C.2.
    pub(crate) fn codes(&self) -> Vec<(u32, u32, u8)> {
        let mut symbols = self.symbols.iter();
        let (mut code, mut codes) = (0, Vec::new());
        for (length, &count) in (1..).zip(&self.counts) {
            for _ in 0..count {
                codes.push((length, code, *symbols.next().unwrap()));
                code += 1;
            }
            code <<= 1;
        }
        codes
    }

    /// The code of a symbol, as digits.
    pub(crate) fn digits(&self, symbol: u8) -> String {
        let (length, code, _) = *self.codes().iter().find(|(_, _, of)| *of == symbol).unwrap();
        format!("{code:0length$b}", length = length as usize)
    }
}

/// A reader that takes one bit at a time.
pub(crate) struct SlowReader<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> SlowReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// `RECEIVE`: the next `n` bits; zeros behind the end.
    pub(crate) fn bits(&mut self, n: u32) -> u32 {
        (0..n).fold(0, |value, _| {
            let bit = self.bytes.get(self.at / 8).map_or(0, |byte| byte >> (7 - self.at % 8) & 1);
            self.at += 1;
            value << 1 | u32::from(bit)
        })
    }

    /// `DECODE` (figure F.16), by comparing with every code; `None` where none fits.
    pub(crate) fn symbol(&mut self, codes: &[(u32, u32, u8)]) -> Option<u8> {
        let start = self.at;
        for &(length, code, symbol) in codes {
            self.at = start;
            if self.bits(length) == code {
                return Some(symbol);
            }
        }
        self.at = start;
        None
    }

    /// `RECEIVE` and `EXTEND` (figure F.12).
    pub(crate) fn value(&mut self, size: u32) -> i32 {
        let value = self.bits(size).cast_signed();
        if size > 0 && value < 1 << (size - 1) { value + (-1 << size) + 1 } else { value }
    }
}

/// The bytes of digits `0` and `1`; spaces are skipped, and ones fill the last byte.
pub(crate) fn bytes_of(digits: &str) -> Vec<u8> {
    let mut bits: Vec<bool> = digits.chars().filter(|c| !c.is_whitespace()).map(|c| c == '1').collect();
    bits.resize(bits.len().next_multiple_of(8), true);
    bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit))).collect()
}

/// The bytes, and zeros behind them.
pub(crate) fn window(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0; 512]].concat()
}
