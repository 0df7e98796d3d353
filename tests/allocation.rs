//! Every large allocation of the library may fail: the job ends with `out_of_memory`, and the process goes on.
//!
//! A global allocator fails the nth allocation of 64 KiB or more, once, for every n that a file has. A child process does
//! it, since an allocation that nobody expects to fail aborts; the next child continues after it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use image_ingest::{Encoding, Geometry, Ingest, Limits, Profile};

/// Files of every format and way of coding, with the longest side of the result.
const FILES: [(&str, u32); 30] = [
    ("jpeg/baseline_420.jpg", 2048),
    ("jpeg/baseline_444.jpg", 300),
    ("jpeg/progressive_420.jpg", 2048),
    ("jpeg/progressive_444_restart.jpg", 300),
    ("jpeg/separate_scans.jpg", 2048),
    ("jpeg/orientation_6.jpg", 2048),
    ("jpeg/gray.jpg", 2048),
    ("jpeg/cmyk_icc.jpg", 300),
    ("jpeg/ycck.jpg", 2048),
    ("jpeg/rgb_lut16_icc.jpg", 2048),
    ("jpeg/display_p3.jpg", 2048),
    ("jpeg/size_1600x1200.jpg", 800),
    ("png/rgb8.png", 2048),
    ("png/palette8.png", 2048),
    ("png/gray_alpha8.png", 2048),
    ("png/rgba16.png", 200),
    ("png/adam7.png", 2048),
    ("png/cicp_pq.png", 2048),
    ("png/diagram_2560x1600.png", 700),
    ("gif/animated.gif", 2048),
    ("gif/transparent.gif", 300),
    ("webp/lossy_2304x1728.webp", 900),
    ("webp/lossy_alpha.webp", 2048),
    ("webp/lossless.webp", 2048),
    ("webp/display_p3.webp", 2048),
    ("heic/single.heic", 2048),
    ("heic/ten_bit.heic", 400),
    ("heic/alpha.heic", 2048),
    ("heic/grid_2x2.heic", 600),
    ("heic/grid_3x2_irot.heic", 2048),
];

/// Smaller ones are tables and lists of bounded length.
const LARGE: usize = 64 * 1024;

/// Allocations of dependencies, which do not say that they failed, and why there is no way around them.
const DEPENDENCIES: [(&str, &str); 2] = [
    ("png::decoder::", "rows on their way from inflating to unfiltering: 128 KiB, or a few of the widest rows"),
    ("fast_image_resize::", "the weights of one axis, for whole buffers of 16-bit samples"),
];

/// Whether the last one that was to fail was a dependency's, and so did not.
static THEIRS: AtomicBool = AtomicBool::new(false);

/// Large allocations until one fails; 0 when none is to.
static UNTIL_FAILURE: AtomicU64 = AtomicU64::new(0);

struct Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

fn fails(size: usize) -> bool {
    if size < LARGE || UNTIL_FAILURE.load(Relaxed) == 0 || UNTIL_FAILURE.fetch_sub(1, Relaxed) > 1 {
        return false;
    }
    let trace = Backtrace::force_capture().to_string();
    if std::env::var_os("IMAGE_INGEST_ALLOCATION_TRACE").is_some() {
        eprintln!("{size} bytes:\n{trace}");
    }
    let theirs = DEPENDENCIES.iter().any(|(place, _)| trace.contains(place));
    THEIRS.store(theirs, Relaxed);
    !theirs
}

// SAFETY: every call goes to the system's allocator with the arguments it came with, or returns null.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(layout.size()) { null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(layout.size()) { null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(size) { null_mut() } else { unsafe { System.realloc(pointer, layout, size) } }
    }
}

#[test]
fn every_large_allocation_may_fail() {
    let mut wrong = Vec::new();
    for (file, edge) in FILES {
        for encoding in ["jpeg", "webp"] {
            let mut first = 1;
            while let Err(aborted) = child(file, edge, encoding, first, &mut wrong) {
                wrong.push(format!("{file} to {encoding}: allocation {aborted} aborts"));
                first = aborted + 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a child from the allocation `first` on; `Err` says which one it died of.
fn child(file: &str, edge: u32, encoding: &str, first: u64, wrong: &mut Vec<String>) -> Result<(), u64> {
    let task = format!("{file} {edge} {encoding} {first}");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fails_allocations_in_a_child", "--nocapture"]).env("IMAGE_INGEST_ALLOCATION_TASK", task);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("allocation ")).collect();
    for line in &lines {
        // What failed was optional, or the job says what it lacked.
        if !line.ends_with(" accepted") && !line.ends_with(" out_of_memory") {
            wrong.push(format!("{file} to {encoding}: allocation {line}"));
        }
    }
    if std::env::var_os("IMAGE_INGEST_ALLOCATION_TRACE").is_some() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    if output.status.success() {
        assert!(text.contains("all failed"), "{file}: {text}");
        return Ok(());
    }
    Err(first + lines.len() as u64)
}

/// What [`child`] starts; nothing where it did not.
#[test]
fn fails_allocations_in_a_child() {
    let Ok(task) = std::env::var("IMAGE_INGEST_ALLOCATION_TASK") else { return };
    let [file, edge, encoding, first] = task.split(' ').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let mut profile = Profile::default();
    profile.geometry = Geometry::Fit { max_edge: edge.parse().unwrap() };
    if encoding == "webp" {
        profile.encoding = Encoding::Webp { quality: 80 };
    }
    let ingest = Ingest::new(profile, Limits::default()).unwrap();
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file)).unwrap();
    // In small chunks, so that gathering and joining them is among what may fail.
    let run = || {
        let mut upload = ingest.upload();
        bytes.chunks(1000).try_for_each(|chunk| upload.push(chunk.to_vec()))?;
        ingest.ingest(upload.finish()?)
    };
    run().expect("every file is accepted");
    for n in first.parse().unwrap().. {
        UNTIL_FAILURE.store(n, Relaxed);
        let result = run();
        if UNTIL_FAILURE.swap(0, Relaxed) > 0 {
            result.expect("nothing failed");
            println!("all failed");
            return;
        }
        let whose = if THEIRS.load(Relaxed) { "of a dependency " } else { "" };
        println!("allocation {n} {whose}{}", result.map_or_else(|e| e.code(), |_| "accepted"));
    }
}
