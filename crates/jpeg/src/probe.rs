//! Reads a file's marker segments (ITU-T T.81 annex B) without decoding.

use image_ingest_samples::{CpuTimer, DecodeError, Size};

use crate::app::ApplicationData;
use crate::coefficient_cost::ScanDemands;
use crate::frame::DctFrame;
use crate::headers::{FrameComponent, FrameHeader, Process};
use crate::result::Result;
use crate::scans::{ScanCounter, ScanLimits};
use crate::segments::{MarkerSegments, Segment};

/// What the marker segments of a file say about its picture.
#[derive(Debug, Clone)]
pub struct JpegHeader<'a> {
    /// Width and height in pixels, neither of them 0.
    pub size: Size,
    /// Whether the frame is progressive, by Huffman or by arithmetic coding.
    pub is_progressive: bool,
    /// Whether scans are coded by arithmetic coding.
    pub is_arithmetic: bool,
    /// The identifier of each component in the frame's order: one, three or four.
    pub component_ids: Vec<u8>,
    /// The horizontal and vertical sampling factors of each component, 1–4.
    pub sampling: Vec<(u8, u8)>,
    /// The number of scans that a decoder may have to read.
    pub scans: u32,
    /// The most bytes that the coefficients of a progressive frame take while it is decoded; 0 for a sequential one.
    pub coefficient_bytes: u64,
    /// What the application segments say.
    pub app: ApplicationData<'a>,
}

/// Reads the header of a file in two steps, so that a caller can refuse its size before the rest is read.
///
/// Probing accepts what some decoder of the pipeline can decode: sequential and progressive frames of 8 bits and one,
/// three or four components, by Huffman or by arithmetic coding.
///
/// ```
/// use image_ingest_jpeg::{JpegProbe, ScanLimits};
/// use image_ingest_samples::{CpuTimer, Size};
///
/// // A start of image, a frame of 16 × 8 pixels and one component, the header of its scan, and the end of the image.
/// let file = b"\xFF\xD8\xFF\xC0\0\x0B\x08\0\x08\0\x10\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\xFF\xD9";
/// let timer = CpuTimer::default();
/// let mut probe = JpegProbe::new(file, &timer);
/// assert_eq!(probe.size()?, Size::new(16, 8));
/// let header = probe.header(ScanLimits { max_scans: 100, max_full_scans: 10 })?;
/// assert_eq!((header.scans, header.is_progressive), (1, false));
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct JpegProbe<'a, 't> {
    timer: &'t CpuTimer<'t>,
    segments: MarkerSegments<'a>,
    app: ApplicationData<'a>,
    frame: Option<FrameHeader>,
    file_bytes: u64,
}

impl<'a, 't> JpegProbe<'a, 't> {
    /// Starts after the first two bytes of `file`, which are the start of the image in a JPEG. Reading asks `timer`.
    #[must_use]
    pub fn new(file: &'a [u8], timer: &'t CpuTimer<'t>) -> Self {
        let file_bytes = file.len() as u64;
        Self { timer, segments: MarkerSegments::new(file), app: ApplicationData::default(), frame: None, file_bytes }
    }

    /// Reads up to the frame header and returns the size in it. Neither side is 0.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`]; [`DecodeError::Unsupported`] for a frame that is
    /// lossless, hierarchical or JPEG-LS, that has other than 8 bits, or whose height a later segment gives (§ B.2.5);
    /// [`DecodeError::Work`] where the budget ends.
    pub fn size(&mut self) -> Result<Size> {
        if let Some(frame) = &self.frame {
            return Ok(frame.size);
        }
        match self.next_landmark()? {
            Landmark::Frame(marker, payload) => Ok(self.frame.insert(read_frame(marker, payload)?).size),
            Landmark::Scan(_) => Err(DecodeError::malformed("a scan before the frame header")),
            Landmark::EndOfImage => Err(DecodeError::malformed("no frame header")),
        }
    }

