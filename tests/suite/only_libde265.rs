//! The libheif in this build decodes HEVC with libde265 and has no other codec, whatever the building machine offers.

use libheif_rs::{CompressionFormat, LibHeif};

#[test]
fn libde265_is_the_only_decoder() {
    let library = LibHeif::new();
    let ids: Vec<_> = library.decoder_descriptors(64, None).iter().map(|d| d.id().to_owned()).collect();
    assert_eq!(ids, ["libde265"]);
}

#[test]
fn no_codec_of_another_library_can_encode() {
    let library = LibHeif::new();
    let ids: Vec<_> = library.encoder_descriptors(64, None, None).iter().map(|e| e.id().to_owned()).collect();
    // libheif's own encoder of region masks is always there and needs no library.
    assert_eq!(ids, ["mask"]);
    assert!(library.encoder_for_format(CompressionFormat::Hevc).is_err());
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

/// Names of shared libraries, without `lib`, that libheif may link.
#[cfg(target_os = "linux")]
const OTHERS: [&str; 18] = [
    "x265", "x264", "kvazaar", "uvg266", "vvdec", "vvenc", "openh264", "dav1d", "aom", "SvtAv1", "rav1e", "jpeg",
    "openjp2", "openjph", "avcodec", "sharpyuv", "brotli", "heif",
];
