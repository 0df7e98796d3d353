//! Reads bits and Exp-Golomb codes of parameter sets and slice headers (ITU-T H.265 § 7.2 and § 9.2).

use image_ingest_samples::{CpuTimer, WorkError};
use memchr::memmem;

/// A reader over a raw byte sequence payload. Every read gives `None` where the payload ends before it does.
pub(crate) struct RbspReader {
    bytes: Vec<u8>,
    /// The index of the next bit. It may lie behind the end after a skip.
    at: usize,
}

impl RbspReader {
    /// A reader over a NAL unit, without its two header bytes and its emulation prevention bytes (§ 7.3.1.1). It reads
    /// at most the first 16 KiB.
    pub(crate) fn of_nal(nal: &[u8]) -> Self {
        let coded = nal.get(2..).unwrap_or_default();
        Self { bytes: short_payload(coded.get(..MAX_BYTES).unwrap_or(coded)), at: 0 }
    }

    /// u(1).
    pub(crate) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let set = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(set)
    }

    /// u(`count`), for `count` ≤ 32.
    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    /// Skips bits. A skip past the end shows at the next read.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// ue(v) (§ 9.2): `zeros` zero bits, a one, and `zeros` bits more. With at most 31 zeros the value is at most
    /// 2³² - 2, so that no sum here overflows. More zeros are refused.
    pub(crate) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// se(v) (§ 9.2.2): codes 1, 2, 3, 4 … are 1, -1, 2, -2 …. The value of the largest code is -(2³¹ - 1).
    pub(crate) fn signed(&mut self) -> Option<i32> {
        let code = self.unsigned()?;
        let half = i32::try_from(code / 2).ok()?;
        Some(if code & 1 == 1 { half + 1 } else { -half })
    }

    /// Reads `byte_alignment()` (§ 7.3.2.12), a one bit and zero bits up to a whole byte, and gives the index of the
    /// next byte. `rbsp_trailing_bits()` has the same form.
    pub(crate) fn aligned(&mut self) -> Option<usize> {
        let mut stop = self.bit()?;
        while stop && !self.at.is_multiple_of(8) {
            stop = !self.bit()?;
        }
        stop.then_some(self.at / 8)
    }

    /// Skips `count` codes of ue(v), or of se(v), which are as long.
    pub(crate) fn skip_unsigned(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.unsigned().map(drop))
    }
}

/// A parameter set ends long before, and so does a slice header with an entry point for each row of the largest
/// picture.
const MAX_BYTES: usize = 16 * 1024;

/// Copies `coded` without emulation prevention bytes (§ 7.3.1.1).
///
/// # Errors
///
/// There is no memory for the copy, or `timer` ends the work.
pub(crate) fn payload(coded: &[u8], timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(coded.len()).map_err(|_| WorkError::OutOfMemory { bytes: coded.len() as u64 })?;
    let mut rest = coded;
    // Bytes since the timer was asked.
    let mut unasked = 0;
    while let Some((kept, after)) = next_piece(rest) {
        bytes.extend_from_slice(kept);
        unasked += rest.len() - after.len();
        if unasked >= BYTES_PER_CHECK {
            timer.check()?;
            unasked = 0;
        }
        rest = after;
    }
    Ok(bytes)
}

/// So many bytes are copied to fresh memory in some 100 µs. If each third is an emulation prevention byte, it takes four
/// times as long.
const BYTES_PER_CHECK: usize = 64 * 1024;

/// The payload of at most [`MAX_BYTES`]. Like other small tables it is not allocated fallibly: an empty one would read as
/// a fault of the upload.
fn short_payload(coded: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(coded.len()), coded);
    while let Some((kept, after)) = next_piece(rest) {
        bytes.extend_from_slice(kept);
        rest = after;
    }
    bytes
}

