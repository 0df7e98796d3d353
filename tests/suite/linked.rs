//! No C or C++ library that decodes or encodes is in a build, whatever the machine offers.

use std::process::Command;

/// What leads to C code is no dependency of the library or of the command line. `linux-raw-sys` is constants in Rust, and of
/// `cc` blake3 makes no use, since its feature `pure` is on.
#[test]
fn nothing_that_builds_or_finds_c_is_a_dependency() {
    for package in ["image-ingest", "image-ingest-cli"] {
        let all = tree(package, &[]);
        assert!(all.iter().any(|name| name == "image-ingest-jpeg"), "no tree of crates");
        let is_c =
            |name: &&String| name.ends_with("-sys") || ["bindgen", "cmake", "pkg-config"].contains(&name.as_str());
        let found: Vec<_> = all.iter().filter(is_c).filter(|name| *name != "linux-raw-sys").collect();
        assert!(found.is_empty(), "{package}: {found:?}");
        let users = tree(package, &["--invert", "cc", "--depth", "1"]);
        assert_eq!(users, ["cc", "blake3"], "{package}");
        let features = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--package", package, "--edges", "features,normal", "--invert", "blake3"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&features.stdout).contains("feature \"pure\""), "{package}");
    }
}

/// The names of a package's dependencies, those of its build scripts included.
fn tree(package: &str, more: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_codec_library_is_loaded() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut loaded: Vec<_> = maps.lines().filter_map(|line| line.rsplit('/').next()).collect();
    loaded.dedup();
    for name in OTHERS {
        let found: Vec<_> = loaded.iter().filter(|file| file.starts_with(&format!("lib{name}"))).collect();
        assert!(found.is_empty(), "{found:?} is loaded");
    }
}

/// Names of shared libraries, without `lib`, that a decoder of images may come with.
#[cfg(target_os = "linux")]
const OTHERS: [&str; 21] = [
    "x265",
    "x264",
    "kvazaar",
    "uvg266",
    "vvdec",
    "vvenc",
    "openh264",
    "dav1d",
    "aom",
    "SvtAv1",
    "rav1e",
    "jpeg",
    "openjp2",
    "openjph",
    "avcodec",
    "sharpyuv",
    "brotli",
    "heif",
    "de265",
    "webp",
    "turbojpeg",
];
