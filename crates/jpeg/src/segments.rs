//! Walks over the marker segments of a file (ITU-T T.81 annex B). Probing and decoding share this walk.

use image_ingest_samples::{CpuTimer, DecodeError};
use memchr::memchr;

use crate::result::Result;

/// A marker segment without its marker and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// The code of a `SOFn` marker and the frame header (§ B.2.2).
    Frame(u8, &'a [u8]),
    /// Another frame header, which no file may have, whole or not.
    SecondFrame,
    /// A scan header (§ B.2.3); its entropy-coded data follows.
    Scan(&'a [u8]),
    /// Huffman tables (§ B.2.4.2).
    HuffmanTables(&'a [u8]),
    /// Quantisation tables (§ B.2.4.1).
    QuantisationTables(&'a [u8]),
    /// The number of MCUs between restart markers (§ B.2.4.4).
    RestartInterval(&'a [u8]),
    /// Arithmetic conditioning tables (§ B.2.4.3).
    ArithmeticConditioning(&'a [u8]),
    /// A marker of a hierarchical file (annex J), whose segment is not read.
    Hierarchical,
    /// A frame of JPEG-LS (ITU-T T.87), whose segment is not read.
    JpegLs,
    /// The code of any other marker and its segment: application data, a comment, a number of lines.
    Other(u8, &'a [u8]),
    /// A start of image where none may be.
    StartOfImage,
    /// The end of the image.
    EndOfImage,
    /// No marker follows.
    EndOfData,
}

/// A position between the marker segments of a file.
pub(crate) struct MarkerSegments<'a> {
    rest: &'a [u8],
    has_frame: bool,
}

impl<'a> MarkerSegments<'a> {
    /// At the first marker after the start of the image, which is the first two bytes of `file`.
    pub(crate) fn new(file: &'a [u8]) -> Self {
        Self { rest: file.get(2..).unwrap_or_default(), has_frame: false }
    }

    /// Moves to `rest`, a later part of the file.
    pub(crate) fn resume(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    /// The data after the last marker or segment that was read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads the next segment, or the next marker that has none. `RSTn` and `TEM` are skipped.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] for a segment that is cut, [`DecodeError::Malformed`] for one shorter than its length
    /// field; `deadline`, `cancelled`.
    pub(crate) fn next_segment(&mut self, timer: &CpuTimer<'_>) -> Result<Segment<'a>> {
        while let Some(marker) = self.next_marker(timer)? {
            return Ok(match marker {
                TEM | RST0..=RST7 => continue,
                SOI => Segment::StartOfImage,
                EOI => Segment::EndOfImage,
                DHP | EXP => Segment::Hierarchical,
                SOF55 => Segment::JpegLs,
                DAC => Segment::ArithmeticConditioning(self.payload(marker)?),
                DHT => Segment::HuffmanTables(self.payload(marker)?),
                DQT => Segment::QuantisationTables(self.payload(marker)?),
                DRI => Segment::RestartInterval(self.payload(marker)?),
                SOS => Segment::Scan(self.payload(marker)?),
                SOF0..=SOF15 if marker != JPG && self.has_frame => {
                    // It is refused for what it is, even where it is cut.
                    self.payload(marker).ok();
                    Segment::SecondFrame
                }
                SOF0..=SOF15 if marker != JPG => {
                    self.has_frame = true;
                    Segment::Frame(marker, self.payload(marker)?)
                }
                _ => Segment::Other(marker, self.payload(marker)?),
            });
        }
        Ok(Segment::EndOfData)
    }

    /// Reads the next marker code; `None` where no marker follows. Fill bytes of 0xFF are skipped (§ B.1.1.2), and so
    /// are other bytes before the marker, as libjpeg does.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    fn next_marker(&mut self, timer: &CpuTimer<'_>) -> Result<Option<u8>> {
        while let Some(ff) = position_of_ff(self.rest) {
            timer.step()?;
            let run = run_of_ff(&self.rest[ff..]);
            let Some(&code) = self.rest.get(ff + run) else { break };
            self.rest = &self.rest[ff + run + 1..];
            if code != 0 {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    /// Reads the payload of the segment whose marker was just read.
    ///
    /// The length counts its own two bytes (§ B.1.1.4). A comment or an application segment with a length below 2 has
    /// no payload: libjpeg reads it so, and some desktop publishing programs write it.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`], [`DecodeError::Malformed`].
    fn payload(&mut self, marker: u8) -> Result<&'a [u8]> {
        let len = usize::from(u16::from_be_bytes(*self.rest.first_chunk().ok_or_else(ended)?));
        let len = match (len, marker) {
            (0..2, APP0..=APP15 | COM) => 2,
            (0..2, _) => return Err(DecodeError::malformed("a segment shorter than its length field")),
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
    /// [`DecodeError::Truncated`] where no marker follows; `deadline`, `cancelled`.
    pub(crate) fn skip_entropy_coded(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        self.rest = after_restarts(self.rest, timer)?;
        if self.rest.is_empty() { Err(ended()) } else { Ok(()) }
    }
}

/// The data from the next marker on that is no restart; empty where none follows.
///
/// # Errors
///
/// `deadline`, `cancelled`.
pub(crate) fn after_restarts<'a>(data: &'a [u8], timer: &CpuTimer<'_>) -> Result<&'a [u8]> {
    let mut rest = marker_in(data, timer)?;
    while let [0xFF, RST0..=RST7, data @ ..] = rest {
        rest = marker_in(data, timer)?;
    }
    Ok(rest)
}

/// The data from the next marker on, of any kind; empty where none follows. A stuffed 0xFF is no marker, and a fill byte
/// before one is left out.
///
/// # Errors
///
/// `deadline`, `cancelled`.
pub(crate) fn marker_in<'a>(mut data: &'a [u8], timer: &CpuTimer<'_>) -> Result<&'a [u8]> {
    while let Some(at) = position_of_ff(data) {
        timer.step()?;
        data = &data[at + run_of_ff(&data[at..]) - 1..];
        match data {
            [_, 0x00, after @ ..] => data = after,
            [_, _, ..] => return Ok(data),
            _ => break,
        }
    }
    Ok(&[])
}

/// Where the next 0xFF is. Where each byte is one, or every second, a search in many bytes at once would begin for each.
fn position_of_ff(data: &[u8]) -> Option<usize> {
    if data.first() == Some(&0xFF) { Some(0) } else { memchr(0xFF, data) }
}

/// How many bytes of 0xFF the data begins with.
pub(crate) fn run_of_ff(data: &[u8]) -> usize {
    let (chunks, _) = data.as_chunks::<32>();
    let whole = 32 * chunks.iter().take_while(|chunk| **chunk == [0xFF; 32]).count();
    whole + data[whole..].iter().take_while(|&&b| b == 0xFF).count()
}

fn ended() -> DecodeError {
    DecodeError::truncated("the data ends before the image does")
}

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const SOF1: u8 = 0xC1;
pub(crate) const SOF2: u8 = 0xC2;
pub(crate) const SOF3: u8 = 0xC3;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const JPG: u8 = 0xC8;
pub(crate) const SOF9: u8 = 0xC9;
pub(crate) const SOF10: u8 = 0xCA;
pub(crate) const SOF11: u8 = 0xCB;
pub(crate) const DAC: u8 = 0xCC;
pub(crate) const SOF15: u8 = 0xCF;
pub(crate) const RST0: u8 = 0xD0;
pub(crate) const RST7: u8 = 0xD7;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DNL: u8 = 0xDC;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const DHP: u8 = 0xDE;
pub(crate) const EXP: u8 = 0xDF;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;
pub(crate) const APP15: u8 = 0xEF;
/// ITU-T T.87, C.2.2.
pub(crate) const SOF55: u8 = 0xF7;
pub(crate) const COM: u8 = 0xFE;
pub(crate) const TEM: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    /// The segments of a file up to the end of its data.
    fn walk(after_soi: &[u8]) -> Vec<Segment<'_>> {
        let mut segments = MarkerSegments { rest: after_soi, has_frame: false };
        let next = || segments.next_segment(&CpuTimer::default()).ok().filter(|segment| *segment != Segment::EndOfData);
        std::iter::from_fn(next).collect()
    }

    fn next_marker_in(data: &[u8]) -> &[u8] {
        marker_in(data, &CpuTimer::default()).unwrap()
    }

    #[test]
    fn a_marker_is_0xff_and_neither_a_stuffed_zero_nor_another_0xff() {
        assert_eq!(next_marker_in(&[1, 0xFF, 0, 2, 0xFF, 0xFF, 0xFF, 0xD3, 4]), [0xFF, 0xD3, 4]);
        assert_eq!(next_marker_in(&[0xFF, 0, 0xFF, 0xFF, 0, 5, 0xFF, 1]), [0xFF, 1]);
        for none in [&[][..], &[1, 2], &[0xFF], &[1, 0xFF, 0xFF], &[0xFF, 0]] {
            assert!(next_marker_in(none).is_empty(), "{none:?}");
        }
    }

    #[test]
    fn runs_of_0xff_are_counted_to_their_last_byte() {
        for len in 0..100 {
            assert_eq!(run_of_ff(&vec![0xFF; len]), len);
            assert_eq!(run_of_ff(&[&vec![0xFF; len][..], &[0, 0xFF]].concat()), len);
        }
    }

    fn error(after_soi: &[u8]) -> DecodeError {
        MarkerSegments { rest: after_soi, has_frame: false }.next_segment(&CpuTimer::default()).unwrap_err()
    }

    #[test]
    fn each_marker_has_its_segment() {
        let of = |marker: u8| [0xFF, marker, 0, 3, 7];
        assert_eq!(walk(&of(0xC0)), [Segment::Frame(0xC0, &[7])]);
        assert_eq!(walk(&of(0xCF)), [Segment::Frame(0xCF, &[7])]);
        assert_eq!(walk(&of(0xC8)), [Segment::Other(0xC8, &[7])], "JPG is reserved, and no frame");
        assert_eq!(walk(&of(0xC4)), [Segment::HuffmanTables(&[7])]);
        assert_eq!(walk(&of(0xCC)), [Segment::ArithmeticConditioning(&[7])]);
        assert_eq!(walk(&of(0xDB)), [Segment::QuantisationTables(&[7])]);
        assert_eq!(walk(&of(0xDD)), [Segment::RestartInterval(&[7])]);
        assert_eq!(walk(&of(0xDA)), [Segment::Scan(&[7])]);
        assert_eq!(walk(&of(0xE1)), [Segment::Other(0xE1, &[7])]);
        let without = [(0xDE, Segment::Hierarchical), (0xF7, Segment::JpegLs), (0xD8, Segment::StartOfImage)];
        for (marker, segment) in without.into_iter().chain([(0xD9, Segment::EndOfImage)]) {
            assert_eq!(walk(&[0xFF, marker]), [segment]);
        }
    }

    #[test]
    fn fill_bytes_restarts_and_stray_bytes_are_skipped() {
        let file = [1, 2, 0xFF, 0, 0xFF, 0xFF, 0xFF, 0xE0, 0, 2, 3, 0xFF, 0xD3, 0xFF, 0x01, 0xFF, 0xD9];
        assert_eq!(walk(&file), [Segment::Other(0xE0, &[]), Segment::EndOfImage]);
    }

    #[test]
    fn a_comment_or_application_segment_of_a_length_below_two_is_empty() {
        for marker in [0xE0, 0xEF, 0xFE] {
            for length in [0, 1, 2] {
                let file = [0xFF, marker, 0, length, 0xFF, 0xD9];
                assert_eq!(walk(&file), [Segment::Other(marker, &[]), Segment::EndOfImage]);
            }
        }
        for marker in [0xC0, 0xC4, 0xDA, 0xDB, 0xDC, 0xF0] {
            assert!(matches!(error(&[0xFF, marker, 0, 1, 0xFF, 0xD9]), DecodeError::Malformed { .. }), "{marker:02X}");
        }
    }

    #[test]
    fn a_segment_that_is_cut_is_truncated() {
        let file = [0xFF, 0xDB, 0, 4, 1, 2];
        assert_eq!(walk(&file), [Segment::QuantisationTables(&[1, 2])]);
        for len in 2..file.len() {
            assert!(matches!(error(&file[..len]), DecodeError::Truncated { .. }), "{len}");
        }
        assert_eq!(walk(&file[..1]), [], "a lone 0xFF is no marker");
    }

    #[test]
    fn entropy_coded_data_ends_at_a_marker_that_is_no_restart() {
        let file = [1, 0xFF, 0, 0xFF, 0xD7, 2, 0xFF, 0xFF, 0, 0xFF, 0xFF, 0xD9];
        let mut segments = MarkerSegments { rest: &file, has_frame: false };
        segments.skip_entropy_coded(&CpuTimer::default()).unwrap();
        assert_eq!(segments.rest(), [0xFF, 0xD9]);
        for len in 0..file.len() {
            let mut cut = MarkerSegments { rest: &file[..len], has_frame: false };
            assert!(cut.skip_entropy_coded(&CpuTimer::default()).is_err(), "{len}");
        }
    }
}