/// The bytes before the next emulation prevention byte, and those behind it; `None` where there are none. At most
/// [`BYTES_PER_CHECK`] are looked at.
fn next_piece(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (window, is_whole) = rest.get(..BYTES_PER_CHECK).map_or((rest, true), |window| (window, false));
    // The last two bytes of a window may be the first of a sequence.
    let nothing = if is_whole { rest.len() } else { BYTES_PER_CHECK - 2 };
    let (kept, after) = memmem::find(window, &[0, 0, 3]).map_or((nothing, nothing), |at| (at + 2, at + 3));
    (!rest.is_empty()).then(|| (&rest[..kept], &rest[after..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::Writer;

    #[test]
    fn exp_golomb_codes_are_those_of_table_9_2() {
        // 1, 010, 011, 00100, 00101, 00110, 00111, 0001000.
        let mut bits = RbspReader::of_nal(&[66, 1, 0b1010_0110, 0b0100_0010, 0b1001_1000, 0b1110_0010, 0b0010_0000]);
        let read: Vec<_> = (0..8).map(|_| bits.unsigned().unwrap()).collect();
        assert_eq!(read, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn signed_codes_alternate() {
        let mut w = Writer::default();
        w.unsigned(&[0, 1, 2, 3, 4, 5]);
        let nal = w.bits(1, 1).nal();
        let mut bits = RbspReader::of_nal(&nal);
        let read: Vec<_> = (0..6).map(|_| bits.signed().unwrap()).collect();
        assert_eq!(read, [0, 1, -1, 2, -2, 3]);
    }

    #[test]
    fn the_largest_code_fits() {
        // 31 zeros, a one, and 31 ones: the stuffing bytes lie between the zeros.
        let nal = [66, 1, 0, 0, 3, 0, 1, 0xFF, 0xFF, 0xFF, 0xFE];
        assert_eq!(RbspReader::of_nal(&nal).unsigned(), Some(u32::MAX - 1));
        assert_eq!(RbspReader::of_nal(&nal).signed(), Some(-i32::MAX));
    }

    #[test]
    fn codes_that_never_end_are_refused() {
        assert_eq!(RbspReader::of_nal(&[0; 64]).unsigned(), None);
    }

    #[test]
    fn a_skip_past_the_end_shows_at_the_next_read() {
        let mut bits = RbspReader::of_nal(&[66, 1, 0xA5]);
        assert_eq!((bits.bits(4), bits.bit()), (Some(0xA), Some(false)));
        bits.skip(usize::MAX);
        assert_eq!((bits.bit(), bits.bits(0), bits.unsigned()), (None, Some(0), None));
    }

    #[test]
    fn alignment_is_a_one_and_zeros() {
        let aligned = |skip: usize, byte: u8| {
            let mut bits = RbspReader::of_nal(&[66, 1, byte, 0x80]);
            bits.skip(skip);
            bits.aligned()
        };
        assert_eq!(aligned(3, 0b1011_0000), Some(1));
        assert_eq!(aligned(0, 0x80), Some(1));
        assert_eq!(aligned(8, 0xFF), Some(2));
        assert_eq!(aligned(3, 0b1010_0000), None);
        assert_eq!(aligned(3, 0b1011_0001), None);
    }

    #[test]
    fn emulation_prevention_bytes_are_taken_out() {
        assert_eq!(short_payload(&[1, 0, 0, 3, 1, 0, 0, 3]), [1, 0, 0, 1, 0, 0]);
        assert_eq!(short_payload(&[0, 0, 3, 0, 0, 3, 0, 3]), [0, 0, 0, 0, 0, 3]);
        assert_eq!(short_payload(&[0, 3, 0, 0]), [0, 3, 0, 0]);
    }

    #[test]
    fn emulation_prevention_bytes_are_found_where_windows_meet() {
        for before in BYTES_PER_CHECK - 4..BYTES_PER_CHECK + 2 {
            let ones = vec![1; before];
            let coded = [&ones[..], &[0, 0, 3, 0, 0, 3, 7]].concat();
            let expected = [&ones[..], &[0, 0, 0, 0, 7]].concat();
            assert!(payload(&coded, &CpuTimer::default()).unwrap() == expected, "{before}");
        }
    }
}
