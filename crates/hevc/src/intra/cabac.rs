//! The arithmetic decoder (ITU-T H.265 § 9.3.4.3).
//!
//! [`Registers`] decodes single bins. Here they are joined with the contexts, and substreams begin and end.

use crate::intra::contexts::{Contexts, EntropyState};
use crate::intra::registers::Registers;
#[cfg(feature = "recorder")]
use crate::intra::registers::first_of_prefix;

/// Decodes the bins of one slice. Zeros follow the end of its data: a slice that is cut is found by how it ends, see
/// [`Cabac::ends_here`].
pub(crate) struct Cabac<'a> {
    data: &'a [u8],
    /// The index of the first byte of this substream.
    start: usize,
    registers: Registers<'a>,
    /// The states of the contexts.
    pub(crate) contexts: Contexts,
    /// The statistics of persistent Rice adaptation, see [`EntropyState`].
    pub(crate) rice: [u8; 4],
    /// Chooses the bins, and writes them.
    #[cfg(feature = "recorder")]
    pub(crate) recorder: Option<Box<crate::intra::bin_recorder::BinRecorder>>,
}

/// A [`Cabac`] while many bins are read. [`BinReader::finish`] gives the registers back.
pub(crate) struct BinReader<'c, 'a> {
    registers: Registers<'a>,
    home: &'c mut Registers<'a>,
    contexts: &'c mut Contexts,
    pub(crate) rice: &'c mut [u8; 4],
    #[cfg(feature = "recorder")]
    recorder: Option<&'c mut crate::intra::bin_recorder::BinRecorder>,
}

impl BinReader<'_, '_> {
    /// Decodes a bin with a context.
    #[inline(always)]
    pub(crate) fn bin(&mut self, context: usize) -> u32 {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return recorder.bin(self.contexts, context);
        }
        self.registers.bin(self.contexts, context)
    }

    /// Decodes a bin whose values are equally probable.
    #[inline(always)]
    pub(crate) fn bypass(&mut self) -> u32 {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return recorder.bypass();
        }
        self.registers.bypass()
    }

    /// Decodes `count` ≤ 32 bypass bins. The first is the highest bit.
    #[inline(always)]
    pub(crate) fn bypasses(&mut self, count: u32) -> u32 {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return (0..count).fold(0, |bins, _| bins << 1 | recorder.bypass());
        }
        self.registers.bypasses(count)
    }

    /// Decodes `count` ≤ 16 bypass bins. The first is the highest bit.
    #[inline(always)]
    pub(crate) fn few_bypasses(&mut self, count: u32) -> u32 {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            return (0..count).fold(0, |bins, _| bins << 1 | recorder.bypass());
        }
        let bins = self.registers.quotient(count);
        self.registers.take(bins, count);
        bins
    }

    /// Reads `coeff_abs_level_remaining` with a Rice parameter of 0 to 15. It is below 2²³; `None` for a prefix that no
    /// encoder writes.
    #[inline(always)]
    pub(crate) fn remaining(&mut self, rice: u32) -> Option<i32> {
        #[cfg(feature = "recorder")]
        if let Some(recorder) = &mut self.recorder {
            let most = 20.min(24 - rice);
            let prefix = (0..=most).find(|_| recorder.bypass() == 0)?;
            let suffix = (0..rice + prefix.saturating_sub(3)).fold(0, |bins, _| bins << 1 | recorder.bypass());
            return Some((first_of_prefix(prefix, rice) + suffix) as i32);
        }
        self.registers.remaining(rice)
    }

    /// Gives the registers back.
    #[inline(always)]
    pub(crate) fn finish(self) {
        *self.home = self.registers;
    }
}

impl<'a> Cabac<'a> {
    /// Begins with the first substream of a slice segment. `None` for bits that no encoder begins with.
    pub(crate) fn new(data: &'a [u8], EntropyState { contexts, rice }: EntropyState) -> Option<Self> {
        Some(Self {
            data,
            start: 0,
            registers: Registers::new(data)?,
            contexts,
            rice,
            #[cfg(feature = "recorder")]
            recorder: None,
        })
    }

