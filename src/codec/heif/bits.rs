//! Reads bits and Exp-Golomb codes from an HEVC parameter set (ITU-T H.265 § 7.2 and § 9.2).

/// A reader over a raw byte sequence payload; `None` at its end.
pub(super) struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    /// Over a NAL unit: its two header bytes are skipped, emulation prevention bytes removed (§ 7.3.1.1).
    pub(super) fn of_nal(nal: &[u8]) -> Self {
        let mut bytes = Vec::new();
        let mut zeros = 0;
        for &b in nal.get(2..).unwrap_or_default().iter().take(MAX_BYTES) {
            if zeros == 2 && b == 3 {
                zeros = 0;
                continue;
            }
            zeros = if b == 0 { (zeros + 1).min(2) } else { 0 };
            bytes.push(b);
        }
        Self { bytes, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let set = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(set)
    }

    /// `count` ≤ 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    /// Skipping past the end shows at the next read.
    pub(super) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// ue(v), at most 32 bits.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.bits(zeros)?)
    }

    pub(super) fn skip_unsigned(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.unsigned().map(drop))
    }
}

/// What is read of a parameter set ends long before.
const MAX_BYTES: usize = 4096;
