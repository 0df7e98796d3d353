//! Safe functions over the few calls of libde265 that decode one HEVC picture.
//!
//! The picture's planes are allocated here and start zeroed: libde265 does not clear memory, so blocks that damaged
//! data never fills would show the picture of an earlier upload. `image-ingest` finds such blocks by their zeros.
#![expect(unsafe_code, reason = "libde265 has no safe wrapper that takes the system's library")]

use std::ffi::{c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use image_ingest_samples::{PictureView, PlaneView, Size, zeroed};

// What allocates may throw, which the shim turns into a code.
unsafe extern "C" {
    fn ingest_hevc_new() -> *mut c_void;
    fn ingest_hevc_push(decoder: *mut c_void, nal: *const c_void, len: c_int) -> c_int;
    fn ingest_hevc_flush(decoder: *mut c_void) -> c_int;
    fn ingest_hevc_decode(decoder: *mut c_void, more: *mut c_int) -> c_int;
}

// The library itself is linked by `build.rs`.
unsafe extern "C" {
    fn de265_free_decoder(decoder: *mut c_void) -> c_int;
    fn de265_set_parameter_bool(decoder: *mut c_void, parameter: c_int, value: c_int);
    fn de265_get_next_picture(decoder: *mut c_void) -> *const c_void;
    fn de265_get_warning(decoder: *mut c_void) -> c_int;
    fn de265_get_image_width(image: *const c_void, channel: c_int) -> c_int;
    fn de265_get_image_height(image: *const c_void, channel: c_int) -> c_int;
    fn de265_get_chroma_format(image: *const c_void) -> c_int;
    fn de265_get_bits_per_pixel(image: *const c_void, channel: c_int) -> c_int;
    fn de265_get_image_plane(image: *const c_void, channel: c_int, stride: *mut c_int) -> *const u8;
    fn de265_get_error_text(code: c_int) -> *const c_char;
    fn de265_set_image_allocation_functions(decoder: *mut c_void, functions: *const De265Allocation, user: *mut c_void);
    fn de265_set_image_plane(image: *mut c_void, channel: c_int, memory: *mut c_void, stride: c_int, user: *mut c_void);
    fn de265_get_image_plane_user_data(image: *const c_void, channel: c_int) -> *mut c_void;
}

/// `de265_image_allocation`.
#[repr(C)]
struct De265Allocation {
    get_buffer: extern "C" fn(*mut c_void, *const De265ImageSpec, *mut c_void, *mut c_void) -> c_int,
    release_buffer: extern "C" fn(*mut c_void, *mut c_void, *mut c_void),
}

/// The start of `de265_image_spec`.
#[repr(C)]
struct De265ImageSpec {
    format: c_int,
    width: c_int,
    height: c_int,
    alignment: c_int,
}

/// A decoder for one picture.
pub struct De265Decoder {
    context: NonNull<c_void>,
    /// The largest picture that `get_buffer` may give; owned.
    largest: *mut Size,
}

/// A code of `de265_error`, other than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De265Error(pub i32);

impl De265Decoder {
    /// A decoder without threads, of a picture coded at `size`; `None` without memory. With the in-loop filters it also
    /// checks the picture's own checksum, where the file has one, since that is of filtered samples.
    pub fn new(size: Size, in_loop_filters: bool) -> Option<Self> {
        // SAFETY: takes nothing; a null pointer on failure is handled.
        let context = NonNull::new(unsafe { ingest_hevc_new() })?;
        let decoder = Self { context, largest: Box::into_raw(Box::new(size)) };
        // SAFETY: the pointer is live until `drop`; the parameters take truth values; the functions are copied, and
        // themselves keep what libde265 asks of them; the size they are given is freed after the decoder.
        unsafe {
            de265_set_parameter_bool(context.as_ptr(), CHECK_PICTURE_HASH, in_loop_filters.into());
            de265_set_parameter_bool(context.as_ptr(), DISABLE_DEBLOCKING, (!in_loop_filters).into());
            de265_set_parameter_bool(context.as_ptr(), DISABLE_SAO, (!in_loop_filters).into());
            de265_set_image_allocation_functions(context.as_ptr(), &raw const ZEROED_PLANES, decoder.largest.cast());
        }
        Some(decoder)
    }

    /// Queues a NAL unit, which the decoder copies.
    ///
    /// # Errors
    ///
    /// libde265's code.
    pub fn push(&mut self, nal: &[u8]) -> Result<(), De265Error> {
        let len = c_int::try_from(nal.len()).map_err(|_| De265Error(OUT_OF_MEMORY))?;
        // SAFETY: `nal` is readable for `len` bytes during the call, and copied by it.
        fault(unsafe { ingest_hevc_push(self.context.as_ptr(), nal.as_ptr().cast(), len) })
    }

    /// Decodes what was pushed, up to the first picture; `go_on` is asked before each slice. `None` where there is no
    /// picture.
    ///
    /// # Errors
    ///
    /// libde265's code, also for a warning that means a damaged picture; [`De265Error::STOPPED`].
    pub fn finish(&mut self, go_on: impl Fn() -> bool) -> Result<Option<De265Picture<'_>>, De265Error> {
        // SAFETY: the pointer is live until `drop`.
        fault(unsafe { ingest_hevc_flush(self.context.as_ptr()) })?;
        loop {
            if !go_on() {
                return Err(De265Error::STOPPED);
            }
            let mut more = 0;
            // SAFETY: the pointer is live, and `more` is written during the call only.
            fault(unsafe { ingest_hevc_decode(self.context.as_ptr(), &raw mut more) })?;
            // SAFETY: the pointer is live; the picture it returns stays valid until the next call with this decoder,
            // which the borrow in `De265Picture` rules out.
            let image = unsafe { de265_get_next_picture(self.context.as_ptr()) };
            if let Some(image) = NonNull::new(image.cast_mut()) {
                self.check_warnings()?;
                return Ok(Some(De265Picture { image, decoder: PhantomData }));
            }
            if more == 0 {
                self.check_warnings()?;
                return Ok(None);
            }
        }
    }

    /// The first warning that means a damaged picture; reading them touches no picture.
    fn check_warnings(&mut self) -> Result<(), De265Error> {
        loop {
            // SAFETY: the pointer is live until `drop`.
            match unsafe { de265_get_warning(self.context.as_ptr()) } {
                0 => return Ok(()),
                code if HARMLESS.contains(&code) => {}
                code => return Err(De265Error(code)),
            }
        }
    }
}

