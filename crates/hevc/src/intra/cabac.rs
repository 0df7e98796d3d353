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

use crate::intra::contexts::{CONTEXTS_ROUNDED, Contexts, EntropyState};
use crate::intra::probability::{NEXT, RANGE_LPS};

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
    /// The statistics of persistent Rice adaptation, see [`EntropyState`].
    pub(crate) rice: [u8; 4],
    /// Chooses the bins, and writes them.
    #[cfg(feature = "recorder")]
    pub(crate) recorder: Option<Box<crate::intra::bin_recorder::BinRecorder>>,
}

impl<'a> Cabac<'a> {
    /// Begins with the first substream of a slice segment.
    pub(crate) fn new(data: &'a [u8], EntropyState { contexts, rice }: EntropyState) -> Self {
        let mut cabac = Self {
            data,
            at: 0,
            start: 0,
            range: 510,
            value: 0,
            spare: 0,
            contexts,
            rice,
            #[cfg(feature = "recorder")]
            recorder: None,
        };
        cabac.restart(0);
        cabac
    }

    /// What another substream may take over.
    pub(crate) fn state(&self) -> EntropyState {
        EntropyState { contexts: self.contexts, rice: self.rice }
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
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return recorder.bin(&mut self.contexts, context);
        }
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
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return recorder.bypass();
        }
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
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return (0..count).fold(0, |bins, _| bins << 1 | recorder.bypass());
        }
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
    /// After a 1 nothing may be decoded before [`Cabac::next_substream`] or [`Cabac::raw`].
    pub(crate) fn terminate(&mut self) -> bool {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return recorder.terminate();
        }
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

    /// Goes on with the next substream, in `state`. `None` where this one does not end as it has to.
    pub(crate) fn next_substream(&mut self, state: EntropyState) -> Option<()> {
        #[cfg(feature = "recorder")]
        if self.recorder.is_some() {
            (self.contexts, self.rice) = (state.contexts, state.rice);
            return Some(());
        }
        let end = self.end()?;
        (self.contexts, self.rice) = (state.contexts, state.rice);
        self.restart(end);
        Some(())
    }

    /// Takes `count` bytes that are not coded, behind a terminating bin of 1, and goes on behind them with the contexts
    /// as they are (§ 9.3.2.5). `None` where the data end before, or do not stop for them as they have to.
    pub(crate) fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return Some(recorder.raw(count));
        }
        let start = self.end()?;
        let raw = self.data.get(start..)?.get(..count)?;
        self.restart(start + count);
        Some(raw)
    }

    /// Whether bits were taken from behind the data, which no whole slice does: its last bit is the lowest of the nine
    /// bits of the offset. Small data for a large picture are found out early by this.
    pub(crate) fn is_exhausted(&self) -> bool {
        #[cfg(feature = "recorder")]
        if self.recorder.is_some() {
            return false;
        }
        self.at as u64 * 8 > self.data.len() as u64 * 8 + u64::from(self.spare)
    }

    /// Whether the slice ends with this substream: nothing but zeros follows.
    pub(crate) fn ends_here(&self) -> bool {
        #[cfg(feature = "recorder")]
        if self.recorder.is_some() {
            return true;
        }
        self.end().and_then(|end| self.data.get(end..)).is_some_and(|rest| rest.iter().all(|&b| b == 0))
    }
}

/// How often the range of a less probable symbol is doubled to reach 256, by the range / 8. The smallest range of a
/// context is 6, which is doubled six times.
static RENORM: [u8; 32] =
    [6, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

#[cfg(test)]
pub(crate) mod tests;
