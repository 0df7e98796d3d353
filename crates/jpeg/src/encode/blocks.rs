//! Two blocks, as samples and as quantised coefficients.
//!
//! All transforms work on two blocks at once, since a row of both fills one register of AVX2: two blocks of luma beside
//! each other, or one of each chroma component.

/// The samples of two blocks: eight of a row of the first, then eight of the same row of the second.
pub(crate) type PairSamples = [[u8; 16]; 8];

/// The quantised coefficients of two blocks, made for coding.
#[derive(Clone)]
#[repr(align(32))]
pub(crate) struct QuantisedPair {
    /// The coefficients in natural order: a row of the first block, then the same row of the second, and so on.
    pub(crate) natural: [[i16; 8]; 16],
    /// The coefficients of each block, clamped to an `i8`. Their order is that of the build, natural or zigzag; what is
    /// beyond the 64 stays 0.
    pub(crate) bytes: [[u8; 80]; 2],
    /// Bit `k` tells of each block whether the coefficient `k` in zigzag order is other than 0.
    pub(crate) nonzero: [u64; 2],
}

impl QuantisedPair {
    pub(crate) const ZERO: Self = Self { natural: [[0; 8]; 16], bytes: [[0; 80]; 2], nonzero: [0; 2] };

    /// The coefficient of a block at a position in natural order.
    #[inline(always)]
    pub(crate) fn coefficient(&self, block: usize, position: usize) -> i16 {
        self.natural[(position / 8 * 2 + block) % 16][position % 8]
    }
}
