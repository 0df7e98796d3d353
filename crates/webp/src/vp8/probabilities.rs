//! Reads the probabilities of coefficients (RFC 6386 § 9.9, § 13.4).

use super::bools::{BoolDecoder, complement};
use super::coefficient_tables::{Bands, DEFAULT, UPDATE};

/// Complements of the probabilities for each position of a block, so that no band is looked up: by position, context
/// and node. The 17th position stands behind the last; it is taken as a reference and never read by. The nodes are
/// padded to 16, so that a place is found by shifts.
pub(crate) type Positions = [[[i16; 16]; 3]; 17];

/// The types of blocks (§ 13.3), as indices.
pub(crate) const LUMA_AFTER_SECOND: usize = 0;
pub(crate) const SECOND: usize = 1;
pub(crate) const CHROMA: usize = 2;
pub(crate) const LUMA: usize = 3;

/// Reads the changes of a frame header to the default probabilities.
pub(crate) fn read(bools: &mut BoolDecoder<'_>) -> Box<[Positions; 4]> {
    let mut positions = Box::new([[[[0; 16]; 3]; 17]; 4]);
    for ((default, update), positions) in DEFAULT.iter().zip(&UPDATE).zip(positions.iter_mut()) {
        let bands = read_bands(bools, default, update);
        *positions = BAND.map(|band| bands[band]);
    }
    positions
}

fn read_bands(bools: &mut BoolDecoder<'_>, default: &Bands, update: &Bands) -> [[[i16; 16]; 3]; 8] {
    let mut bands = [[[0; 16]; 3]; 8];
    for ((default, update), nodes) in
        default.as_flattened().iter().zip(update.as_flattened()).zip(bands.as_flattened_mut())
    {
        for ((&default, &update), node) in default.iter().zip(update).zip(nodes) {
            *node = complement(if bools.bit(complement(update)) { bools.literal(8) } else { default });
        }
    }
    bands
}

/// The band of each position in zigzag order (§ 13.3).
const BAND: [usize; 17] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];

#[cfg(test)]
mod tests {
    use super::super::bools::writer::BoolEncoder;
    use super::*;

    #[test]
    fn probabilities_stay_or_are_read_and_stand_at_each_position_of_their_band() {
        let mut writer = BoolEncoder::new();
        for (place, &update) in UPDATE.as_flattened().as_flattened().as_flattened().iter().enumerate() {
            // The sixth band of blocks of chroma, second context, third node.
            let changed = place == ((2 * 8 + 6) * 3 + 1) * 11 + 2;
            writer.bit(update, changed);
            if changed {
                writer.literal(77, 8);
            }
        }
        let bytes = writer.finish();
        let read = read(&mut BoolDecoder::new(&bytes));
        for position in 0..16 {
            let at_node = read[CHROMA][position][1][2];
            let expected = if BAND[position] == 6 { 77 } else { DEFAULT[CHROMA][BAND[position]][1][2] };
            assert_eq!(at_node, complement(expected), "position {position}");
        }
        assert_eq!(read[LUMA][15][2][10], complement(DEFAULT[LUMA][7][2][10]));
    }
}
