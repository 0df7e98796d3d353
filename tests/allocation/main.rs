//! Every large allocation of the library may fail, and of the C libraries behind it: the job ends with `out_of_memory`, and
//! the process goes on.
//!
//! An allocator fails the nth large allocation, once, for every n that a file has. A child process does it, since an
//! allocation that nobody expects to fail aborts; the next child continues after it.

mod failing;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use failing::Side;
use image_ingest::{Background, Encoding, Geometry, Ingest, Profile};

/// Files of every format and way of coding, with the longest side of the result. A column of pixels has many rows.
const FILES: [(&str, u32); 32] = [
    (COLUMN_OF_BYTES, 1),
    (COLUMN_OF_WORDS, 1),
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

/// PNGs of 4200 rows, which are not in testdata/.
const COLUMN_OF_BYTES: &str = "column8";
const COLUMN_OF_WORDS: &str = "column16";

/// A build without the feature has tried JPEG.
const ENCODING: &str = if cfg!(feature = "webp-encode") { "webp" } else { "jpeg" };

#[test]
fn every_large_allocation_may_fail() {
    all_may_fail("rust");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn every_large_allocation_of_c_may_fail() {
    all_may_fail("c");
}

fn all_may_fail(side: &str) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(file, edge)) = FILES.get(next.fetch_add(1, Relaxed)) {
                    let found = every_one(&format!("{side} {file} {edge}"));
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with one file's allocations.
fn every_one(task: &str) -> Vec<String> {
    let (mut wrong, mut first) = (Vec::new(), 1);
    while let Err(aborted) = child(task, first, &mut wrong) {
        wrong.push(format!("{task}: allocation {aborted} aborts"));
        first = aborted + 1;
    }
    wrong
}

/// Runs a child from the allocation `first` on; `Err` says which one it died of.
fn child(task: &str, first: u64, wrong: &mut Vec<String>) -> Result<(), u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fails_allocations_in_a_child", "--nocapture"]);
    let output = command.env("IMAGE_INGEST_ALLOCATION_TASK", format!("{task} {first}")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("allocation ")).collect();
    for line in &lines {
        // What failed was not needed, or the job says what it lacked.
        if !line.ends_with(" the same") && !line.ends_with(" out_of_memory") {
            wrong.push(format!("{task}: allocation {line}"));
        }
    }
    if std::env::var_os("IMAGE_INGEST_ALLOCATION_TRACE").is_some() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    if output.status.success() {
        assert!(text.contains("all failed"), "{task}: {text}");
        return Ok(());
    }
    Err(first + lines.len() as u64)
}

/// What [`child`] starts; nothing where it did not.
#[test]
fn fails_allocations_in_a_child() {
    let Ok(task) = std::env::var("IMAGE_INGEST_ALLOCATION_TASK") else { return };
    let [side, file, edge, first] = task.split(' ').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let side = if side == "c" { Side::C } else { Side::Rust };
    let mut profile = Profile::default();
    profile.geometry = Geometry::Fit { max_edge: edge.parse().unwrap() };
    if ENCODING == "webp" {
        profile.encoding = Encoding::Webp { quality: 80 };
    }
    let part = format!("cover:400x500:{ENCODING}80").parse().unwrap();
    let ingest = Ingest::builder().profile(profile).rendition("part", part).facts(true).build().unwrap();
    let bytes = match file {
        COLUMN_OF_BYTES => column(png::BitDepth::Eight),
        COLUMN_OF_WORDS => column(png::BitDepth::Sixteen),
        _ => fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file)).unwrap(),
    };
    // In small chunks, so that gathering and joining them is among what may fail.
    let run = || {
        let mut upload = ingest.upload();
        bytes.chunks(1000).try_for_each(|chunk| upload.push(chunk.to_vec()))?;
        ingest.ingest(upload.finish()?)
    };
    let whole = run().expect("every file is accepted");
    for n in first.parse().unwrap().. {
        failing::arm(side, n);
        let result = run();
        if failing::disarm() {
            result.expect("nothing failed");
            println!("all failed");
            return;
        }
        let is_same = |made: &Background| made.id == whole.id && made.receipt.facts == whole.receipt.facts;
        let answer = |made: Background| if is_same(&made) { "the same" } else { "another picture" };
        println!("allocation {n} {}", result.map_or_else(|e| e.code(), answer));
    }
}

/// A PNG of one column of gray pixels.
fn column(depth: png::BitDepth) -> Vec<u8> {
    let mut info = png::Info::with_size(1, 4200);
    (info.color_type, info.bit_depth) = (png::ColorType::Grayscale, depth);
    let bytes = if depth == png::BitDepth::Sixteen { 2 } else { 1 };
    let samples: Vec<u8> = (0..bytes * 4200_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut file = Vec::new();
    let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    file
}
