//! Decodes binary decisions by arithmetic coding (ITU-T T.81 annex D).
//!
//! The decoder keeps the interval `a` of the code that is left, and the position `c` of the code in it. A decision
//! divides the interval: the lower part is the more probable symbol's, the upper one of size Qe the other's. Statistics
//! follow: each context has a state of table D.3, which names Qe, and the states after it.
//!
//! Bytes come in as renormalisation asks for them (§ D.2.6). An encoder leaves out zero bytes at the end of a segment, so
//! behind its end there are zeros (§ D.1.8), as many as the decoder asks for.

use image_ingest_samples::CpuTimer;

use crate::result::Result;
use crate::segments::{marker_in, run_of_ff};

/// The state of a context: its index in [`STATES`], and 0x80 where 1 is the more probable symbol. It begins as 0.
pub(crate) type Context = u8;

/// A state that stays at the probability 1/2, which signs and refined bits are coded by (§ F.1.4.4.2).
pub(crate) const EVEN: Context = 113;

/// A decoder at a position of a segment.
pub(crate) struct ArithmeticCoder<'a> {
    /// The data that was not taken yet, or the marker that ended the segment.
    rest: &'a [u8],
    /// Whether a marker or the end of the data was reached.
    ended: bool,
    /// The code, less the base of the interval: 16 bits, and `bits` more below them that were taken ahead.
    c: u32,
    /// The interval, at most 0x1_0000. A decision may leave it small; the next one first doubles it to 0x8000 or more.
    a: u32,
    /// The bits that were taken ahead, 0–7.
    bits: u32,
}

impl<'a> ArithmeticCoder<'a> {
    /// At the start of a segment.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        let mut coder = Self { rest: data, ended: false, c: 0, a: 0x1_0000, bits: 0 };
        coder.c = u32::from(coder.take_byte()) << 8 | u32::from(coder.take_byte());
        coder
    }

    /// Decodes a decision, and adapts the state of its context (figures D.16 to D.19).
    ///
    /// `c` is below `a` with `bits` more bits, so below 2²³, and a byte more makes it less than 2³¹.
    #[inline(always)]
    pub(crate) fn decide(&mut self, context: &mut Context) -> bool {
        while self.a < 0x8000 {
            self.renormalise();
        }
        let state = *context;
        let (qe, after_lps, after_mps, switch) = STATES[usize::from(state & 0x7F)];
        let (qe, symbol) = (u32::from(qe), state & 0x80);
        self.a -= qe;
        let is_upper = self.c >= self.a << self.bits;
        if is_upper {
            self.c -= self.a << self.bits;
        } else if self.a >= 0x8000 {
            return symbol != 0;
        }
        // The smaller part is the less probable symbol's, whichever it is (conditional exchange, § D.2.5).
        let is_less_probable = is_upper == (self.a >= qe);
        if is_upper {
            self.a = qe;
        }
        if is_less_probable {
            *context = (symbol ^ switch << 7) | after_lps;
            symbol == 0
        } else {
            *context = symbol | after_mps;
            symbol != 0
        }
    }

    /// Doubles the interval, and takes a byte where no bit is left.
    #[inline(always)]
    fn renormalise(&mut self) {
        if self.bits == 0 {
            self.c = self.c << 8 | u32::from(self.take_byte());
            self.bits = 8;
        }
        self.bits -= 1;
        self.a <<= 1;
    }

    /// The next byte without its stuffing; 0 behind the end.
    fn take_byte(&mut self) -> u8 {
        match self.rest {
            _ if self.ended => 0,
            [0xFF, after @ ..] => self.take_after(after),
            [byte, after @ ..] => {
                self.rest = after;
                *byte
            }
            [] => self.take_after(&[]),
        }
    }

    /// Takes a 0xFF, by what comes after it: before a stuffed zero it is data, and before a marker or the end of the data
    /// it ends the segment. Without any byte left, the segment ends too.
    #[cold]
    fn take_after(&mut self, after: &'a [u8]) -> u8 {
        let fill = run_of_ff(after);
        if let [0, rest @ ..] = &after[fill..] {
            self.rest = rest;
            return 0xFF;
        }
        // One 0xFF is before `after`, so a marker begins at `fill`.
        self.rest = if fill < after.len() { &self.rest[fill..] } else { &[] };
        self.ended = true;
        0
    }

    /// Whether the file ended and the decoder wanted more. Whether bytes are missing cannot be known then.
    pub(crate) fn is_cut(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// How many bytes other than padding, 0x00 and 0xFF, are left up to the next marker, and the data from that marker on.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn to_marker(&self, timer: &CpuTimer<'_>) -> Result<(usize, &'a [u8])> {
        let marker = marker_in(self.rest, timer)?;
        let mut codes = 0;
        for piece in self.rest[..self.rest.len() - marker.len()].chunks(1 << 16) {
            timer.check()?;
            codes += piece.iter().filter(|&&byte| !matches!(byte, 0x00 | 0xFF)).count();
        }
        Ok((codes, marker))
    }
}

