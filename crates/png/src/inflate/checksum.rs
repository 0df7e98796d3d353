//! The Adler-32 of what a stream gives.

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
