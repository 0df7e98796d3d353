use image_ingest_samples::Avx2;

use super::*;
use crate::dispatch::read_residual;
use crate::intra::cabac::tests::Encoder;
use crate::intra::contexts::{EntropyState, GREATER_1, GREATER_2, SIGNIFICANT};
use crate::intra::residual::syntax::ResidualExtension;

const LUMA: ResidualSyntax = ResidualSyntax {
    log2: 2,
    is_luma: true,
    scan: 0,
    may_skip: false,
    hides_signs: false,
    extension: ResidualExtension {
        bypass: false,
        max_skip_log2: 2,
        skip_context: false,
        persistent_rice: false,
        implicit_differences: false,
    },
};

/// At quantiser 4 of 8 bits a level is 32 in a block of 4 × 4, and half as much each time that the side doubles.
const QUANTISER: Quantiser<'_> = Quantiser { qp: 4, depth: 8, factors: None };

/// Reads what `write` has encoded. Gives the coefficients other than 0 with their indices.
fn read_written(syntax: ResidualSyntax, write: impl Fn(&mut Encoder)) -> (Option<bool>, Vec<(usize, i16)>) {
    let mut encoder = Encoder::new(26);
    write(&mut encoder);
    encoder.terminate(true);
    let data = encoder.bytes();
    let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
    let mut block = TransformBlock::zeroed();
    let skip = read::<true>(&mut cabac, syntax, QUANTISER, &mut block);
    if syntax.extension == LUMA.extension {
        let mut plain = TransformBlock::zeroed();
        let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
        assert_eq!(read::<false>(&mut cabac, syntax, QUANTISER, &mut plain), skip);
        assert!(plain.coefficients == block.coefficients);
        let mut fast = TransformBlock::zeroed();
        let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
        assert_eq!(read_residual(Avx2::find(), &mut cabac, syntax, QUANTISER, &mut fast), skip);
        assert!(fast.coefficients == block.coefficients);
    }
    assert!(skip.is_none() || (cabac.terminate() && cabac.ends_here()), "bins are left or missing");
    let found: Vec<_> =
        block.coefficients.iter().copied().enumerate().filter(|&(_, coefficient)| coefficient != 0).collect();
    let side = 1 << syntax.log2;
    assert!(found.iter().all(|(at, _)| at % side < block.columns && at / side < block.rows));
    assert!(skip.is_none() || !block.is_flat || found.iter().all(|&(at, _)| at == 0));
    (skip, found)
}

#[test]
fn one_level_at_the_corner() {
    let level = |greater: &[u32], rest: &[(u32, u32)], negative: u32| {
        read_written(LUMA, |w| {
            w.bin(LAST_X, 0);
            w.bin(LAST_Y, 0);
            w.bin(GREATER_1 + 1, greater[0]);
            greater[1..].iter().for_each(|&bin| w.bin(GREATER_2, bin));
            w.bypass(negative);
            rest.iter().for_each(|&(value, count)| w.bypasses(value, count));
        })
    };
    assert_eq!(level(&[0], &[], 0), (Some(false), vec![(0, 32)]));
    assert_eq!(level(&[1, 0], &[], 1), (Some(false), vec![(0, -64)]));
    // 3 and what remains: 0 is "0", 4 is 11110 and one bit of suffix.
    assert_eq!(level(&[1, 1], &[(0, 1)], 0), (Some(false), vec![(0, 96)]));
    assert_eq!(level(&[1, 1], &[(0b11110, 5), (0, 1)], 1), (Some(false), vec![(0, -7 * 32)]));
    // The longest prefix has 20 ones; 21 are refused.
    assert_eq!(level(&[1, 1], &[((1 << 21) - 2, 21), (0, 17)], 0), (Some(false), vec![(0, 32_767)]));
    assert_eq!(level(&[1, 1], &[((1 << 22) - 2, 22), (0, 18)], 0).0, None);
}

