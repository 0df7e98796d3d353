//! Codes the scan, a row of MCUs at a time.
//!
//! A batch of MCUs is transformed, then coded. Done MCU by MCU, every mispredicted end of a block would wait for the next
//! transform to begin anew.

use image_ingest_samples::{CpuTimer, Size, WorkError, reserve};

use crate::encode::bits::BitWriter;
use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::codes::{AC_CODES, DC_CODES};
use crate::encode::headers::{END_OF_IMAGE, headers};
use crate::encode::quantiser::{BlockQuantiser, quantisation_tables};
use crate::encode::samples::{McuPairs, McuSamples};

/// A file that is being written.
pub(crate) struct ScanEncoder {
    out: Vec<u8>,
    bits: BitWriter,
    /// For luma and for chroma, as the Huffman codes are.
    quantisers: [BlockQuantiser; 2],
    /// The DC coefficients of the latest blocks of each component.
    predictors: [i32; 3],
    /// The samples of a batch of MCUs, and their coefficients.
    samples: Vec<McuPairs>,
    coefficients: Vec<[QuantisedPair; 3]>,
    /// Blocks of luma across and down that have samples of the picture. An MCU has two each way.
    luma_blocks: (usize, usize),
    mcus_across: usize,
    /// Rows of MCUs that are coded.
    coded_rows: usize,
}

/// MCUs that are transformed before they are coded. Their coefficients take half of the first-level cache.
const BATCH: usize = 16;

/// The MCUs between two looks at the budget. Those of noise take 1 ms together at the highest quality.
const MCUS_A_CHECK: usize = 256;

impl ScanEncoder {
    /// Writes the headers.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a side of 0 or over 65 500; [`WorkError::OutOfMemory`].
    pub(crate) fn new(size: Size, quality: u8) -> Result<Self, WorkError> {
        let tables = quantisation_tables(quality);
        let blocks = |side: u32| side.div_ceil(8) as usize;
        Ok(Self {
            out: headers(size, &tables)?,
            bits: BitWriter::new(),
            quantisers: [BlockQuantiser::new(&tables[0]), BlockQuantiser::new(&tables[1])],
            predictors: [0; 3],
            samples: vec![[[[0; 16]; 8]; 3]; BATCH],
            coefficients: vec![[QuantisedPair::ZERO; 3]; BATCH],
            luma_blocks: (blocks(size.width), blocks(size.height)),
            mcus_across: size.width.div_ceil(16) as usize,
            coded_rows: 0,
        })
    }

    /// Rows of MCUs that are not coded yet.
    pub(crate) fn rows_left(&self) -> usize {
        self.luma_blocks.1.div_ceil(2).saturating_sub(self.coded_rows)
    }

    /// Codes the next row of MCUs with one build's transform; `place` says where it puts a coefficient of the zigzag
    /// order.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
    #[inline(always)]
    pub(crate) fn code_row(
        &mut self,
        samples: &McuSamples<'_>,
        transform: impl Fn(&PairSamples, &BlockQuantiser, &mut QuantisedPair),
        place: impl Fn(usize) -> usize + Copy,
        timer: &CpuTimer<'_>,
    ) -> Result<(), WorkError> {
        for first in (0..self.mcus_across).step_by(BATCH) {
            if first % MCUS_A_CHECK == 0 {
                timer.check()?;
            }
            let count = BATCH.min(self.mcus_across - first);
            self.transform_batch(first, count, samples, &transform);
            if !self.bits.has_room(BATCH * 6) {
                self.bits.stuff(&mut self.out)?;
            }
            self.code_batch(first, count, samples.chroma.is_some(), place);
        }
        self.coded_rows += 1;
        self.bits.stuff(&mut self.out)
    }

    #[inline(always)]
    fn transform_batch(
        &mut self,
        first: usize,
        count: usize,
        samples: &McuSamples<'_>,
        transform: &impl Fn(&PairSamples, &BlockQuantiser, &mut QuantisedPair),
    ) {
        samples.copy_to(first, &mut self.samples[..count]);
        let [luma, chroma] = &self.quantisers;
        let pairs = if samples.chroma.is_some() { 3 } else { 2 };
        for (samples, coefficients) in self.samples.iter().zip(&mut self.coefficients).take(count) {
            let quantisers = [luma, luma, chroma];
            for ((samples, coefficients), quantiser) in samples.iter().zip(coefficients).zip(quantisers).take(pairs) {
                transform(samples, quantiser, coefficients);
            }
        }
    }

    /// Codes the MCUs of a batch (ITU-T T.81 § A.2.3): four blocks of luma, one of Cb, one of Cr.
    ///
    /// Blocks that have no sample of the picture are dummies. libjpeg gives them the DC coefficient of the block coded
    /// before, which costs the fewest bits.
    #[inline(always)]
    fn code_batch(&mut self, first: usize, count: usize, has_chroma: bool, place: impl Fn(usize) -> usize + Copy) {
        let [luma, chroma] = [0, 1].map(|i| (&DC_CODES[i], &AC_CODES[i]));
        let (across, down) = self.luma_blocks;
        let has_lower = self.coded_rows * 2 + 1 < down;
        let [y, cb, cr] = &mut self.predictors;
        for (mcu, [upper, lower, cb_cr]) in (first..first + count).zip(&self.coefficients) {
            let has_right = mcu * 2 + 1 < across;
            for (pair, is_there) in [(upper, true), (lower, has_lower)] {
                for (block, is_there) in [(0, is_there), (1, is_there && has_right)] {
                    match is_there {
                        true => self.bits.put_block((pair, block), y, luma, place),
                        false => self.bits.put_flat(luma),
                    }
                }
            }
            for (block, predictor) in [(0, &mut *cb), (1, &mut *cr)] {
                match has_chroma {
                    true => self.bits.put_block((cb_cr, block), predictor, chroma, place),
                    // Neutral samples are 0 after the level shift, and so are their coefficients.
                    false => self.bits.put_flat(chroma),
                }
            }
        }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where rows are missing; [`WorkError::OutOfMemory`].
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, WorkError> {
        if self.rows_left() > 0 {
            return Err(WorkError::internal("an encoder lacks rows"));
        }
        self.bits.fill_byte();
        self.bits.stuff(&mut self.out)?;
        reserve(&mut self.out, END_OF_IMAGE.len())?;
        self.out.extend_from_slice(&END_OF_IMAGE);
        Ok(self.out)
    }
}
