//! Codes the MCUs of a turned picture as they come, and orders their codes at the end.
//!
//! Of an MCU's code nothing depends on other MCUs but the differences of three DC coefficients (ITU-T T.81 § F.1.2.1): that
//! of the first block of luma, that of Cb and that of Cr. All else is coded at once, in three pieces, and the scan is put
//! together of these differences and pieces in the order of the upright picture. They take a fifth of the samples' memory, and
//! no line of it is touched twice.

use std::hint::black_box;

use image_ingest_samples::{CpuTimer, Orientation, Size, WorkError, reserve, reserve_exact};

use crate::encode::batch::{BATCH, McuBatch};
use crate::encode::bits::BitWriter;
use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::codes::{AC_CODES, DC_CODES, Joined};
use crate::encode::headers::headers;
use crate::encode::mcu_turn::McuTurn;
use crate::encode::quantiser::{BlockQuantiser, quantisation_tables};
use crate::encode::samples::{McuPairs, McuSamples};
use crate::encode::scan::{MCUS_A_CHECK, end_of_file, put_next};

/// The codes of a scan whose MCUs do not come in its order.
pub(crate) struct TurnedScan {
    headers: Vec<u8>,
    bits: BitWriter,
    batch: McuBatch,
    turn: McuTurn,
    stored: Size,
    /// MCUs of the stored picture, across and down.
    mcus: (usize, usize),
    /// Blocks of luma of the upright picture, across and down, that have samples.
    luma_blocks: (usize, usize),
    /// Rows of stored MCUs that are coded.
    coded_rows: usize,
    /// The MCUs of the upright picture, row by row.
    coded: Vec<CodedMcu>,
    /// The codes of MCUs, some thousand bytes each.
    pieces: Vec<Vec<u8>>,
}

/// MCUs whose codes are fetched at the same time when they are put in order.
const AT_ONCE: usize = 16;

/// What is coded of an MCU.
#[derive(Clone, Copy, Default)]
struct CodedMcu {
    /// The piece, and where in it the three codes begin. Each begins with a byte.
    piece: u32,
    at: u32,
    /// Their bits: at most 4 · 209 bytes.
    bits: [u16; 3],
    /// For each component the DC coefficients of its first block and of its last one.
    dc: [[i16; 2]; 3],
}

impl TurnedScan {
    /// A scan without MCUs.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a side of 0 or over 65 500; [`WorkError::OutOfMemory`].
    pub(crate) fn new(stored: Size, orientation: Orientation, quality: u8) -> Result<Self, WorkError> {
        let (tables, turn) = (quantisation_tables(quality), McuTurn::new(orientation));
        let size = if turn.transposes() { stored.transposed() } else { stored };
        let count = |side: u32, of: u32| side.div_ceil(of) as usize;
        let (headers, mut coded) = (headers(size, &tables)?, Vec::new());
        let mcus = (count(stored.width, 16), count(stored.height, 16));
        reserve_exact(&mut coded, mcus.0 * mcus.1)?;
        coded.resize(mcus.0 * mcus.1, CodedMcu::default());
        Ok(Self {
            headers,
            bits: BitWriter::new(),
            batch: McuBatch::new(tables.each_ref().map(BlockQuantiser::new)),
            turn,
            stored,
            mcus,
            luma_blocks: (count(size.width, 8), count(size.height, 8)),
            coded_rows: 0,
            coded,
            pieces: Vec::new(),
        })
    }

    pub(crate) fn turn(&self) -> McuTurn {
        self.turn
    }

    pub(crate) fn stored_width(&self) -> usize {
        self.stored.width as usize
    }

