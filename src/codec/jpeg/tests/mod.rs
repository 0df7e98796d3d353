#![expect(clippy::cast_possible_truncation, reason = "pictures are made with wrapping arithmetic")]

use image_ingest_color::ColorDescription;
use image_ingest_jpeg::{DctScale, encode_rgb};
use image_ingest_samples::{CpuTimer, Planes, Samples, Size};

use super::{cost, decode, probe};
use crate::error::Result;
use crate::header::{Channels, Coding, Header, Orientation};
use crate::pixels::KeptRows;
use crate::plan::plan;
use crate::plan::profile::Profile;
use crate::upload::limits::Limits;

/// A smooth picture with one coloured corner, so that planes and their order can be told apart.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let (r, g) = ((x * 255 / width) as u8, (y * 255 / height) as u8);
        if x < width / 4 && y < height / 4 { [250, 20, 20] } else { [r, g, 128] }
    };
    let rgb: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    encode_rgb(Size::new(width, height), &rgb, 90, &CpuTimer::default()).unwrap()
}

fn header(bytes: &[u8]) -> Result<Header> {
    probe(bytes, &Limits::default(), &CpuTimer::default())
}

fn planes(bytes: &[u8], scale: DctScale) -> Result<Planes> {
    let header = header(bytes)?;
    let mut plan = plan(&header, &Profile::default(), &CpuTimer::default()).unwrap();
    (plan.scale, plan.chroma_scale) = (scale, scale);
    let Size { width, height } = header.coded_size;
    plan.target = Size::new(width.div_ceil(scale.divisor()), height.div_ceil(scale.divisor()));
    let mut rows = KeptRows::new();
    decode(bytes, &header, &plan, &CpuTimer::default(), &mut rows)?;
    Ok(rows.into_planes(plan.target, 2))
}

fn bytes_of(samples: &Samples) -> &[u8] {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(_) => panic!("JPEG samples have 8 bits"),
    }
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 2).unwrap();
    [&[0xFF, marker][..], &len.to_be_bytes(), payload].concat()
}

/// Puts segments between SOI and the rest.
fn with_segments(jpeg: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&jpeg[..2], &segments.concat(), &jpeg[2..]].concat()
}

fn sof(marker: u8, precision: u8, height: u16, width: u16) -> Vec<u8> {
    let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
    segment(marker, &[precision, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0])
}

fn start(rest: &[u8]) -> Vec<u8> {
    [&[0xFF, 0xD8], rest].concat()
}

#[test]
fn every_dct_scale_keeps_the_subsampling_and_the_picture() {
    let jpeg = photo(131, 77);
    let full = planes(&jpeg, DctScale::Full).unwrap();
    for scale in [DctScale::Half, DctScale::Quarter, DctScale::Eighth] {
        let n = scale.divisor();
        let small = planes(&jpeg, scale).unwrap();
        assert_eq!(small.size, Size::new(131u32.div_ceil(n), 77u32.div_ceil(n)));
        assert_eq!(small.chroma.as_ref().unwrap().subsampling, (2, 2));
        let row =
            |p: &Planes, y: u32| bytes_of(&p.luma)[(y * p.size.width) as usize..][..p.size.width as usize].to_vec();
        let (big, little) = (row(&full, 40), row(&small, 40 / n));
        let at = |v: &[u8], x: usize| i32::from(v[x]);
        assert!((at(&big, 96) - at(&little, 96 / n as usize)).abs() < 12, "{scale:?}");
    }
}

#[test]
fn red_is_in_the_second_chroma_plane() {
    let planes = planes(&photo(64, 64), DctScale::Full).unwrap();
    let chroma = planes.chroma.unwrap();
    assert!(bytes_of(&chroma.cr)[0] > 200 && bytes_of(&chroma.cb)[0] < 120);
}

#[test]
fn a_cut_anywhere_in_the_scan_is_refused_as_truncated() {
    let jpeg = photo(96, 64);
    assert!(planes(&jpeg, DctScale::Full).is_ok());
    let scan = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    for len in 3..jpeg.len() - 8 {
        let error = planes(&jpeg[..len], DctScale::Full).expect_err("a cut file is refused");
        assert_eq!(error.code(), "truncated", "cut at {len} of {}, scan at {scan}: {error}", jpeg.len());
    }
}

