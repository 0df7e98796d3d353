//! Compares our JPEG decoder with libjpeg-turbo, sample by sample and at every scale, and measures both.

use std::time::Duration;

use image_ingest_c_decoders::jpeg::{Failure, TurboDecoder, TurboOutput, TurboShape, warned};
use image_ingest_jpeg::{DctScale, InterleavedColor, JpegDecoder, JpegHeader, JpegProbe, ScanLimits};
use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};

use crate::cpu_time::fastest;
use crate::tight_planes::TightPlanes;

/// What both decoders make of a file at one pair of DCT scales.
pub struct Comparison {
    /// The scale of the first plane or of interleaved samples, and that of the others.
    pub scales: [DctScale; 2],
    /// How the two results compare.
    pub outcome: JpegOutcome,
}

/// How the results of both decoders compare.
pub enum JpegOutcome {
    /// The samples are equal; their hash.
    Equal(u64),
    /// The samples differ for a known reason.
    Known(&'static str),
    /// The samples differ; where they do first.
    Different(String),
    /// Neither accepts the file.
    Refused,
    /// We alone accept it; libjpeg-turbo's reason.
    OursAlone(String),
    /// libjpeg-turbo alone accepts it; our reason.
    TheirsAlone(String),
}

/// Compares both decoders on a file of at most `max_pixels`, at every scale. The first of the results says what the file
/// is. There are none for a file that our probe refuses.
#[must_use]
pub fn compare(file: &[u8], max_pixels: u64) -> Option<(String, Vec<Comparison>)> {
    let header = header_of(file, max_pixels)?;
    let kind = Kind::of(&header);
    let comparison = |scales: [DctScale; 2]| {
        let (mut ours, mut theirs) = (kind.picture(scales), kind.picture(scales));
        let results = (kind.decode(file, scales, &mut ours), decode_theirs(file, scales, &header, &mut theirs));
        let outcome = match results {
            (Ok(()), Ok(())) if ours == theirs => JpegOutcome::Equal(ours.hash()),
            (Ok(()), Ok(())) => match known_reason(file, &header, &ours, &theirs) {
                Some(reason) => JpegOutcome::Known(reason),
                None if kind.is_interpolated_overflow(file, scales[0], &ours, &theirs) => JpegOutcome::Known(OVERFLOW),
                None => JpegOutcome::Different(ours.first_difference(&theirs)),
            },
            (Err(_), Err(_)) => JpegOutcome::Refused,
            (Ok(()), Err(reason)) => JpegOutcome::OursAlone(class_of(&reason)),
            (Err(reason), Ok(())) => JpegOutcome::TheirsAlone(reason),
        };
        Comparison { scales, outcome }
    };
    Some((kind.label(&header), scale_pairs(kind.color.is_none()).into_iter().map(comparison).collect()))
}

/// The CPU time of both decoders on a file at each scale: ours, then that of libjpeg-turbo. There is none for a file that
/// one of the two refuses.
#[must_use]
pub fn measure(file: &[u8], turns: usize) -> Vec<(DctScale, [Duration; 2])> {
    let Some(header) = header_of(file, u64::MAX) else { return Vec::new() };
    let kind = Kind::of(&header);
    let measured = |scale: DctScale| {
        let decode =
            [kind.decode(file, [scale; 2], &mut Discard(0)), decode_theirs(file, [scale; 2], &header, &mut Discard(0))];
        let ours = || drop(kind.decode(file, [scale; 2], &mut Discard(0)));
        let theirs = || drop(decode_theirs(file, [scale; 2], &header, &mut Discard(0)));
        decode.iter().all(Result::is_ok).then(|| (scale, fastest(turns, ours, theirs)))
    };
    SCALES.into_iter().filter_map(measured).collect()
}

fn header_of(file: &[u8], max_pixels: u64) -> Option<JpegHeader<'_>> {
    let timer = CpuTimer::default();
    let mut probe = JpegProbe::new(file, &timer);
    if !file.starts_with(&[0xFF, 0xD8]) || probe.size().map_or(true, |size| size.pixels() > max_pixels) {
        return None;
    }
    probe.header(ScanLimits { max_scans: 500, max_full_scans: 64 }).ok()
}

/// Why two pictures may differ though neither decoder is wrong by its own account.
///
/// - A component of a sequential frame has one scan (ITU-T T.81 § B.2.3). libjpeg-turbo takes further ones, the last of
///   which counts; we do not read them.
/// - A fill byte before a stuffed 0xFF is not allowed (§ B.1.1.5). libjpeg-turbo's fast path gives up there and leaves
///   coefficients of the MCU behind, which its slow path does not clear.
/// - A coefficient beyond those of any real picture overflows differently in the two, and saturates its block.
fn known_reason(
    file: &[u8],
    header: &JpegHeader<'_>,
    ours: &TightPlanes,
    theirs: &TightPlanes,
) -> Option<&'static str> {
    // The number of components follows the marker and the length of a scan header.
    let is_scan = |bytes: &&[u8]| bytes[..2] == [0xFF, 0xDA];
    let scanned: usize = file.windows(5).filter(is_scan).map(|header| usize::from(header[4])).sum();
    if !header.is_progressive && scanned > header.component_ids.len() {
        Some("a second scan of a component")
    } else if file.windows(3).any(|three| three == [0xFF, 0xFF, 0]) {
        Some("a fill byte inside a scan")
    } else {
        differs_by_overflow(ours, theirs).then_some(OVERFLOW)
    }
}

