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
#[inline(always)]
pub(crate) fn added([mut a, mut b]: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    for stretch in bytes.chunks(STRETCH) {
        let (blocks, rest) = stretch.as_chunks::<LANES>();
        // Lane by lane, the sum of the bytes, and the sum of those sums before each block. Over all lanes, a byte of the
        // `i`-th block from the end counts `i` times in the latter: `LANES · i` times for `b`.
        let (mut sums, mut before) = ([0_u32; LANES], [0_u32; LANES]);
        for block in blocks {
            for lane in 0..LANES {
                before[lane] += sums[lane];
                sums[lane] += u32::from(block[lane]);
            }
        }
        let len = u32::try_from(blocks.len() * LANES).unwrap_or_default();
        b += a * len + LANE_COUNT * before.iter().sum::<u32>();
        // Within its block, the byte of lane `i` counts `LANES − i` times.
        b += sums.iter().zip((1..=LANE_COUNT).rev()).map(|(sum, times)| sum * times).sum::<u32>();
        a += sums.iter().sum::<u32>();
        for &byte in rest {
            a += u32::from(byte);
            b += a;
        }
        (a, b) = (a % MODULUS, b % MODULUS);
    }
    [a, b]
}

/// The largest prime below 2¹⁶.
const MODULUS: u32 = 65_521;

const LANES: usize = 32;
const LANE_COUNT: u32 = 32;

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