#[test]
fn bytes_after_the_end_are_no_damage() {
    let jpeg = photo(32, 32);
    let longer = [&jpeg[..], b"motion photo video"].concat();
    assert_eq!(planes(&longer, DctScale::Full).unwrap(), planes(&jpeg, DctScale::Full).unwrap());
}

#[test]
fn corrupt_entropy_data_is_malformed() {
    let mut jpeg = photo(96, 64);
    let scan = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    // All ones: the code that no table of T.81 annex K assigns.
    for pair in jpeg[scan + 60..scan + 92].chunks_exact_mut(2) {
        pair.copy_from_slice(&[0xFF, 0x00]);
    }
    assert_eq!(planes(&jpeg, DctScale::Full).unwrap_err().code(), "malformed");
}

#[test]
fn codings_outside_ours_are_unsupported_and_named() {
    let cases: [(Vec<u8>, &str); 6] = [
        (sof(0xC3, 8, 9, 9), "lossless JPEG"),
        (sof(0xC5, 8, 9, 9), "hierarchical JPEG"),
        (sof(0xC1, 12, 9, 9), "12-bit JPEG"),
        (sof(0xC0, 8, 0, 9), "height given by a DNL marker"),
        (segment(0xDE, &[0; 6]), "hierarchical JPEG"),
        (segment(0xC0, &[8, 0, 9, 0, 9, 2, 1, 0x11, 0, 2, 0x11, 0]), "2 components"),
    ];
    for (segment, name) in cases {
        let error = header(&start(&segment)).unwrap_err();
        assert_eq!((error.code(), error.to_string()), ("unsupported", format!("unsupported: {name}")));
    }
}

#[test]
fn a_size_over_the_limits_is_refused_by_the_frame_header_alone() {
    let error = header(&start(&sof(0xC0, 8, 65_500, 65_500))).unwrap_err();
    assert_eq!((error.code(), error.limit_and_actual()), ("too_many_pixels", Some((32_768, 65_500))));
}

#[test]
fn scans_are_counted_and_the_limit_is_inclusive() {
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    let file = |scans: usize| start(&[sof(0xC2, 8, 16, 16), scan.repeat(scans), vec![0xFF, 0xD9]].concat());
    let limits =
        |max_jpeg_scans, max_jpeg_full_scans| Limits { max_jpeg_scans, max_jpeg_full_scans, ..Limits::default() };
    let counted = probe(&file(10), &limits(10, 10), &CpuTimer::default()).unwrap();
    assert!(matches!(counted.coding, Coding::JpegProgressive { scans: 10, .. }));
    assert_eq!(probe(&file(11), &limits(10, 64), &CpuTimer::default()).unwrap_err().code(), "limit_exceeded");
    assert_eq!(probe(&file(11), &limits(64, 10), &CpuTimer::default()).unwrap_err().limit_and_actual(), Some((10, 11)));
}

#[test]
fn memory_is_of_whole_mcus() {
    let sampling = vec![(4, 1), (1, 1), (1, 1)];
    let coding = Coding::JpegProgressive { sampling, scans: 1, coefficient_bytes: 1_000_000 };
    let header = Header { coded_size: Size::new(1, 1024), coding, ..header(&photo(8, 8)).unwrap() };
    // MCUs of 32 × 8 pixels: the coefficients, and a row of samples.
    assert_eq!(
        cost(&header, &plan(&header, &Profile::default(), &CpuTimer::default()).unwrap()).working_bytes,
        1_000_000 + 48 * 8
    );
}

#[test]
fn a_component_without_a_scan_is_truncated() {
    let frame = segment(0xC2, &[8, 0, 16, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 0, 0]);
    let file = start(&[frame, scan, vec![0xFF, 0xD9]].concat());
    assert_eq!(header(&file).unwrap_err().code(), "truncated");
}

#[test]
fn an_icc_profile_that_is_whole_describes_the_colours() {
    let part = |n: u8, of: u8, data: &[u8]| segment(0xE2, &[b"ICC_PROFILE\0", &[n, of][..], data].concat());
    let color = |segments: &[Vec<u8>]| header(&with_segments(&photo(16, 16), segments)).unwrap().color;
    let whole = [part(2, 2, b"CD"), part(1, 2, b"AB")];
    assert_eq!(color(&whole), ColorDescription::Icc(bytes::Bytes::from_static(b"ABCD")));
    assert_eq!(color(&whole[..1]), ColorDescription::Srgb);
}

