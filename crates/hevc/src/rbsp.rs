//! Reads bits and Exp-Golomb codes from an HEVC parameter set (ITU-T H.265 § 7.2 and § 9.2).

use memchr::memmem;

/// A reader over a raw byte sequence payload; `None` at its end.
pub(crate) struct RbspReader {
    bytes: Vec<u8>,
    at: usize,
}

impl RbspReader {
    /// Over a NAL unit: its two header bytes are skipped, emulation prevention bytes removed (§ 7.3.1.1).
    pub(crate) fn of_nal(nal: &[u8]) -> Self {
        let coded = nal.get(2..).unwrap_or_default();
        Self { bytes: payload(coded.get(..MAX_BYTES).unwrap_or(coded)).unwrap_or_default(), at: 0 }
    }

    pub(crate) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let set = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(set)
    }

    /// `count` ≤ 32 bits.
    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    /// Skipping past the end shows at the next read.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// ue(v), at most 32 bits.
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

    /// se(v).
    pub(crate) fn signed(&mut self) -> Option<i32> {
        let code = self.unsigned()?;
        let half = i32::try_from(code / 2).ok()?;
        Some(if code & 1 == 1 { half + 1 } else { -half })
    }

    /// `byte_alignment()`, and the index of the byte after it.
    pub(crate) fn aligned(&mut self) -> Option<usize> {
        let mut stop = self.bit()?;
        while stop && !self.at.is_multiple_of(8) {
            stop = !self.bit()?;
        }
        stop.then_some(self.at / 8)
    }

    pub(crate) fn skip_unsigned(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.unsigned().map(drop))
    }
}

/// What is read of a parameter set, or of a slice header with an entry point for each row, ends long before.
const MAX_BYTES: usize = 16 * 1024;

/// Without emulation prevention bytes (§ 7.3.1.1); `None` where there is no memory for it.
pub(crate) fn payload(coded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(coded.len()).ok()?;
    let mut rest = coded;
    while let Some(at) = memmem::find(rest, &[0, 0, 3]) {
        bytes.extend_from_slice(&rest[..at + 2]);
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest);
    Some(bytes)
}