impl Drop for De265Decoder {
    fn drop(&mut self) {
        // SAFETY: both pointers came from `new` and are freed once, the size when no callback can read it any more; no
        // `De265Picture` outlives the borrow.
        unsafe {
            de265_free_decoder(self.context.as_ptr());
            drop(Box::from_raw(self.largest));
        }
    }
}

/// A decoded picture inside its decoder.
pub struct De265Picture<'d> {
    image: NonNull<c_void>,
    decoder: PhantomData<&'d mut De265Decoder>,
}

impl<'d> De265Picture<'d> {
    /// The chroma format, 0 to 3 as in `hvcC`.
    pub fn chroma_format(&self) -> i32 {
        // SAFETY: the image is valid while the decoder is borrowed.
        unsafe { de265_get_chroma_format(self.image.as_ptr()) }
    }

    /// All planes.
    pub fn view(&self) -> PictureView<'d> {
        [self.plane(0), self.plane(1), self.plane(2)]
    }

    /// Plane 0 is luma, 1 and 2 are chroma; `None` for a plane that is not there.
    fn plane(&self, channel: u8) -> Option<PlaneView<'d>> {
        if channel > 2 || (channel > 0 && self.chroma_format() == 0) {
            return None;
        }
        let (image, channel) = (self.image.as_ptr(), c_int::from(channel));
        let mut stride = 0;
        // SAFETY: the image is valid while the decoder is borrowed, the channel exists, `stride` is written only.
        let (start, width, height, depth) = unsafe {
            (
                de265_get_image_plane(image, channel, &raw mut stride),
                de265_get_image_width(image, channel),
                de265_get_image_height(image, channel),
                de265_get_bits_per_pixel(image, channel),
            )
        };
        let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
        let (stride, bit_depth) = (usize::try_from(stride).ok()?, u8::try_from(depth).ok()?);
        let row = width.checked_mul(if bit_depth > 8 { 2 } else { 1 })?;
        let len = height.checked_sub(1)?.checked_mul(stride)?.checked_add(row)?;
        if start.is_null() || row > stride {
            return None;
        }
        // SAFETY: `get_buffer` gave `stride` bytes, all initialised, to each of at least `height` rows, of which the
        // last is read only up to the width; nothing writes to the picture while the decoder is borrowed for `'d`.
        let bytes = unsafe { std::slice::from_raw_parts(start, len) };
        Some(PlaneView { bytes, width, height, stride, bit_depth })
    }
}

impl De265Error {
    /// The caller did not want to go on; no code of libde265 is negative.
    pub const STOPPED: Self = Self(-1);

    /// Whether libde265 had no memory, so that the bytes may be whole.
    pub fn is_out_of_memory(self) -> bool {
        [OUT_OF_MEMORY, WARNING_SAO_OUT_OF_MEMORY].contains(&self.0)
    }
}

impl std::fmt::Display for De265Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // SAFETY: returns a string literal for every code.
        let text = unsafe { std::ffi::CStr::from_ptr(de265_get_error_text(self.0)) };
        write!(f, "libde265: {}", text.to_string_lossy())
    }
}