    /// Reads on to the first complete set of scans, and counts all scans that follow.
    ///
    /// A sequential file whose first scan holds every component is not read beyond that scan's header: what follows is
    /// image data. Otherwise every scan is visited, since a hostile file inflates their number and their work.
    ///
    /// The end of the image may be missing where no scan can be: each component of a sequential frame has had its scan,
    /// or each coefficient of a progressive frame is known down to its last bit.
    ///
    /// # Errors
    ///
    /// As [`Self::size`]; [`DecodeError::Unsupported`] for another number of components than one, three or four;
    /// [`DecodeError::LimitExceeded`] for a number above `limits`.
    pub fn header(mut self, limits: ScanLimits) -> Result<JpegHeader<'a>> {
        self.size()?;
        let Some(frame) = self.frame.take() else { return Err(DecodeError::malformed("no frame header")) };
        check_components(&frame)?;
        let is_progressive = matches!(frame.process, Process::Progressive | Process::ProgressiveArithmetic);
        let (scans, demands) = self.count_scans(&frame.components, is_progressive, limits)?;
        let coefficient_bytes = if is_progressive { demands.bytes(&DctFrame::of(&frame)?, self.file_bytes) } else { 0 };
        Ok(JpegHeader {
            size: frame.size,
            is_progressive,
            is_arithmetic: matches!(frame.process, Process::SequentialArithmetic | Process::ProgressiveArithmetic),
            component_ids: frame.components.iter().map(|c| c.id).collect(),
            sampling: frame.components.iter().map(|c| (c.h, c.v)).collect(),
            scans,
            coefficient_bytes,
            app: self.app,
        })
    }

    /// The number of all scans, and what those up to a complete set ask of memory.
    fn count_scans(
        &mut self,
        components: &[FrameComponent],
        is_progressive: bool,
        limits: ScanLimits,
    ) -> Result<(u32, ScanDemands)> {
        let mut scans = ScanCounter::default();
        loop {
            match self.next_landmark()? {
                Landmark::EndOfImage if scans.covers(components) => return Ok((scans.count, scans.demands)),
                Landmark::EndOfImage => return Err(DecodeError::truncated("a component has no scan")),
                Landmark::Frame(..) => return Err(DecodeError::malformed("a second frame header")),
                Landmark::Scan(payload) => scans.add(payload, components, is_progressive, limits)?,
            }
            if scans.is_complete(components, is_progressive) {
                let demands = scans.demands;
                self.count_needless(&mut scans, components, is_progressive, limits)?;
                return Ok((scans.count, demands));
            }
            self.segments.skip_entropy_coded(self.timer)?;
        }
    }

    /// Counts the scans that follow a complete set, up to bytes that are no part of a JPEG.
    ///
    /// Our decoder stops at a complete set, and other readers do not: libjpeg reads these scans too, but for those after
    /// a first scan of all components. What would make them work for long is refused here as well.
    fn count_needless(
        &mut self,
        scans: &mut ScanCounter,
        components: &[FrameComponent],
        is_progressive: bool,
        limits: ScanLimits,
    ) -> Result<()> {
        if !is_progressive && scans.count == 1 {
            return Ok(());
        }
        loop {
            let counted = self.next_scan().and_then(|payload| match payload {
                Some(payload) => scans.add(payload, components, is_progressive, limits).map(|()| true),
                None => Ok(false),
            });
            match counted {
                Err(error @ (DecodeError::LimitExceeded { .. } | DecodeError::Work(_))) => return Err(error),
                Err(_) | Ok(false) => return Ok(()),
                Ok(true) => {}
            }
        }
    }

    /// The next scan header behind entropy-coded data; `None` where the image ends before one.
    fn next_scan(&mut self) -> Result<Option<&'a [u8]>> {
        self.segments.skip_entropy_coded(self.timer)?;
        loop {
            match self.segments.next_segment(self.timer)? {
                Segment::EndOfImage | Segment::StartOfImage | Segment::EndOfData => return Ok(None),
                Segment::Scan(payload) => return Ok(Some(payload)),
                _ => {}
            }
        }
    }

    /// Reads up to the next segment that the probe decides by. Application segments on the way are noted.
    fn next_landmark(&mut self) -> Result<Landmark<'a>> {
        loop {
            match self.segments.next_segment(self.timer)? {
                Segment::Frame(marker, payload) => return Ok(Landmark::Frame(marker, payload)),
                Segment::Scan(payload) => return Ok(Landmark::Scan(payload)),
                Segment::EndOfImage => return Ok(Landmark::EndOfImage),
                Segment::EndOfData => return Err(DecodeError::truncated("the data ends before the image does")),
                Segment::SecondFrame => return Err(DecodeError::malformed("a second frame header")),
                Segment::JpegLs => return Err(DecodeError::unsupported("JPEG-LS")),
                Segment::Hierarchical => return Err(DecodeError::unsupported("hierarchical JPEG")),
                Segment::StartOfImage => return Err(DecodeError::malformed("a second start of image")),
                // A number of lines (DNL) is skipped here too: a frame header without a height was refused.
                Segment::Other(marker, payload) => self.app.add(marker, payload),
                Segment::HuffmanTables(_)
                | Segment::QuantisationTables(_)
                | Segment::RestartInterval(_)
                | Segment::ArithmeticConditioning(_) => {}
            }
        }
    }
}