#[test]
fn the_first_exif_segment_gives_the_orientation() {
    let exif = |v: u8| {
        segment(0xE1, &[b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[v, 0, 0, 0]].concat())
    };
    let xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
    let header = header(&with_segments(&photo(16, 8), &[xmp, exif(6), exif(3)])).unwrap();
    assert_eq!((header.orientation, header.size()), (Orientation::Rotate90, Size::new(8, 16)));
}

#[test]
fn adobe_transform_zero_means_rgb() {
    // libjpeg's own JFIF header would win over the Adobe segment.
    let jpeg = photo(16, 16);
    let without_jfif = [&jpeg[..2], &jpeg[20..]].concat();
    let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0");
    assert_eq!(header(&with_segments(&without_jfif, &[adobe])).unwrap().channels, Channels::Rgb);
}

#[test]
fn padding_after_the_scan_is_no_damage() {
    let jpeg = photo(96, 64);
    let (scan, eoi) = jpeg.split_at(jpeg.len() - 2);
    let whole = planes(&jpeg, DctScale::Full).unwrap();
    for padding in [&[0; 2000][..], &[0xFF; 40], b"camera"] {
        assert_eq!(planes(&[scan, padding, eoi].concat(), DctScale::Full).unwrap(), whole);
    }
    assert_eq!(planes(&[scan, &[0; 300][..]].concat(), DctScale::Full).unwrap(), whole, "padding and no EOI");
}

#[test]
fn what_was_appended_to_the_scan_is_no_damage() {
    let jpeg = photo(96, 64);
    let (scan, eoi) = jpeg.split_at(jpeg.len() - 2);
    let whole = planes(&jpeg, DctScale::Full).unwrap();
    let mut state = 5u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 0xFE
    };
    let noise: Vec<u8> = (0..600).map(|_| random()).collect();
    for appended in [&[0x5A; 200][..], b"\r\n--the-boundary-of-a-multipart-body--\r\n", &noise] {
        assert_eq!(planes(&[scan, appended, eoi].concat(), DctScale::Full).unwrap(), whole);
        assert_eq!(planes(&[scan, appended].concat(), DctScale::Full).unwrap(), whole, "without EOI");
    }
}

/// The same scan in a frame of another size.
fn resized(jpeg: &[u8], width: u8, height: u8) -> Vec<u8> {
    let sof = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let mut resized = jpeg.to_vec();
    (resized[sof + 6], resized[sof + 8]) = (height, width);
    resized
}

#[test]
fn rows_of_mcus_below_the_picture_are_left_out_and_other_mcus_are_damage() {
    let jpeg = photo(96, 64);
    let whole = planes(&jpeg, DctScale::Full).unwrap();
    let upper = planes(&resized(&jpeg, 96, 32), DctScale::Full).unwrap();
    assert_eq!(bytes_of(&upper.luma), &bytes_of(&whole.luma)[..96 * 32]);
    // Five MCUs in a row where there were six, and so four too many.
    let error = planes(&resized(&jpeg, 80, 64), DctScale::Full).unwrap_err();
    assert_eq!(error.to_string(), "malformed JPEG: a scan longer than the image");
}

#[test]
fn components_of_one_id_are_taken_in_order() {
    let mut jpeg = photo(32, 32);
    let sof = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let sos = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    for i in 0..3 {
        jpeg[sof + 10 + 3 * i] = 1;
        jpeg[sos + 5 + 2 * i] = 1;
    }
    assert!(header(&jpeg).is_ok());
}

#[test]
fn an_exif_segment_without_tiff_hides_no_other() {
    let block = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
    let segments = [segment(0xE1, b"Exif\0\0nonsense"), segment(0xE1, block)];
    assert_eq!(header(&with_segments(&photo(16, 8), &segments)).unwrap().orientation, Orientation::Rotate90);
}

#[test]
fn an_encoded_picture_of_noise_outgrows_its_first_buffer_and_reads_back() {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let rgb: Vec<u8> = (0..640 * 480 * 3).map(|_| noise()).collect();
    let jpeg = encode_rgb(Size::new(640, 480), &rgb, 95, &CpuTimer::default()).unwrap();
    assert!(jpeg.len() > 200_000, "{}", jpeg.len());
    assert_eq!(planes(&jpeg, DctScale::Full).unwrap().size, Size::new(640, 480));
}
