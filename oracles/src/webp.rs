//! Compares our decoders of VP8, alpha planes and VP8L with libwebp, sample by sample, with AVX2 and without.

use image_ingest_c_decoders::webp_decode::{self, VpStop, WebpOutput, WebpStatus};
use image_ingest_samples::{CpuTimer, DecodeError, Layout, RowSink, SampleRows, Size, sample_count};
use image_ingest_webp::{Bitstream, CodedImage, Container, Vp8Decoder, decode_lossless, decode_lossy_rgba, portable};

use crate::tight_planes::TightPlanes;

/// What both decoders make of a picture in one form.
pub struct WebpComparison {
    /// The form of the samples.
    pub form: WebpForm,
    /// How the two results compare.
    pub outcome: WebpOutcome,
}

/// The form of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebpForm {
    /// Planes of VP8.
    Planes,
    /// VP8 in RGBA, with its alpha plane where it has one.
    LossyRgba,
    /// VP8L in RGBA.
    LosslessRgba,
}

impl WebpForm {
    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planes => "planes",
            Self::LossyRgba => "lossy_rgba",
            Self::LosslessRgba => "lossless_rgba",
        }
    }
}

/// How the results of both decoders compare.
pub enum WebpOutcome {
    /// The samples are equal; their hash.
    Equal(u64),
    /// The samples differ, and so do those of libwebp's own builds: sums of the residual do not fit 16 bits.
    Overflow,
    /// The samples differ; where they do first.
    Different(String),
    /// Neither accepts the picture; our code and libwebp's status.
    Refused(&'static str, String),
    /// We alone accept it; libwebp's status.
    OursAlone(String),
    /// libwebp alone accepts it; our reason.
    TheirsAlone(String),
}

/// Compares both decoders on a file whose primary image has at most `max_pixels`, in every form that a pipeline may ask
/// for. There are none for a file whose container we refuse.
#[must_use]
pub fn compare(file: &[u8], max_pixels: u64) -> Vec<WebpComparison> {
    let Ok(Container { image, .. }) = Container::read(file, &CpuTimer::default()) else { return Vec::new() };
    if image.size.pixels() > max_pixels {
        return Vec::new();
    }
    let forms: &[WebpForm] = match image.bitstream {
        Bitstream::Vp8 => &[WebpForm::Planes, WebpForm::LossyRgba],
        Bitstream::Vp8l => &[WebpForm::LosslessRgba],
    };
    forms.iter().map(|&form| WebpComparison { form, outcome: outcome(&image, form) }).collect()
}

fn outcome(image: &CodedImage<'_>, form: WebpForm) -> WebpOutcome {
    let [ours, portable] = [false, true].map(|is_portable| ours(image, form, is_portable));
    match (&ours, &portable) {
        (Ok(a), Ok(b)) if a == b => {}
        (Err(a), Err(b)) if a.to_string() == b.to_string() => {}
        _ => return WebpOutcome::Different("AVX2 and portable code differ".to_owned()),
    }
    match (ours, theirs(image, form)) {
        (Ok(ours), Ok(theirs)) if ours == theirs => WebpOutcome::Equal(ours.hash()),
        (Ok(ours), Ok(theirs)) => {
            let overflows = image
                .frame()
                .is_ok_and(|frame| !Vp8Decoder::new(frame).and_then(Vp8Decoder::fits_16_bits).unwrap_or(true));
            if overflows { WebpOutcome::Overflow } else { WebpOutcome::Different(ours.first_difference(&theirs)) }
        }
        (Ok(_), Err(status)) => WebpOutcome::OursAlone(status),
        (Err(reason), Ok(_)) => WebpOutcome::TheirsAlone(reason.to_string()),
        (Err(reason), Err(status)) => WebpOutcome::Refused(code(&reason), status),
    }
}

/// Empty planes of a form.
fn planes_of(size: Size, form: WebpForm) -> TightPlanes {
    let width = size.width as usize;
    TightPlanes::of(match form {
        WebpForm::Planes => vec![width, width.div_ceil(2), width.div_ceil(2)],
        _ => vec![4 * width],
    })
}

fn ours(image: &CodedImage<'_>, form: WebpForm, is_portable: bool) -> Result<TightPlanes, DecodeError> {
    let mut tight = planes_of(image.size, form);
    decode(image, form, is_portable, &mut tight)?;
    Ok(tight)
}

/// Decodes a picture by our decoders.
///
/// # Errors
///
/// Theirs.
pub fn decode(
    image: &CodedImage<'_>,
    form: WebpForm,
    is_portable: bool,
    sink: &mut impl RowSink,
) -> Result<(), DecodeError> {
    let timer = CpuTimer::default();
    match (form, is_portable) {
        (WebpForm::Planes, false) => Vp8Decoder::new(image.frame()?)?.decode(sink, &timer),
        (WebpForm::Planes, true) => portable::vp8_decoder(image.frame()?)?.decode(sink, &timer),
        (WebpForm::LossyRgba, false) => decode_lossy_rgba(image.frame()?, image.alpha_chunk(), sink, &timer),
        (WebpForm::LossyRgba, true) => portable::decode_lossy_rgba(image.frame()?, image.alpha_chunk(), sink, &timer),
        (WebpForm::LosslessRgba, false) => decode_lossless(image.vp8l_data(), image.size, Layout::Rgba, sink, &timer),
        (WebpForm::LosslessRgba, true) => {
            portable::decode_lossless(image.vp8l_data(), image.size, Layout::Rgba, sink, &timer)
        }
    }
}

fn theirs(image: &CodedImage<'_>, form: WebpForm) -> Result<TightPlanes, String> {
    let (size, mut tight) = (image.size, planes_of(image.size, form));
    if form == WebpForm::Planes {
        // libwebp's reader of files refuses a first partition beyond its chunk, before its decoder sees the frame.
        let frame = image.frame().map_err(|_| "VP8_STATUS_BITSTREAM_ERROR".to_owned())?;
        decode_by_libwebp(frame, size, &mut tight).map_err(|status| format!("{status:?}"))?;
    } else {
        let mut samples = vec![0; sample_count(size, 4).unwrap_or(0)];
        let output = WebpOutput::Rgba { samples: &mut samples, stride: size.width as usize * 4 };
        webp_decode::decode(image.data, size, output).map_err(|status| format!("{status:?}"))?;
        tight.planes = vec![samples];
    }
    Ok(tight)
}

/// Decodes a VP8 frame to planes by libwebp.
///
/// # Errors
///
/// Its status.
pub fn decode_by_libwebp(frame: &[u8], size: Size, sink: &mut impl RowSink) -> Result<(), WebpStatus> {
    let decoded = webp_decode::decode_rows(frame, size, |rows| {
        sink.take_rows(0, SampleRows::u8(rows.luma, rows.luma_stride), &CpuTimer::default())?;
        sink.take_rows(1, SampleRows::u8(rows.cb, rows.chroma_stride), &CpuTimer::default())?;
        sink.take_rows(2, SampleRows::u8(rows.cr, rows.chroma_stride), &CpuTimer::default())
    });
    decoded.map_err(|stop| match stop {
        VpStop::Decoder(status) => status,
        VpStop::Taker(_) => WebpStatus::VP8_STATUS_USER_ABORT,
    })
}

fn code(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::Truncated { .. } => "truncated",
        DecodeError::Malformed { .. } => "malformed",
        DecodeError::LimitExceeded { .. } => "limit_exceeded",
        _ => "another error",
    }
}
