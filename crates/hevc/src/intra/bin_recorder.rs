//! Chooses the bins of random pictures, and writes them by arithmetic coding. This is no part of the library.

use crate::intra::arithmetic_encoder::ArithmeticEncoder;
use crate::intra::contexts::{CONTEXTS_ROUNDED, Contexts};

/// Chances of a bin to be 1, in 256ths. Bypass bins are 1 by half.
#[derive(Clone)]
pub struct Chances {
    /// By context.
    pub contexts: [u8; CONTEXTS_ROUNDED],
    /// Of PCM blocks.
    pub pcm: u8,
    /// The most bypass bins in a row that may be 1, which bounds the sizes of coefficients.
    pub most_ones: u32,
}

/// The generator of bins, and the encoder that writes them.
pub(crate) struct BinRecorder {
    chances: Chances,
    random: u64,
    /// The last bypass bins that were 1.
    ones: u32,
    /// Trees of the segment that are not written.
    pub(crate) trees: usize,
    /// Whether the next terminating bin is that of a tree, and not of a PCM block.
    at_tree_end: bool,
    /// Whether the last bin was that of a tree that does not end its segment.
    asked_at_tree_end: bool,
    encoder: ArithmeticEncoder,
}

impl BinRecorder {
    pub(crate) fn new(chances: Chances, seed: u64) -> Self {
        Self {
            chances,
            random: seed,
            ones: 0,
            trees: 0,
            at_tree_end: false,
            asked_at_tree_end: false,
            encoder: ArithmeticEncoder::new(),
        }
    }

    /// 8 random bits (SplitMix64).
    fn next(&mut self) -> u8 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as u8
    }

    /// A coding tree is written: what follows tells whether the segment ends, and if not, whether a substream does.
    pub(crate) fn ends_tree(&mut self) {
        self.trees -= 1;
        self.at_tree_end = true;
    }

    pub(crate) fn bin(&mut self, contexts: &mut Contexts, context: usize) -> u32 {
        self.asked_at_tree_end = false;
        let bin = u32::from(self.next() < self.chances.contexts[context]);
        self.encoder.bin(contexts, context, bin);
        bin
    }

    pub(crate) fn bypass(&mut self) -> u32 {
        self.asked_at_tree_end = false;
        let bin = u32::from(self.next() & 1 == 1 && self.ones < self.chances.most_ones);
        self.ones = if bin == 1 { self.ones + 1 } else { 0 };
        self.encoder.bypass(bin);
        bin
    }

    /// The end of a segment where its trees are written, the end of a substream where that is asked next, or a PCM
    /// block.
    pub(crate) fn terminate(&mut self) -> bool {
        let bin = match self.at_tree_end {
            true => self.trees == 0,
            // Directly after the end of a tree that is not the last: the end of a substream.
            false if self.asked_at_tree_end => true,
            false => self.next() < self.chances.pcm,
        };
        self.asked_at_tree_end = std::mem::take(&mut self.at_tree_end) && !bin;
        self.encoder.terminate(bin);
        bin
    }

    /// Bytes that are not coded. They live as long as the program: a picture has few.
    pub(crate) fn raw(&mut self, count: usize) -> &'static [u8] {
        let bytes: Vec<u8> = (0..count).map(|_| self.next()).collect();
        self.encoder.bits.extend(bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)));
        bytes.leak()
    }

    /// The bytes of the segment.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let bytes = self.encoder.bytes();
        self.encoder.bits.clear();
        bytes
    }
}
