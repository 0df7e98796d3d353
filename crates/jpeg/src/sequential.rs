//! Decodes a scan of a sequential frame, a row of MCUs at a time (ITU-T T.81 § F.2).
//!
//! A scan holds all components of the frame, or some of them. Each block is read into one half of a pair of blocks, and
//! the second block of a pair starts the inverse DCT of both (see [`PendingPairs`]).

use image_ingest_samples::{CpuTimer, DecodeError, zeroed};

use crate::bits::{BitReader, MARGIN};
use crate::blocks::{McuRow, PendingPairs};
use crate::codes::{AcTable, DcTable, END};
use crate::entropy::{Entropy, ScanFault};
use crate::frame::DctFrame;
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::result::Result;
use crate::tables::{ScanStart, ScanTables, Tables};
use crate::zigzag::ZIGZAG;

/// A scan of a sequential frame and how far it has been read.
pub(crate) struct SequentialScan<'a> {
    pub(crate) entropy: Entropy<'a>,
    components: Vec<ScanComponent>,
    /// The quantisation tables by the component's index in the frame.
    quantisers: Vec<[i16; 64]>,
    /// MCUs across and down.
    mcus: (u32, u32),
    /// The blocks that wait for their inverse DCT.
    pending: PendingPairs,
}

/// A component of the scan.
struct ScanComponent {
    /// Its index in the frame.
    index: usize,
    /// Blocks in an MCU of the scan, across and down.
    h: usize,
    v: usize,
    dc: DcTable,
    ac: AcTable,
    /// The DC coefficient of the component's block before (§ A.3.5).
    predictor: i32,
}

impl<'a> SequentialScan<'a> {
    /// A scan that stands before its first MCU; `sides` are those of decoded blocks by component.
    ///
    /// # Errors
    ///
    /// `malformed` for a scan that lacks a table, or whose Huffman table makes no prefix code; `out_of_memory`.
    pub(crate) fn new(tables: &Tables<'a>, frame: &DctFrame, start: &ScanStart<'a>, sides: [usize; 4]) -> Result<Self> {
        // A scan of one component is made of its blocks, whatever its factors (§ A.2.2).
        let alone = start.components.len() == 1;
        let mut quantisers = vec![[0; 64]; frame.components.len()];
        let component = |&ScanTables { index, dc, ac }: &ScanTables| {
            let component = &frame.components[index];
            quantisers[index] = component.table?;
            Some(ScanComponent {
                index,
                h: if alone { 1 } else { component.h as usize },
                v: if alone { 1 } else { component.v as usize },
                dc: DcTable::new(tables.dc_codes(dc)?)?,
                ac: AcTable::new(tables.ac_codes(ac)?),
                predictor: 0,
            })
        };
        let components: Option<Vec<_>> = start.components.iter().map(component).collect();
        let components = components.ok_or_else(|| DecodeError::malformed("a missing or impossible Huffman table"))?;
        let mcus = match components[..] {
            [ScanComponent { index, .. }] => {
                let blocks = frame.component_blocks(&frame.components[index]);
                (blocks.width, blocks.height)
            }
            _ => frame.mcus(),
        };
        let entropy = Entropy::new(start.data, tables.restart_interval)?;
        Ok(Self { entropy, components, quantisers, mcus, pending: PendingPairs::new(sides) })
    }

    /// The number of rows of MCUs.
    pub(crate) fn rows(&self) -> u32 {
        self.mcus.1
    }

    /// The index in the frame of each component of the scan, with its rows of blocks in a row of MCUs.
    pub(crate) fn indices(&self) -> impl Iterator<Item = (usize, usize)> {
        self.components.iter().map(|component| (component.index, component.v))
    }

    /// The number of MCUs in a row.
    pub(crate) fn mcus_across(&self) -> u32 {
        self.mcus.0
    }

