//! Safe functions over the C shim around libjpeg-turbo; the shim keeps every `longjmp` on its own side.
#![expect(unsafe_code, reason = "libjpeg-turbo has no safe interface with planes, limits and separate warnings")]

use image_ingest_samples::{CpuTimer, joined};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

// Links the static library that the shim calls.
use turbojpeg_sys as _;

/// A failed call: what kind, and libjpeg-turbo's own words, which quote no metadata.
#[derive(Debug)]
pub struct Failure {
    pub status: Status,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Failed,
    NoMemory,
    MemoryLimit,
    Unsupported,
    /// The timer said so.
    Stopped,
}

/// What the decoder will give, after [`TurboDecoder::start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Planes,
    Rgb,
    Cmyk,
}

/// The layout of one component's strip.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Component {
    pub width: u32,
    pub height: u32,
    pub stride: u32,
    pub strip_rows: u32,
    pub h_samp: u32,
    pub v_samp: u32,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct RawOutput {
    output: u32,
    width: u32,
    height: u32,
    components: u32,
    strips: u32,
    component: [Component; 3],
}

/// The shape of what the decoder gives.
#[derive(Debug, Clone)]
pub struct Shape {
    pub output: Output,
    pub width: u32,
    pub height: u32,
    /// Empty unless `output` is `Planes`; then one or three.
    pub components: Vec<Component>,
    /// Calls of [`TurboDecoder::read_planes`] that give the whole picture.
    pub strips: u32,
}

#[repr(C)]
struct RawDecoder {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn shim_decoder_new(go_on: GoOn, timer: *const c_void) -> *mut RawDecoder;
    fn shim_decoder_free(d: *mut RawDecoder);
    fn shim_start(
        d: *mut RawDecoder,
        data: *const u8,
        len: usize,
        scale_denom: u32,
        chroma_scale_denom: u32,
        max_memory: usize,
        out: *mut RawOutput,
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
        go_on: GoOn,
        timer: *const c_void,
        out: *mut *mut u8,
        out_len: *mut usize,
    ) -> c_int;
    fn shim_encode_rgb(
        rgb: *const u8,
        width: u32,
        height: u32,
        quality: c_int,
        go_on: GoOn,
        timer: *const c_void,
        out: *mut *mut u8,
        out_len: *mut usize,
    ) -> c_int;
    fn shim_buffer_free(buffer: *mut u8);
}

/// Asked by libjpeg-turbo for every row of MCUs, while scans are read and while rows are given or taken.
type GoOn = unsafe extern "C" fn(*const c_void) -> c_int;

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
    shape: Option<Shape>,
    data: PhantomData<&'a [u8]>,
}

impl<'a> TurboDecoder<'a> {
    pub fn new(timer: &'a CpuTimer<'_>) -> Result<Self, Failure> {
        // SAFETY: the timer outlives `self` by 'a, and the decoder asks it on the calling thread only; NULL is handled.
        let raw = unsafe { shim_decoder_new(go_on, pointer_to(timer)) };
        let raw = NonNull::new(raw).ok_or_else(|| Failure { status: Status::NoMemory, message: String::new() })?;
        Ok(Self { raw, shape: None, data: PhantomData })
    }

    /// `denominators` of the DCT scales of luma and chroma, each 1, 2, 4 or 8; chroma's is for planes only.
    pub fn start(&mut self, data: &'a [u8], denominators: [u32; 2], max_memory: usize) -> Result<Shape, Failure> {
        if self.shape.is_some() {
            return Err(misuse());
        }
        let mut out = RawOutput::default();
        let [luma, chroma] = denominators;
        // SAFETY: `raw` is live; `data` outlives `self` by 'a; `out` is a valid `shim_output` of the same layout.
        let status =
            unsafe { shim_start(self.raw.as_ptr(), data.as_ptr(), data.len(), luma, chroma, max_memory, &raw mut out) };
        self.check(status)?;
        let shape = Shape {
            output: match out.output {
                0 => Output::Planes,
                1 => Output::Rgb,
                _ => Output::Cmyk,
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
    pub fn read_planes(&mut self, strips: &mut [Vec<u8>]) -> Result<(), Failure> {
        let shape = self.shape.as_ref().filter(|s| s.output == Output::Planes).ok_or_else(misuse)?;
        let fits =
            |(strip, c): (&Vec<u8>, &Component)| strip.len() as u64 >= u64::from(c.stride) * u64::from(c.strip_rows);
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
    pub fn read_row(&mut self, row: &mut [u8]) -> Result<(), Failure> {
        let shape = self.shape.as_ref().ok_or_else(misuse)?;
        let channels = match shape.output {
            Output::Planes => return Err(misuse()),
            Output::Rgb => 3,
            Output::Cmyk => 4,
        };
        if row.len() as u64 != u64::from(shape.width) * channels {
            return Err(misuse());
        }
        // SAFETY: `raw` is started for interleaved output; `row` has exactly one row, checked above.
        let status = unsafe { shim_read_row(self.raw.as_ptr(), row.as_mut_ptr()) };
        self.check(status)
    }

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

/// Bits of [`TurboDecoder::warnings`], as in `shim.h`.
pub mod warned {
    pub const END_OF_DATA: u32 = 1;
    pub const HIT_MARKER: u32 = 2;
    pub const BAD_CODE: u32 = 4;
    pub const RESYNC: u32 = 8;
    pub const PROGRESSION: u32 = 16;
    pub const EXTRANEOUS_IN: u32 = 32;
}

/// Encodes full-range BT.601 planes on the 4:2:0 grid as a baseline JPEG; luma alone where `chroma` is `None`.
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
