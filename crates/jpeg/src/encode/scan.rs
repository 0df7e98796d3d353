//! Codes the scan, a row of MCUs at a time: a batch of MCUs is transformed, then coded.

use image_ingest_samples::{CpuTimer, Size, WorkError, reserve};

use crate::encode::batch::{BATCH, McuBatch};
use crate::encode::bits::BitWriter;
use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::codes::{AC_CODES, AcCodes, DC_CODES, DcCodes, Joined};
use crate::encode::headers::{END_OF_IMAGE, headers};
use crate::encode::quantiser::{BlockQuantiser, quantisation_tables};
use crate::encode::samples::McuSamples;

/// A file that is being written.
pub(crate) struct ScanEncoder {
    out: Vec<u8>,
    bits: BitWriter,
    batch: McuBatch,
    /// The DC coefficients of the latest blocks of each component.
    predictors: [i32; 3],
    /// Blocks of luma across and down that have samples of the picture. An MCU has two each way.
    luma_blocks: (usize, usize),
    mcus_across: usize,
    /// Rows of MCUs that are coded.
    coded_rows: usize,
}

/// The MCUs between two looks at the budget. Those of noise take 1 ms together at the highest quality.
pub(crate) const MCUS_A_CHECK: usize = 256;

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
            batch: McuBatch::new(tables.each_ref().map(BlockQuantiser::new)),
            predictors: [0; 3],
            luma_blocks: (blocks(size.width), blocks(size.height)),
            mcus_across: size.width.div_ceil(16) as usize,
            coded_rows: 0,
        })
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
        transform: impl Fn(&PairSamples, &BlockQuantiser, &mut QuantisedPair, bool),
        place: impl Fn(usize) -> usize + Copy,
        timer: &CpuTimer<'_>,
    ) -> Result<(), WorkError> {
        for first in (0..self.mcus_across).step_by(BATCH) {
            if first % MCUS_A_CHECK == 0 {
                timer.check()?;
            }
            if !self.bits.has_room(BATCH * 6) {
                self.bits.stuff(&mut self.out)?;
            }
            self.code_batch(first, samples, &transform, place);
        }
        self.coded_rows += 1;
        self.bits.stuff(&mut self.out)
    }

    /// Codes the MCUs of a batch (ITU-T T.81 § A.2.3): four blocks of luma, one of Cb, one of Cr.
    ///
    /// Blocks that have no sample of the picture are dummies. libjpeg gives them the DC coefficient of the block coded
    /// before, which costs the fewest bits.
    #[inline(always)]
    fn code_batch(
        &mut self,
        first: usize,
        samples: &McuSamples<'_>,
        transform: &impl Fn(&PairSamples, &BlockQuantiser, &mut QuantisedPair, bool),
        place: impl Fn(usize) -> usize + Copy,
    ) {
        let Self { bits, batch, predictors: [y, cb, cr], .. } = self;
        let (count, has_chroma) = (BATCH.min(self.mcus_across - first), samples.chroma.is_some());
        let mcus = batch.transformed(count, (has_chroma, false), |batch| samples.copy_to(first, batch), transform);
        let [luma, chroma] = [0, 1].map(|i| (&DC_CODES[i], &AC_CODES[i]));
        let (across, down) = self.luma_blocks;
        let has_lower = self.coded_rows * 2 + 1 < down;
        for (mcu, [upper, lower, cb_cr]) in (first..).zip(mcus) {
            let has_right = mcu * 2 + 1 < across;
            for (pair, is_there) in [(upper, true), (lower, has_lower)] {
                for (block, is_there) in [(0, is_there), (1, is_there && has_right)] {
                    match is_there {
                        true => put_next(bits, (pair, block), y, luma, place),
                        false => bits.put_flat(luma),
                    }
                }
            }
            for (block, predictor) in [(0, &mut *cb), (1, &mut *cr)] {
                match has_chroma {
                    true => put_next(bits, (cb_cr, block), predictor, chroma, place),
                    // Neutral samples are 0 after the level shift, and so are their coefficients.
                    false => bits.put_flat(chroma),
                }
            }
        }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where rows are missing; [`WorkError::OutOfMemory`].
    pub(crate) fn finish(self) -> Result<Vec<u8>, WorkError> {
        if self.coded_rows < self.luma_blocks.1.div_ceil(2) {
            return Err(WorkError::internal("an encoder lacks rows"));
        }
        let Self { out, bits, .. } = self;
        end_of_file(out, bits)
    }
}

/// Codes a block: the difference of its DC coefficient to `predictor`, which it replaces, then the others.
#[inline(always)]
pub(crate) fn put_next(
    bits: &mut BitWriter,
    (pair, block): (&QuantisedPair, usize),
    predictor: &mut i32,
    (dc, ac): (&DcCodes, &AcCodes),
    place: impl Fn(usize) -> usize,
) {
    let value = i32::from(pair.coefficient(block, 0));
    let code = Joined::of(dc.difference(value - *predictor));
    *predictor = value;
    bits.put_block((pair, block), code, ac, place);
}

/// Ends the scan and the file.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`].
pub(crate) fn end_of_file(mut out: Vec<u8>, mut bits: BitWriter) -> Result<Vec<u8>, WorkError> {
    bits.fill_byte();
    bits.stuff(&mut out)?;
    reserve(&mut out, END_OF_IMAGE.len())?;
    out.extend_from_slice(&END_OF_IMAGE);
    Ok(out)
}
