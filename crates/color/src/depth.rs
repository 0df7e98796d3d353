//! From 16 bits to 8.

/// `(x + 128) / 257`: the nearest of 256 levels.
pub(crate) fn eight_bits(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}
