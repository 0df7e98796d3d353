//! libwebp's encoder behind one safe function.
#![expect(unsafe_code, reason = "libwebp-sys has no safe interface")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::slice;

use libwebp_sys as ffi;

/// Encodes RGBA samples into a simple WebP file.
pub(crate) fn encode(rgba: &[u8], width: u32, height: u32, lossless: bool, quality: f32, method: u8) -> Vec<u8> {
    assert_eq!(rgba.len(), width as usize * height as usize * 4, "four samples a pixel");
    let side = |value: u32| c_int::try_from(value).expect("WebP sides are below 16384");
    let mut config = ffi::WebPConfig::new().expect("the linked libwebp has the ABI of its bindings");
    config.lossless = c_int::from(lossless);
    config.quality = quality;
    config.method = c_int::from(method);
    config.exact = 1;
    config.thread_level = 0;
    let mut picture = ffi::WebPPicture::new().expect("the linked libwebp has the ABI of its bindings");
    let mut output = Output::new();
    picture.use_argb = c_int::from(lossless);
    picture.width = side(width);
    picture.height = side(height);
    picture.writer = Some(ffi::WebPMemoryWrite);
    picture.custom_ptr = (&raw mut output.0).cast();
    // SAFETY: `rgba` holds `height` rows of `width * 4` bytes (asserted above); the picture was initialised and its
    // size set. `output` outlives the encoding that writes to it through `custom_ptr`. Free releases what Import
    // allocated.
    let done = unsafe {
        let stride = picture.width * 4;
        let imported = ffi::WebPPictureImportRGBA(&raw mut picture, rgba.as_ptr(), stride) != 0;
        let encoded = imported && ffi::WebPEncode(&raw const config, &raw mut picture) != 0;
        ffi::WebPPictureFree(&raw mut picture);
        encoded
    };
    assert!(done, "libwebp refused its own configuration: {:?}", picture.error_code);
    output.bytes()
}

struct Output(ffi::WebPMemoryWriter);

impl Output {
    fn new() -> Self {
        let mut writer = MaybeUninit::uninit();
        // SAFETY: Init writes every field of the writer.
        unsafe {
            ffi::WebPMemoryWriterInit(writer.as_mut_ptr());
            Self(writer.assume_init())
        }
    }

    fn bytes(&self) -> Vec<u8> {
        // SAFETY: after a successful encoding `mem` points to `size` bytes owned by the writer.
        unsafe { slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the writer was initialised in `new`; Clear frees its memory once.
        unsafe { ffi::WebPMemoryWriterClear(&raw mut self.0) }
    }
}
