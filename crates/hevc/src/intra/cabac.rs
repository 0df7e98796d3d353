//! The arithmetic decoder (ITU-T H.265 § 9.3.4.3).
//!
//! The standard keeps an offset of nine bits and reads a bit whenever the range is doubled. Here `value` holds the
//! offset and, below it, `spare` bits that were loaded before they are needed. To double the range is then to lower
//! `spare`, and the offset is compared with `range << spare`.
//!
//! Between two bins these hold:
//!
//! - `range` lies in 256..=510.
//! - `value` is below `range << spare`: a bin subtracts the range of the symbol that it excludes.
//! - `spare` is below 48: 32 bits are loaded where fewer than 8, or 16, are left. With the nine bits of the offset,
//!   `value` fits into 57 bits, so no shift loses a bit.
//! - A bin takes at most 6 bits of `spare`, and 16 bypass bins take 16. The load before them ensures so many.

use crate::intra::contexts::{CONTEXTS_ROUNDED, Contexts, initial};

/// Decodes the bins of one slice. Zeros follow the end of its data: a slice that is cut is found by how it ends, see
/// [`Cabac::ends_here`].
pub(crate) struct Cabac<'a> {
    data: &'a [u8],
    /// The index of the next byte to load. It may lie behind the data.
    at: usize,
    /// The index of the first byte of this substream.
    start: usize,
    /// `ivlCurrRange`.
    range: u32,
    /// `ivlOffset`, and below it `spare` bits more.
    value: u64,
    spare: u32,
    /// The states of the contexts.
    pub(crate) contexts: Contexts,
}

impl<'a> Cabac<'a> {
    /// Begins with the first substream of a slice at quantiser `qp`.
    pub(crate) fn new(data: &'a [u8], qp: i32) -> Self {
        let mut cabac = Self { data, at: 0, start: 0, range: 510, value: 0, spare: 0, contexts: initial(qp) };
        cabac.restart(0);
        cabac
    }

    /// Begins with a substream at byte `at` (§ 9.3.2.5). Of the 32 bits of the first load nine are the offset.
    fn restart(&mut self, at: usize) {
        (self.at, self.start, self.range, self.value, self.spare) = (at, at, 510, 0, 0);
        self.load();
        self.spare -= 9;
    }

    /// Loads 32 bits below those of `value`.
    #[inline]
    fn load(&mut self) {
        let word = match self.data.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(four) => u32::from_be_bytes(*four),
            None => self.last_word(),
        };
        self.at += 4;
        self.value = self.value << 32 | u64::from(word);
        self.spare += 32;
    }

    /// The bytes from `at` on where fewer than four are left, and zeros.
    #[cold]
    fn last_word(&self) -> u32 {
        let rest = self.data.get(self.at..).unwrap_or_default();
        (0..4).fold(0, |word, i| word << 8 | u32::from(rest.get(i).copied().unwrap_or(0)))
    }

    /// Decodes a bin with a context (§ 9.3.4.3.2).
    ///
    /// Both outcomes are computed and one is chosen, without a branch: bins are near random where decoding takes its
    /// time, and a branch would often be predicted wrong.
    ///
    /// The range of the less probable symbol is 6 to 240. [`RENORM`] tells how often it is doubled: at most six times.
    /// The table leaves the more probable symbol at least 128, so that range is doubled once where its bit 8 is 0.
    #[inline]
    pub(crate) fn bin(&mut self, context: usize) -> u32 {
        // The masks change no index. They show the compiler that each is inside its table.
        let context = context & (CONTEXTS_ROUNDED - 1);
        let state = usize::from(self.contexts[context] & 127);
        let lps = u32::from(RANGE_LPS[state >> 1][(self.range >> 6 & 3) as usize]);
        let mps = self.range - lps;
        if self.spare < 8 {
            self.load();
        }
        let scaled = u64::from(mps) << self.spare;
        let is_lps = self.value >= scaled;
        self.value -= if is_lps { scaled } else { 0 };
        self.contexts[context] = NEXT[usize::from(is_lps)][state];
        let (range, shift) = if is_lps { (lps, RENORM[(lps >> 3 & 31) as usize].into()) } else { (mps, mps >> 8 ^ 1) };
        self.range = range << shift;
        self.spare -= shift;
        (state as u32 & 1) ^ u32::from(is_lps)
    }

    /// Decodes a bin whose values are equally probable (§ 9.3.4.3.4): the range stays, and the offset is doubled.
    #[inline]
    pub(crate) fn bypass(&mut self) -> u32 {
        if self.spare < 8 {
            self.load();
        }
        self.spare -= 1;
        let scaled = u64::from(self.range) << self.spare;
        let one = self.value >= scaled;
        self.value -= if one { scaled } else { 0 };
        u32::from(one)
    }

    /// Decodes `count` ≤ 32 bypass bins. The first is the highest bit.
    #[inline]
    pub(crate) fn bypasses(&mut self, count: u32) -> u32 {
        if count > 16 {
            let high = self.bypasses(count - 16);
            return high << 16 | self.bypasses(16);
        }
        if self.spare < 16 {
            self.load();
        }
        let mut bins = 0;
        for _ in 0..count {
            self.spare -= 1;
            let scaled = u64::from(self.range) << self.spare;
            let one = self.value >= scaled;
            self.value -= if one { scaled } else { 0 };
            bins = bins << 1 | u32::from(one);
        }
        bins
    }

    /// Decodes a terminating bin (§ 9.3.4.3.5). The range is at least 254 after it, so it is doubled at most once.
    ///
    /// After a 1 nothing may be decoded before [`Cabac::next_substream`].
    pub(crate) fn terminate(&mut self) -> bool {
        if self.spare < 8 {
            self.load();
        }
        self.range -= 2;
        let scaled = u64::from(self.range) << self.spare;
        if self.value >= scaled {
            return true;
        }
        let shift = self.range.leading_zeros() - 23;
        self.range <<= shift;
        self.spare -= shift;
        false
    }

    /// After a terminating bin of 1: the index of the byte behind this substream, if it ends as it has to.
    ///
    /// An encoder ends a substream with a one bit and zeros up to a whole byte (§ 9.3.2.5). At that bin the one is the
    /// lowest of the nine bits of the offset: bit `shifts + 8` of the substream, where `shifts` counts the bits that
    /// were read behind the first nine.
    fn end(&self) -> Option<usize> {
        let loaded = (self.at - self.start) as u64 * 8;
        let shifts = loaded.checked_sub(u64::from(self.spare) + 9)?;
        let last = self.start + 1 + usize::try_from(shifts / 8).ok()?;
        (*self.data.get(last)? << (shifts % 8) == 0x80).then_some(last + 1)
    }

    /// Goes on with the next substream and leaves the contexts as they are. `None` where this one does not end as it
    /// has to.
    pub(crate) fn next_substream(&mut self) -> Option<()> {
        let end = self.end()?;
        self.restart(end);
        Some(())
    }

    /// Whether the slice ends with this substream: nothing but zeros follows.
    pub(crate) fn ends_here(&self) -> bool {
        self.end().and_then(|end| self.data.get(end..)).is_some_and(|rest| rest.iter().all(|&b| b == 0))
    }
}

