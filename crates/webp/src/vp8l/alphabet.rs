//! The sizes of the alphabets of VP8L's prefix codes (RFC 9649 § 3.6.2, § 3.7.2.1.2).

/// Values of one colour channel.
pub(crate) const LITERALS: usize = 256;

/// Prefixes of lengths, which follow the literals in the alphabet of green.
pub(crate) const LENGTHS: usize = 24;

/// Prefixes of distances.
pub(crate) const DISTANCES: usize = 40;

/// The most bits of an index into the colour cache.
pub(crate) const MAX_CACHE_BITS: u32 = 11;

/// Symbols of the largest alphabet: green, with lengths and the indices of the largest colour cache.
pub(crate) const MAX_SYMBOLS: usize = LITERALS + LENGTHS + (1 << MAX_CACHE_BITS);

/// The sizes of a group's five alphabets, in the order of the codes.
pub(crate) const fn alphabets(cache_bits: u32) -> [usize; 5] {
    let colors = if cache_bits == 0 { 0 } else { 1 << cache_bits };
    [LITERALS + LENGTHS + colors, LITERALS, LITERALS, LITERALS, DISTANCES]
}
