//! Random HEVC pictures: parameter sets and slice headers from here, coding trees from the decoder's recorder.

use image_ingest_hevc::recorder::{SegmentPlan, SegmentStart, escaped, record};

use crate::hevc_bits::HevcBits;
use crate::hevc_pictures::{HevcInput, configuration, item};
use crate::hevc_tools::HevcTools;
use crate::random::Random;

/// Which tools a picture may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HevcScope {
    /// All that our decoder knows.
    All,
    /// Those that libde265 decodes right.
    OfLibde265,
}

/// Parameter sets and slices, all without start codes.
pub struct RandomPicture {
    pub sets: [Vec<u8>; 3],
    pub slices: Vec<Vec<u8>>,
    /// What is switched on, for messages.
    pub tools: String,
}

impl RandomPicture {
    /// The picture as a configuration and an item.
    #[must_use]
    pub fn input(&self) -> HevcInput {
        HevcInput { config: configuration(&self.sets), item: item(&self.slices) }
    }

    /// The picture as a byte stream (ITU-T H.265 annex B).
    #[must_use]
    pub fn byte_stream(&self) -> Vec<u8> {
        self.sets.iter().chain(&self.slices).flat_map(|nal| [&[0, 0, 0, 1][..], nal].concat()).collect()
    }
}

/// A picture with random tools. `None` where the choices led to what no bitstream may hold.
#[must_use]
pub fn picture(seed: u64, scope: HevcScope) -> Option<RandomPicture> {
    let mut random = Random::new(seed);
    let mut tools = HevcTools::choose(&mut random);
    if scope == HevcScope::OfLibde265 {
        tools.keep_what_libde265_knows();
    }
    if seed / 8 % 2 == 1 {
        tools.thin_out(&mut random);
    }
    let sets = [video_set(), tools.sequence_set(), tools.picture_set()].map(|set| escaped(&set));
    let mut first = true;
    let mut slice_starts_row = true;
    let mut slice_left = 0usize;
    let chances = tools.chances(&mut random, scope == HevcScope::All);
    let slice_seed = random.next_u64();
    let next = |start: SegmentStart| {
        let is_dependent = !first
            && tools.dependent
            && random.below(2) == 0
            && (!tools.wavefront || !start.starts_row || slice_starts_row)
            && (!tools.tiles || slice_left > 0);
        if !is_dependent {
            slice_starts_row = start.starts_row;
            slice_left = start.left_in_tile;
        }
        // Segments lie in one tile, and with wavefronts one that begins within a row ends there.
        let most = if tools.wavefront && !start.starts_row { start.left_in_row } else { start.left_in_tile };
        let trees = if tools.slices && random.below(4) > 0 { 1 + random.below(most) } else { most };
        slice_left = slice_left.saturating_sub(trees);
        let head = tools.slice_head(&mut random, first, is_dependent, start.address);
        first = false;
        SegmentPlan { head, trees }
    };
    let slices = record([&sets[1], &sets[2]], &chances, slice_seed, next).ok()?;
    Some(RandomPicture { sets, slices, tools: format!("{tools:?}") })
}

fn video_set() -> Vec<u8> {
    let mut w = HevcBits::nal(32);
    w.bits(0, 4).bits(3, 2).bits(0, 6).bits(0, 3).bits(1, 1).bits(0xFFFF, 16);
    w.bits(4, 8).bits(0b1000, 32).bits(0x9000_0000, 32).bits(0, 16).bits(186, 8);
    w.bits(0, 1).unsigned(0).unsigned(0).unsigned(0).bits(0, 6).unsigned(0).bits(0, 1).bits(0, 1);
    w.end()
}
