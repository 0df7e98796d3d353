//! Reads what a frame header says of segments: groups of macroblocks with a quantiser and a filter level of their own
//! (RFC 6386 § 9.3).

use super::bools::{BoolDecoder, complement};

/// The adjustments of the four segments, and how macroblocks name theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segments {
    /// The complements of the tree's three probabilities, where macroblocks name a segment. Otherwise all are in
    /// segment 0: a key frame has no earlier frame to take a map from.
    pub(crate) map: Option<[i16; 3]>,
    /// The quantiser indices.
    pub(crate) quantiser: [Adjustment; 4],
    /// The filter levels.
    pub(crate) filter_level: [Adjustment; 4],
}

/// How a segment's value follows from the frame's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Adjustment {
    /// It is this value.
    Absolute(i32),
    /// It is the frame's plus this difference.
    Relative(i32),
}

impl Adjustment {
    /// The segment's value for the frame's value; not clamped.
    pub(crate) fn of(self, frame: i32) -> i32 {
        match self {
            Self::Absolute(value) => value,
            Self::Relative(difference) => frame + difference,
        }
    }
}

impl Segments {
    /// Reads this part of the header. Where segments are used and no values come, their values are 0.
    pub(crate) fn read(bools: &mut BoolDecoder<'_>) -> Self {
        let same = [Adjustment::Relative(0); 4];
        if !bools.flag() {
            return Self { map: None, quantiser: same, filter_level: same };
        }
        let (map_follows, values_follow) = (bools.flag(), bools.flag());
        let mut segments = Self { map: None, quantiser: [Adjustment::Absolute(0); 4], ..Self::none() };
        if values_follow {
            let adjustment = if bools.flag() { Adjustment::Absolute } else { Adjustment::Relative };
            let mut values =
                |bits| [(); 4].map(|()| adjustment(bools.optional(|bools| bools.signed_literal(bits)).unwrap_or(0)));
            (segments.quantiser, segments.filter_level) = (values(7), values(6));
        }
        if map_follows {
            segments.map = Some([(); 3].map(|()| complement(bools.optional(|bools| bools.literal(8)).unwrap_or(255))));
        }
        segments
    }

    /// Segments that are used without values: every value is 0.
    fn none() -> Self {
        let zero = [Adjustment::Absolute(0); 4];
        Self { map: None, quantiser: zero, filter_level: zero }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bools::writer::BoolEncoder;
    use super::*;

    fn read(write: impl Fn(&mut BoolEncoder)) -> ([i32; 4], [i32; 4], Option<[i16; 3]>) {
        let mut writer = BoolEncoder::new();
        write(&mut writer);
        let bytes = writer.finish();
        let segments = Segments::read(&mut BoolDecoder::new(&bytes));
        (segments.quantiser.map(|a| a.of(50)), segments.filter_level.map(|a| a.of(50)), segments.map)
    }

    /// Values of which the first is 5 and the second −3.
    fn values(writer: &mut BoolEncoder, bits: u32) {
        writer.literal(1, 1).literal(5, bits).literal(0, 1).literal(1, 1).literal(3, bits).literal(1, 1).literal(0, 2);
    }

    #[test]
    fn without_segments_all_have_the_frame_s_values() {
        assert_eq!(read(|w| _ = w.literal(0, 1)), ([50; 4], [50; 4], None));
    }

    #[test]
    fn segments_without_values_have_zeros() {
        assert_eq!(read(|w| _ = w.literal(0b100, 3)), ([0; 4], [0; 4], None));
    }

    #[test]
    fn values_are_absolute_or_relative_and_a_probability_that_is_missing_is_255() {
        let with = |absolute| {
            read(|w| {
                w.literal(0b111, 3).literal(absolute, 1);
                values(w, 7);
                values(w, 6);
                w.literal(1, 1).literal(200, 8).literal(0, 1).literal(1, 1).literal(0, 8);
            })
        };
        assert_eq!(with(1), ([5, -3, 0, 0], [5, -3, 0, 0], Some([56, 1, 256])));
        assert_eq!(with(0), ([55, 47, 50, 50], [55, 47, 50, 50], Some([56, 1, 256])));
    }
}
