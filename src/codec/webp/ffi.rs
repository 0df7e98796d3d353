//! The call into libwebp's decoder.
#![expect(unsafe_code, reason = "libwebp has no safe interface that decodes to planes")]

use std::ffi::c_int;
use std::ptr;

use libwebp_sys::{
    WEBP_CSP_MODE, WebPDecBuffer__bindgen_ty_1, WebPDecode, WebPDecoderConfig, WebPRGBABuffer, WebPYUVABuffer,
};

use crate::size::Size;

pub(super) use libwebp_sys::VP8StatusCode as Status;

/// Where decoded samples go.
pub(super) enum Output<'a> {
    /// 4:2:0 planes, rows tight.
    Ycbcr { luma: &'a mut [u8], cb: &'a mut [u8], cr: &'a mut [u8] },
    /// Rows tight.
    Rgb(&'a mut [u8]),
    /// Rows `stride` bytes apart.
    Rgba { samples: &'a mut [u8], stride: usize },
}

/// Decodes a VP8 or VP8L chunk, or `ALPH` and `VP8`, of `size` pixels, on the calling thread.
///
/// # Errors
///
/// libwebp's status; `INVALID_PARAM` also when the bitstream has another size.
pub(super) fn decode(data: &[u8], size: Size, output: Output<'_>) -> Result<(), Status> {
    let mut config = WebPDecoderConfig::new().map_err(|()| Status::VP8_STATUS_INVALID_PARAM)?;
    config.options.use_threads = 0;
    config.output.is_external_memory = 1;
    (config.output.colorspace, config.output.u) = target(size, output).ok_or(Status::VP8_STATUS_INVALID_PARAM)?;
    // SAFETY: `data` is readable for its length; `config` was initialised by libwebp and its output points into slices
    // that `output` borrowed exclusively and that outlive the call, with their true lengths, which libwebp checks against
    // the bitstream's own size before it writes. External memory is never freed by it.
    let status = unsafe { WebPDecode(data.as_ptr(), data.len(), &raw mut config) };
    let seen = (u32::try_from(config.output.width), u32::try_from(config.output.height));
    match status {
        Status::VP8_STATUS_OK if seen == (Ok(size.width), Ok(size.height)) => Ok(()),
        Status::VP8_STATUS_OK => Err(Status::VP8_STATUS_INVALID_PARAM),
        status => Err(status),
    }
}

/// The output in libwebp's terms; `None` where a stride exceeds its integers.
fn target(size: Size, output: Output<'_>) -> Option<(WEBP_CSP_MODE, WebPDecBuffer__bindgen_ty_1)> {
    let width = c_int::try_from(size.width).ok()?;
    let interleaved = |samples: &mut [u8], stride| {
        let buffer = WebPRGBABuffer { rgba: samples.as_mut_ptr(), stride, size: samples.len() };
        WebPDecBuffer__bindgen_ty_1 { RGBA: buffer }
    };
    Some(match output {
        Output::Ycbcr { luma, cb, cr } => {
            let half = c_int::try_from(size.width.div_ceil(2)).ok()?;
            let buffer = WebPYUVABuffer {
                y: luma.as_mut_ptr(),
                u: cb.as_mut_ptr(),
                v: cr.as_mut_ptr(),
                a: ptr::null_mut(),
                y_stride: width,
                u_stride: half,
                v_stride: half,
                a_stride: 0,
                y_size: luma.len(),
                u_size: cb.len(),
                v_size: cr.len(),
                a_size: 0,
            };
            (WEBP_CSP_MODE::MODE_YUV, WebPDecBuffer__bindgen_ty_1 { YUVA: buffer })
        }
        Output::Rgb(samples) => (WEBP_CSP_MODE::MODE_RGB, interleaved(samples, width.checked_mul(3)?)),
        Output::Rgba { samples, stride } => {
            (WEBP_CSP_MODE::MODE_RGBA, interleaved(samples, c_int::try_from(stride).ok()?))
        }
    })
}
