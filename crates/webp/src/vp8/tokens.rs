//! Reads the coefficients of a block from their tokens (RFC 6386 § 13).

use super::bools::{BoolDecoder, complement};
use super::probabilities::Positions;

/// The coefficients of four blocks beside each other: four rows of sixteen. Block `b` has columns `4b` to `4b + 3`.
pub(crate) type BlockRow = [i16; 64];

/// Reads one block into columns `4 · block` and on, from position `first` in zigzag order. Gives the position behind its
/// last coefficient, `first` where it has none. They are not multiplied with their factors yet, and at most ±2114.
///
/// `context` is how many of the blocks above and to the left have coefficients, 0–2.
///
/// The positions still to come are a slice whose first element has the probabilities of the next one. Its length tells
/// the place, so one comparison bounds both. The last element stands behind the block.
#[inline(always)]
pub(crate) fn read_block(
    bools: &mut BoolDecoder<'_>,
    positions: &Positions,
    context: usize,
    first: usize,
    out: &mut BlockRow,
    block: usize,
) -> usize {
    let mut reader = *bools;
    let mut rest = &positions[first..];
    let mut nodes = &rest[0][context];
    let end = 'block: loop {
        if !reader.bit(nodes[0]) {
            // No token but "end of block" follows.
            break 17 - rest.len();
        }
        loop {
            rest = &rest[1..];
            if reader.bit(nodes[1]) {
                break;
            }
            // A zero. It is not followed by "end of block", so that node is passed over.
            if rest.len() == 1 {
                break 'block 16;
            }
            nodes = &rest[0][0];
        }
        let position = 16 - rest.len();
        let next = &rest[0];
        let magnitude;
        if reader.bit(nodes[2]) {
            (reader, magnitude) = large(reader, nodes);
            nodes = &next[2];
        } else {
            magnitude = 1;
            nodes = &next[1];
        }
        // The masks change nothing: they spare the comparisons with the lengths.
        out[(4 * block + ZIGZAG[position & 15]) & 63] = reader.signed(magnitude);
        if rest.len() == 1 {
            break 16;
        }
    };
    *bools = reader;
    end
}

/// A magnitude of 2 or more: the rest of the tree (§ 13.2), and the extra bits of its category.
#[inline(always)]
fn large<'a>(mut reader: BoolDecoder<'a>, nodes: &[i16; 16]) -> (BoolDecoder<'a>, u16) {
    if !reader.bit(nodes[3]) {
        let magnitude = if reader.bit(nodes[4]) { 3 + reader.bit_value(nodes[5]) } else { 2 };
        return (reader, magnitude);
    }
    if reader.bit(nodes[6]) {
        return largest(reader, nodes);
    }
    let magnitude = if reader.bit(nodes[7]) {
        let high = reader.bit_value(complement(165));
        7 + 2 * high + reader.bit_value(complement(145))
    } else {
        5 + reader.bit_value(complement(159))
    };
    (reader, magnitude)
}

/// Categories 3 to 6: magnitudes from 11, 19, 35 and 67.
#[cold]
#[inline(never)]
fn largest<'a>(mut reader: BoolDecoder<'a>, nodes: &[i16; 16]) -> (BoolDecoder<'a>, u16) {
    let high = usize::from(reader.bit_value(nodes[8]));
    let low = usize::from(reader.bit_value(nodes[9 + high]));
    let category = 2 * high + low;
    // Category 6 has 11 bits: no value passes 2¹¹ − 1.
    let extra = EXTRA[category].iter().fold(0, |value, &p| 2 * value + reader.bit_value(complement(p)));
    (reader, 3 + (8 << category) + extra)
}

