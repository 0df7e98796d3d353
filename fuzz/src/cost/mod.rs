//! What ingesting a file costs, measured for the search of files that cost most.
//!
//! Three measures count: memory against its estimate, CPU time against bytes and pixels, and the longest stretch of work
//! without a look at the budget. A binary that measures has [`heap::CountingHeap`] as its allocator.

pub mod heap;
pub mod record;

use std::time::Duration;

use image_ingest::header::{Cicp, Coding, ColorDescription, Header};
use image_ingest::{Format, Ingest, Limits, Source};
use image_ingest_samples::watch;

/// What one job cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// What kind of file it is, one of [`KINDS`].
    pub kind: &'static str,
    /// Bytes and pixels, as many as [`LEAST_SIZE`] at least.
    pub size: u64,
    /// The peak of the heap ÷ the estimate; 0 where the header is refused.
    pub memory: f64,
    /// CPU time in nanoseconds ÷ `size`.
    pub cpu: f64,
    /// The longest stretch of CPU time without a look at the budget, in milliseconds.
    pub stretch: f64,
}

/// The names of the three measures.
pub const MEASURES: [&str; 3] = ["memory", "cpu", "stretch"];

/// Kinds of files that have code of their own.
pub const KINDS: [&str; 22] = [
    "sequential JPEG",
    "sequential JPEG, RGB or CMYK",
    "progressive JPEG",
    "arithmetic JPEG",
    "JPEG refused by its header",
    "PNG of up to 8 bits",
    "PNG of 16 bits",
    "interlaced PNG",
    "PNG refused by its header",
    "GIF",
    "GIF refused by its header",
    "lossy WebP",
    "lossy WebP with alpha",
    "lossless WebP",
    "WebP refused by its header",
    "HEIC of one picture",
    "HEIC of tiles",
    "HEIC with alpha",
    "HEIC of layers",
    "HEIC refused by its header",
    "any format, with an ICC profile",
    "any format, with HDR or other code points",
];

/// Smaller files count as of this size: what every job costs is no cost of its file.
pub const LEAST_SIZE: u64 = 1 << 20;

impl Cost {
    /// The three measures in the order of [`MEASURES`].
    #[must_use]
    pub fn measures(&self) -> [f64; 3] {
        [self.memory, self.cpu, self.stretch]
    }

    /// The lower of each measure of two runs of one file.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        let [memory, cpu, stretch] = [0, 1, 2].map(|m| self.measures()[m].min(other.measures()[m]));
        Self { memory, cpu, stretch, ..self }
    }
}

/// An ingest on one thread, for pictures of at most four million pixels.
#[must_use]
pub fn ingest() -> Ingest {
    let mut limits = Limits::default();
    limits.max_pixels = limits.max_pixels.min(4_000_000);
    Ingest::builder().limits(limits).build().expect("the default profile")
}

/// Ingests a file twice and measures it; `None` for bytes of no format. The second time tells its CPU time, without what
/// it costs to watch for looks at the budget.
#[must_use]
pub fn measure(ingest: &Ingest, file: &[u8]) -> Option<Cost> {
    let format = image_ingest::stages::sniff(file)?;
    let source = Source::new(file.to_vec(), ingest.limits()).ok()?;
    let inspection = ingest.inspect(&source).ok();
    drop(source);

    let held = heap::begin();
    let source = Source::new(file.to_vec(), ingest.limits()).ok()?;
    watch::begin();
    drop(ingest.ingest(source));
    let stretch = watch::end();
    let peak = heap::most_since(held);

    let source = Source::new(file.to_vec(), ingest.limits()).ok()?;
    let began = cpu_time();
    drop(ingest.ingest(source));
    let cpu = cpu_time() - began;

    let header = inspection.as_ref().map(|inspection| &inspection.header);
    let pixels = header.map_or(0, |header| header.coded_size.pixels());
    let size = (file.len() as u64 + pixels).max(LEAST_SIZE);
    Some(Cost {
        kind: kind(format, header, file),
        size,
        memory: inspection.map_or(0.0, |inspection| peak as f64 / inspection.memory_bytes as f64),
        cpu: cpu.as_nanos() as f64 / size as f64,
        stretch: stretch.as_secs_f64() * 1e3,
    })
}

fn kind(format: Format, header: Option<&Header>, file: &[u8]) -> &'static str {
    let Some(header) = header else {
        return match format {
            Format::Jpeg => "JPEG refused by its header",
            Format::Png => "PNG refused by its header",
            Format::Gif => "GIF refused by its header",
            Format::Webp => "WebP refused by its header",
            _ => "HEIC refused by its header",
        };
    };
    match header.color {
        ColorDescription::Icc(_) => return "any format, with an ICC profile",
        ColorDescription::Cicp(_) if format != Format::Heic => return "any format, with HDR or other code points",
        ColorDescription::Cicp(Cicp { transfer: 16 | 18, .. }) => return "any format, with HDR or other code points",
        _ => {}
    }
    match header.coding {
        Coding::JpegSequential { .. } | Coding::JpegProgressive { .. } if is_arithmetic(file) => "arithmetic JPEG",
        Coding::JpegSequential { .. } if matches!(header.channels.name(), "gray" | "ycbcr") => "sequential JPEG",
        Coding::JpegSequential { .. } => "sequential JPEG, RGB or CMYK",
        Coding::JpegProgressive { .. } => "progressive JPEG",
        Coding::Png { interlaced: true, .. } => "interlaced PNG",
        Coding::Png { .. } if header.bit_depth > 8 => "PNG of 16 bits",
        Coding::Png { .. } => "PNG of up to 8 bits",
        Coding::Gif { .. } => "GIF",
        Coding::WebpLossy { .. } if header.has_alpha => "lossy WebP with alpha",
        Coding::WebpLossy { .. } => "lossy WebP",
        Coding::WebpLossless { .. } => "lossless WebP",
        Coding::Hevc { largest_layer: Some(_), .. } => "HEIC of layers",
        Coding::Hevc { .. } if header.has_alpha => "HEIC with alpha",
        Coding::Hevc { tiles: 1, .. } => "HEIC of one picture",
        _ => "HEIC of tiles",
    }
}

/// Whether a JPEG's frame is of arithmetic coding: SOF9 or SOF10 (ITU-T T.81, table B.1). Segments are walked up to the
/// first scan.
fn is_arithmetic(file: &[u8]) -> bool {
    let mut rest = file.get(2..).unwrap_or_default();
    while let [0xFF, marker, after @ ..] = rest {
        match marker {
            0xC9 | 0xCA => return true,
            0xDA => return false,
            0xFF => rest = &rest[1..],
            _ => {
                let len = after.first_chunk().map_or(usize::MAX, |&len| usize::from(u16::from_be_bytes(len)));
                rest = after.get(len..).unwrap_or_default();
            }
        }
    }
    false
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap_or_default()
}

/// A fuzz target that looks for the costliest files of a format. It stands for a whole file of `fuzz_targets`.
#[macro_export]
macro_rules! cost_target {
    ($format:ident) => {
        #[global_allocator]
        static HEAP: $crate::cost::heap::CountingHeap = $crate::cost::heap::CountingHeap;

        static INGEST: std::sync::LazyLock<image_ingest::Ingest> = std::sync::LazyLock::new($crate::cost::ingest);

        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::cost::record::note(&INGEST, data));

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            let structure = $crate::structure::Structure::File(image_ingest::Format::$format);
            $crate::structure::mutate(structure, data, size, max_size, seed, libfuzzer_sys::fuzzer_mutate)
        });
    };
}