    /// Whether an MCU of the scan can end with the last bit of `data`, padding of ones left out.
    ///
    /// The search starts at every bit and follows the MCUs from there. It stops where an MCU begins at a bit that was
    /// followed before, since the same MCUs come again. So each bit starts at most one MCU, and the search takes time
    /// in proportion to the length.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn has_mcu_at_end_of(&mut self, data: &[u8], timer: &CpuTimer<'_>) -> Result<bool> {
        let mut window = zeroed(data.len() + MARGIN)?;
        window[..data.len()].copy_from_slice(data);
        let len = data.len() * 8;
        let padding = data.last().map_or(0, |last| last.trailing_ones() as usize).min(7);
        let mut followed = zeroed::<u8>(len)?;
        for start in 0..len {
            let mut at = start;
            while followed.get(at) == Some(&0) {
                followed[at] = 1;
                timer.step()?;
                let mut reader = BitReader::at_bit(at, &window);
                if skip_mcu(&mut reader, &window, &mut self.components).is_none() {
                    break;
                }
                at = reader.consumed_bits();
                if (len - padding..=len).contains(&at) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Reads on to the end of the entropy-coded data. Returns how many MCUs there are, or the fault that shows that the
    /// data is not made of MCUs.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn count_further_mcus(&mut self, timer: &CpuTimer<'_>) -> Result<Result<u64, ScanFault>> {
        let mut count = 0;
        while !self.entropy.is_spent() {
            if count % MCUS_A_CHECK as u64 == 0 {
                timer.check()?;
            }
            if let Err(fault) = self.skip_mcu() {
                return Ok(Err(fault));
            }
            count += 1;
        }
        Ok(Ok(count))
    }

    /// Reads the next MCU without its samples.
    fn skip_mcu(&mut self) -> Result<(), ScanFault> {
        if self.entropy.restarts()? {
            self.components.iter_mut().for_each(|component| component.predictor = 0);
        }
        let (mut reader, window) = self.entropy.next();
        let read = skip_mcu(&mut reader, window, &mut self.components);
        self.entropy.check(reader, read)
    }

    /// Decodes MCUs of the next row into `mcu_rows`, one for each component of the frame: [`MCUS_A_CHECK`] of them from
    /// the MCU `from` on, or those that are left.
    ///
    /// `inverse` is the inverse DCT that was compiled for this machine. It is a type parameter, so that it becomes part
    /// of this loop.
    #[inline(always)]
    pub(crate) fn decode_mcus(
        &mut self,
        from: usize,
        mcu_rows: &mut [McuRow],
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) -> Result<(), ScanFault> {
        let Self { entropy, components, quantisers: tables, pending, .. } = self;
        let mut output = BlockOutput { tables, pending, mcu_rows };
        let across = self.mcus.0 as usize;
        for mcu in from..across.min(from + MCUS_A_CHECK) {
            if entropy.restarts()? {
                components.iter_mut().for_each(|component| component.predictor = 0);
            }
            let (mut reader, window) = entropy.next();
            let read = read_mcu(&mut reader, window, components, mcu, &mut output, &inverse);
            entropy.check(reader, read)?;
        }
        if from + MCUS_A_CHECK >= across {
            let BlockOutput { tables, pending, mcu_rows } = output;
            pending.flush(mcu_rows, |index| &tables[index], &inverse);
        }
        Ok(())
    }
}

/// What a block of coefficients becomes samples by, and where these go.
struct BlockOutput<'s> {
    tables: &'s [[i16; 64]],
    pending: &'s mut PendingPairs,
    mcu_rows: &'s mut [McuRow],
}

/// The MCUs between two looks at the budget. Ten blocks of noise in each take 3 ms together.
pub(crate) const MCUS_A_CHECK: usize = 256;

/// Reads an MCU and keeps nothing of it.
fn skip_mcu(reader: &mut BitReader, window: &[u8], components: &mut [ScanComponent]) -> Option<()> {
    let mut unused: BlockPair = [0; 256];
    for component in components {
        for _ in 0..component.h * component.v {
            read_block(reader, window, component, &mut unused, 0)?;
        }
    }
    Some(())
}

/// Reads an MCU; `None` for an impossible code, after which the rest of it is not read.
///
/// The blocks of a component come row by row (§ A.2.3), so `block` is `y · h + x`.
#[inline(always)]
fn read_mcu(
    reader: &mut BitReader,
    window: &[u8],
    components: &mut [ScanComponent],
    mcu: usize,
    BlockOutput { tables, pending, mcu_rows }: &mut BlockOutput<'_>,
    inverse: &impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
) -> Option<()> {
    for component in components {
        let pending = pending.of(component.index);
        for block in 0..component.h * component.v {
            let flat = read_block(reader, window, component, &mut pending.pair, pending.filled)?;
            let at = (mcu * component.h + block % component.h, block / component.h);
            pending.add(component.index, at, flat, mcu_rows, |index| &tables[index], inverse);
        }
    }
    Some(())
}

