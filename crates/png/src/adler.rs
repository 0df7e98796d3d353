//! Adler-32 (RFC 1950 § 8.2), which ends a zlib stream.
//!
//! Of two sums modulo 65 521, the first adds up the bytes and begins with 1. The second adds up the values of the first
//! after every byte.

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
