//! Decodes the scan of a sequential frame, a row of MCUs at a time (ITU-T T.81 § F.2).

use super::bits::Reader;
use super::blocks::{Strip, Waiting};
use super::codes::{Ac, Dc, END};
use super::entropy::{Entropy, Fault};
use super::idct::{Pair, Samples, Tables};
use super::markers::{Frame, Markers, ScanHeader, ZIGZAG};
use crate::error::Result;

/// The one scan of all components.
pub(in crate::codec::jpeg) struct Scan<'a> {
    pub(super) entropy: Entropy<'a>,
    components: Vec<Component>,
    mcus_across: u32,
    /// Of luma and of chroma.
    waiting: [Waiting; 2],
}

struct Component {
    h: usize,
    v: usize,
    table: [i16; 64],
    dc: Dc,
    ac: Ac,
    predictor: i32,
}

impl<'a> Scan<'a> {
    /// `Ok(None)` for a scan that is not of all components and coefficients, or has no usable tables.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn new(
        markers: &Markers<'a>,
        frame: &Frame,
        header: &ScanHeader<'a>,
        sides: [usize; 2],
    ) -> Result<Option<Self>> {
        let plain = (header.spectrum, header.approximation) == ((0, 63), (0, 0));
        let component = |&(place, dc, ac): &(usize, usize, usize)| {
            let component = &frame.components[place];
            Some(Component {
                h: component.h as usize,
                v: component.v as usize,
                table: component.table?,
                dc: Dc::new(markers.dc_codes(dc)?)?,
                ac: Ac::new(markers.ac_codes(ac)?),
                predictor: 0,
            })
        };
        let Some(components) = header.components.iter().map(component).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        if !plain || components.len() != frame.components.len() {
            return Ok(None);
        }
        let entropy = Entropy::new(header.data, markers.restart_interval)?;
        Ok(Some(Self { entropy, components, mcus_across: frame.mcus().0, waiting: sides.map(Waiting::new) }))
    }

    /// Decodes the next row of MCUs into one strip for each component; `inverse` is the inverse DCT of the machine.
    #[inline(always)]
    pub(super) fn row(
        &mut self,
        strips: &mut [Strip],
        inverse: impl Fn(&Pair, Tables<'_>, usize, &mut Samples),
    ) -> Result<(), Fault> {
        let Self { entropy, components, waiting, .. } = self;
        for mcu in 0..self.mcus_across as usize {
            if entropy.restarts()? {
                components.iter_mut().for_each(|component| component.predictor = 0);
            }
            let (mut reader, window) = entropy.next();
            let read = read_mcu(&mut reader, window, components, waiting, mcu, strips, &inverse);
            entropy.check(reader, read)?;
        }
        waiting
            .iter_mut()
            .for_each(|waiting| waiting.flush(strips, |component| &components[component].table, &inverse));
        Ok(())
    }
}

#[inline(always)]
fn read_mcu(
    reader: &mut Reader,
    window: &[u8],
    components: &mut [Component],
    waiting: &mut [Waiting; 2],
    mcu: usize,
    strips: &mut [Strip],
    inverse: &impl Fn(&Pair, Tables<'_>, usize, &mut Samples),
) -> Option<()> {
    for index in 0..components.len() {
        let waiting = &mut waiting[usize::from(index > 0)];
        let (h, v) = (components[index].h, components[index].v);
        for block in 0..h * v {
            let component = &mut components[index];
            let flat = read_block(reader, window, component, &mut waiting.pair, waiting.filled)?;
            let at = (mcu * h + block % h, block / h);
            waiting.add(index, at, flat, strips, |component| &components[component].table, inverse);
        }
    }
    Some(())
}

/// Reads a block's coefficients into its half of `pair`; whether all but the first are zero, or `None` for a code that
/// the tables do not have.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "values wrap in 16 bits, as in libjpeg")]
fn read_block(
    reader: &mut Reader,
    window: &[u8],
    Component { dc, ac, predictor, .. }: &mut Component,
    pair: &mut Pair,
    block: usize,
) -> Option<bool> {
    reader.refill(window);
    *predictor = predictor.wrapping_add(dc.read(reader)?);
    pair[block * 8] = *predictor as i16;
    let places = &PLACES[block & 1];
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
            pair[place(places, k + first)] = value;
            k += first + second;
            pair[place(places, k)] = other;
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
        pair[place(places, k)] = value as i16;
        if k == 63 {
            return Some(false);
        }
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 62 + 127")]
pub(super) fn place(places: &[u8; 256], k: u32) -> usize {
    usize::from(places[usize::from(k as u8)])
}

/// Places in a [`Pair`] by zigzag index, for its first and second block; beyond the block, where nothing is read.
pub(super) static PLACES: [[u8; 256]; 2] = [places(0), places(1)];

const fn places(block: u8) -> [u8; 256] {
    let mut places = [128; 256];
    let mut k = 0;
    while k < 64 {
        places[k] = (ZIGZAG[k] / 8) * 16 + block * 8 + ZIGZAG[k] % 8;
        k += 1;
    }
    places
}
