//! Walks the marker segments of a Huffman-coded frame (ITU-T T.81 annex B), or says that the file is for libjpeg-turbo.

use super::super::segments::{
    DAC, DHP, DHT, DQT, DRI, EOI, EXP, JPG, MarkerSegments, RST0, RST7, SOF0, SOF2, SOF3, SOF15, SOI, SOS, TEM,
};
use super::codes::Codes;
use crate::size::Size;

/// The marker segments, read up to the next scan.
pub(super) struct Markers<'a> {
    segments: MarkerSegments<'a>,
    quantisers: [Option<[i16; 64]>; 4],
    dc: [Option<&'a [u8]>; 4],
    ac: [Option<&'a [u8]>; 4],
    pub(super) restart_interval: u32,
    pub(super) frame: Option<Frame>,
}

/// The frame header.
pub(super) struct Frame {
    pub(super) size: Size,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
}

/// One component of the frame.
pub(super) struct Component {
    id: u8,
    /// Blocks in an MCU, across and down.
    pub(super) h: u32,
    pub(super) v: u32,
    quantiser: usize,
    /// In natural order, as it was when the component's first scan began; 16 bits that wrap, as in libjpeg-turbo's SIMD.
    pub(super) table: Option<[i16; 64]>,
}

/// A scan header, and the data after it.
pub(super) struct ScanHeader<'a> {
    /// Places in the frame, each with its DC and AC table's number.
    pub(super) components: Vec<(usize, usize, usize)>,
    /// First and last coefficient in zigzag order.
    pub(super) spectrum: (u8, u8),
    /// The bit that the coefficients were known to, and the one they are known to after the scan.
    pub(super) approximation: (u8, u8),
    pub(super) data: &'a [u8],
}

/// What comes next.
pub(super) enum Next<'a> {
    Scan(ScanHeader<'a>),
    /// The end of the image.
    End,
    /// The end of the data.
    Nothing,
}

impl<'a> Markers<'a> {
    /// At the first marker after the start of the image.
    pub(super) fn new(file: &'a [u8]) -> Self {
        let none = || [const { None }; 4];
        let segments = MarkerSegments::new(file);
        Self { segments, quantisers: [None; 4], dc: [None; 4], ac: none(), restart_interval: 0, frame: None }
    }

