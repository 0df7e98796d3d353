//! Reads the MCUs of a scan that is coded by arithmetic coding, and the restart markers between them.

use image_ingest_samples::CpuTimer;

use super::coder::{ArithmeticCoder, EVEN};
use super::conditioning::Conditioning;
use super::values::{AcContexts, DcContexts, DcState, ac_values, dc_value, low_bits, refined_values};
use crate::block_layout::ComponentBlocks;
use crate::entropy::ScanFault;
use crate::progression::ScanStep;
use crate::progressive::Coefficients;
use crate::result::Result;
use crate::segments::{APP0, APP15, COM, DAC, DHT, DNL, DQT, DRI, EOI, RST0, SOS, after_restarts};
use crate::tables::{ScanStart, ScanTables, Tables};
use crate::tail::MAX_LEFT_OVER_BYTES;

/// A scan and how far it has been read.
pub(crate) struct ArithmeticScan<'a> {
    coder: ArithmeticCoder<'a>,
    components: Vec<ScanTables>,
    /// The indices in the frame of the components.
    indices: Vec<usize>,
    /// What a scan of a progressive frame brings; `None` for a sequential scan, which brings all coefficients.
    step: Option<ScanStep>,
    /// The first and last zigzag index of AC coefficients, and the lowest bit after the scan.
    band: (usize, usize),
    bit: u8,
    conditioning: Conditioning,
    dc: Box<[DcContexts; 16]>,
    ac: Box<[AcContexts; 16]>,
    states: [DcState; 4],
    /// The MCUs between restart markers, 0 for none, and those until the next.
    restart_interval: u32,
    until_restart: u32,
    /// The number of the next restart marker, 0–7.
    next_restart: u8,
}

impl<'a> ArithmeticScan<'a> {
    /// A scan that stands before its first MCU.
    ///
    /// # Errors
    ///
    /// `malformed` for a scan that no progressive frame may have.
    pub(crate) fn new(tables: &Tables<'a>, start: &ScanStart<'a>, is_progressive: bool) -> Result<Self> {
        let (step, (first, last), bit) = if is_progressive {
            (Some(ScanStep::of(start)?), start.spectrum, start.approximation.1)
        } else {
            (None, (1, 63), 0)
        };
        Ok(Self {
            coder: ArithmeticCoder::new(start.data),
            components: start.components.clone(),
            indices: start.components.iter().map(|component| component.index).collect(),
            step,
            band: (first.into(), last.into()),
            bit,
            conditioning: tables.conditioning,
            dc: Box::new([[0; 64]; 16]),
            ac: Box::new([[0; 256]; 16]),
            states: [DcState::default(); 4],
            restart_interval: tables.restart_interval,
            until_restart: tables.restart_interval,
            next_restart: 0,
        })
    }

    /// The indices in the frame of the scan's components.
    pub(crate) fn components(&self) -> &[usize] {
        &self.indices
    }

    /// Reads the next row of MCUs into the row `row` of `coefficients`.
    ///
    /// Each block takes at most a few thousand decisions, of any data, and none fails behind the end of the segment: the
    /// zeros there are data (§ D.1.8). A file that ends within a scan is cut.
    ///
    /// # Errors
    ///
    /// [`ScanFault`]; `deadline`, `cancelled`.
    pub(crate) fn read(&mut self, coefficients: &mut Coefficients, row: usize, timer: &CpuTimer<'_>) -> Result<()> {
        let (across, _) = coefficients.layout.mcus_of(&self.indices);
        let is_alone = self.indices.len() == 1;
        for x in 0..across {
            if x % MCUS_A_CHECK == 0 {
                timer.check()?;
            }
            self.restart_if_due(timer)?;
            for entry in 0..self.indices.len() {
                let &ComponentBlocks { h, v, .. } = coefficients.layout.of(self.indices[entry]);
                let (h, v) = if is_alone { (1, 1) } else { (h, v) };
                for block in 0..h * v {
                    let at = (x * h + block % h, row * v + block / h);
                    self.read_block(entry, coefficients, at).ok_or(ScanFault::BadCode)?;
                }
            }
        }
        if self.coder.is_cut() { Err(ScanFault::Ended.into()) } else { Ok(()) }
    }

    /// Reads a block of the component `entry` of the scan; `None` for a coefficient out of range.
    fn read_block(&mut self, entry: usize, coefficients: &mut Coefficients, at: (usize, usize)) -> Option<()> {
        let ScanTables { index, dc, ac } = self.components[entry];
        let block = coefficients.block(index, at);
        let (coder, contexts, kx) = (&mut self.coder, &mut self.ac[ac & 15], self.conditioning.ac[ac & 15]);
        if matches!(self.step, None | Some(ScanStep::DcFirst)) {
            let bounds = self.conditioning.dc[dc & 15];
            let value = dc_value(coder, &mut self.dc[dc & 15], &mut self.states[entry & 3], bounds)?;
            block.values[0] = low_bits(value << self.bit);
        }
        match self.step {
            None | Some(ScanStep::AcFirst) => ac_values(coder, contexts, kx, self.band, self.bit, block),
            Some(ScanStep::AcRefine) => refined_values(coder, contexts, self.band, self.bit, block),
            Some(ScanStep::DcRefine) => {
                block.values[0] |= i16::from(coder.decide(&mut { EVEN })) << self.bit;
                Some(())
            }
            Some(ScanStep::DcFirst) => Some(()),
        }
    }

    /// Counts the MCU that is about to be read. Where a restart marker is due before it, all statistics and predictions
    /// begin anew (§ F.2.4.4).
    fn restart_if_due(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        if self.restart_interval > 0 && self.until_restart == 0 {
            let (left_over, marker) = self.coder.to_marker(timer)?;
            if left_over > 0 {
                return Err(ScanFault::Stray.into());
            }
            let data = match marker {
                [0xFF, number, data @ ..] if *number == RST0 + self.next_restart => data,
                [] => return Err(ScanFault::Ended.into()),
                _ => return Err(ScanFault::RestartOrder.into()),
            };
            self.coder = ArithmeticCoder::new(data);
            self.next_restart = (self.next_restart + 1) % 8;
            self.until_restart = self.restart_interval;
            self.dc.fill([0; 64]);
            self.ac.fill([0; 256]);
            self.states = [DcState::default(); 4];
        }
        self.until_restart = self.until_restart.saturating_sub(1);
        Ok(())
    }

    /// The data from the marker on that follows the scan, restart markers skipped; empty where none follows.
    ///
    /// # Errors
    ///
    /// [`ScanFault::Longer`] where more than [`MAX_LEFT_OVER_BYTES`] lie before it, padding not counted;
    /// [`ScanFault::Short`] for a marker that cannot follow a scan, so that it is damage within one; `deadline`, `cancelled`.
    pub(crate) fn finish(&self, timer: &CpuTimer<'_>) -> Result<&'a [u8]> {
        let (left_over, marker) = self.coder.to_marker(timer)?;
        if left_over > MAX_LEFT_OVER_BYTES {
            return Err(ScanFault::Longer.into());
        }
        match after_restarts(marker, timer)? {
            rest @ ([] | [0xFF, DHT | EOI | SOS | DQT | DNL | DRI | DAC | APP0..=APP15 | COM, ..]) => Ok(rest),
            _ => Err(ScanFault::Short.into()),
        }
    }
}

/// The MCUs between two looks at the budget. Ten blocks of noise in each take 3 ms together.
const MCUS_A_CHECK: usize = 32;
