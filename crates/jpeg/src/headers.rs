//! Reads frame and scan headers (ITU-T T.81 §§ B.2.2 and B.2.3). Their values are not judged here.

use image_ingest_samples::Size;

use crate::segments::{SOF0, SOF1, SOF2, SOF3, SOF9, SOF10, SOF11};

/// A frame header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// How the frame is coded.
    pub(crate) process: Process,
    /// Bits per sample.
    pub(crate) bit_depth: u8,
    /// Width and height. Either may be 0.
    pub(crate) size: Size,
    /// The number of components that is announced.
    pub(crate) count: u8,
    /// The components in the frame's order, as many as the segment has; none where it ends within one.
    pub(crate) components: Vec<FrameComponent>,
}

/// The process by which a frame is coded (table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Sequential DCT, Huffman-coded (`SOF0`, `SOF1`).
    Sequential,
    /// Progressive DCT, Huffman-coded (`SOF2`).
    Progressive,
    /// Sequential DCT, arithmetic coding (`SOF9`).
    SequentialArithmetic,
    /// Progressive DCT, arithmetic coding (`SOF10`).
    ProgressiveArithmetic,
    /// Lossless (`SOF3`, `SOF11`).
    Lossless,
    /// Differential frames of a hierarchical file.
    Hierarchical,
}

impl Process {
    /// The process of a `SOFn` marker.
    pub(crate) const fn of(marker: u8) -> Self {
        match marker {
            SOF0 | SOF1 => Self::Sequential,
            SOF2 => Self::Progressive,
            SOF9 => Self::SequentialArithmetic,
            SOF10 => Self::ProgressiveArithmetic,
            SOF3 | SOF11 => Self::Lossless,
            _ => Self::Hierarchical,
        }
    }
}

/// A component of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameComponent {
    /// The identifier that scans name it by.
    pub(crate) id: u8,
    /// Horizontal sampling factor, 1–4 in a valid file.
    pub(crate) h: u8,
    /// Vertical sampling factor, 1–4 in a valid file.
    pub(crate) v: u8,
    /// Number of its quantisation table.
    pub(crate) quantiser: u8,
}

impl FrameComponent {
    /// Blocks in an MCU of all components.
    pub(crate) fn blocks(&self) -> u64 {
        u64::from(self.h) * u64::from(self.v)
    }
}

/// More than the components that a frame can announce, so that a list of more is not the announced one.
const COMPONENTS_READ: usize = 256;

impl FrameHeader {
    /// Reads the segment of a `SOFn` marker. The result is `None` where it ends before its components.
    pub(crate) fn read(marker: u8, payload: &[u8]) -> Option<Self> {
        let (&[bit_depth, h0, h1, w0, w1, count], list) = payload.split_first_chunk()?;
        let size = Size::new(u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into());
        let component =
            |&[id, factors, quantiser]: &[u8; 3]| FrameComponent { id, h: factors >> 4, v: factors & 15, quantiser };
        let (list, rest) = list.as_chunks::<3>();
        let components =
            if rest.is_empty() { list.iter().take(COMPONENTS_READ).map(component).collect() } else { Vec::new() };
        Some(Self { process: Process::of(marker), bit_depth, size, count, components })
    }

    /// Whether the segment has as many components as it announces, and nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        self.components.len() == usize::from(self.count)
    }
}

/// A scan header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanHeader {
    /// The components of the scan.
    pub(crate) components: Vec<ScanEntry>,
    /// The zigzag indices of the first and the last coefficient (Ss and Se).
    pub(crate) spectrum: (u8, u8),
    /// The lowest bit that was known of the coefficients, and the lowest known after the scan (Ah and Al).
    pub(crate) approximation: (u8, u8),
    /// The number of bytes of the segment behind its fields; 0 in a valid file.
    pub(crate) extra_bytes: usize,
}

/// A component of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanEntry {
    /// The identifier of the frame's component.
    pub(crate) id: u8,
    /// Number of its DC table.
    pub(crate) dc_table: u8,
    /// Number of its AC table.
    pub(crate) ac_table: u8,
}

impl ScanHeader {
    /// Reads the segment of `SOS`. The result is `None` where it is too short.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (&count, rest) = payload.split_first()?;
        let (list, parameters) = rest.split_at_checked(2 * usize::from(count))?;
        let (&[first, last, bits], extra) = parameters.split_first_chunk()?;
        let entry = |&[id, tables]: &[u8; 2]| ScanEntry { id, dc_table: tables >> 4, ac_table: tables & 15 };
        Some(Self {
            components: list.as_chunks().0.iter().map(entry).collect(),
            spectrum: (first, last),
            approximation: (bits >> 4, bits & 15),
            extra_bytes: extra.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_header_has_its_fields_where_figure_b_3_has_them() {
        let payload = [8, 0x01, 0x02, 0x03, 0x04, 2, 1, 0x21, 0, 2, 0x11, 3];
        let header = FrameHeader::read(SOF2, &payload).unwrap();
        assert_eq!((header.process, header.bit_depth), (Process::Progressive, 8));
        assert_eq!(header.size, Size::new(0x304, 0x102));
        let second = FrameComponent { id: 2, h: 1, v: 1, quantiser: 3 };
        assert_eq!(header.components, [FrameComponent { id: 1, h: 2, v: 1, quantiser: 0 }, second]);
        assert!(header.is_whole());
        for len in 0..payload.len() {
            assert!(FrameHeader::read(SOF2, &payload[..len]).is_none_or(|header| !header.is_whole()), "{len}");
        }
        assert!(!FrameHeader::read(SOF2, &[&payload[..], &[0; 3]].concat()).unwrap().is_whole());
    }

    #[test]
    fn a_scan_header_has_its_fields_where_figure_b_4_has_them() {
        let payload = [2, 1, 0x01, 2, 0x23, 5, 9, 0x21];
        let header = ScanHeader::read(&payload).unwrap();
        let second = ScanEntry { id: 2, dc_table: 2, ac_table: 3 };
        assert_eq!(header.components, [ScanEntry { id: 1, dc_table: 0, ac_table: 1 }, second]);
        assert_eq!((header.spectrum, header.approximation, header.extra_bytes), ((5, 9), (2, 1), 0));
        assert!((0..payload.len()).all(|len| ScanHeader::read(&payload[..len]).is_none()));
        assert_eq!(ScanHeader::read(&[&payload[..], &[0; 3]].concat()).unwrap().extra_bytes, 3);
    }

    #[test]
    fn markers_name_processes_as_in_table_b_1() {
        let names = [(0xC0, Process::Sequential), (0xC1, Process::Sequential), (0xC3, Process::Lossless)];
        let others =
            [(0xC9, Process::SequentialArithmetic), (0xCA, Process::ProgressiveArithmetic), (0xCB, Process::Lossless)];
        for (marker, process) in names.into_iter().chain(others) {
            assert_eq!(Process::of(marker), process);
        }
        assert!(
            [0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF].into_iter().all(|marker| Process::of(marker) == Process::Hierarchical)
        );
    }
}