impl std::error::Error for De265Error {}

/// Planes start zeroed: libde265 1.0.11 leaves what a damaged picture lacks as whatever the memory held, such as the
/// picture of an earlier upload.
static ZEROED_PLANES: De265Allocation = De265Allocation { get_buffer, release_buffer };

/// Memory of one plane, aligned to 16 bytes as libde265's vector code expects.
type PlaneMemory = Vec<u128>;

extern "C" fn get_buffer(
    _: *mut c_void,
    spec: *const De265ImageSpec,
    image: *mut c_void,
    largest: *mut c_void,
) -> c_int {
    // SAFETY: libde265 passes a specification and an image that are valid during the call; the image's depth and chroma
    // format are set before; the last pointer is the decoder's own, which lives longer.
    let (spec, chroma_format, largest) = unsafe { (&*spec, de265_get_chroma_format(image), *largest.cast::<Size>()) };
    let within = |side: c_int, most: u32| u32::try_from(side).is_ok_and(|side| side <= most);
    if !within(spec.width, largest.width) || !within(spec.height, largest.height) {
        return 0;
    }
    let (h, v) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    for channel in 0..3 {
        let (width, height) = if channel == 0 { (spec.width, spec.height) } else { (spec.width / h, spec.height / v) };
        let planned = if channel > 0 && chroma_format == 0 {
            Some((0, None))
        } else {
            plane(spec, image, channel, width, height)
        };
        let Some((stride, memory)) = planned else {
            release_buffer(ptr::null_mut(), image, ptr::null_mut());
            return 0;
        };
        let owner = memory.map_or(ptr::null_mut(), |m| Box::into_raw(Box::new(m)));
        // SAFETY: the owner is null, or was just leaked and is taken back only by `release_buffer`; a vector's memory
        // does not move with its owner.
        unsafe {
            let start = if owner.is_null() { ptr::null_mut() } else { (*owner).as_mut_ptr() };
            de265_set_image_plane(image, channel, start.cast(), stride, owner.cast());
        }
    }
    1
}

/// Stride in bytes, and zeroed memory for one plane.
fn plane(
    spec: &De265ImageSpec,
    image: *mut c_void,
    channel: c_int,
    width: c_int,
    height: c_int,
) -> Option<(c_int, Option<PlaneMemory>)> {
    // SAFETY: the image is valid during the callback that calls this.
    let depth = unsafe { de265_get_bits_per_pixel(image, channel) };
    let alignment = spec.alignment.max(1);
    let aligned = width.checked_add(alignment - 1)? / alignment * alignment;
    let stride = aligned.checked_mul(if depth > 8 { 2 } else { 1 })?;
    let bytes = usize::try_from(stride).ok()?.checked_mul(usize::try_from(height).ok()?)?.checked_add(PADDING)?;
    Some((stride, Some(zeroed(bytes.div_ceil(size_of::<u128>())).ok()?)))
}

extern "C" fn release_buffer(_: *mut c_void, image: *mut c_void, _: *mut c_void) {
    for channel in 0..3 {
        // SAFETY: a plane's user pointer is null, or the owner that `get_buffer` leaked; it is taken back once, since
        // the plane is cleared with it.
        unsafe {
            let owner: *mut PlaneMemory = de265_get_image_plane_user_data(image, channel).cast();
            de265_set_image_plane(image, channel, ptr::null_mut(), 0, ptr::null_mut());
            if !owner.is_null() {
                drop(Box::from_raw(owner));
            }
        }
    }
}

/// libde265's vector code reads up to 16 bytes past a plane; its own allocation adds as much.
const PADDING: usize = 64;

fn fault(code: c_int) -> Result<(), De265Error> {
    if code == 0 { Ok(()) } else { Err(De265Error(code)) }
}

/// `DE265_DECODER_PARAM_BOOL_SEI_CHECK_HASH`.
const CHECK_PICTURE_HASH: c_int = 0;

/// `DE265_DECODER_PARAM_DISABLE_DEBLOCKING`.
const DISABLE_DEBLOCKING: c_int = 7;

/// `DE265_DECODER_PARAM_DISABLE_SAO`.
const DISABLE_SAO: c_int = 8;

/// `DE265_ERROR_OUT_OF_MEMORY`.
const OUT_OF_MEMORY: c_int = 7;

/// `DE265_WARNING_CANNOT_APPLY_SAO_OUT_OF_MEMORY`.
const WARNING_SAO_OUT_OF_MEMORY: c_int = 1024;

/// Warnings about threads (1000, 1022), entry points for them (1003), and messages beside the picture (14, 1025).
const HARMLESS: [c_int; 5] = [14, 1000, 1003, 1022, 1025];