/// The context after a more probable (0) and after a less probable symbol (1), by the context before (§ 9.3.4.3.2.2).
/// State 62 is the last that a more probable symbol leads to; at state 0 a less probable one swaps the two symbols.
static NEXT: [[u8; 128]; 2] = next();

const fn next() -> [[u8; 128]; 2] {
    let mut next = [[0; 128]; 2];
    let mut i = 0;
    while i < 128u8 {
        let (state, mps) = (i >> 1, i & 1);
        next[0][i as usize] = if state < 62 { i + 2 } else { i };
        let flipped = if state == 0 { mps ^ 1 } else { mps };
        next[1][i as usize] = NEXT_LPS[state as usize] << 1 | flipped;
        i += 1;
    }
    next
}

/// `transIdxLps` (table 9-47).
const NEXT_LPS: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
    24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37,
    38, 38, 63,
];

/// How often the range of a less probable symbol is doubled to reach 256, by the range / 8. The smallest range of a
/// context is 6, which is doubled six times.
static RENORM: [u8; 32] =
    [6, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/// `rangeTabLps` (table 9-46), by the state and by bits 6 and 7 of the range. State 63 is that of no context.
#[rustfmt::skip]
static RANGE_LPS: [[u8; 4]; 64] = [
    [128, 176, 208, 240], [128, 167, 197, 227], [128, 158, 187, 216], [123, 150, 178, 205],
    [116, 142, 169, 195], [111, 135, 160, 185], [105, 128, 152, 175], [100, 122, 144, 166],
    [95, 116, 137, 158], [90, 110, 130, 150], [85, 104, 123, 142], [81, 99, 117, 135],
    [77, 94, 111, 128], [73, 89, 105, 122], [69, 85, 100, 116], [66, 80, 95, 110],
    [62, 76, 90, 104], [59, 72, 86, 99], [56, 69, 81, 94], [53, 65, 77, 89],
    [51, 62, 73, 85], [48, 59, 69, 80], [46, 56, 66, 76], [43, 53, 63, 72],
    [41, 50, 59, 69], [39, 48, 56, 65], [37, 45, 54, 62], [35, 43, 51, 59],
    [33, 41, 48, 56], [32, 39, 46, 53], [30, 37, 43, 50], [29, 35, 41, 48],
    [27, 33, 39, 45], [26, 31, 37, 43], [24, 30, 35, 41], [23, 28, 33, 39],
    [22, 27, 32, 37], [21, 26, 30, 35], [20, 24, 29, 33], [19, 23, 27, 31],
    [18, 22, 26, 30], [17, 21, 25, 28], [16, 20, 23, 27], [15, 19, 22, 25],
    [14, 18, 21, 24], [14, 17, 20, 23], [13, 16, 19, 22], [12, 15, 18, 21],
    [12, 14, 17, 20], [11, 14, 16, 19], [11, 13, 15, 18], [10, 12, 15, 17],
    [10, 12, 14, 16], [9, 11, 13, 15], [9, 11, 12, 14], [8, 10, 12, 14],
    [8, 9, 11, 13], [7, 9, 11, 12], [7, 9, 10, 12], [7, 8, 10, 11],
    [6, 8, 9, 11], [6, 7, 9, 10], [6, 7, 8, 9], [2, 2, 2, 2],
];

#[cfg(test)]
pub(crate) mod tests;