    /// Codes the next row of stored MCUs with one build's transform; `place` says where it puts a coefficient of the zigzag
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
        let upright_across = self.luma_blocks.0.div_ceil(2);
        for first in (0..self.mcus.0).step_by(BATCH) {
            if first % MCUS_A_CHECK == 0 {
                timer.check()?;
            }
            // Half of a block more, for the bits that fill bytes.
            if !self.bits.has_room(BATCH * 6 + 1) {
                self.take_piece()?;
            }
            let Self { bits, batch, turn, mcus, luma_blocks, coded_rows, coded, pieces, .. } = self;
            let (count, has_chroma) = (BATCH.min(mcus.0 - first), samples.chroma.is_some());
            let fill = |batch: &mut [McuPairs]| {
                samples.copy_to(first, batch);
                batch.iter_mut().for_each(|mcu| turn.arrange(mcu));
            };
            let transformed = batch.transformed(count, (has_chroma, turn.transposes()), fill, &transform);
            for (across, pairs) in (first..).zip(transformed) {
                let (x, y) = turn.upright((across, *coded_rows), *mcus);
                let is_there = (x * 2 + 1 < luma_blocks.0, y * 2 + 1 < luma_blocks.1);
                if let Some(mcu) = coded.get_mut(y * upright_across + x) {
                    mcu.piece = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
                    mcu.code(bits, pairs, is_there, has_chroma, place);
                }
            }
        }
        self.coded_rows += 1;
        Ok(())
    }

    fn take_piece(&mut self) -> Result<(), WorkError> {
        let piece = self.bits.take()?;
        reserve(&mut self.pieces, 1)?;
        self.pieces.push(piece);
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where rows are missing; [`WorkError::OutOfMemory`], [`WorkError::Deadline`],
    /// [`WorkError::Cancelled`].
    pub(crate) fn finish(mut self, timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
        if self.coded_rows < self.mcus.1 {
            return Err(WorkError::internal("an encoder lacks rows"));
        }
        self.take_piece()?;
        let Self { headers: mut out, mut bits, coded, pieces, .. } = self;
        // Zeros after FF are a hundredth of most files.
        let len: usize = pieces.iter().map(Vec::len).sum();
        reserve_exact(&mut out, len + len / 64)?;
        let mut predictors = [0; 3];
        for (index, mcus) in coded.chunks(AT_ONCE).enumerate() {
            if index % (MCUS_A_CHECK / AT_ONCE) == 0 {
                timer.check()?;
            }
            black_box(mcus.iter().map(|mcu| mcu.touch(&pieces)).fold(0, u8::wrapping_add));
            for mcu in mcus {
                if !bits.has_room(7) {
                    bits.stuff(&mut out)?;
                }
                mcu.put(&mut bits, &pieces, &mut predictors);
            }
        }
        end_of_file(out, bits)
    }
}

impl CodedMcu {
    /// Codes what does not depend on other MCUs, from a whole byte on. Of luma, `is_there` says whether the blocks on the
    /// right and those below have samples of the picture; see [`ScanEncoder`](crate::encode::scan::ScanEncoder).
    #[inline(always)]
    fn code(
        &mut self,
        bits: &mut BitWriter,
        [upper, lower, cb_cr]: &[QuantisedPair; 3],
        (has_right, has_lower): (bool, bool),
        has_chroma: bool,
        place: impl Fn(usize) -> usize + Copy,
    ) {
        let [luma, chroma] = [0, 1].map(|i| (&DC_CODES[i], &AC_CODES[i]));
        let mut start = bits.position();
        self.at = u32::try_from(start / 8).unwrap_or(u32::MAX);
        let mut end_code = |bits: &mut BitWriter, component: usize, dc: [i16; 2]| {
            self.bits[component] = u16::try_from(bits.position() - start).unwrap_or(u16::MAX);
            self.dc[component] = dc;
            bits.align();
            start = bits.position();
        };
        let first = upper.coefficient(0, 0);
        let mut predictor = i32::from(first);
        bits.put_block((upper, 0), Joined::NONE, luma.1, place);
        for (pair, block, is_there) in
            [(upper, 1, has_right), (lower, 0, has_lower), (lower, 1, has_lower && has_right)]
        {
            match is_there {
                true => put_next(bits, (pair, block), &mut predictor, luma, place),
                false => bits.put_flat(luma),
            }
        }
        end_code(bits, 0, [first, i16::try_from(predictor).unwrap_or(i16::MAX)]);
        for block in 0..2 {
            let dc = if has_chroma { cb_cr.coefficient(block, 0) } else { 0 };
            match has_chroma {
                true => bits.put_block((cb_cr, block), Joined::NONE, chroma.1, place),
                false => bits.put(Joined::of(chroma.1.end_of_block())),
            }
            end_code(bits, 1 + block, [dc; 2]);
        }
    }

    /// Reads a byte of each line of memory that most codes lie in. Neighbours of the upright picture lie far apart, and one after
    /// the other the reads would each be waited for.
    fn touch(&self, pieces: &[Vec<u8>]) -> u8 {
        let piece = pieces.get(self.piece as usize).map_or(&[][..], Vec::as_slice);
        let byte = |at: usize| piece.get(at).copied().unwrap_or(0);
        byte(self.at as usize).wrapping_add(byte(self.at as usize + 64))
    }

    /// Writes the MCU behind the one before, whose DC coefficients are `predictors`.
    fn put(&self, bits: &mut BitWriter, pieces: &[Vec<u8>], predictors: &mut [i32; 3]) {
        let mut at = self.at as usize;
        for component in 0..3 {
            let (dc, len) = (self.dc[component].map(i32::from), u32::from(self.bits[component]));
            let difference = Joined::of(DC_CODES[component.min(1)].difference(dc[0] - predictors[component]));
            predictors[component] = dc[1];
            let code = pieces.get(self.piece as usize).and_then(|piece| piece.get(at..));
            bits.append(difference, code.unwrap_or(&[]), len);
            at += len.div_ceil(8) as usize;
        }
    }
}
