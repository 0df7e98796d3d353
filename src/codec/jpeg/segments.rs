//! Steps through a JPEG's marker segments (ITU-T T.81 annex B): what the probe and the decoder both walk by.

use memchr::memchr;

use crate::error::{Error, Result};
use crate::format::Format;

/// A cursor over marker segments.
pub(super) struct MarkerSegments<'a> {
    rest: &'a [u8],
}

impl<'a> MarkerSegments<'a> {
    /// At the first marker after the start of the image.
    pub(super) fn new(file: &'a [u8]) -> Self {
        Self { rest: file.get(2..).unwrap_or_default() }
    }

    /// Goes on at `rest`.
    pub(super) fn resume(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    /// What follows the last marker or segment that was read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next marker code. Bytes before it and fill bytes are skipped: § B.1.1.2 allows only the latter, decoders in the
    /// field skip both.
    ///
    /// # Errors
    ///
    /// `truncated` where no marker follows.
    pub(super) fn next_marker(&mut self) -> Result<u8> {
        loop {
            let ff = memchr(0xFF, self.rest).ok_or_else(ended)?;
            let run = self.rest[ff..].iter().take_while(|&&b| b == 0xFF).count();
            let code = *self.rest.get(ff + run).ok_or_else(ended)?;
            self.rest = &self.rest[ff + run + 1..];
            if code != 0 {
                return Ok(code);
            }
        }
    }

    /// The payload of the segment whose marker was just read.
    ///
    /// A comment or application segment of a length below 2, which no segment has, ends with its length field: as libjpeg
    /// reads it, and the DTP programs that write it mean it.
    ///
    /// # Errors
    ///
    /// `truncated`, `malformed`.
    pub(super) fn segment(&mut self, marker: u8) -> Result<&'a [u8]> {
        let len = usize::from(u16::from_be_bytes(*self.rest.first_chunk().ok_or_else(ended)?));
        let len = match (len, marker) {
            (0..2, APP0..=APP15 | COM) => 2,
            (0..2, _) => return Err(malformed("a segment shorter than its length field")),
            _ => len,
        };
        let (segment, rest) = self.rest.split_at_checked(len).ok_or_else(ended)?;
        self.rest = rest;
        Ok(&segment[2..])
    }

    /// Moves to the marker that ends the entropy-coded data (§ B.1.1.5: stuffed zeros and restarts do not).
    ///
    /// # Errors
    ///
    /// `truncated` where no marker follows.
    pub(super) fn skip_entropy_coded(&mut self) -> Result<()> {
        loop {
            let ff = memchr(0xFF, self.rest).ok_or_else(ended)?;
            let after = match self.rest.get(ff + 1).ok_or_else(ended)? {
                0x00 | RST0..=RST7 => ff + 2,
                0xFF => ff + 1,
                _ => {
                    self.rest = &self.rest[ff..];
                    return Ok(());
                }
            };
            self.rest = &self.rest[after..];
        }
    }
}

pub(super) fn malformed(reason: &'static str) -> Error {
    Error::malformed(Format::Jpeg, reason)
}

fn ended() -> Error {
    Error::truncated(Format::Jpeg, "the data ends before the image does")
}

pub(super) const SOF0: u8 = 0xC0;
pub(super) const SOF1: u8 = 0xC1;
pub(super) const SOF2: u8 = 0xC2;
pub(super) const SOF3: u8 = 0xC3;
pub(super) const DHT: u8 = 0xC4;
pub(super) const JPG: u8 = 0xC8;
pub(super) const SOF9: u8 = 0xC9;
pub(super) const SOF10: u8 = 0xCA;
pub(super) const SOF11: u8 = 0xCB;
pub(super) const DAC: u8 = 0xCC;
pub(super) const SOF15: u8 = 0xCF;
pub(super) const RST0: u8 = 0xD0;
pub(super) const RST7: u8 = 0xD7;
pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DQT: u8 = 0xDB;
pub(super) const DNL: u8 = 0xDC;
pub(super) const DRI: u8 = 0xDD;
pub(super) const DHP: u8 = 0xDE;
pub(super) const EXP: u8 = 0xDF;
pub(super) const APP0: u8 = 0xE0;
pub(super) const APP15: u8 = 0xEF;
/// ITU-T T.87, C.2.2.
pub(super) const SOF55: u8 = 0xF7;
pub(super) const COM: u8 = 0xFE;
pub(super) const TEM: u8 = 0x01;
