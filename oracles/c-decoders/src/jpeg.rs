//! Safe functions over the C shim around libjpeg-turbo; the shim keeps every `longjmp` on its own side.
#![expect(unsafe_code, reason = "libjpeg-turbo has no safe interface with planes, limits and separate warnings")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use image_ingest_samples::{CpuTimer, joined};
// Links the static library that the shim calls.
use turbojpeg_sys as _;

/// A failed call: what kind, and libjpeg-turbo's own words, which quote no metadata.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure.
    pub status: Status,
    /// libjpeg-turbo's words; may be empty.
    pub message: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// libjpeg-turbo cannot go on with these bytes, or was called out of order.
    Failed,
    /// An allocation failed.
    NoMemory,
    /// libjpeg-turbo wanted more memory than the caller allows.
    MemoryLimit,
    /// The file is valid and libjpeg-turbo does not know its process.
    Unsupported,
    /// The timer ended the work.
    Stopped,
}

/// What the decoder will give, after [`TurboDecoder::start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurboOutput {
    /// Planes as stored: gray or Y′CbCr.
    Planes,
    /// Rows of interleaved RGB.
    Rgb,
    /// Rows of interleaved CMYK, as stored.
    Cmyk,
}

/// The layout of one component's strip.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct TurboComponent {
    /// Samples in a row that belong to the picture.
    pub width: u32,
    /// Rows that belong to the picture.
    pub height: u32,
    /// Samples written to a row, padding included.
    pub stride: u32,
    /// Rows written by one call.
    pub strip_rows: u32,
    /// Horizontal sampling factor.
    pub h_samp: u32,
    /// Vertical sampling factor.
    pub v_samp: u32,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct RawTurboOutput {
    output: u32,
    width: u32,
    height: u32,
    components: u32,
    strips: u32,
    component: [TurboComponent; 3],
}

/// The shape of what the decoder gives.
#[derive(Debug, Clone)]
pub struct TurboShape {
    /// Planes, RGB or CMYK.
    pub output: TurboOutput,
    /// Width in pixels, after the DCT scale.
    pub width: u32,
    /// Height in pixels, after the DCT scale.
    pub height: u32,
    /// Empty unless `output` is `Planes`; then one or three.
    pub components: Vec<TurboComponent>,
    /// Calls of [`TurboDecoder::read_planes`] that give the whole picture.
    pub strips: u32,
}

#[repr(C)]
struct RawDecoder {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn shim_decoder_new(go_on: GoOnHook, timer: *const c_void) -> *mut RawDecoder;
    fn shim_decoder_free(d: *mut RawDecoder);
    fn shim_start(
        d: *mut RawDecoder,
        data: *const u8,
        len: usize,
        scale_denom: u32,
        chroma_scale_denom: u32,
        max_memory: usize,
        out: *mut RawTurboOutput,
    ) -> c_int;
    fn shim_read_planes(d: *mut RawDecoder, planes: *const *mut u8) -> c_int;
    fn shim_read_row(d: *mut RawDecoder, row: *mut u8) -> c_int;
    fn shim_finish(d: *mut RawDecoder) -> c_int;
    fn shim_warnings(d: *const RawDecoder) -> u32;
    fn shim_left_over(d: *const RawDecoder) -> u32;
    fn shim_message(d: *const RawDecoder) -> *const c_char;
    fn shim_encode_planes(
        y: *const u8,
        cb: *const u8,
        cr: *const u8,
        width: u32,
        height: u32,
        quality: c_int,
        go_on: GoOnHook,
        timer: *const c_void,
        out: *mut *mut u8,
        out_len: *mut usize,
    ) -> c_int;
    fn shim_encode_rgb(
        rgb: *const u8,
        width: u32,
        height: u32,
        quality: c_int,
        go_on: GoOnHook,
        timer: *const c_void,
        out: *mut *mut u8,
        out_len: *mut usize,
    ) -> c_int;
    fn shim_buffer_free(buffer: *mut u8);
}

/// Asked by libjpeg-turbo for every row of MCUs, while scans are read and while rows are given or taken.
type GoOnHook = unsafe extern "C" fn(*const c_void) -> c_int;

unsafe extern "C" fn go_on(timer: *const c_void) -> c_int {
    // SAFETY: the pointer is one that `pointer_to` made of a timer that outlives the decoder or encoder that asks.
    let timer = unsafe { &*timer.cast::<CpuTimer<'_>>() };
    c_int::from(timer.check().is_ok())
}

fn pointer_to(timer: &CpuTimer<'_>) -> *const c_void {
    ptr::from_ref(timer).cast()
}

/// One decode; borrows its input, which libjpeg-turbo reads in place, and its timer.
pub struct TurboDecoder<'a> {
    raw: NonNull<RawDecoder>,
    shape: Option<TurboShape>,
    data: PhantomData<&'a [u8]>,
}

