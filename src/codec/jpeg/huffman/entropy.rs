//! The entropy-coded segments of one scan and the restart markers between them (ITU-T T.81 § E.2.4, F.2.2).

use super::bits::{Reader, Segments};
use crate::error::Result;

/// What is wrong with a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codec::jpeg) enum Fault {
    /// No code of the table, or a coefficient beyond the block.
    BadCode,
    /// The data ends before the scan does.
    Ended,
    /// A marker comes before the scan is over.
    Short,
    /// Another marker than the next restart.
    RestartOrder,
    /// Data between an interval and its restart marker.
    Stray,
}

/// One scan's data on its way.
pub(super) struct Entropy<'a> {
    segments: Segments<'a>,
    reader: Reader,
    /// MCUs between restart markers; 0 for none.
    restart_interval: u32,
    /// MCUs until the next restart marker.
    until_restart: u32,
    next_restart: u8,
}

impl<'a> Entropy<'a> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn new(data: &'a [u8], restart_interval: u32) -> Result<Self> {
        Ok(Self {
            segments: Segments::new(data)?,
            reader: Reader::default(),
            restart_interval,
            until_restart: restart_interval,
            next_restart: 0,
        })
    }

    /// A reader and a window that holds the next MCU. What was read goes to [`Self::check`].
    #[inline(always)]
    pub(super) fn next(&mut self) -> (Reader, &[u8]) {
        self.segments.prepare(&mut self.reader);
        (self.reader, self.segments.window())
    }

    /// Takes the reader back, and what came of the MCU: `None` for an impossible code.
    #[inline(always)]
    pub(super) fn check(&mut self, reader: Reader, read: Option<()>) -> Result<(), Fault> {
        self.reader = reader;
        // Behind the end come zeros, which may be no code.
        if self.segments.is_overrun(&self.reader) || (read.is_none() && self.segments.is_near_end(&self.reader)) {
            return Err(if is_marker(self.segments.rest()) { Fault::Short } else { Fault::Ended });
        }
        read.ok_or(Fault::BadCode)
    }

    /// Counts an MCU that is about to be read; whether a restart came before it.
    #[inline(always)]
    pub(super) fn restarts(&mut self) -> Result<bool, Fault> {
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

    #[cold]
    fn restart(&mut self) -> Result<(), Fault> {
        self.segments.prepare(&mut self.reader);
        if !self.segments.has_ended() || !self.segments.unread(&self.reader).is_empty() {
            return Err(Fault::Stray);
        }
        match self.segments.rest() {
            [0xFF, marker, data @ ..] if *marker == 0xD0 + self.next_restart => {
                self.reader = self.segments.next(data);
            }
            rest if is_marker(rest) => return Err(Fault::RestartOrder),
            _ => return Err(Fault::Ended),
        }
        self.next_restart = (self.next_restart + 1) % 8;
        self.until_restart = self.restart_interval;
        Ok(())
    }

    /// What follows the last MCU: bytes of the scan that are no padding, and the data from the next marker on.
    pub(super) fn left_over(&self) -> (usize, &'a [u8]) {
        let is_code = |b: &&u8| !matches!(b, 0x00 | 0xFF);
        let mut count = self.segments.unread(&self.reader).iter().filter(is_code).count();
        let mut rest = self.segments.rest();
        while !rest.is_empty() && (!is_marker(rest) || matches!(rest, [0xFF, 0xD0..=0xD7, ..])) {
            count += rest.iter().take(1).filter(is_code).count();
            rest = &rest[1..];
        }
        (count, rest)
    }
}

fn is_marker(rest: &[u8]) -> bool {
    matches!(rest, [0xFF, marker, ..] if !matches!(marker, 0x00 | 0xFF))
}