#[test]
fn signs_are_hidden_in_the_sum() {
    let syntax = ResidualSyntax { hides_signs: true, ..LUMA };
    // Levels at indices 4 (1, 1) and 0, which is the first: its sign is not coded.
    let pair = |first_is_two: u32| {
        read_written(syntax, |w| {
            // The last is at (1, 1).
            [(LAST_X, 1), (LAST_X + 1, 0), (LAST_Y, 1), (LAST_Y + 1, 0)].into_iter().for_each(|(c, b)| w.bin(c, b));
            // Indices 3 (0, 2), 2 (1, 0) and 1 (0, 1) are 0 by ctxIdxMap 6, 1 and 2; index 0 is not.
            // By row, the map of 4 × 4 blocks is 0 1 4 5, 2 3 4 5, 6 6 8 8, 7 7 8 8.
            [(6, 0), (1, 0), (2, 0), (0, 1)].into_iter().for_each(|(c, b)| w.bin(SIGNIFICANT + c, b));
            w.bin(GREATER_1 + 1, 0);
            w.bin(GREATER_1 + 2, first_is_two);
            if first_is_two == 1 {
                w.bin(GREATER_2, 0);
            }
            // The sign of the last.
            w.bypass(0);
        })
    };
    // 1 + 1 is even: positive. 1 + 2 is odd: negative.
    assert_eq!(pair(0), (Some(false), vec![(0, 32), (5, 32)]));
    assert_eq!(pair(1), (Some(false), vec![(0, -64), (5, 32)]));
}

#[test]
fn a_sub_block_without_coefficients_is_skipped() {
    // 8 × 8: the last at (4, 4), the first of the fourth sub-block. Sub-blocks 2 (right) and 1 (below) are not coded.
    let syntax = ResidualSyntax { log2: 3, ..LUMA };
    let found = read_written(syntax, |w| {
        // Prefix 4 is 1111 and a 0, with a suffix of one bit; contexts of 8 × 8 are 3 + n / 2.
        for from in [LAST_X, LAST_Y] {
            (0..4).for_each(|n| w.bin(from + 3 + n / 2, 1));
            w.bin(from + 3 + 2, 0);
        }
        w.bypass(0);
        w.bypass(0);
        // The last level: set 2 of a luma block that is not the first.
        w.bin(GREATER_1 + 2 * 4 + 1, 0);
        w.bypass(1);
        // The neighbour of both is coded, so their context is 1.
        w.bin(CODED_SUB_BLOCK + 1, 0);
        w.bin(CODED_SUB_BLOCK + 1, 0);
        // The first sub-block has no flag, and none of its neighbours to the right and below is coded: pattern 0.
        let pattern = [2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        for (x, y) in crate::scan::diagonal(4).into_iter().skip(1).rev() {
            w.bin(SIGNIFICANT + 9 + pattern[y * 4 + x], 0);
        }
        w.bin(SIGNIFICANT, 1);
        // Set 0, since no level before was greater than 1.
        w.bin(GREATER_1 + 1, 0);
        w.bypass(0);
    });
    assert_eq!(found, (Some(false), vec![(0, 16), (4 * 8 + 4, -16)]));
}

#[test]
fn the_vertical_order_swaps_the_last_position() {
    let syntax = ResidualSyntax { scan: 2, may_skip: true, ..LUMA };
    let found = read_written(syntax, |w| {
        w.bin(TRANSFORM_SKIP, 1);
        // x of 0 and y of 1 are (1, 0): index 4 of the vertical order. Its predecessors are (0, 3), (0, 2), (0, 1).
        [(LAST_X, 0), (LAST_Y, 1), (LAST_Y + 1, 0)].into_iter().for_each(|(c, b)| w.bin(c, b));
        [(7, 0), (6, 0), (2, 0), (0, 0)].into_iter().for_each(|(c, b)| w.bin(SIGNIFICANT + c, b));
        w.bin(GREATER_1 + 1, 0);
        w.bypass(0);
    });
    assert_eq!(found, (Some(true), vec![(1, 32)]));
}

#[test]
fn the_longest_prefixes_reach_the_last_corner() {
    for (log2, offset, shift) in [(2, 0, 0), (3, 3, 1), (4, 6, 1), (5, 10, 1)] {
        let syntax = ResidualSyntax { log2, ..LUMA };
        let mut encoder = Encoder::new(26);
        for from in [LAST_X, LAST_Y] {
            (0..2 * log2 - 1).for_each(|n| encoder.bin(from + (offset + (n >> shift)) as usize, 1));
        }
        encoder.bypasses(u32::MAX, 2 * (log2 - 2));
        encoder.terminate(true);
        let (data, last) = (encoder.bytes(), (1 << log2) - 1);
        let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
        assert_eq!(last_position(&mut cabac.reader(), syntax), Some((last, last)));
    }
}
