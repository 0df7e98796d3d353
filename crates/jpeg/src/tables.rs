//! Reads marker segments up to the next scan, and keeps the tables that scans are decoded by (ITU-T T.81 § B.2.4).

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::arithmetic::conditioning::Conditioning;
use crate::codes::HuffmanTable;
use crate::frame::DctFrame;
use crate::headers::{FrameHeader, ScanHeader};
use crate::result::Result;
use crate::segments::{MarkerSegments, Segment};
use crate::standard;
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
    /// How arithmetic coding is conditioned.
    pub(crate) conditioning: Conditioning,
    /// MCUs between restart markers; 0 for none.
    pub(crate) restart_interval: u32,
    pub(crate) frame: Option<DctFrame>,
}

/// A scan whose components were found in the frame, and the data after its header.
pub(crate) struct ScanStart<'a> {
    pub(crate) components: Vec<ScanTables>,
    /// The zigzag indices of the first and the last coefficient, as the header has them.
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
        Self {
            segments: MarkerSegments::new(file),
            quantisers: [None; 4],
            dc: [None; 4],
            ac: [None; 4],
            conditioning: Conditioning::default(),
            restart_interval: 0,
            frame: None,
        }
    }

    /// Reads up to the next scan or the end.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `deadline`, `cancelled`.
    pub(crate) fn next(&mut self, timer: &CpuTimer<'_>) -> Result<Next<'a>> {
        loop {
            match self.segments.next_segment(timer)? {
                Segment::EndOfData => return Ok(Next::EndOfData),
                Segment::EndOfImage => return Ok(Next::EndOfImage),
                Segment::StartOfImage => return Err(DecodeError::malformed("a second start of image")),
                Segment::SecondFrame => return Err(DecodeError::malformed("a second frame header")),
                Segment::Hierarchical => return Err(DecodeError::unsupported("hierarchical JPEG")),
                Segment::JpegLs => return Err(DecodeError::unsupported("JPEG-LS")),
                Segment::Frame(marker, payload) => {
                    let header = FrameHeader::read(marker, payload);
                    self.frame = Some(DctFrame::of(&header.ok_or_else(|| damaged("frame header"))?)?);
                }
                // A segment may have thousands of tables.
                Segment::HuffmanTables(payload) => {
                    timer.check()?;
                    self.read_huffman(payload).ok_or_else(|| damaged("Huffman table"))?;
                }
                Segment::QuantisationTables(payload) => {
                    timer.check()?;
                    self.read_quantisers(payload).ok_or_else(|| damaged("quantisation table"))?;
                }
                Segment::ArithmeticConditioning(payload) => {
                    timer.check()?;
                    self.conditioning.read(payload).ok_or_else(|| damaged("conditioning table"))?;
                }
                Segment::RestartInterval(payload) => {
                    let interval = payload.try_into().map_err(|_| damaged("restart interval"))?;
                    self.restart_interval = u16::from_be_bytes(interval).into();
                }
                Segment::Scan(payload) => return self.start_scan(payload).map(Next::Scan),
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

    /// Reads a scan header and finds its components in the frame. The quantisation table of a component is the one in
    /// force at its first scan, as in libjpeg.
    fn start_scan(&mut self, payload: &[u8]) -> Result<ScanStart<'a>> {
        let header = ScanHeader::read(payload).filter(|header| header.extra_bytes == 0);
        let header = header.ok_or_else(|| damaged("scan header"))?;
        let frame = self.frame.as_mut().ok_or_else(|| DecodeError::malformed("a scan before the frame header"))?;
        let indices =
            frame.indices_of(&header).ok_or_else(|| DecodeError::malformed("a scan of unknown components"))?;
        if !frame.fits_an_mcu(&indices) {
            return Err(DecodeError::malformed("an MCU of more than ten blocks"));
        }
        let mut components = Vec::new();
        for (entry, index) in header.components.iter().zip(indices) {
            let component = &mut frame.components[index];
            if component.table.is_none() {
                let table = self.quantisers.get(component.quantiser).copied().flatten();
                component.table = Some(table.ok_or_else(|| DecodeError::malformed("no quantisation table"))?);
            }
            components.push(ScanTables { index, dc: entry.dc_table.into(), ac: entry.ac_table.into() });
        }
        if !frame.progressive && !frame.arithmetic {
            self.add_standard();
        }
        let (spectrum, approximation) = (header.spectrum, header.approximation);
        Ok(ScanStart { components, spectrum, approximation, data: self.segments.rest() })
    }

    /// Puts the tables of annex K in the place of those that are missing at the first scan. Frames of Motion JPEG leave
    /// them out.
    fn add_standard(&mut self) {
        for number in 0..2 {
            self.dc[number].get_or_insert(standard::DC[number]);
            self.ac[number].get_or_insert(standard::AC[number]);
        }
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

fn damaged(what: &str) -> DecodeError {
    DecodeError::malformed(format!("a damaged {what}"))
}

fn codes(table: &[u8]) -> Option<HuffmanTable> {
    let (counts, symbols) = table.split_first_chunk()?;
    HuffmanTable::new(*counts, symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 2).unwrap();
        [&[0xFF, marker][..], &len.to_be_bytes(), payload].concat()
    }

    /// Reads a file of these segments up to its first scan.
    fn read(segments: &[Vec<u8>], check: impl FnOnce(&Tables<'_>, Result<Next<'_>>)) {
        let file = [&[0xFF, 0xD8][..], &segments.concat()].concat();
        let mut tables = Tables::new(&file);
        let next = tables.next(&CpuTimer::default());
        check(&tables, next);
    }

    #[test]
    fn quantisation_tables_of_both_precisions_come_in_zigzag_order() {
        let narrow: Vec<u8> = (1..=64).collect();
        let wide: Vec<u8> = (1..=64u16).flat_map(|v| (v * 500).to_be_bytes()).collect();
        let payload = [&[0][..], &narrow, &[0x13], &wide].concat();
        read(&[segment(0xDB, &payload)], |tables, next| {
            assert!(matches!(next, Ok(Next::EndOfData)));
            let [Some(first), None, None, Some(last)] = tables.quantisers else { panic!("tables 0 and 3") };
            assert_eq!((first[0], first[1], first[8], first[16], first[63]), (1, 2, 3, 4, 64));
            assert_eq!((last[0], last[1], last[8], last[63]), (500, 1000, 1500, 32_000));
        });
        read(&[segment(0xDB, &[&[4][..], &narrow].concat())], |_, next| assert!(next.is_err(), "no table 4"));
        read(&[segment(0xDB, &payload[..64])], |_, next| assert!(next.is_err(), "a table that is cut"));
    }

    #[test]
    fn several_huffman_tables_fit_in_a_segment() {
        let counts = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let payload = [&[0x01][..], &counts, b"ABC", &[0x10], &counts, b"DEF"].concat();
        read(&[segment(0xC4, &payload)], |tables, _| {
            assert_eq!(tables.dc_codes(1).unwrap().find(0x8000), Some((2, b'B')));
            assert_eq!(tables.ac_codes(0).unwrap().find(0xC000), Some((3, b'F')));
            assert!(tables.dc_codes(0).is_none() && tables.ac_codes(1).is_none() && tables.ac_codes(9).is_none());
        });
        for bad in [&[0x20][..], &[0x04]] {
            read(&[segment(0xC4, &[bad, &counts, b"ABC"].concat())], |_, next| assert!(next.is_err()));
        }
    }

    #[test]
    fn a_scan_names_components_in_the_frames_order() {
        let frame = segment(0xC0, &[8, 0, 8, 0, 8, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
        let table = segment(0xDB, &[&[0][..], &[1; 64]].concat());
        let scan = |ids: &[u8]| {
            let entries: Vec<u8> = ids.iter().flat_map(|&id| [id, 0x10 | (id - 1)]).collect();
            segment(0xDA, &[&[u8::try_from(ids.len()).unwrap()][..], &entries, &[0, 63, 0]].concat())
        };
        let interval = segment(0xDD, &[1, 2]);
        let start = [frame.clone(), table, interval];
        read(&[&start[..], &[scan(&[1, 3])]].concat(), |tables, next| {
            let Ok(Next::Scan(start)) = next else { panic!("a scan") };
            let found: Vec<_> = start.components.iter().map(|c| (c.index, c.dc, c.ac)).collect();
            assert_eq!((found, tables.restart_interval), (vec![(0, 1, 0), (2, 1, 2)], 0x102));
        });
        for ids in [&[3, 1][..], &[1, 1], &[4], &[], &[1, 2, 3, 1]] {
            read(&[&start[..], &[scan(ids)]].concat(), |_, next| assert!(next.is_err(), "{ids:?}"));
        }
        read(&[frame, scan(&[1])], |_, next| assert!(next.is_err(), "no quantisation table"));
    }
}
