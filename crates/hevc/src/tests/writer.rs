//! Writes parameter sets and slice headers bit by bit.

use crate::nal::NAL_SPS;

/// The bits of a NAL unit behind its header.
#[derive(Default)]
pub(crate) struct Writer(Vec<bool>);

impl Writer {
    /// u(`count`).
    pub(crate) fn bits(&mut self, value: u32, count: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|i| u64::from(value) >> i & 1 == 1));
        self
    }

    /// ue(v), one after another. se(v) of n > 0 is ue(v) of 2n - 1, of n ≤ 0 it is ue(v) of -2n.
    pub(crate) fn unsigned(&mut self, values: &[u32]) -> &mut Self {
        for value in values {
            let length = (value + 1).ilog2();
            self.bits(0, length).bits(value + 1, length + 1);
        }
        self
    }

    /// A NAL unit of a sequence parameter set with these bits, with emulation prevention bytes.
    pub(crate) fn nal(&self) -> Vec<u8> {
        let bytes = self.0.chunks(8).map(|c| c.iter().enumerate().fold(0, |b, (i, &set)| b | u8::from(set) << (7 - i)));
        let mut nal = vec![NAL_SPS << 1, 1];
        let mut zeros = 0;
        for b in bytes {
            if zeros == 2 && b <= 3 {
                nal.push(3);
                zeros = 0;
            }
            zeros = if b == 0 { zeros + 1 } else { 0 };
            nal.push(b);
        }
        nal
    }
}

/// 100 × 60 in 4:2:0 at 10 bits, with every optional part before the usability information.
pub(crate) fn parameter_set() -> Writer {
    let mut w = Writer::default();
    w.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
    w.unsigned(&[0, 1, 104, 64]).bits(1, 1).unsigned(&[0, 2, 0, 2]).unsigned(&[2, 2]);
    w.unsigned(&[4]).bits(1, 1).unsigned(&[1, 0, 0]).unsigned(&[0, 2, 0, 3, 0, 0]);
    w.bits(1, 1).bits(1, 1);
    for _ in 0..20 {
        w.bits(0, 1).unsigned(&[0]);
    }
    w.bits(0, 2).bits(1, 1).bits(0x77, 8).unsigned(&[0, 0]).bits(0, 1);
    // One set of two pictures, and one predicted from it.
    w.unsigned(&[2]).unsigned(&[1, 1]).unsigned(&[0]).bits(1, 1).unsigned(&[0]).bits(1, 1);
    w.bits(1, 1).bits(0, 1).unsigned(&[0]).bits(1, 1).bits(0b01, 2).bits(1, 1);
    w.bits(1, 1).unsigned(&[1]).bits(0, 9);
    w.bits(0, 2);
    w
}