/// Table D.3: Qe, the next index after the less and after the more probable symbol, and whether the former becomes the
/// more probable. The last entry is [`EVEN`].
#[rustfmt::skip]
const STATES: [(u16, u8, u8, u8); 114] = [
    (0x5A1D, 1, 1, 1), (0x2586, 14, 2, 0), (0x1114, 16, 3, 0), (0x080B, 18, 4, 0), (0x03D8, 20, 5, 0),
    (0x01DA, 23, 6, 0), (0x00E5, 25, 7, 0), (0x006F, 28, 8, 0), (0x0036, 30, 9, 0), (0x001A, 33, 10, 0),
    (0x000D, 35, 11, 0), (0x0006, 9, 12, 0), (0x0003, 10, 13, 0), (0x0001, 12, 13, 0), (0x5A7F, 15, 15, 1),
    (0x3F25, 36, 16, 0), (0x2CF2, 38, 17, 0), (0x207C, 39, 18, 0), (0x17B9, 40, 19, 0), (0x1182, 42, 20, 0),
    (0x0CEF, 43, 21, 0), (0x09A1, 45, 22, 0), (0x072F, 46, 23, 0), (0x055C, 48, 24, 0), (0x0406, 49, 25, 0),
    (0x0303, 51, 26, 0), (0x0240, 52, 27, 0), (0x01B1, 54, 28, 0), (0x0144, 56, 29, 0), (0x00F5, 57, 30, 0),
    (0x00B7, 59, 31, 0), (0x008A, 60, 32, 0), (0x0068, 62, 33, 0), (0x004E, 63, 34, 0), (0x003B, 32, 35, 0),
    (0x002C, 33, 9, 0), (0x5AE1, 37, 37, 1), (0x484C, 64, 38, 0), (0x3A0D, 65, 39, 0), (0x2EF1, 67, 40, 0),
    (0x261F, 68, 41, 0), (0x1F33, 69, 42, 0), (0x19A8, 70, 43, 0), (0x1518, 72, 44, 0), (0x1177, 73, 45, 0),
    (0x0E74, 74, 46, 0), (0x0BFB, 75, 47, 0), (0x09F8, 77, 48, 0), (0x0861, 78, 49, 0), (0x0706, 79, 50, 0),
    (0x05CD, 48, 51, 0), (0x04DE, 50, 52, 0), (0x040F, 50, 53, 0), (0x0363, 51, 54, 0), (0x02D4, 52, 55, 0),
    (0x025C, 53, 56, 0), (0x01F8, 54, 57, 0), (0x01A4, 55, 58, 0), (0x0160, 56, 59, 0), (0x0125, 57, 60, 0),
    (0x00F6, 58, 61, 0), (0x00CB, 59, 62, 0), (0x00AB, 61, 63, 0), (0x008F, 61, 32, 0), (0x5B12, 65, 65, 1),
    (0x4D04, 80, 66, 0), (0x412C, 81, 67, 0), (0x37D8, 82, 68, 0), (0x2FE8, 83, 69, 0), (0x293C, 84, 70, 0),
    (0x2379, 86, 71, 0), (0x1EDF, 87, 72, 0), (0x1AA9, 87, 73, 0), (0x174E, 72, 74, 0), (0x1424, 72, 75, 0),
    (0x119C, 74, 76, 0), (0x0F6B, 74, 77, 0), (0x0D51, 75, 78, 0), (0x0BB6, 77, 79, 0), (0x0A40, 77, 48, 0),
    (0x5832, 80, 81, 1), (0x4D1C, 88, 82, 0), (0x438E, 89, 83, 0), (0x3BDD, 90, 84, 0), (0x34EE, 91, 85, 0),
    (0x2EAE, 92, 86, 0), (0x299A, 93, 87, 0), (0x2516, 86, 71, 0), (0x5570, 88, 89, 1), (0x4CA9, 95, 90, 0),
    (0x44D9, 96, 91, 0), (0x3E22, 97, 92, 0), (0x3824, 99, 93, 0), (0x32B4, 99, 94, 0), (0x2E17, 93, 86, 0),
    (0x56A8, 95, 96, 1), (0x4F46, 101, 97, 0), (0x47E5, 102, 98, 0), (0x41CF, 103, 99, 0), (0x3C3D, 104, 100, 0),
    (0x375E, 99, 93, 0), (0x5231, 105, 102, 0), (0x4C0F, 106, 103, 0), (0x4639, 107, 104, 0), (0x415E, 103, 99, 0),
    (0x5627, 105, 106, 1), (0x50E7, 108, 107, 0), (0x4B85, 109, 103, 0), (0x5597, 110, 109, 0), (0x504F, 111, 107, 0),
    (0x5A10, 110, 111, 1), (0x5522, 112, 109, 0), (0x59EB, 112, 111, 1), (0x5A1D, 113, 113, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_those_of_the_test_sequence_of_annex_k() {
        // § K.4.1: 256 bits, one context, and the bytes that an encoder makes of them.
        let bits = *b"\x00\x02\x00\x51\x00\x00\x00\xC0\x03\x52\x87\x2A\xAA\xAA\xAA\xAA\
            \x82\xC0\x20\x00\xFC\xD7\x9E\xF6\x74\xEA\xAB\xF7\x69\x7E\xE7\x4C";
        let coded = *b"\x65\x5B\x51\x44\xF7\x96\x9D\x51\x78\x55\xBF\xFF\x00\xFC\x51\x84\
            \xC7\xCE\xF9\x39\x00\x28\x7D\x46\x70\x8E\xCB\xC0\xF6\xFF\xD9";
        let (mut coder, mut context) = (ArithmeticCoder::new(&coded), 0);
        for (index, byte) in bits.into_iter().enumerate() {
            let found = (0..8).fold(0, |byte, _| byte << 1 | u8::from(coder.decide(&mut context)));
            assert_eq!(found, byte, "byte {index}");
        }
        assert_eq!(coder.to_marker(&CpuTimer::default()).unwrap().1, [0xFF, 0xD9]);
    }

    #[test]
    fn behind_a_marker_and_behind_the_end_there_are_zeros() {
        for (data, is_cut) in [(&[0x12, 0xFF, 0xFF, 0xD9][..], false), (&[0x12], true), (&[0x12, 0xFF], true)] {
            let (mut coder, mut context) = (ArithmeticCoder::new(data), 0);
            (0..100).for_each(|_| {
                coder.decide(&mut context);
            });
            assert_eq!(coder.is_cut(), is_cut, "{data:?}");
            assert_eq!(coder.rest.len(), if is_cut { 0 } else { 2 });
        }
    }

    #[test]
    fn states_lead_to_states() {
        assert!(STATES.iter().all(|&(_, lps, mps, switch)| lps <= 113 && mps <= 113 && switch <= 1));
        assert_eq!(STATES[usize::from(EVEN)], (0x5A1D, EVEN, EVEN, 0));
    }
}
