//! Decodes a scan of a sequential frame, a row of MCUs at a time (ITU-T T.81 § F.2): of all its components or some.

use image_ingest_samples::{CpuTimer, zeroed};

use crate::bits::{BitReader, MARGIN};
use crate::blocks::{McuRow, PendingBlocks};
use crate::codes::{AcTable, DcTable, END};
use crate::entropy::{Entropy, ScanFault};
use crate::frame::PlanarFrame;
use crate::idct::{BlockPair, BlockSamples, BlockTables};
use crate::result::Result;
use crate::tables::{ScanStart, ScanTables, Tables};
use crate::zigzag::ZIGZAG;

/// One scan.
pub(crate) struct SequentialScan<'a> {
    pub(crate) entropy: Entropy<'a>,
    components: Vec<ScanComponent>,
    /// Quantisers by the component's index in the frame.
    quantisers: Vec<[i16; 64]>,
    /// MCUs across and down.
    mcus: (u32, u32),
    /// Of luma and of chroma.
    pending: [PendingBlocks; 2],
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
    predictor: i32,
}

impl<'a> SequentialScan<'a> {
    /// `Ok(None)` for a scan that has no usable tables.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(
        tables: &Tables<'a>,
        frame: &PlanarFrame,
        start: &ScanStart<'a>,
        sides: [usize; 2],
    ) -> Result<Option<Self>> {
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
        let Some(components) = start.components.iter().map(component).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let mcus = match components[..] {
            [ScanComponent { index, .. }] => {
                let blocks = frame.component_size(&frame.components[index], 8);
                (blocks.width, blocks.height)
            }
            _ => frame.mcus(),
        };
        let entropy = Entropy::new(start.data, tables.restart_interval)?;
        Ok(Some(Self { entropy, components, quantisers, mcus, pending: sides.map(PendingBlocks::new) }))
    }

    /// Rows of MCUs.
    pub(crate) fn rows(&self) -> u32 {
        self.mcus.1
    }

    /// The indices in the frame of the scan's components, each with its rows of blocks in a row of MCUs.
    pub(crate) fn indices(&self) -> impl Iterator<Item = (usize, usize)> {
        self.components.iter().map(|component| (component.index, component.v))
    }

    /// MCUs in a row.
    pub(crate) fn mcus_across(&self) -> u32 {
        self.mcus.0
    }

    /// Whether an MCU of the scan ends with the last bit of `data`, padding of ones left out.
    ///
    /// Starts from every bit, and follows MCUs from there; where one begins that was followed before, so does the rest.
    /// Each bit starts one MCU at most, so this takes time in proportion to the length.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn has_mcu_at_end_of(&mut self, data: &[u8]) -> Result<bool> {
        let mut window = zeroed(data.len() + MARGIN)?;
        window[..data.len()].copy_from_slice(data);
        let len = data.len() * 8;
        let padding = data.last().map_or(0, |last| last.trailing_ones() as usize).min(7);
        let mut followed = zeroed::<u8>(len)?;
        for start in 0..len {
            let mut at = start;
            while followed.get(at) == Some(&0) {
                followed[at] = 1;
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

    /// Reads on to the end of the entropy-coded data. Returns how many MCUs there are, or why it is not made of MCUs.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn count_further_mcus(&mut self, timer: &CpuTimer<'_>) -> Result<Result<u64, ScanFault>> {
        let mut count = 0;
        while !self.entropy.is_spent() {
            if count % MCUS_A_CHECK == 0 {
                timer.check()?;
            }
            if let Err(fault) = self.skip_mcu() {
                return Ok(Err(fault));
            }
            count += 1;
        }
        Ok(Ok(count))
    }

    fn skip_mcu(&mut self) -> Result<(), ScanFault> {
        if self.entropy.restarts()? {
            self.components.iter_mut().for_each(|component| component.predictor = 0);
        }
        let (mut reader, window) = self.entropy.next();
        let read = skip_mcu(&mut reader, window, &mut self.components);
        self.entropy.check(reader, read)
    }

    /// Decodes the next row of MCUs into one mcu_row for each component; `inverse` is the inverse DCT of the machine.
    #[inline(always)]
    pub(crate) fn row(
        &mut self,
        mcu_rows: &mut [McuRow],
        inverse: impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) -> Result<(), ScanFault> {
        let Self { entropy, components, quantisers: tables, pending, .. } = self;
        let mut output = BlockOutput { tables, pending, mcu_rows };
        for mcu in 0..self.mcus.0 as usize {
            if entropy.restarts()? {
                components.iter_mut().for_each(|component| component.predictor = 0);
            }
            let (mut reader, window) = entropy.next();
            let read = read_mcu(&mut reader, window, components, mcu, &mut output, &inverse);
            entropy.check(reader, read)?;
        }
        let BlockOutput { tables, pending, mcu_rows } = output;
        pending.iter_mut().for_each(|pending| pending.flush(mcu_rows, |index| &tables[index], &inverse));
        Ok(())
    }
}

/// What blocks go through, and where their samples go.
struct BlockOutput<'s> {
    tables: &'s [[i16; 64]],
    pending: &'s mut [PendingBlocks; 2],
    mcu_rows: &'s mut [McuRow],
}

/// MCUs between two looks at the timer.
const MCUS_A_CHECK: u64 = 256;

/// Reads an MCU of which nothing is kept.
fn skip_mcu(reader: &mut BitReader, window: &[u8], components: &mut [ScanComponent]) -> Option<()> {
    let mut unused: BlockPair = [0; 256];
    for component in components {
        for _ in 0..component.h * component.v {
            read_block(reader, window, component, &mut unused, 0)?;
        }
    }
    Some(())
}

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
        let pending = &mut pending[usize::from(component.index > 0)];
        for block in 0..component.h * component.v {
            let flat = read_block(reader, window, component, &mut pending.pair, pending.filled)?;
            let at = (mcu * component.h + block % component.h, block / component.h);
            pending.add(component.index, at, flat, mcu_rows, |index| &tables[index], inverse);
        }
    }
    Some(())
}

/// Reads a block's coefficients into its half of `pair`; whether all but the first are zero, or `None` for a code that
/// the tables do not have.
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
        // Four lookups of twelve bits are what a refill is sure to hold.
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
                // A second coefficient beyond the block is damage; an end of block is further away than any.
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

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 62 + 127")]
pub(crate) fn position(positions: &[u8; 256], k: u32) -> usize {
    usize::from(positions[usize::from(k as u8)])
}

/// Places in a [`BlockPair`] by zigzag index, for its first and second block; beyond the block, where nothing is read.
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
