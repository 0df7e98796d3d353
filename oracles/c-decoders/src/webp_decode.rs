//! The calls into libwebp's decoders.
//!
//! Planes come from its VP8 decoder by rows, through the hooks of `src/dec/vp8_dec.h`, so that no plane is ever whole:
//! the public interface wants whole planes. That header is not public, so `VpIo` repeats its one struct, and the
//! manifest pins the version with `=`.
#![expect(unsafe_code, reason = "libwebp has no safe interface")]

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{ptr, slice};

use image_ingest_samples::{Size, WorkError};
use libwebp_sys::{
    WEBP_CSP_MODE, WEBP_DECODER_ABI_VERSION, WebPDecBuffer__bindgen_ty_1, WebPDecode, WebPDecoderConfig, WebPRGBABuffer,
};

use crate::result::Result;

/// What libwebp says of a call.
pub use libwebp_sys::VP8StatusCode as WebpStatus;

/// Where decoded samples go.
pub enum WebpOutput<'a> {
    /// VpRows tight.
    Rgb(&'a mut [u8]),
    /// VpRows `stride` bytes apart.
    Rgba {
        /// RGBA from the top left pixel on.
        samples: &'a mut [u8],
        /// Bytes between row starts.
        stride: usize,
    },
}

/// Decodes a VP8 or VP8L chunk, or `ALPH` and `VP8`, of `size` pixels, on the calling thread.
///
/// # Errors
///
/// libwebp's status; `INVALID_PARAM` also when the bitstream has another size.
pub fn decode(data: &[u8], size: Size, output: WebpOutput<'_>) -> std::result::Result<(), WebpStatus> {
    let mut config = WebPDecoderConfig::new().map_err(|()| WebpStatus::VP8_STATUS_INVALID_PARAM)?;
    config.options.use_threads = 0;
    config.output.is_external_memory = 1;
    (config.output.colorspace, config.output.u) = target(size, output).ok_or(WebpStatus::VP8_STATUS_INVALID_PARAM)?;
    // SAFETY: `data` is readable for its length; `config` was initialised by libwebp and its output points into slices
    // that `output` borrowed exclusively and that outlive the call, with their true lengths, which libwebp checks
    // against the bitstream's own size before it writes. External memory is never freed by it.
    let status = unsafe { WebPDecode(data.as_ptr(), data.len(), &raw mut config) };
    let seen = (u32::try_from(config.output.width), u32::try_from(config.output.height));
    match status {
        WebpStatus::VP8_STATUS_OK if seen == (Ok(size.width), Ok(size.height)) => Ok(()),
        WebpStatus::VP8_STATUS_OK => Err(WebpStatus::VP8_STATUS_INVALID_PARAM),
        status => Err(status),
    }
}

/// The output in libwebp's terms; `None` where a stride exceeds its integers.
fn target(size: Size, output: WebpOutput<'_>) -> Option<(WEBP_CSP_MODE, WebPDecBuffer__bindgen_ty_1)> {
    let width = c_int::try_from(size.width).ok()?;
    let interleaved = |samples: &mut [u8], stride| {
        let buffer = WebPRGBABuffer { rgba: samples.as_mut_ptr(), stride, size: samples.len() };
        WebPDecBuffer__bindgen_ty_1 { RGBA: buffer }
    };
    Some(match output {
        WebpOutput::Rgb(samples) => (WEBP_CSP_MODE::MODE_RGB, interleaved(samples, width.checked_mul(3)?)),
        WebpOutput::Rgba { samples, stride } => {
            (WEBP_CSP_MODE::MODE_RGBA, interleaved(samples, c_int::try_from(stride).ok()?))
        }
    })
}

/// VpRows of a 4:2:0 picture, from the first after those given before; chroma has half of them, rounded up.
pub struct VpRows<'a> {
    /// Luma.
    pub luma: &'a [u8],
    /// Blue-difference chroma.
    pub cb: &'a [u8],
    /// Red-difference chroma.
    pub cr: &'a [u8],
    /// Samples between row starts of luma.
    pub luma_stride: usize,
    /// Samples between row starts of both chroma planes.
    pub chroma_stride: usize,
}

/// Why rows stopped.
pub enum VpStop {
    /// libwebp stopped.
    Decoder(WebpStatus),
    /// The taker of rows stopped.
    Taker(WorkError),
}

