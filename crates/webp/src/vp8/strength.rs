//! Reads the filter part of a frame header and makes the filter's strengths (RFC 6386 § 9.3, § 9.6, § 15).

use super::bools::BoolDecoder;
use super::segments::Segments;

/// The loop filter of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopFilter {
    /// The frame's level is 0: nothing is filtered, whatever segments say, as in libwebp.
    Off,
    /// Luma alone, by § 15.2.
    Simple,
    /// All planes, by § 15.3.
    Normal,
}

/// How strongly the edges of one macroblock are filtered; no edge is where `interior` is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EdgeStrength {
    /// Twice the level plus `interior`: the limit inside a macroblock. Its borders have 4 more. At most 193 then.
    pub(crate) edge: u8,
    /// The limit of differences beside the edge, 1–63.
    pub(crate) interior: u8,
    /// The difference above which an edge has high variance, 0–2.
    pub(crate) variance: u8,
}

/// The strengths of each segment, for macroblocks with one luma mode, and for those with a mode for each subblock.
pub(crate) type Strengths = [[EdgeStrength; 2]; 4];

/// The filter header, with the differences of levels for intra macroblocks and for those with subblock modes.
pub(crate) struct FilterHeader {
    simple: bool,
    level: i32,
    sharpness: i32,
    intra: i32,
    subblocks: i32,
}

impl FilterHeader {
    /// Reads this part of the header. Of four differences by reference frame and four by mode, the first ones matter
    /// in a key frame.
    pub(crate) fn read(bools: &mut BoolDecoder<'_>) -> Self {
        let (simple, level, sharpness) = (bools.flag(), bools.literal(6).into(), bools.literal(3).into());
        let mut deltas = [0; 8];
        if bools.flag() && bools.flag() {
            deltas = deltas.map(|_| bools.optional(|bools| bools.signed_literal(6)).unwrap_or(0));
        }
        Self { simple, level, sharpness, intra: deltas[0], subblocks: deltas[4] }
    }

    /// Which filter runs.
    pub(crate) fn kind(&self) -> LoopFilter {
        match (self.level, self.simple) {
            (0, _) => LoopFilter::Off,
            (_, true) => LoopFilter::Simple,
            (_, false) => LoopFilter::Normal,
        }
    }

    /// The strengths for the levels of the segments.
    pub(crate) fn strengths(&self, segments: &Segments) -> Strengths {
        segments.filter_level.map(|of_segment| {
            let level = of_segment.of(self.level) + self.intra;
            [level, level + self.subblocks].map(|level| self.strength(level))
        })
    }

    fn strength(&self, level: i32) -> EdgeStrength {
        let level = u8::try_from(level.clamp(0, 63)).unwrap_or(0);
        if level == 0 {
            return EdgeStrength::default();
        }
        let sharpness = u8::try_from(self.sharpness).unwrap_or(0);
        let interior = match sharpness {
            0 => level,
            1..=4 => (level >> 1).min(9 - sharpness),
            _ => (level >> 2).min(9 - sharpness),
        };
        let interior = interior.max(1);
        EdgeStrength {
            edge: 2 * level + interior,
            interior,
            variance: match level {
                40.. => 2,
                15.. => 1,
                _ => 0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::segments::Adjustment;
    use super::*;

    fn header(level: i32, sharpness: i32) -> FilterHeader {
        FilterHeader { simple: false, level, sharpness, intra: 0, subblocks: 0 }
    }

    #[test]
    fn sharpness_lowers_the_interior_limit() {
        let interior = |level, sharpness| header(level, sharpness).strength(level).interior;
        assert_eq!([interior(63, 0), interior(20, 0), interior(1, 0)], [63, 20, 1]);
        assert_eq!([interior(63, 1), interior(10, 4), interior(8, 4), interior(1, 4)], [8, 5, 4, 1]);
        assert_eq!([interior(63, 5), interior(8, 5), interior(63, 7), interior(3, 7)], [4, 2, 2, 1]);
        assert_eq!(header(63, 0).strength(63), EdgeStrength { edge: 189, interior: 63, variance: 2 });
    }

    #[test]
    fn variance_rises_at_levels_15_and_40() {
        let variance = |level| header(level, 0).strength(level).variance;
        assert_eq!([variance(14), variance(15), variance(39), variance(40)], [0, 1, 1, 2]);
    }

    #[test]
    fn levels_follow_segment_and_mode_and_are_clamped() {
        let mut segments = Segments::read(&mut BoolDecoder::new(&[0; 8]));
        segments.filter_level[1] = Adjustment::Absolute(62);
        segments.filter_level[2] = Adjustment::Relative(-20);
        let header = FilterHeader { intra: -1, subblocks: 4, ..header(18, 0) };
        let edges = header.strengths(&segments).map(|of| of.map(|strength| strength.edge));
        assert_eq!(edges, [[51, 63], [183, 189], [0, 3], [51, 63]]);
    }
}