const OVERFLOW: &str = "overflow";

const SCALES: [DctScale; 4] = [DctScale::Full, DctScale::Half, DctScale::Quarter, DctScale::Eighth];

/// Planes at every pair of scales that a pipeline may ask for, and interleaved samples at each scale.
fn scale_pairs(are_planes: bool) -> Vec<[DctScale; 2]> {
    let pairs = SCALES.into_iter().flat_map(|luma| SCALES.map(|chroma| [luma, chroma]));
    pairs.filter(|[luma, chroma]| chroma == luma || (are_planes && chroma > luma)).collect()
}

/// What a file is decoded to: planes where `color` is `None`.
struct Kind {
    color: Option<InterleavedColor>,
    /// Of each component, the width as a fraction: samples of its factor, by the largest factor.
    widths: Vec<(u32, u32)>,
    /// The width of the picture.
    width: u32,
}

impl Kind {
    fn of(header: &JpegHeader<'_>) -> Self {
        let sampling = &header.sampling;
        let are_planes = match sampling[..] {
            [_] => true,
            [y, cb, cr] => cb == cr && y.0 % cb.0 == 0 && y.1 % cb.1 == 0,
            _ => false,
        };
        let is_rgb = match (header.app.has_jfif, header.app.adobe_transform) {
            (true, _) => false,
            (false, Some(transform)) => transform == 0,
            (false, None) => header.component_ids == b"RGB",
        };
        let color = match (sampling.len(), header.app.adobe_transform) {
            (3, _) if is_rgb => Some(InterleavedColor::Rgb),
            (1 | 3, _) if are_planes => None,
            (3, _) => Some(InterleavedColor::YcbcrToRgb),
            (_, None | Some(0)) => Some(InterleavedColor::Cmyk),
            _ => Some(InterleavedColor::YcckToCmyk),
        };
        let most = sampling.iter().map(|s| u32::from(s.0)).max().unwrap_or(1);
        let width = header.size.width;
        Self { color, widths: sampling.iter().map(|s| (width * u32::from(s.0), most)).collect(), width }
    }

    /// What the file is, in words.
    fn label(&self, header: &JpegHeader<'_>) -> String {
        let coding = if header.is_arithmetic { "arithmetic" } else { "Huffman" };
        let process = if header.is_progressive { "progressive" } else { "sequential" };
        let output = if self.color.is_none() { "planes" } else { "interleaved" };
        format!("{coding} {process} {output}")
    }

    /// An empty picture of this kind at these scales.
    fn picture(&self, scales: [DctScale; 2]) -> TightPlanes {
        let divisors = scales.map(DctScale::divisor);
        match self.color {
            None => {
                let width = |(index, &(width, of)): (usize, &(u32, u32))| {
                    width.div_ceil(of * divisors[usize::from(index > 0)]) as usize
                };
                TightPlanes::of(self.widths.iter().enumerate().map(width).collect())
            }
            Some(color) => TightPlanes::of(vec![self.width.div_ceil(divisors[0]) as usize * color.channels()]),
        }
    }

    /// Whether interleaved pictures at a reduced scale differ by overflow alone. Interpolation mixes the samples of a
    /// saturated block with others there, so it is looked for in the picture at full scale.
    fn is_interpolated_overflow(&self, file: &[u8], scale: DctScale, ours: &TightPlanes, theirs: &TightPlanes) -> bool {
        let mut full = self.picture([DctScale::Full; 2]);
        let (Some(color), Ok(())) = (self.color, self.decode(file, [DctScale::Full; 2], &mut full)) else {
            return false;
        };
        let ([a], [b], [full_samples]) = (&ours.planes[..], &theirs.planes[..], &full.planes[..]) else { return false };
        let (width, full_width, divisor) = (ours.widths[0], full.widths[0], scale.divisor() as usize);
        let is_saturated = |at: usize| {
            let (x, y) = (at % width / color.channels() * divisor * color.channels(), at / width * divisor);
            let y = y.min(full_samples.len() / full_width - 1);
            is_near_end(full_samples, full_samples, full_width, y * full_width + x.min(full_width - 1))
        };
        a.len() == b.len() && (0..a.len()).filter(|&at| a[at] != b[at]).all(is_saturated)
    }