/// Decodes the frame of a VP8 chunk, of `size` pixels, on the calling thread, and hands its rows to `take`.
///
/// # Errors
///
/// libwebp's status; `INVALID_PARAM` also when the bitstream has another size; or what `take` returned.
pub fn decode_rows(
    frame: &[u8],
    size: Size,
    mut take: impl FnMut(VpRows<'_>) -> Result<()>,
) -> std::result::Result<(), VpStop> {
    let mut taker = RowTaker { take: &mut take, stopped: None, panicked: None };
    let refused = || VpStop::Decoder(WebpStatus::VP8_STATUS_INVALID_PARAM);
    let mut io = VpIo::new().ok_or_else(refused)?;
    (io.data, io.data_size) = (frame.as_ptr(), frame.len());
    io.put = Some(put);
    io.opaque = (&raw mut taker).cast();
    // SAFETY: a constructor without arguments; null is checked for.
    let decoder =
        VpDecoder(ptr::NonNull::new(unsafe { VP8New() }).ok_or(VpStop::Decoder(WebpStatus::VP8_STATUS_OUT_OF_MEMORY))?);
    // SAFETY: the decoder is live; `io` was initialised by libwebp, its data is readable for its length and outlives
    // both calls, and `opaque` is the `RowTaker` that `put` expects, which nothing else uses until they have returned.
    let decoded = unsafe {
        if VP8GetHeaders(decoder.0.as_ptr(), &raw mut io) == 0 {
            false
        } else if (u32::try_from(io.width), u32::try_from(io.height)) != (Ok(size.width), Ok(size.height)) {
            return Err(refused());
        } else {
            VP8Decode(decoder.0.as_ptr(), &raw mut io) != 0
        }
    };
    if let Some(panic) = taker.panicked {
        resume_unwind(panic);
    }
    match taker.stopped {
        Some(error) => Err(VpStop::Taker(error)),
        None if decoded => Ok(()),
        // SAFETY: the decoder is live.
        None => Err(VpStop::Decoder(unsafe { VP8Status(decoder.0.as_ptr()) })),
    }
}

struct RowTaker<'a> {
    take: &'a mut dyn FnMut(VpRows<'_>) -> Result<()>,
    stopped: Option<WorkError>,
    panicked: Option<Box<dyn std::any::Any + Send>>,
}

/// Called by libwebp with the next rows; 0 ends the decoding.
unsafe extern "C" fn put(io: *const VpIo) -> c_int {
    // SAFETY: libwebp passes the `VpIo` of `decode_rows`, whose `opaque` is its `RowTaker`.
    let (io, taker) = unsafe { (&*io, &mut *(*io).opaque.cast::<RowTaker<'_>>()) };
    let len = |rows: c_int, stride: c_int, width: c_int| -> Option<usize> {
        let [rows, stride, width] = [rows, stride, width].map(|v| usize::try_from(v).ok());
        rows?.checked_sub(1)?.checked_mul(stride?)?.checked_add(width?)
    };
    let (height, width) = ((io.mb_h + 1) / 2, (io.mb_w + 1) / 2);
    let lens = (len(io.mb_h, io.y_stride, io.mb_w), len(height, io.uv_stride, width));
    let (Some(luma_len), Some(chroma_len)) = lens else {
        return 0;
    };
    // SAFETY: libwebp's rows begin `y_stride` or `uv_stride` bytes apart, `mb_h` of `mb_w` samples and half as many of
    // half as many, rounded up; they stay until this function returns.
    let plane = |from: *const u8, len: usize| unsafe { slice::from_raw_parts(from, len) };
    let (Ok(luma_stride), Ok(chroma_stride)) = (usize::try_from(io.y_stride), usize::try_from(io.uv_stride)) else {
        return 0;
    };
    let (luma, cb, cr) = (plane(io.y, luma_len), plane(io.u, chroma_len), plane(io.v, chroma_len));
    // A panic must not pass through C.
    match catch_unwind(AssertUnwindSafe(|| (taker.take)(VpRows { luma, cb, cr, luma_stride, chroma_stride }))) {
        Ok(Ok(())) => return 1,
        Ok(Err(error)) => taker.stopped = Some(error),
        Err(panic) => taker.panicked = Some(panic),
    }
    0
}

/// Frees on drop.
struct VpDecoder(ptr::NonNull<c_void>);

impl Drop for VpDecoder {
    fn drop(&mut self) {
        // SAFETY: `VP8New` made it, and it is deleted once.
        unsafe { VP8Delete(self.0.as_ptr()) };
    }
}

/// `VP8Io` of libwebp 1.6 (`src/dec/vp8_dec.h`).
#[repr(C)]
struct VpIo {
    width: c_int,
    height: c_int,
    mb_y: c_int,
    mb_w: c_int,
    mb_h: c_int,
    y: *const u8,
    u: *const u8,
    v: *const u8,
    y_stride: c_int,
    uv_stride: c_int,
    opaque: *mut c_void,
    put: Option<unsafe extern "C" fn(*const Self) -> c_int>,
    setup: Option<unsafe extern "C" fn(*mut Self) -> c_int>,
    teardown: Option<unsafe extern "C" fn(*const Self)>,
    fancy_upsampling: c_int,
    data_size: usize,
    data: *const u8,
    bypass_filtering: c_int,
    use_cropping: c_int,
    crop: [c_int; 4],
    use_scaling: c_int,
    scaled: [c_int; 2],
    a: *const u8,
}

impl VpIo {
    fn new() -> Option<Self> {
        // SAFETY: all fields are integers, pointers or optional functions, for which zero bits are a value.
        let mut io: Self = unsafe { std::mem::zeroed() };
        let version = c_int::try_from(WEBP_DECODER_ABI_VERSION).ok()?;
        // SAFETY: `io` has the layout that libwebp zeroes.
        (unsafe { VP8InitIoInternal(&raw mut io, version) } != 0).then_some(io)
    }
}

unsafe extern "C" {
    fn VP8InitIoInternal(io: *mut VpIo, version: c_int) -> c_int;
    fn VP8New() -> *mut c_void;
    fn VP8GetHeaders(decoder: *mut c_void, io: *mut VpIo) -> c_int;
    fn VP8Decode(decoder: *mut c_void, io: *mut VpIo) -> c_int;
    fn VP8Status(decoder: *mut c_void) -> WebpStatus;
    fn VP8Delete(decoder: *mut c_void);
}
