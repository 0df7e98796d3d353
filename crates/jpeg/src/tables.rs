//! Reads marker segments up to the next scan, and keeps the tables that scans are decoded by (ITU-T T.81 § B.2.4).

use crate::codes::HuffmanTable;
use crate::frame::PlanarFrame;
use crate::headers::{FrameHeader, ScanHeader};
use crate::segments::{MarkerSegments, Segment};
use crate::zigzag::ZIGZAG;

/// The marker segments, read up to the next scan, and the tables in force there.
pub(crate) struct Tables<'a> {
    segments: MarkerSegments<'a>,
    /// Quantisation tables by number, in natural order.
    quantisers: [Option<[i16; 64]>; 4],
    /// Huffman tables for DC by number: 16 counts of codes, then the symbols.
    dc: [Option<&'a [u8]>; 4],
    /// The same for AC.
    ac: [Option<&'a [u8]>; 4],
    /// MCUs between restart markers; 0 for none.
    pub(crate) restart_interval: u32,
    pub(crate) frame: Option<PlanarFrame>,
}

/// A scan whose components were found in the frame, and the data after its header.
pub(crate) struct ScanStart<'a> {
    pub(crate) components: Vec<ScanTables>,
    /// The zigzag indices of the first and the last coefficient, both at most 63.
    pub(crate) spectrum: (u8, u8),
    /// The lowest bit that was known of the coefficients, and the lowest known after the scan (§ G.1.1.1.2).
    pub(crate) approximation: (u8, u8),
    /// The file from the end of the scan header on.
    pub(crate) data: &'a [u8],
}

/// A component of a scan: its index in the frame, and the numbers of its tables.
#[derive(Clone, Copy)]
pub(crate) struct ScanTables {
    pub(crate) index: usize,
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

/// What [`Tables::next`] finds.
pub(crate) enum Next<'a> {
    Scan(ScanStart<'a>),
    /// The end of the image.
    EndOfImage,
    /// The end of the data.
    EndOfData,
}

impl<'a> Tables<'a> {
    /// At the first marker after the start of the image.
    pub(crate) fn new(file: &'a [u8]) -> Self {
        let none = || [const { None }; 4];
        let segments = MarkerSegments::new(file);
        Self { segments, quantisers: [None; 4], dc: none(), ac: none(), restart_interval: 0, frame: None }
    }

    /// Reads up to the next scan or the end. The result is `None` for segments that this decoder does not know, for a
    /// frame that is no [`PlanarFrame`], and for damaged tables.
    pub(crate) fn next(&mut self) -> Option<Next<'a>> {
        loop {
            match self.segments.next_segment().ok()? {
                Segment::EndOfData => return Some(Next::EndOfData),
                Segment::EndOfImage => return Some(Next::EndOfImage),
                Segment::StartOfImage
                | Segment::ArithmeticConditioning(_)
                | Segment::Hierarchical
                | Segment::JpegLs => return None,
                Segment::Frame(marker, payload) => {
                    let frame = PlanarFrame::of(&FrameHeader::read(marker, payload)?)?;
                    if self.frame.replace(frame).is_some() {
                        return None;
                    }
                }
                Segment::HuffmanTables(payload) => self.read_huffman(payload)?,
                Segment::QuantisationTables(payload) => self.read_quantisers(payload)?,
                Segment::RestartInterval(payload) => {
                    self.restart_interval = u16::from_be_bytes(payload.try_into().ok()?).into();
                }
                Segment::Scan(payload) => return self.start_scan(&ScanHeader::read(payload)?).map(Next::Scan),
                Segment::Other(..) => {}
            }
        }
    }

    /// Goes on at `rest`, the data after a scan.
    pub(crate) fn resume(&mut self, rest: &'a [u8]) {
        self.segments.resume(rest);
    }

    /// Notes the Huffman tables of a segment (§ B.2.4.2). They are built when a scan uses them.
    fn read_huffman(&mut self, mut payload: &'a [u8]) -> Option<()> {
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

    /// Reads the quantisation tables of a segment (§ B.2.4.1), of 8 or 16 bits in zigzag order. Values above 32767
    /// become negative, as in libjpeg-turbo's SIMD.
    fn read_quantisers(&mut self, mut payload: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = payload.split_first() {
            let (precision, to) = (kind >> 4, self.quantisers.get_mut(usize::from(kind & 15))?);
            let bytes = rest.get(..if precision == 0 { 64 } else { 128 })?;
            let value = |k: usize| match precision {
                0 => i16::from(bytes[k]),
                _ => i16::from_be_bytes([bytes[2 * k], bytes[2 * k + 1]]),
            };
            let mut table = [0; 64];
            (0..64).for_each(|k| table[usize::from(ZIGZAG[k])] = value(k));
            (*to, payload) = (Some(table), &rest[bytes.len()..]);
        }
        Some(())
    }

    /// Finds the components of a scan in the frame. The quantisation table of a component is the one in force at its
    /// first scan, as in libjpeg.
    fn start_scan(&mut self, header: &ScanHeader) -> Option<ScanStart<'a>> {
        let frame = self.frame.as_mut()?;
        if header.extra_bytes > 0 {
            return None;
        }
        let mut components: Vec<ScanTables> = Vec::new();
        for entry in &header.components {
            // In the frame's order (§ B.2.3), each once.
            let from = components.last().map_or(0, |component| component.index + 1);
            let index = from + frame.components.get(from..)?.iter().position(|component| component.id == entry.id)?;
            let component = &mut frame.components[index];
            if component.table.is_none() {
                component.table = Some(*self.quantisers.get(component.quantiser)?.as_ref()?);
            }
            components.push(ScanTables { index, dc: entry.dc_table.into(), ac: entry.ac_table.into() });
        }
        let (spectrum @ (first, last), approximation) = (header.spectrum, header.approximation);
        let known = !components.is_empty() && first <= last && last < 64;
        known.then_some(ScanStart { components, spectrum, approximation, data: self.segments.rest() })
    }

    /// The DC table of this number; `None` where there is none, or it makes no prefix code.
    pub(crate) fn dc_codes(&self, number: usize) -> Option<HuffmanTable> {
        codes(self.dc.get(number)?.as_ref()?)
    }

    /// The AC table of this number; `None` where there is none, or it makes no prefix code.
    pub(crate) fn ac_codes(&self, number: usize) -> Option<HuffmanTable> {
        codes(self.ac.get(number)?.as_ref()?)
    }
}

fn codes(table: &[u8]) -> Option<HuffmanTable> {
    let (counts, symbols) = table.split_first_chunk()?;
    HuffmanTable::new(*counts, symbols)
}
