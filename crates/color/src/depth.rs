//! From samples of 16 bits to samples of 8, and back.

/// The nearest of 256 levels: level `v` is 257 × `v`, so `(x + 128) / 257` rounds, and 65 535 gives 255.
pub(crate) fn eight_bits(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}

/// The 16-bit sample of the same value: 255 becomes 65 535.
pub(crate) fn sixteen_bits(sample: u8) -> u16 {
    u16::from(sample) * 257
}
