//! The proof of AVX2 that tests need, and the inverse transform with AVX2 against the one without.

use image_ingest_samples::Avx2;

use super::vectors::Random;
use crate::dispatch::inverse_avx2;
use crate::idct::{self, BlockPair};

/// The proof of AVX2; `None`, with a message, where the CPU does not have it.
pub(super) fn avx2() -> Option<Avx2> {
    let found = Avx2::find();
    if found.is_none() {
        eprintln!("skipped: this CPU does not have AVX2");
    }
    found
}

#[test]
fn avx2_gives_the_same_samples_whatever_the_coefficients() {
    let Some(cpu) = avx2() else { return };
    let mut random = Random::new(7);
    let mut random = move || (random.next() >> 8).cast_signed();
    for round in 0..20_000 {
        let range = [8, 64, 1024, 65_536][round % 4];
        let mut draw = || i16::try_from((random() % range - range / 2).clamp(-32_768, 32_767)).unwrap();
        let mut pair: BlockPair = [0; 256];
        let filled = [2, 16, 128][round % 3];
        pair[..filled].fill_with(&mut draw);
        let tables: [[i16; 64]; 2] = std::array::from_fn(|_| std::array::from_fn(|_| draw()));
        for side in [8, 4, 2, 1] {
            let (mut plain, mut avx2) = ([0; 128], [0; 128]);
            idct::inverse(&pair, [&tables[0], &tables[1]], side, &mut plain);
            inverse_avx2(cpu, &pair, [&tables[0], &tables[1]], side, &mut avx2);
            assert!(plain == avx2, "{side} in round {round}");
        }
    }
}
