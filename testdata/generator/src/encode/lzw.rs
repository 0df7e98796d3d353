//! GIF's LZW (GIF89a appendix F) with options that encoders seldom use: any code size, no clear code, no end code.

use std::collections::BTreeMap;

/// How to write codes.
#[derive(Clone, Copy)]
pub(crate) struct Lzw {
    /// Bits of an index; 11 at most.
    pub(crate) min_code_size: u32,
    /// Whether a full table is cleared, or kept for the rest of the picture.
    pub(crate) clears: bool,
    pub(crate) ends: bool,
}

impl Lzw {
    pub(crate) fn new(min_code_size: u32) -> Self {
        Self { min_code_size, clears: true, ends: true }
    }

    /// The codes of `indices`, a clear code first.
    pub(crate) fn encode(self, indices: &[u16]) -> Vec<u8> {
        let clear = 1u16 << self.min_code_size;
        let mut bits = Bits::default();
        let mut table = Table::new(clear);
        bits.put(clear, table.width);
        let mut string: Option<u16> = None;
        for &index in indices {
            let Some(prefix) = string else {
                string = Some(index);
                continue;
            };
            if let Some(&code) = table.strings.get(&(prefix, index)) {
                string = Some(code);
                continue;
            }
            bits.put(prefix, table.width);
            if table.next < 4096 {
                table.add(prefix, index);
            } else if self.clears {
                bits.put(clear, table.width);
                table = Table::new(clear);
            }
            string = Some(index);
        }
        if let Some(code) = string {
            bits.put(code, table.width);
            table.grow();
        }
        if self.ends {
            bits.put(clear + 1, table.width);
        }
        bits.bytes()
    }
}

struct Table {
    strings: BTreeMap<(u16, u16), u16>,
    next: u16,
    width: u32,
}

impl Table {
    fn new(clear: u16) -> Self {
        Self { strings: BTreeMap::new(), next: clear + 2, width: clear.ilog2() + 1 }
    }

    /// Adds a string. A decoder knows it one code later, which is when codes grow.
    fn add(&mut self, prefix: u16, index: u16) {
        self.strings.insert((prefix, index), self.next);
        self.next += 1;
        if self.next > 1 << self.width && self.width < 12 {
            self.width += 1;
        }
    }

    /// The width of the code behind the last string, for which a decoder has room in its table.
    fn grow(&mut self) {
        if self.next == 1 << self.width && self.width < 12 {
            self.width += 1;
        }
    }
}

#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, code: u16, width: u32) {
        self.held |= u32::from(code) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn bytes(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
        self.out
    }
}