    /// What another substream may take over.
    pub(crate) fn state(&self) -> EntropyState {
        EntropyState { contexts: self.contexts, rice: self.rice }
    }

    /// Begins with a substream at byte `at`. `None` for bits that no encoder begins with.
    fn restart(&mut self, at: usize) -> Option<()> {
        self.start = at;
        self.registers = Registers::new(self.data.get(at..)?)?;
        Some(())
    }

    /// Copies the registers to where many bins are read.
    #[inline(always)]
    pub(crate) fn reader(&mut self) -> BinReader<'_, 'a> {
        BinReader {
            registers: self.registers,
            home: &mut self.registers,
            contexts: &mut self.contexts,
            rice: &mut self.rice,
            #[cfg(feature = "recorder")]
            recorder: self.recorder.as_deref_mut(),
        }
    }

    /// Decodes a bin with a context.
    #[inline]
    pub(crate) fn bin(&mut self, context: usize) -> u32 {
        let mut reader = self.reader();
        let bin = reader.bin(context);
        reader.finish();
        bin
    }

    /// Decodes a bin whose values are equally probable.
    #[inline]
    pub(crate) fn bypass(&mut self) -> u32 {
        let mut reader = self.reader();
        let bin = reader.bypass();
        reader.finish();
        bin
    }

    /// Decodes `count` ≤ 32 bypass bins. The first is the highest bit.
    #[inline]
    pub(crate) fn bypasses(&mut self, count: u32) -> u32 {
        let mut reader = self.reader();
        let bins = reader.bypasses(count);
        reader.finish();
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
        let registers = &mut self.registers;
        registers.range -= 2;
        if registers.value >= u64::from(registers.range) << 55 {
            return true;
        }
        let shift = registers.range >> 8 ^ 1;
        registers.range <<= shift;
        registers.shift(shift);
        false
    }

    /// How many bytes were loaded, with zeros behind the data.
    fn loaded(&self) -> usize {
        self.data.len() - self.registers.rest.len() + self.registers.behind
    }

    /// After a terminating bin of 1: the index of the byte behind this substream, if it ends as it has to.
    ///
    /// An encoder ends a substream with a one bit and zeros up to a whole byte (§ 9.3.2.5). At that bin the one is the
    /// lowest of the nine bits of the offset: bit `shifts + 8` of the substream, where `shifts` counts the bits that
    /// were read behind the first nine.
    fn end(&self) -> Option<usize> {
        let loaded = (self.loaded() - self.start) as u64 * 8;
        let shifts = loaded.checked_sub(u64::from(self.registers.spare()) + 9)?;
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
        self.restart(end)
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
        self.restart(start + count)?;
        Some(raw)
    }

    /// Whether bits were taken from behind the data, which no whole slice does: its last bit is the lowest of the nine
    /// bits of the offset. Small data for a large picture are found out early by this.
    pub(crate) fn is_exhausted(&self) -> bool {
        #[cfg(feature = "recorder")]
        if self.recorder.is_some() {
            return false;
        }
        self.loaded() as u64 * 8 > self.data.len() as u64 * 8 + u64::from(self.registers.spare())
    }

    /// Whether the slice ends with this substream: nothing but zeros follows.
    pub(crate) fn ends_here(&self) -> bool {
        #[cfg(feature = "recorder")]
        if self.recorder.is_some() {
            return true;
        }
        self.end().and_then(|end| self.data.get(end..)).is_some_and(is_zero)
    }
}

/// Whether all bytes are 0. Without a branch on each, since a slice may end with megabytes of them.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(1 << 12).all(|piece| piece.iter().fold(0, |bits, byte| bits | byte) == 0)
}

#[cfg(test)]
pub(crate) mod tests;
