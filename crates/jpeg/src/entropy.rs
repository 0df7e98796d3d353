//! Reads the entropy-coded segments of one scan and the restart markers between them (ITU-T T.81 §§ E.2.4 and F.2.2).
//!
//! A decoder asks [`Entropy::restarts`] before each MCU, takes a reader by [`Entropy::next`], and hands it back to
//! [`Entropy::check`]. The reader is a copy meanwhile, so that it stays in registers.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::bits::{BitReader, EntropySegments};
use crate::result::Result;
use crate::segments::{RST0, RST7, after_restarts, marker_in};

/// What is wrong with a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanFault {
    /// The next bits are no code of the table, or a coefficient lies beyond its block.
    BadCode,
    /// The data ends before the scan does.
    Ended,
    /// A marker comes before the scan is over.
    Short,
    /// A marker follows that is not the next restart.
    RestartOrder,
    /// There is data between an interval and its restart marker.
    Stray,
    /// The data after the last MCU reads as further MCUs, and not as whole rows of them.
    Longer,
}

impl From<ScanFault> for DecodeError {
    fn from(fault: ScanFault) -> Self {
        let reason = match fault {
            ScanFault::Ended => return Self::truncated("the data ends before the last scan does"),
            ScanFault::BadCode => "an impossible entropy code",
            ScanFault::Short => "a scan shorter than the image",
            ScanFault::Longer => "a scan longer than the image",
            ScanFault::RestartOrder => "restart markers out of order",
            ScanFault::Stray => "stray bytes inside a scan",
        };
        Self::malformed(reason)
    }
}

/// The data of one scan and how far it has been read.
pub(crate) struct Entropy<'a> {
    segments: EntropySegments<'a>,
    reader: BitReader,
    /// The MCUs between restart markers; 0 for none.
    restart_interval: u32,
    /// The MCUs until the next restart marker.
    until_restart: u32,
    /// The number of the next restart marker, 0–7.
    next_restart: u8,
}