impl<'a> TurboDecoder<'a> {
    /// A decoder that asks `timer` for every row of MCUs.
    ///
    /// # Errors
    ///
    /// [`Status::NoMemory`].
    pub fn new(timer: &'a CpuTimer<'_>) -> Result<Self, Failure> {
        // SAFETY: the timer outlives `self` by 'a, and the decoder asks it on the calling thread only; NULL is handled.
        let raw = unsafe { shim_decoder_new(go_on, pointer_to(timer)) };
        let raw = NonNull::new(raw).ok_or_else(|| Failure { status: Status::NoMemory, message: String::new() })?;
        Ok(Self { raw, shape: None, data: PhantomData })
    }

    /// Reads the header of `data` and prepares decoding within `max_memory` bytes. `denominators` are those of the DCT
    /// scales of luma and chroma, each 1, 2, 4 or 8; chroma's is for planes only.
    ///
    /// # Errors
    ///
    /// Any [`Status`].
    pub fn start(&mut self, data: &'a [u8], denominators: [u32; 2], max_memory: usize) -> Result<TurboShape, Failure> {
        if self.shape.is_some() {
            return Err(misuse());
        }
        let mut out = RawTurboOutput::default();
        let [luma, chroma] = denominators;
        // SAFETY: `raw` is live; `data` outlives `self` by 'a; `out` is a valid `shim_output` of the same layout.
        let status =
            unsafe { shim_start(self.raw.as_ptr(), data.as_ptr(), data.len(), luma, chroma, max_memory, &raw mut out) };
        self.check(status)?;
        let shape = TurboShape {
            output: match out.output {
                0 => TurboOutput::Planes,
                1 => TurboOutput::Rgb,
                _ => TurboOutput::Cmyk,
            },
            width: out.width,
            height: out.height,
            components: out.component.into_iter().take(out.components as usize).collect(),
            strips: out.strips,
        };
        self.shape = Some(shape.clone());
        Ok(shape)
    }

    /// Reads one row of MCUs; `strips[i]` has at least `stride × strip_rows` samples of component `i`.
    ///
    /// # Errors
    ///
    /// Any [`Status`].
    pub fn read_planes(&mut self, strips: &mut [Vec<u8>]) -> Result<(), Failure> {
        let shape = self.shape.as_ref().filter(|s| s.output == TurboOutput::Planes).ok_or_else(misuse)?;
        let fits = |(strip, c): (&Vec<u8>, &TurboComponent)| {
            strip.len() as u64 >= u64::from(c.stride) * u64::from(c.strip_rows)
        };
        if strips.len() != shape.components.len() || !strips.iter().zip(&shape.components).all(fits) {
            return Err(misuse());
        }
        let mut planes = [ptr::null_mut(); 3];
        for (to, strip) in planes.iter_mut().zip(strips.iter_mut()) {
            *to = strip.as_mut_ptr();
        }
        // SAFETY: `raw` is started; each pointer leads to the room that its component's strip needs, checked above.
        let status = unsafe { shim_read_planes(self.raw.as_ptr(), planes.as_ptr()) };
        self.check(status)
    }

    /// Reads one row of interleaved samples.
    ///
    /// # Errors
    ///
    /// Any [`Status`].
    pub fn read_row(&mut self, row: &mut [u8]) -> Result<(), Failure> {
        let shape = self.shape.as_ref().ok_or_else(misuse)?;
        let channels = match shape.output {
            TurboOutput::Planes => return Err(misuse()),
            TurboOutput::Rgb => 3,
            TurboOutput::Cmyk => 4,
        };
        if row.len() as u64 != u64::from(shape.width) * channels {
            return Err(misuse());
        }
        // SAFETY: `raw` is started for interleaved output; `row` has exactly one row, checked above.
        let status = unsafe { shim_read_row(self.raw.as_ptr(), row.as_mut_ptr()) };
        self.check(status)
    }

    /// Reads to the end of the file, which may bring more warnings.
    ///
    /// # Errors
    ///
    /// Any [`Status`].
    pub fn finish(&mut self) -> Result<(), Failure> {
        // SAFETY: `raw` is live; the shim turns a call in a wrong state into a status.
        let status = unsafe { shim_finish(self.raw.as_ptr()) };
        self.check(status)
    }

    /// The warnings so far, as the bits of [`warned`].
    pub fn warnings(&self) -> u32 {
        // SAFETY: `raw` is live.
        unsafe { shim_warnings(self.raw.as_ptr()) }
    }