/// The probabilities of the extra bits of categories 3 to 6 (§ 13.2).
static EXTRA: [&[u8]; 4] = [
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// Places in a [`BlockRow`] by position (§ 13): a row of the block is sixteen places below the one before.
static ZIGZAG: [usize; 16] = [0, 1, 16, 32, 17, 2, 3, 18, 33, 48, 49, 34, 19, 35, 50, 51];

#[cfg(test)]
mod tests {
    use super::super::bools::writer::BoolEncoder;
    use super::super::probabilities::{LUMA, read};
    use super::*;

    /// The default probabilities.
    fn defaults() -> Box<[Positions; 4]> {
        let mut writer = BoolEncoder::new();
        for &update in super::super::coefficient_tables::UPDATE.as_flattened().as_flattened().as_flattened() {
            writer.bit(update, false);
        }
        let bytes = writer.finish();
        read(&mut BoolDecoder::new(&bytes))
    }

    /// Writes the magnitude and sign of one coefficient behind "not end of block".
    fn write_value(w: &mut BoolEncoder, p: impl Fn(usize) -> u8, value: i32) {
        let magnitude = value.unsigned_abs();
        w.bit(p(1), magnitude > 0);
        let extra = |w: &mut BoolEncoder, probabilities: &[u8], value: u32| {
            for (i, &probability) in probabilities.iter().rev().enumerate().rev() {
                w.bit(probability, value >> i & 1 == 1);
            }
        };
        match magnitude {
            0 => return,
            1 => _ = w.bit(p(2), false),
            2 => _ = w.bit(p(2), true).bit(p(3), false).bit(p(4), false),
            3 | 4 => _ = w.bit(p(2), true).bit(p(3), false).bit(p(4), true).bit(p(5), magnitude == 4),
            5 | 6 => _ = w.bit(p(2), true).bit(p(3), true).bit(p(6), false).bit(p(7), false).bit(159, magnitude == 6),
            7..=10 => {
                w.bit(p(2), true).bit(p(3), true).bit(p(6), false).bit(p(7), true);
                extra(w, &[165, 145], magnitude - 7);
            }
            _ => {
                let category = [11, 19, 35, 67].iter().rposition(|&from| magnitude >= from).unwrap();
                w.bit(p(2), true).bit(p(3), true).bit(p(6), true);
                w.bit(p(8), category >= 2).bit(p(9 + category / 2), category % 2 == 1);
                extra(w, EXTRA[category], magnitude - [11, 19, 35, 67][category]);
            }
        }
        w.bit(128, value < 0);
    }

    fn round_trip(values: &[i32], first: usize) {
        let tables = defaults();
        let probabilities = |position: usize, context: usize| {
            let nodes = tables[LUMA][position][context];
            move |node: usize| u8::try_from(256 - nodes[node]).unwrap()
        };
        let mut writer = BoolEncoder::new();
        let (mut context, mut after_zero) = (1, false);
        for (i, &value) in values.iter().enumerate() {
            let p = probabilities(first + i, context);
            if !after_zero {
                writer.bit(p(0), true);
            }
            write_value(&mut writer, p, value);
            (context, after_zero) = (value.unsigned_abs().min(2) as usize, value == 0);
        }
        if first + values.len() < 16 && !after_zero {
            writer.bit(probabilities(first + values.len(), context)(0), false);
        }
        let bytes = writer.finish();
        let mut out = [0; 64];
        let end = read_block(&mut BoolDecoder::new(&bytes), &tables[LUMA], 1, first, &mut out, 2);
        assert_eq!(end, first + values.len());
        let read: Vec<i32> = (0..values.len()).map(|i| i32::from(out[8 + ZIGZAG[first + i]])).collect();
        assert_eq!(read, values);
    }

    #[test]
    fn every_magnitude_is_read_with_its_sign() {
        for magnitude in (0..80).chain([500, 2113, 2114]) {
            round_trip(&[magnitude, -magnitude, 1], 0);
        }
    }

    #[test]
    fn a_block_ends_at_its_last_coefficient_or_after_sixteen() {
        round_trip(&[], 0);
        round_trip(&[], 1);
        round_trip(&[0, 0, 0, -9], 1);
        round_trip(&[1, 2, -3, 4, -5, 6, 0, 7, 8, -9, 10, 11, 0, 0, 12, 13], 0);
        // Zeros to the very end, which no encoder writes.
        round_trip(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0);
    }

    #[test]
    fn zigzag_passes_every_place_of_a_block() {
        let mut places: Vec<usize> = ZIGZAG.iter().map(|place| place / 16 * 4 + place % 16).collect();
        assert_eq!(places[..6], [0, 1, 4, 8, 5, 2]);
        places.sort_unstable();
        assert_eq!(places, (0..16).collect::<Vec<_>>());
    }
}