impl<'a> Entropy<'a> {
    /// The data after a scan header.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(data: &'a [u8], restart_interval: u32) -> Result<Self> {
        Ok(Self {
            segments: EntropySegments::new(data)?,
            reader: BitReader::default(),
            restart_interval,
            until_restart: restart_interval,
            next_restart: 0,
        })
    }

    /// A reader, and a window that holds the next MCU. The reader goes to [`Self::check`] after the MCU.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> (BitReader, &[u8]) {
        self.segments.prepare(&mut self.reader);
        (self.reader, self.segments.window())
    }

    /// Takes the reader back after an MCU; `read` is `None` where that met an impossible code.
    ///
    /// Behind the end of a segment, the reader meets zeros, which may be codes or not. So an MCU that took more bits
    /// than there are is no bad code, and neither is one that failed with fewer bits left than the longest code has.
    #[inline(always)]
    pub(crate) fn check(&mut self, reader: BitReader, read: Option<()>) -> Result<(), ScanFault> {
        self.reader = reader;
        if self.segments.is_overrun(&self.reader) || (read.is_none() && self.segments.is_near_end(&self.reader)) {
            return Err(if is_marker(self.segments.rest()) { ScanFault::Short } else { ScanFault::Ended });
        }
        read.ok_or(ScanFault::BadCode)
    }

    /// Counts the MCU that is about to be read, and reads the restart marker before it where one is due. Returns
    /// whether one was: predictors and runs then begin anew (§ E.2.4).
    #[inline(always)]
    pub(crate) fn restarts(&mut self) -> Result<bool, ScanFault> {
        if self.restart_interval == 0 {
            return Ok(false);
        }
        let due = self.until_restart == 0;
        if due {
            self.restart()?;
        }
        self.until_restart -= 1;
        Ok(due)
    }

    /// Reads the restart marker that is due and starts the next segment.
    #[cold]
    fn restart(&mut self) -> Result<(), ScanFault> {
        self.segments.prepare(&mut self.reader);
        if !self.is_at_marker() {
            return Err(ScanFault::Stray);
        }
        match self.segments.rest() {
            [0xFF, marker, data @ ..] if *marker == RST0 + self.next_restart => {
                self.reader = self.segments.next(data);
            }
            rest if is_marker(rest) => return Err(ScanFault::RestartOrder),
            _ => return Err(ScanFault::Ended),
        }
        self.next_restart = (self.next_restart + 1) % 8;
        self.until_restart = self.restart_interval;
        Ok(())
    }

    /// Whether the segment is read to its end. Zero bytes may be left before the marker, as some webcams write them.
    pub(crate) fn is_at_marker(&self) -> bool {
        self.segments.is_read(&self.reader)
    }

    /// Whether the segment is read to its end and no restart marker follows it.
    pub(crate) fn is_spent(&mut self) -> bool {
        self.segments.prepare(&mut self.reader);
        self.is_at_marker() && !matches!(self.segments.rest(), [0xFF, RST0..=RST7, ..])
    }

    /// Whether a restart marker is due and follows. The interval before it is whole then.
    pub(crate) fn is_at_restart(&mut self) -> bool {
        self.segments.prepare(&mut self.reader);
        let due = self.restart_interval > 0 && self.until_restart == 0;
        due && self.is_at_marker() && matches!(self.segments.rest(), [0xFF, RST0..=RST7, ..])
    }

    /// Skips all further intervals, and checks only the numbers of their restart markers.
    ///
    /// # Errors
    ///
    /// [`ScanFault::RestartOrder`], `deadline`, `cancelled`.
    pub(crate) fn skip_intervals(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        while let [0xFF, number @ RST0..=RST7, data @ ..] = self.segments.rest() {
            if *number != RST0 + self.next_restart {
                return Err(ScanFault::RestartOrder.into());
            }
            self.next_restart = (self.next_restart + 1) % 8;
            self.reader = self.segments.skip_to(marker_in(data, timer)?);
        }
        Ok(())
    }

    /// Whether the bits after the last MCU, up to the next byte, are alike: ones as § F.1.2.3 demands, or zeros.
    pub(crate) fn is_padded(&self) -> bool {
        let count = self.segments.bits_to_byte(&self.reader);
        let padding = if count == 0 { 0 } else { self.reader.peek(count) };
        padding == 0 || padding == (1 << count) - 1
    }

    /// Whether the last bytes that were read are zero. The byte in which the last MCU ends is one of them.
    pub(crate) fn ends_in_zeros(&self) -> bool {
        self.segments.read(&self.reader).iter().rev().take(ZEROS).filter(|&&b| b == 0).count() == ZEROS
    }

    /// The whole bytes that follow the last MCU up to `after`, without stuffing. `after` is what [`Self::after`] gives.
    pub(crate) fn left_over(&self, after: &[u8]) -> impl Iterator<Item = u8> {
        let unread = self.segments.unread(&self.reader).iter().copied();
        let coded = &self.segments.rest()[..self.segments.rest().len() - after.len()];
        let mut before = 0;
        let is_data = move |&b: &u8| (std::mem::replace(&mut before, b), b) != (0xFF, 0);
        unread.chain(coded.iter().copied().filter(is_data))
    }

    /// The data from the next marker on that is no restart; empty where none follows.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn after(&self, timer: &CpuTimer<'_>) -> Result<&'a [u8]> {
        after_restarts(self.segments.rest(), timer)
    }

    /// The number of bytes of the file from the end of the last MCU on.
    pub(crate) fn unread_len(&self) -> usize {
        let unread = self.segments.unread(&self.reader);
        self.segments.rest().len() + unread.len() + unread.iter().filter(|&&b| b == 0xFF).count()
    }
}

/// So many zero bytes end no data of a picture, whose last byte is filled with ones (§ F.1.2.3).
const ZEROS: usize = 5;

