//! Writes bins by arithmetic coding, for tests and for the recorder of random pictures. This is no part of the library.

use crate::intra::contexts::Contexts;
use crate::intra::probability::{NEXT_LPS, RANGE_LPS};

/// The arithmetic encoder that ITU-T H.265 § 9.3 gives for information, bit by bit.
pub(crate) struct ArithmeticEncoder {
    low: u32,
    range: u32,
    first: bool,
    outstanding: u32,
    /// What is written.
    pub(crate) bits: Vec<bool>,
}

impl ArithmeticEncoder {
    pub(crate) fn new() -> Self {
        Self { low: 0, range: 510, first: true, outstanding: 0, bits: Vec::new() }
    }

    /// Writes a bin by a context, whose state moves as § 9.3.4.3.2.2 says.
    pub(crate) fn bin(&mut self, contexts: &mut Contexts, context: usize, bin: u32) {
        let state = contexts[context];
        let (p, mps) = (usize::from(state >> 1), u32::from(state & 1));
        let lps = u32::from(RANGE_LPS[p][(self.range >> 6 & 3) as usize]);
        self.range -= lps;
        let (p, mps) = if bin == mps {
            ((p + 1).min(62), mps)
        } else {
            self.low += self.range;
            self.range = lps;
            (usize::from(NEXT_LPS[p]), if p == 0 { 1 - mps } else { mps })
        };
        contexts[context] = (p << 1) as u8 | mps as u8;
        self.renormalise();
    }

    pub(crate) fn bypass(&mut self, bin: u32) {
        self.low = (self.low << 1) + if bin == 1 { self.range } else { 0 };
        if self.low >= 1024 {
            self.put(true);
            self.low -= 1024;
        } else if self.low < 512 {
            self.put(false);
        } else {
            self.low -= 512;
            self.outstanding += 1;
        }
    }

    /// Writes a terminating bin. After one that is true, whole bytes are written, and coding begins anew.
    pub(crate) fn terminate(&mut self, bin: bool) {
        self.range -= 2;
        if !bin {
            return self.renormalise();
        }
        self.low += self.range;
        self.range = 2;
        self.renormalise();
        self.put(self.low >> 9 & 1 == 1);
        self.bits.extend([self.low >> 8 & 1 == 1, true]);
        let padding = self.bits.len().next_multiple_of(8) - self.bits.len();
        self.bits.extend(std::iter::repeat_n(false, padding));
        (self.low, self.range, self.first, self.outstanding) = (0, 510, true, 0);
    }

    /// What is written, as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bits.chunks(8).map(|byte| byte.iter().fold(0, |value, &bit| value << 1 | u8::from(bit))).collect()
    }

    fn renormalise(&mut self) {
        while self.range < 256 {
            if self.low >= 512 {
                self.put(true);
                self.low -= 512;
            } else if self.low < 256 {
                self.put(false);
            } else {
                self.low -= 256;
                self.outstanding += 1;
            }
            self.range <<= 1;
            self.low <<= 1;
        }
    }

    /// The first bit is always 0 and is not written.
    fn put(&mut self, bit: bool) {
        if !std::mem::take(&mut self.first) {
            self.bits.push(bit);
        }
        self.bits.extend(std::iter::repeat_n(!bit, self.outstanding as usize));
        self.outstanding = 0;
    }
}