/// The segments and markers that the probe decides by.
enum Landmark<'a> {
    Frame(u8, &'a [u8]),
    Scan(&'a [u8]),
    EndOfImage,
}

fn read_frame(marker: u8, payload: &[u8]) -> Result<FrameHeader> {
    // A frame of another process is refused as what it is, even where its header is broken.
    match Process::of(marker) {
        Process::Lossless => return Err(DecodeError::unsupported("lossless JPEG")),
        Process::Hierarchical => return Err(DecodeError::unsupported("hierarchical JPEG")),
        _ => {}
    }
    let header = FrameHeader::read(marker, payload).ok_or_else(|| DecodeError::malformed("a short frame header"))?;
    if header.bit_depth != 8 {
        return Err(DecodeError::unsupported(format!("{}-bit JPEG", header.bit_depth)));
    }
    if header.size.height == 0 {
        return Err(DecodeError::unsupported("height given by a DNL marker"));
    }
    if header.size.width == 0 {
        return Err(DecodeError::malformed("a width of 0"));
    }
    Ok(header)
}

fn check_components(header: &FrameHeader) -> Result<()> {
    if !header.is_whole() {
        return Err(DecodeError::malformed("a frame header whose length disagrees with its components"));
    }
    if header.components.iter().any(|c| !(1..=4).contains(&c.h) || !(1..=4).contains(&c.v)) {
        return Err(DecodeError::malformed("a sampling factor outside 1–4"));
    }
    if !matches!(header.components.len(), 1 | 3 | 4) {
        return Err(DecodeError::unsupported(format!("{} components", header.count)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ScanLimits = ScanLimits { max_scans: 10, max_full_scans: 10 };

    fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 2).unwrap();
        [&[0xFF, marker][..], &len.to_be_bytes(), payload].concat()
    }

    /// A file of a frame of one component and the segments after it.
    fn file(sof: u8, after: &[Vec<u8>]) -> Vec<u8> {
        let frame = segment(sof, &[8, 0, 16, 0, 24, 1, 1, 0x11, 0]);
        [&[0xFF, 0xD8][..], &frame, &after.concat()].concat()
    }

    fn header(file: &[u8]) -> Result<JpegHeader<'_>> {
        JpegProbe::new(file, &CpuTimer::default()).header(LIMITS)
    }

    #[test]
    fn a_progressive_file_without_its_end_is_whole_when_every_bit_is_known() {
        let scan = |spectrum: [u8; 2], bits| segment(0xDA, &[1, 1, 0, spectrum[0], spectrum[1], bits]);
        let scans = [scan([0, 0], 0), scan([1, 63], 1), scan([1, 63], 0x10)];
        let counted = |scans: &[Vec<u8>]| header(&file(0xC2, scans)).map(|header| header.scans);
        assert_eq!(counted(&scans).unwrap(), 3);
        assert!(matches!(counted(&scans[..2]), Err(DecodeError::Truncated { .. })));
        let ended = [&scans[..1], &[vec![0xFF, 0xD9]]].concat();
        assert_eq!(counted(&ended).unwrap(), 1, "an encoder may leave bits out, and then ends the image");
    }

    #[test]
    fn scans_behind_a_complete_set_count_up_to_the_end_of_the_image() {
        let (dc, ac) = (segment(0xDA, &[1, 1, 0, 0, 0, 0]), segment(0xDA, &[1, 1, 0, 1, 63, 0]));
        let more = [dc.clone(), ac.clone(), dc.clone(), dc.clone(), vec![0xFF, 0xD9], dc.clone()];
        assert_eq!(header(&file(0xC2, &more)).unwrap().scans, 4);
        let sequential = [segment(0xDA, &[1, 1, 0, 0, 63, 0]), dc.clone(), dc];
        assert_eq!(header(&file(0xC0, &sequential)).unwrap().scans, 1, "what follows is image data");
    }

    #[test]
    fn segments_out_of_order_are_malformed() {
        let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
        let frame = segment(0xC2, &[8, 0, 16, 0, 24, 1, 1, 0x11, 0]);
        let refusal = |file: &[u8]| header(file).unwrap_err().to_string();
        assert_eq!(refusal(&[&[0xFF, 0xD8][..], &scan].concat()), "malformed: a scan before the frame header");
        assert_eq!(refusal(&[0xFF, 0xD8, 0xFF, 0xD9]), "malformed: no frame header");
        assert_eq!(refusal(&file(0xC2, std::slice::from_ref(&frame))), "malformed: a second frame header");
        let cut = [file(0xC2, &[]), frame[..5].to_vec()].concat();
        assert_eq!(refusal(&cut), "malformed: a second frame header");
        assert_eq!(refusal(&file(0xC2, &[vec![0xFF, 0xD8]])), "malformed: a second start of image");
        assert_eq!(refusal(&file(0xC2, &[vec![0xFF, 0xD9]])), "truncated: a component has no scan");
    }

    #[test]
    fn the_size_is_known_before_the_components_are_judged() {
        let broken = [&[0xFF, 0xD8][..], &segment(0xC0, &[8, 0, 16, 0, 24, 3, 1, 0x11, 0])].concat();
        let timer = CpuTimer::default();
        let mut probe = JpegProbe::new(&broken, &timer);
        assert_eq!(probe.size().unwrap(), Size::new(24, 16));
        assert!(matches!(probe.header(LIMITS), Err(DecodeError::Malformed { .. })));
    }
}
