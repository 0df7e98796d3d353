//! Adler-32 (RFC 1950 § 8.2), which ends a zlib stream.
//!
//! Of two sums modulo 65 521, the first adds up the bytes and begins with 1. The second adds up the values of the first
//! after every byte.

use image_ingest_samples::Avx2;

use crate::dispatch;

/// The sums of the bytes so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adler32 {
    sums: [u32; 2],
    avx2: Option<Avx2>,
}

impl Adler32 {
    /// That of no bytes.
    pub(crate) fn new(avx2: Option<Avx2>) -> Self {
        Self { sums: [1, 0], avx2 }
    }

    /// Goes on with `bytes`.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.sums = dispatch::adler32(self.sums, bytes, self.avx2);
    }

    pub(crate) fn value(self) -> u32 {
        self.sums[1] << 16 | self.sums[0]
    }
}

/// Goes on with sums below [`MODULUS`]; the result is below it.
pub(crate) fn added(sums: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    by_stretches(sums, bytes, block_sums)
}

/// [`added`] with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) fn added_avx2(sums: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    by_stretches(sums, bytes, |blocks| block_sums_avx2(blocks))
}

#[inline(always)]
fn by_stretches(
    [mut a, mut b]: [u32; 2],
    bytes: &[u8],
    block_sums: impl Fn(&[[u8; BLOCK_LEN]]) -> BlockSums,
) -> [u32; 2] {
    for stretch in bytes.chunks(STRETCH) {
        let (blocks, rest) = stretch.as_chunks();
        let sums = block_sums(blocks);
        let len = u32::try_from(blocks.len() * BLOCK_LEN).unwrap_or_default();
        b += a * len + 32 * sums.before + sums.within;
        a += sums.bytes;
        for &byte in rest {
            a += u32::from(byte);
            b += a;
        }
        (a, b) = (a % MODULUS, b % MODULUS);
    }
    [a, b]
}

/// What blocks of bytes add to the sums.
struct BlockSums {
    bytes: u32,
    /// The sums of the bytes before each block. In the second sum each counts once for every byte of the block.
    before: u32,
    /// The sums of each block's bytes, the first counted 32 times and the last once.
    within: u32,
}

fn block_sums(blocks: &[[u8; BLOCK_LEN]]) -> BlockSums {
    let mut sums = BlockSums { bytes: 0, before: 0, within: 0 };
    for block in blocks {
        sums.before += sums.bytes;
        sums.bytes += block.iter().map(|&byte| u32::from(byte)).sum::<u32>();
        sums.within += block.iter().zip((1..=32).rev()).map(|(&byte, times)| u32::from(byte) * times).sum::<u32>();
    }
    sums
}

/// Each sum is that of eight lanes, of 32 bits each.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn block_sums_avx2(blocks: &[[u8; BLOCK_LEN]]) -> BlockSums {
    use std::arch::x86_64::*;
    let times = _mm256_setr_epi8(
        32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
        3, 2, 1,
    );
    let (zero, one) = (_mm256_setzero_si256(), _mm256_set1_epi16(1));
    let (mut bytes, mut before, mut within) = (zero, zero, zero);
    for block in blocks {
        let block: __m256i = bytemuck::pod_read_unaligned(block);
        before = _mm256_add_epi32(before, bytes);
        bytes = _mm256_add_epi32(bytes, _mm256_sad_epu8(block, zero));
        // Two products are 255 · 63 at most, which 16 bits hold.
        let products = _mm256_maddubs_epi16(block, times);
        within = _mm256_add_epi32(within, _mm256_madd_epi16(products, one));
    }
    let total = |lanes: __m256i| bytemuck::cast::<_, [u32; 8]>(lanes).iter().sum();
    BlockSums { bytes: total(bytes), before: total(before), within: total(within) }
}

/// The largest prime below 2¹⁶.
const MODULUS: u32 = 65_521;

const BLOCK_LEN: usize = 32;

/// Bytes between two divisions. As zlib has it, sums below the modulus do not overflow 32 bits for 5 552 bytes: 255 ·
/// n · (n + 1) / 2 + (n + 1) · 65 520 is below 2³² there. Every partial sum is part of that one.
const STRETCH: usize = 5_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn by_the_letter(bytes: &[u8]) -> u32 {
        let (a, b) = bytes.iter().fold((1_u64, 0_u64), |(a, b), &byte| {
            let a = (a + u64::from(byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        u32::try_from(b << 16 | a).unwrap()
    }

    #[test]
    fn sums_are_those_of_byte_after_byte_with_and_without_avx2() {
        for avx2 in [None, Avx2::find()] {
            for len in (0..200).chain([5_535, 5_536, 5_537, 5_552, 60_000]) {
                for byte in [0, 1, 255] {
                    let mut bytes: Vec<u8> = (0..len).map(|at: u32| (at * at / 3).to_le_bytes()[0] | byte).collect();
                    let mut adler = Adler32::new(avx2);
                    adler.add(&bytes);
                    assert_eq!(adler.value(), by_the_letter(&bytes), "{len} bytes");
                    // From the largest sums on.
                    bytes.splice(..0, vec![255; 70_000]);
                    let mut adler = Adler32::new(avx2);
                    bytes.chunks(999).for_each(|bytes| adler.add(bytes));
                    assert_eq!(adler.value(), by_the_letter(&bytes), "{len} bytes more");
                }
            }
        }
    }

    #[test]
    fn the_example_of_wikipedia_is_right() {
        let mut adler = Adler32::new(None);
        adler.add(b"Wikipedia");
        assert_eq!(adler.value(), 0x11E6_0398);
    }
}