    /// Decodes with our decoder.
    fn decode(&self, file: &[u8], scales: [DctScale; 2], sink: &mut dyn RowSink) -> Result<(), String> {
        let timer = CpuTimer::default();
        let decoder = JpegDecoder::new(file, &timer).map_err(|error| error.to_string())?;
        let decoded = match self.color {
            None => decoder.decode(scales, sink, &timer),
            Some(color) => decoder.decode_interleaved(color, scales[0], sink, &timer),
        };
        decoded.map_err(|error| error.to_string())
    }
}

/// A reason without the number that it ends with, so that like reasons are counted together.
fn class_of(reason: &str) -> String {
    let without = reason.split(" 0x").next().unwrap_or(reason);
    without.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Whether all differences lie near a black or a white sample: a coefficient beyond those of any real picture
/// overflows differently in the two decoders, and saturates its block.
fn differs_by_overflow(ours: &TightPlanes, theirs: &TightPlanes) -> bool {
    ours.widths == theirs.widths
        && ours.planes.iter().zip(&theirs.planes).zip(&ours.widths).all(|((a, b), &width)| {
            a.len() == b.len() && (0..a.len()).filter(|&at| a[at] != b[at]).all(|at| is_near_end(a, b, width, at))
        })
}

/// Whether a sample near the index `at` is black or white in one of two planes of a width.
fn is_near_end(a: &[u8], b: &[u8], width: usize, at: usize) -> bool {
    const NEAR: usize = 20;
    let (x, y) = (at % width, at / width);
    (y.saturating_sub(NEAR)..(y + NEAR).min(a.len() / width)).any(|y| {
        let range = y * width + x.saturating_sub(4 * NEAR)..y * width + (x + 4 * NEAR).min(width);
        a[range.clone()].iter().chain(&b[range]).any(|&sample| matches!(sample, 0 | 255))
    })
}

/// Decodes with libjpeg-turbo. Damage that it only warns of counts as a refusal.
fn decode_theirs(
    file: &[u8],
    scales: [DctScale; 2],
    header: &JpegHeader<'_>,
    sink: &mut dyn RowSink,
) -> Result<(), String> {
    let timer = CpuTimer::default();
    let failed = |failure: Failure| format!("{:?}: {}", failure.status, failure.message);
    let mut decoder = TurboDecoder::new(&timer).map_err(failed)?;
    let shape = decoder.start(file, scales.map(DctScale::divisor), 1 << 30).map_err(failed)?;
    match shape.output {
        TurboOutput::Planes => planes(&mut decoder, &shape, sink).map_err(failed)?,
        TurboOutput::Rgb => interleaved(&mut decoder, &shape, 3, sink).map_err(failed)?,
        TurboOutput::Cmyk => interleaved(&mut decoder, &shape, 4, sink).map_err(failed)?,
    }
    decoder.finish().map_err(failed)?;
    let bits = decoder.warnings();
    let names = [
        (warned::HIT_MARKER, "scan too short"),
        (warned::BAD_CODE, "bad code"),
        (warned::RESYNC, "restart markers"),
        (warned::PROGRESSION, "progression"),
        (warned::EXTRANEOUS_IN, "stray bytes"),
        (if header.is_progressive { warned::END_OF_DATA } else { 0 }, "end of data"),
    ];
    match names.iter().find(|(bit, _)| bits & bit != 0) {
        Some((_, name)) => Err(format!("warning: {name}")),
        None if decoder.left_over() > 16 => Err("data left over".into()),
        None => Ok(()),
    }
}

fn planes(decoder: &mut TurboDecoder<'_>, shape: &TurboShape, sink: &mut dyn RowSink) -> Result<(), Failure> {
    let mut strips: Vec<Vec<u8>> =
        shape.components.iter().map(|c| vec![0; c.stride as usize * c.strip_rows as usize]).collect();
    let mut missing: Vec<usize> = shape.components.iter().map(|c| c.height as usize).collect();
    for _ in 0..shape.strips {
        decoder.read_planes(&mut strips)?;
        for (plane, (strip, component)) in strips.iter().zip(&shape.components).enumerate() {
            let (stride, rows) = (component.stride as usize, (component.strip_rows as usize).min(missing[plane]));
            missing[plane] -= rows;
            drop(sink.take_rows(plane, SampleRows::u8(&strip[..rows * stride], stride), &CpuTimer::default()));
        }
    }
    Ok(())
}

fn interleaved(
    decoder: &mut TurboDecoder<'_>,
    shape: &TurboShape,
    channels: usize,
    sink: &mut dyn RowSink,
) -> Result<(), Failure> {
    let mut row = vec![0; shape.width as usize * channels];
    for _ in 0..shape.height {
        decoder.read_row(&mut row)?;
        drop(sink.take_rows(0, SampleRows::u8(&row, row.len()), &CpuTimer::default()));
    }
    Ok(())
}

/// Reads a sample of the rows, so that no compiler leaves them out.
struct Discard(u8);

impl RowSink for Discard {
    fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.0 ^= rows.bytes()?.first().copied().unwrap_or(0);
        Ok(())
    }
}
