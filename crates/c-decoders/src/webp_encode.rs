//! The call into libwebp's encoder.
#![expect(unsafe_code, reason = "libwebp has no safe interface that encodes planes")]

use std::ffi::c_int;
use std::{ptr, slice};

use image_ingest_samples::{CpuTimer, Size, WorkError, chroma_size};
use libwebp_sys::{
    WebPConfig, WebPEncCSP, WebPEncode, WebPEncodingError, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear,
    WebPMemoryWriterInit, WebPPicture, WebPPreset,
};

use crate::result::Result;

/// Encodes limited-range 4:2:0 planes, rows tight, at `quality` and libwebp's method 4, on the calling thread.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`, `internal`.
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
