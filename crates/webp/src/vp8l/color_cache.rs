//! The colours seen last, each at its hash (RFC 9649 § 3.6.2.3).

use super::alphabet::MAX_CACHE_BITS;
use super::bits::Bits;
use crate::result::Result;
use image_ingest_samples::DecodeError;

/// A table of colours, indexed by the highest bits of a product modulo 2³².
pub(super) struct ColorCache {
    colors: Box<[u32; 1 << MAX_CACHE_BITS]>,
    shift: u32,
}

impl ColorCache {
    /// A cache whose indices have `bits` bits, 1 to [`MAX_CACHE_BITS`], all of whose colours are 0.
    pub(super) fn new(bits: u32) -> Self {
        Self { colors: Box::new([0; 1 << MAX_CACHE_BITS]), shift: 32 - bits.clamp(1, MAX_CACHE_BITS) }
    }

    #[inline(always)]
    pub(super) fn insert(&mut self, argb: u32) {
        let hash = 0x1E35_A7BD_u32.wrapping_mul(argb) >> (self.shift & 31);
        self.colors[hash as usize & ((1 << MAX_CACHE_BITS) - 1)] = argb;
    }

    #[inline(always)]
    pub(super) fn color(&self, index: usize) -> u32 {
        self.colors[index & ((1 << MAX_CACHE_BITS) - 1)]
    }
}

/// Reads how many bits an index into the colour cache has; 0 for no cache.
///
/// # Errors
///
/// `malformed`, `truncated`.
pub(super) fn cache_bits(bits: &mut Bits<'_>) -> Result<u32> {
    if !bits.bit()? {
        return Ok(0);
    }
    match bits.read(4)? {
        bits @ 1..=MAX_CACHE_BITS => Ok(bits),
        _ => Err(DecodeError::malformed("a VP8L colour cache of a size that there is not")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_stands_at_the_highest_bits_of_its_product() {
        for bits in 1..=MAX_CACHE_BITS {
            let mut cache = ColorCache::new(bits);
            for argb in [0xFF00_0000u32, 0x1234_5678, u32::MAX, 0x0080_FF01] {
                cache.insert(argb);
                let product = u64::from(argb) * 0x1E35_A7BD % (1 << 32);
                assert_eq!(cache.color(usize::try_from(product >> (32 - bits)).unwrap()), argb);
            }
        }
        assert_eq!(ColorCache::new(11).color(2047), 0);
    }

    #[test]
    fn a_cache_has_1_to_11_bits_or_none() {
        assert_eq!(cache_bits(&mut Bits::new(&[0])).unwrap(), 0);
        for bits in 0..16u8 {
            let read = cache_bits(&mut Bits::new(&[bits << 1 | 1]));
            assert_eq!(read.ok(), (1..=11).contains(&bits).then_some(bits.into()), "{bits}");
        }
    }
}