/// Reads the coefficients of a block (§ F.2.2) into its half of `pair`, which is zero before. Returns true for a block
/// whose only AC code is an end of block, so that all but the first coefficient are zero, and `None` for a code that
/// the tables do not have or a coefficient beyond the block.
///
/// Invariant of both loops: coefficients up to the zigzag index `k` are read, `k` is at most 62, and each turn makes
/// `k` larger. So a block takes at most 63 codes, whatever the data is.
///
/// The inner loop takes one or two coefficients by a lookup. It runs only while the first of them lies before index 63,
/// so that position is in the block. The second may lie beyond: `k` is then at most 62 + [`END`] = 189, and
/// [`POSITIONS`] has 256 entries, of which those from 64 on name an element that is never read. So there is no test
/// between the two writes, and no index can leave `pair`. One test after them tells the three ends of a block:
///
/// - `k` = 63: the last coefficient is read, and no end of block follows it.
/// - `k` > `END`: an end of block. Its step alone leads there.
/// - else a second coefficient beyond the block. It is damage, unless it is a run of 16 zeros, which libjpeg accepts.
///
/// A block ends without an AC coefficient exactly where `k` = 1 + `END` and the first value is 0: [`AcTable`] stores an
/// end of block at once as a step of 1 with the value 0, and coefficients that are coded are never 0.
///
/// The outer loop reads one coefficient by its code where the lookup has none, or where index 63 is near.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "values wrap in 16 bits, as in libjpeg")]
fn read_block(
    reader: &mut BitReader,
    window: &[u8],
    ScanComponent { dc, ac, predictor, .. }: &mut ScanComponent,
    pair: &mut BlockPair,
    block: usize,
) -> Option<bool> {
    reader.refill(window);
    *predictor = predictor.wrapping_add(dc.read(reader)?);
    pair[block * 8] = *predictor as i16;
    let positions = &POSITIONS[block & 1];
    let mut k = 0u32;
    loop {
        reader.refill(window);
        // A refill is sure to hold 56 bits: four lookups of twelve.
        let mut lookups = 4;
        while lookups > 0 {
            let entry = ac.pair(reader);
            let (first, second) = entry.steps();
            if entry.taken() == 0 || k + first >= 63 {
                break;
            }
            lookups -= 1;
            reader.skip(entry.taken());
            let (value, other) = entry.values();
            pair[position(positions, k + first)] = value;
            k += first + second;
            pair[position(positions, k)] = other;
            if k >= 63 {
                return (k == 63 || k > END || other == 0).then_some(k == END + 1 && value == 0);
            }
        }
        if lookups == 0 {
            continue;
        }
        reader.refill(window);
        let (step, value) = ac.read(reader)?;
        if step == END {
            return Some(k == 0);
        }
        k += step;
        if k > 63 {
            return (value == 0).then_some(false);
        }
        pair[position(positions, k)] = value as i16;
        if k == 63 {
            return Some(false);
        }
    }
}

/// The position in a [`BlockPair`] of the coefficient with the zigzag index `k`, at most 255.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 62 + 127")]
pub(crate) fn position(positions: &[u8; 256], k: u32) -> usize {
    usize::from(positions[usize::from(k as u8)])
}

/// Positions in a [`BlockPair`] by zigzag index, for its first and its second block.
///
/// Indices from 64 on, beyond the block, all have the position 128, which no inverse DCT reads. Any `u8` is an index of
/// this table, and any of its values is one of a pair's 256 elements, so the compiler needs no test for either.
pub(crate) static POSITIONS: [[u8; 256]; 2] = [positions(0), positions(1)];

