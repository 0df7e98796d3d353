//! Transforms a batch of MCUs, before they are coded.
//!
//! Done MCU by MCU, every mispredicted end of a block would wait for the next transform to begin anew.

use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::quantiser::BlockQuantiser;
use crate::encode::samples::McuPairs;

/// MCUs that are transformed before they are coded. Their coefficients take half of the first-level cache.
pub(crate) const BATCH: usize = 16;

/// The samples of a batch of MCUs, and their coefficients.
pub(crate) struct McuBatch {
    /// For luma and for chroma, as the Huffman codes are.
    quantisers: [BlockQuantiser; 2],
    samples: Vec<McuPairs>,
    coefficients: Vec<[QuantisedPair; 3]>,
}

impl McuBatch {
    pub(crate) fn new(quantisers: [BlockQuantiser; 2]) -> Self {
        let (samples, coefficients) = (vec![[[[0; 16]; 8]; 3]; BATCH], vec![[QuantisedPair::ZERO; 3]; BATCH]);
        Self { quantisers, samples, coefficients }
    }

    /// The coefficients of `count` MCUs, whose samples `fill` copies, by one build's transform. Those of a block come row by row
    /// or, where `are_columns`, column by column. Chroma is left as it is where it is neutral.
    #[inline(always)]
    pub(crate) fn transformed(
        &mut self,
        count: usize,
        (has_chroma, are_columns): (bool, bool),
        fill: impl FnOnce(&mut [McuPairs]),
        transform: &impl Fn(&PairSamples, &BlockQuantiser, &mut QuantisedPair, bool),
    ) -> &[[QuantisedPair; 3]] {
        let (samples, coefficients) = (&mut self.samples[..count], &mut self.coefficients[..count]);
        fill(samples);
        let [luma, chroma] = &self.quantisers;
        let (quantisers, pairs) = ([luma, luma, chroma], if has_chroma { 3 } else { 2 });
        for (samples, coefficients) in samples.iter().zip(&mut *coefficients) {
            for ((samples, coefficients), quantiser) in samples.iter().zip(coefficients).zip(quantisers).take(pairs) {
                transform(samples, quantiser, coefficients, are_columns);
            }
        }
        coefficients
    }
}