    /// The most bytes that were skipped at once after the last code of a scan, padding (00 and FF) not counted.
    pub fn left_over(&self) -> u32 {
        // SAFETY: `raw` is live.
        unsafe { shim_left_over(self.raw.as_ptr()) }
    }

    fn check(&self, status: c_int) -> Result<(), Failure> {
        let Some(status) = status_of(status) else {
            return Ok(());
        };
        // SAFETY: `raw` is live and its message is always NUL-terminated within the struct.
        let message = unsafe { CStr::from_ptr(shim_message(self.raw.as_ptr())) };
        Err(Failure { status, message: message.to_string_lossy().into_owned() })
    }
}

impl Drop for TurboDecoder<'_> {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `shim_decoder_new` and is freed once.
        unsafe { shim_decoder_free(self.raw.as_ptr()) }
    }
}

/// Bits of [`TurboDecoder::warnings`], as in `jpeg.h`.
pub mod warned {
    /// The data ended before the EOI marker.
    pub const END_OF_DATA: u32 = 1;
    /// Entropy-coded data ended before the scan did.
    pub const HIT_MARKER: u32 = 2;
    /// An impossible Huffman or arithmetic code.
    pub const BAD_CODE: u32 = 4;
    /// A restart marker is missing or out of order.
    pub const RESYNC: u32 = 8;
    /// Scans contradict each other.
    pub const PROGRESSION: u32 = 16;
    /// Bytes were skipped before a restart marker.
    pub const EXTRANEOUS_IN: u32 = 32;
}

/// Encodes full-range BT.601 planes on the 4:2:0 grid as a baseline JPEG; luma alone where `chroma` is `None`.
///
/// # Errors
///
/// Any [`Status`].
pub fn encode_planes(
    luma: &[u8],
    chroma: Option<(&[u8], &[u8])>,
    width: u32,
    height: u32,
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>, Failure> {
    let luma_len = u64::from(width) * u64::from(height);
    let chroma_len = u64::from(width.div_ceil(2)) * u64::from(height.div_ceil(2));
    let chroma_fits = chroma.is_none_or(|(cb, cr)| cb.len() as u64 == chroma_len && cr.len() as u64 == chroma_len);
    if luma_len == 0 || luma.len() as u64 != luma_len || !chroma_fits {
        return Err(misuse());
    }
    let (cb, cr) = chroma.map_or((ptr::null(), ptr::null()), |(cb, cr)| (cb.as_ptr(), cr.as_ptr()));
    let (luma, quality, timer) = (luma.as_ptr(), c_int::from(quality), pointer_to(timer));
    // SAFETY: the planes have the lengths that the shim reads, checked above, and outlive the call, as the timer does;
    // `take` passes valid out pointers.
    take(|out, len| unsafe { shim_encode_planes(luma, cb, cr, width, height, quality, go_on, timer, out, len) })
}

/// Encodes interleaved RGB as a baseline 4:2:0 JPEG.
///
/// # Errors
///
/// Any [`Status`].
pub fn encode_rgb(rgb: &[u8], width: u32, height: u32, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>, Failure> {
    let len = u64::from(width) * u64::from(height) * 3;
    if len == 0 || rgb.len() as u64 != len {
        return Err(misuse());
    }
    let (rgb, quality, timer) = (rgb.as_ptr(), c_int::from(quality), pointer_to(timer));
    // SAFETY: `rgb` has the length that the shim reads, checked above, and outlives the call, as the timer does; `take`
    // passes valid out pointers.
    take(|out, len| unsafe { shim_encode_rgb(rgb, width, height, quality, go_on, timer, out, len) })
}

/// Runs an encoder and copies its buffer into one of ours.
fn take(encode: impl FnOnce(*mut *mut u8, *mut usize) -> c_int) -> Result<Vec<u8>, Failure> {
    let (mut buffer, mut len) = (ptr::null_mut(), 0);
    if let Some(status) = status_of(encode(&raw mut buffer, &raw mut len)) {
        return Err(Failure { status, message: "encoding failed".into() });
    }
    // SAFETY: on success the shim hands over `len` initialised bytes at `buffer`, freed below and once.
    let bytes = joined(&[unsafe { std::slice::from_raw_parts(buffer, len) }]);
    // SAFETY: as above.
    unsafe { shim_buffer_free(buffer) };
    bytes.map_err(|_| Failure { status: Status::NoMemory, message: String::new() })
}

fn status_of(status: c_int) -> Option<Status> {
    match status {
        0 => None,
        2 => Some(Status::NoMemory),
        3 => Some(Status::MemoryLimit),
        4 => Some(Status::Unsupported),
        5 => Some(Status::Stopped),
        _ => Some(Status::Failed),
    }
}

fn misuse() -> Failure {
    Failure { status: Status::Failed, message: "the JPEG shim was called out of order".into() }
}