/// Whether data starts with a marker: not with a stuffed 0xFF, and not with a fill byte.
fn is_marker(rest: &[u8]) -> bool {
    matches!(rest, [0xFF, marker, ..] if !matches!(marker, 0x00 | 0xFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `mcus` MCUs of one byte each.
    fn read(data: &[u8], interval: u32, mcus: usize) -> (Result<Vec<u8>, ScanFault>, Entropy<'_>) {
        let mut entropy = Entropy::new(data, interval).unwrap();
        let read = (0..mcus).map(|_| {
            entropy.restarts()?;
            let (mut reader, window) = entropy.next();
            reader.refill(window);
            let byte = u8::try_from(reader.peek(8)).unwrap();
            reader.skip(8);
            entropy.check(reader, (byte != 0xEE).then_some(()))?;
            Ok(byte)
        });
        (read.collect(), entropy)
    }

    fn fault(data: &[u8], interval: u32, mcus: usize) -> ScanFault {
        read(data, interval, mcus).0.unwrap_err()
    }

    #[test]
    fn restart_markers_divide_the_intervals() {
        let data = [1, 2, 0xFF, 0xD0, 3, 4, 0xFF, 0xD1, 5, 0xFF, 0xD9];
        assert_eq!(read(&data, 2, 5).0.unwrap(), [1, 2, 3, 4, 5]);
        let zeros_and_fill = [1, 0, 0, 0xFF, 0xFF, 0xD0, 2, 0xFF, 0xD9];
        assert_eq!(read(&zeros_and_fill, 1, 2).0.unwrap(), [1, 2]);
    }

    #[test]
    fn the_numbers_of_restart_markers_go_round() {
        let data: Vec<u8> = (0..20).flat_map(|n| [n, 0xFF, 0xD0 + n % 8]).collect();
        let (read, entropy) = read(&data, 1, 20);
        assert_eq!(read.unwrap(), (0..20).collect::<Vec<u8>>());
        assert_eq!(entropy.until_restart, 0);
    }

    #[test]
    fn restart_markers_that_do_not_fit_are_told_apart() {
        assert_eq!(fault(&[1, 0xFF, 0xD1, 2, 0xFF, 0xD9], 1, 2), ScanFault::RestartOrder);
        assert_eq!(fault(&[1, 0xFF, 0xD9], 1, 2), ScanFault::RestartOrder, "another marker");
        assert_eq!(fault(&[1, 9, 0xFF, 0xD0, 2], 1, 2), ScanFault::Stray);
        assert_eq!(fault(&[1], 1, 2), ScanFault::Ended);
        assert_eq!(fault(&[1, 0xFF, 0xD0, 2, 0xFF, 0xD9], 2, 2), ScanFault::Short, "a marker before it is due");
    }

    #[test]
    fn a_scan_that_is_too_short_is_told_from_a_bad_code() {
        assert_eq!(fault(&[1, 2, 0xFF, 0xD9], 0, 3), ScanFault::Short);
        assert_eq!(fault(&[1, 2], 0, 3), ScanFault::Ended);
        assert_eq!(fault(&[0xEE, 1, 2, 3, 4], 0, 1), ScanFault::BadCode);
        assert_eq!(fault(&[0xEE, 1], 0, 1), ScanFault::Ended, "zeros behind the end may be no code");
    }

    #[test]
    fn what_is_left_over_is_without_stuffing_and_restarts() {
        let data = [1, 0xFF, 0, 7, 0xFF, 0xD0, 8, 0xFF, 0xFF, 0xD9, 9];
        let (read, mut entropy) = read(&data, 1, 1);
        assert_eq!(read.unwrap(), [1]);
        let after = entropy.after(&CpuTimer::default()).unwrap();
        assert_eq!(after, [0xFF, 0xD9, 9]);
        assert_eq!(entropy.left_over(after).collect::<Vec<_>>(), [0xFF, 7, 0xFF, 0xD0, 8, 0xFF]);
        assert_eq!(entropy.unread_len(), data.len() - 1);
        assert!(!entropy.is_at_restart() && !entropy.is_spent(), "0xFF 7 lie before the marker");
    }

    #[test]
    fn further_intervals_are_skipped_by_their_numbers() {
        let (_, mut entropy) = read(&[1, 0xFF, 0xD0, 5, 5, 0xFF, 0xD1, 6, 0xFF, 0xD9], 1, 1);
        assert!(entropy.is_at_restart());
        let timer = CpuTimer::default();
        entropy.skip_intervals(&timer).unwrap();
        assert_eq!(entropy.after(&timer).unwrap(), [0xFF, 0xD9]);
        let (_, mut entropy) = read(&[1, 0xFF, 0xD0, 5, 0xFF, 0xD2, 6], 1, 1);
        assert!(entropy.is_at_restart());
        assert_eq!(entropy.skip_intervals(&timer).unwrap_err().to_string(), "malformed: restart markers out of order");
    }

    #[test]
    fn padding_is_alike() {
        for (byte, is_padded) in [(0b1011_1111, true), (0b1010_0000, true), (0b1011_0111, false)] {
            let data = [byte, 0xFF, 0xD9];
            let mut entropy = Entropy::new(&data, 0).unwrap();
            let (mut reader, window) = entropy.next();
            reader.refill(window);
            reader.skip(3);
            entropy.check(reader, Some(())).unwrap();
            assert_eq!(entropy.is_padded(), is_padded, "{byte:08b}");
        }
    }
}
