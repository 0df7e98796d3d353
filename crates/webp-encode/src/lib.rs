//! The call into libwebp's encoder for [image-ingest](https://docs.rs/image-ingest), whose feature `webp-encode` brings it
//! in.
//!
//! ```
//! use image_ingest_samples::{CpuTimer, Size};
//! use image_ingest_webp_encode::encode;
//!
//! let (mut luma, mut cb, mut cr) = (vec![180; 6], vec![128; 2], vec![128; 2]);
//! let file = encode(Size::new(3, 2), &mut luma, &mut cb, &mut cr, 80, &CpuTimer::default())?;
//! assert_eq!(&file[8..16], b"WEBPVP8 ");
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
//!
//! This crate promises nothing but to `image-ingest`, which pins it with `=`: its API changes with any release.
#![expect(unsafe_code, reason = "libwebp has no safe interface that encodes planes")]

use std::ffi::c_int;
use std::{ptr, slice};

use image_ingest_samples::{CpuTimer, Size, WorkError, chroma_size};
use libwebp_sys::{
    WebPConfig, WebPEncCSP, WebPEncode, WebPEncodingError, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear,
    WebPMemoryWriterInit, WebPPicture, WebPPreset,
};

#[cfg(test)]
mod tests;

type Result<T, E = WorkError> = std::result::Result<T, E>;

/// Encodes planes of limited-range BT.601 at 4:2:0 as lossy WebP (RFC 9649), on the calling thread.
///
/// `luma` has `size` samples and `cb` and `cr` half as many each way, rounded up; rows are tight. `quality` is 1–100, and
/// libwebp's method is 4. libwebp wants to borrow the planes exclusively, and leaves them as they are.
///
/// # Errors
///
/// `internal` when the lengths of the planes disagree with `size`, a side is over 16 383, or libwebp fails;
/// `out_of_memory`, `deadline`, `cancelled`.
pub fn encode(
    size: Size,
    luma: &mut [u8],
    cb: &mut [u8],
    cr: &mut [u8],
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>> {
    let refused = || WorkError::internal("libwebp refused its parameters");
    let half = chroma_size(size, (2, 2));
    if [luma.len() as u64, cb.len() as u64, cr.len() as u64] != [size.pixels(), half.pixels(), half.pixels()] {
        return Err(refused());
    }
    let integer = |side: u32| c_int::try_from(side).map_err(|_| refused());
    let preset = WebPPreset::WEBP_PRESET_DEFAULT;
    let mut config = WebPConfig::new_with_preset(preset, quality.into()).map_err(|()| refused())?;
    (config.method, config.thread_level) = (4, 0);
    let mut picture = WebPPicture::new().map_err(|()| refused())?;
    (picture.use_argb, picture.colorspace) = (0, WebPEncCSP::WEBP_YUV420);
    (picture.width, picture.height) = (integer(size.width)?, integer(size.height)?);
    (picture.y_stride, picture.uv_stride) = (picture.width, integer(half.width)?);
    (picture.y, picture.u, picture.v) = (luma.as_mut_ptr(), cb.as_mut_ptr(), cr.as_mut_ptr());
    let mut written = Written::new();
    picture.writer = Some(WebPMemoryWrite);
    picture.custom_ptr = (&raw mut written.0).cast();
    picture.progress_hook = Some(go_on);
    picture.user_data = ptr::from_ref(timer).cast_mut().cast();
    // SAFETY: `config` and `picture` were initialised by libwebp. The planes are borrowed exclusively for the call, and
    // their lengths were checked above against the size and strides that `picture` states. `custom_ptr` is the
    // initialised writer that `WebPMemoryWrite` expects, and `user_data` the timer that `go_on` expects; both outlive
    // the call. `picture` owns no memory, so nothing is to be freed.
    let ok = unsafe { WebPEncode(&raw const config, &raw mut picture) };
    if ok == 0 {
        return Err(match picture.error_code {
            WebPEncodingError::VP8_ENC_ERROR_USER_ABORT => {
                timer.check().err().unwrap_or_else(|| WorkError::internal("libwebp stopped by itself"))
            }
            WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY
            | WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY
            // Its writer to memory fails for that reason alone.
            | WebPEncodingError::VP8_ENC_ERROR_BAD_WRITE => WorkError::OutOfMemory { bytes: 0 },
            code => WorkError::internal(format!("libwebp encoder: {code:?}")),
        });
    }
    written.copy()
}

/// Asked by libwebp for every row of macroblocks or so; 0 ends the encoding.
unsafe extern "C" fn go_on(_percent: c_int, picture: *const WebPPicture) -> c_int {
    // SAFETY: libwebp passes the picture of `encode`, whose `user_data` is a timer that outlives the call.
    let timer = unsafe { &*(*picture).user_data.cast::<CpuTimer<'_>>() };
    c_int::from(timer.check().is_ok())
}

/// libwebp's growing buffer, freed on drop.
struct Written(WebPMemoryWriter);

impl Written {
    fn new() -> Self {
        let mut writer = WebPMemoryWriter { mem: ptr::null_mut(), size: 0, max_size: 0, pad: [0] };
        // SAFETY: `writer` is a valid place for the plain values that are written to it.
        unsafe { WebPMemoryWriterInit(&raw mut writer) };
        Self(writer)
    }

    fn copy(&self) -> Result<Vec<u8>> {
        if self.0.mem.is_null() {
            return Err(WorkError::internal("libwebp wrote nothing"));
        }
        // SAFETY: after a successful encode `mem` points to `size` bytes that libwebp initialised, and nothing writes
        // to them while `self` is borrowed.
        let bytes = unsafe { slice::from_raw_parts(self.0.mem, self.0.size) };
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len()).map_err(|_| WorkError::OutOfMemory { bytes: bytes.len() as u64 })?;
        copy.extend_from_slice(bytes);
        Ok(copy)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // SAFETY: the writer was initialised by `new`, and its buffer is libwebp's own or null.
        unsafe { WebPMemoryWriterClear(&raw mut self.0) };
    }
}