    /// Reads up to the next scan; `None` for anything but a plain Huffman-coded frame of 8 bits, damaged tables included:
    /// libjpeg-turbo reads those, or says what is wrong.
    pub(super) fn next(&mut self) -> Option<Next<'a>> {
        loop {
            let Ok(marker) = self.segments.next_marker() else { return Some(Next::Nothing) };
            match marker {
                EOI => return Some(Next::End),
                TEM | RST0..=RST7 => continue,
                SOI | DAC | DHP | EXP => return None,
                _ => {}
            }
            let payload = self.segments.segment(marker).ok()?;
            match marker {
                SOF0..=SOF2 => self.read_frame(marker == SOF2, payload)?,
                DHT => self.read_codes(payload)?,
                DQT => self.read_quantisers(payload)?,
                DRI => self.restart_interval = u16::from_be_bytes(payload.try_into().ok()?).into(),
                SOS => return self.read_scan(payload).map(Next::Scan),
                SOF3..=SOF15 if marker != JPG => return None,
                _ => {}
            }
        }
    }

    /// Goes on after a scan.
    pub(super) fn resume(&mut self, rest: &'a [u8]) {
        self.segments.resume(rest);
    }

    fn read_frame(&mut self, progressive: bool, payload: &[u8]) -> Option<()> {
        let (&[8, h0, h1, w0, w1, count], list) = payload.split_first_chunk()? else { return None };
        let size = Size::new(u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into());
        let (list, []) = list.as_chunks::<3>() else { return None };
        if self.frame.is_some() || usize::from(count) != list.len() {
            return None;
        }
        let component = |&[id, factors, quantiser]: &[u8; 3]| Component {
            id,
            h: u32::from(factors >> 4),
            v: u32::from(factors & 15),
            quantiser: usize::from(quantiser),
            table: None,
        };
        let mut components: Vec<_> = list.iter().map(component).collect();
        // A scan of one component is made of its blocks, whatever its factors (§ A.2.2).
        if let [only] = &mut components[..] {
            (only.h, only.v) = (1, 1);
        }
        planar(&components).then(|| self.frame = Some(Frame { size, progressive, components }))
    }

    fn read_codes(&mut self, mut payload: &'a [u8]) -> Option<()> {
        while let Some((&class, rest)) = payload.split_first() {
            let counts = rest.first_chunk::<16>()?;
            let table = rest.get(..16 + counts.iter().map(|&n| usize::from(n)).sum::<usize>())?;
            let tables = match class >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(class & 15))? = Some(table);
            payload = &rest[table.len()..];
        }
        Some(())
    }

    fn read_quantisers(&mut self, mut payload: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = payload.split_first() {
            let (wide, to) = (kind >> 4, self.quantisers.get_mut(usize::from(kind & 15))?);
            let bytes = rest.get(..if wide == 0 { 64 } else { 128 })?;
            let value = |k: usize| match wide {
                0 => i16::from(bytes[k]),
                _ => i16::from_be_bytes([bytes[2 * k], bytes[2 * k + 1]]),
            };
            let mut table = [0; 64];
            (0..64).for_each(|k| table[usize::from(ZIGZAG[k])] = value(k));
            (*to, payload) = (Some(table), &rest[bytes.len()..]);
        }
        Some(())
    }

    fn read_scan(&mut self, payload: &[u8]) -> Option<ScanHeader<'a>> {
        let frame = self.frame.as_mut()?;
        let (&count, list) = payload.split_first()?;
        let (list, &[first, last, bits]) = list.split_at_checked(2 * usize::from(count))? else { return None };
        let mut components = Vec::new();
        for entry in list.chunks_exact(2) {
            let &[id, tables] = entry else { return None };
            // In the frame's order (§ B.2.3), each once.
            let from = components.last().map_or(0, |&(place, _, _)| place + 1);
            let place = from + frame.components.get(from..)?.iter().position(|component| component.id == id)?;
            let component = &mut frame.components[place];
            if component.table.is_none() {
                component.table = Some(*self.quantisers.get(component.quantiser)?.as_ref()?);
            }
            components.push((place, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        let known = !components.is_empty() && first <= last && last < 64;
        let (spectrum, approximation) = ((first, last), (bits >> 4, bits & 15));
        known.then_some(ScanHeader { components, spectrum, approximation, data: self.segments.rest() })
    }

    pub(super) fn dc_codes(&self, number: usize) -> Option<Codes> {
        codes(self.dc.get(number)?.as_ref()?)
    }

    pub(super) fn ac_codes(&self, number: usize) -> Option<Codes> {
        codes(self.ac.get(number)?.as_ref()?)
    }
}

impl Frame {
    /// The largest sampling factors.
    pub(super) fn most(&self) -> (u32, u32) {
        let most = |factor: fn(&Component) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (most(|c| c.h), most(|c| c.v))
    }

    /// MCUs of all components, across and down.
    pub(super) fn mcus(&self) -> (u32, u32) {
        let (h, v) = self.most();
        (self.size.width.div_ceil(8 * h), self.size.height.div_ceil(8 * v))
    }

    /// Samples of a component.
    pub(super) fn component_size(&self, component: &Component, divisor: u32) -> Size {
        let (h, v) = self.most();
        let side = |of: u32, factor: u32, most: u32| (of * factor).div_ceil(most * divisor);
        Size::new(side(self.size.width, component.h, h), side(self.size.height, component.v, v))
    }
}

fn codes(table: &[u8]) -> Option<Codes> {
    let (counts, symbols) = table.split_first_chunk()?;
    Codes::new(*counts, symbols)
}

/// Whether the components are planes as the shim of libjpeg-turbo gives them: luma finest, chroma alike and in whole
/// proportion to it.
fn planar(components: &[Component]) -> bool {
    let within = components.iter().all(|c| (1..=4).contains(&c.h) && (1..=4).contains(&c.v));
    let blocks: u32 = components.iter().map(|c| c.h * c.v).sum();
    within
        && match components {
            [_] => true,
            [y, cb, cr] => {
                (cb.h, cb.v) == (cr.h, cr.v) && y.h.is_multiple_of(cb.h) && y.v.is_multiple_of(cb.v) && blocks <= 10
            }
            _ => false,
        }
}

/// Natural places of coefficients in zigzag order (T.81 figure A.6).
pub(super) const ZIGZAG: [u8; 64] = zigzag();

const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut k, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            // Odd diagonals run down, even ones up.
            let (row, column) = if diagonal % 2 == 1 { (step, diagonal - step) } else { (diagonal - step, step) };
            if row < 8 && column < 8 {
                #[expect(clippy::cast_possible_truncation, reason = "below 64")]
                {
                    order[k] = (row * 8 + column) as u8;
                }
                k += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
}