const fn positions(block: u8) -> [u8; 256] {
    let mut positions = [128; 256];
    let mut k = 0;
    while k < 64 {
        positions[k] = (ZIGZAG[k] / 8) * 16 + block * 8 + ZIGZAG[k] % 8;
        k += 1;
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::{CodeLengths, Random, SlowReader, ac_luma, bytes_of, dc_luma, window};

    fn component(dc: &CodeLengths, ac: &CodeLengths) -> ScanComponent {
        let (dc, ac) = (DcTable::new(dc.table()).unwrap(), AcTable::new(ac.table()));
        ScanComponent { index: 0, h: 1, v: 1, dc, ac, predictor: 0 }
    }

    /// The coefficients of the next block in zigzag order, by figures F.13 and F.14, and whether an end of block comes
    /// at once. A run of zeros may lead beyond the block.
    fn slow_block(slow: &mut SlowReader<'_>, dc: &CodeLengths, ac: &CodeLengths) -> Option<([i16; 64], bool)> {
        let (dc, ac) = (dc.codes(), ac.codes());
        let mut block = [0; 64];
        let category = slow.symbol(&dc)?;
        block[0] = i16::try_from(slow.value(category.into())).unwrap();
        let (mut k, mut is_flat) = (0, false);
        while k < 63 {
            let symbol = slow.symbol(&ac)?;
            let (run, size) = (usize::from(symbol >> 4), symbol & 15);
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => {
                    is_flat = k == 0;
                    break;
                }
                _ => {
                    k += run + 1;
                    let value = i16::try_from(slow.value(size.into())).unwrap();
                    *block.get_mut(k)? = value;
                }
            }
        }
        Some((block, is_flat))
    }

    #[test]
    fn blocks_are_those_of_a_slow_reader_whatever_the_bits() {
        let (dc, ac) = (dc_luma(), ac_luma());
        let mut component = component(&dc, &ac);
        let mut random = Random::new(5);
        let (mut whole, mut damaged, mut flat_blocks) = (0, 0, 0);
        for _ in 0..20_000 {
            let bytes = window(&random.bytes(200));
            let mut slow = SlowReader::new(&bytes);
            let expected = slow_block(&mut slow, &dc, &ac);
            for half in [0, 1] {
                let (mut pair, mut reader): (BlockPair, _) = ([0; 256], BitReader::default());
                component.predictor = 0;
                let flat = read_block(&mut reader, &bytes, &mut component, &mut pair, half);
                assert_eq!(flat.is_some(), expected.is_some());
                let Some((block, is_flat)) = expected else { continue };
                let found: [i16; 64] =
                    std::array::from_fn(|k| pair[position(&POSITIONS[half], u32::try_from(k).unwrap())]);
                assert_eq!(found, block);
                assert_eq!(flat, Some(is_flat), "runs of 16 zeros and an end of block do not count");
                assert_eq!(reader.consumed_bits(), slow.at);
                let other = (0..64).all(|k| pair[position(&POSITIONS[1 - half], k)] == 0);
                assert!(other, "the other half is as it was");
            }
            (whole, damaged) = (whole + u32::from(expected.is_some()), damaged + u32::from(expected.is_none()));
            flat_blocks += u32::from(expected.is_some_and(|(_, is_flat)| is_flat));
        }
        assert!(whole > 1000 && damaged > 100 && flat_blocks > 100, "{whole}, {damaged}, {flat_blocks}");
    }

    /// Reads a block of difference 0, then `ac`.
    fn read(ac: &[(u8, &str)]) -> Option<(bool, usize)> {
        let (dc, table) = (dc_luma(), ac_luma());
        let coded: String = ac.iter().map(|(symbol, bits)| table.digits(*symbol) + bits).collect();
        let bytes = window(&bytes_of(&(dc.digits(0) + &coded)));
        let mut reader = BitReader::default();
        let flat = read_block(&mut reader, &bytes, &mut component(&dc, &table), &mut [0; 256], 0)?;
        Some((flat, reader.consumed_bits() - 2 - coded.len()))
    }

    #[test]
    fn a_block_ends_at_its_last_coefficient_or_its_end_of_block() {
        let ones = |count| vec![(0x01, "1"); count];
        assert_eq!(read(&[(0x00, "")]), Some((true, 0)));
        assert_eq!(read(&ones(63)), Some((false, 0)));
        assert_eq!(read(&[ones(62), vec![(0x00, "")]].concat()), Some((false, 0)));
        assert_eq!(read(&[vec![(0xF0, ""); 3], vec![(0xE1, "0")]].concat()), Some((false, 0)), "index 63");
        assert_eq!(read(&[vec![(0xF0, ""); 3], vec![(0xF1, "0")]].concat()), None, "index 64");
        assert_eq!(read(&[vec![(0xF0, ""); 3], ones(14), vec![(0x11, "1")]].concat()), None, "index 64 in a pair");
        assert_eq!(read(&[(0xF0, ""); 4]), Some((false, 0)), "zeros beyond the block");
    }

    #[test]
    fn positions_beyond_a_block_are_those_that_nothing_reads() {
        for (half, positions) in POSITIONS.iter().enumerate() {
            assert_eq!(position(positions, 1), half * 8 + 1);
            assert_eq!(position(positions, 2), half * 8 + 16);
            assert!((0..64).all(|k| position(positions, k) < 128));
            assert!((64..=62 + END).all(|k| position(positions, k) >= 128));
        }
    }
}
