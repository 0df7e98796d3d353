//! Of C and C++ libraries that decode or encode, a build has those that SECURITY.md names, whatever the machine offers.

use std::process::Command;

#[test]
fn libheif_is_no_part_of_the_library() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "image-ingest", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("turbojpeg-sys"), "no tree of crates");
    assert!(!tree.contains("libheif"), "{tree}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_other_codec_library_is_loaded() {
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
const OTHERS: [&str; 18] = [
    "x265", "x264", "kvazaar", "uvg266", "vvdec", "vvenc", "openh264", "dav1d", "aom", "SvtAv1", "rav1e", "jpeg",
    "openjp2", "openjph", "avcodec", "sharpyuv", "brotli", "heif",
];
