//! Facts about WebP, on bitstreams made by libwebp and `image`'s encoder in containers made by hand.

use std::time::{Duration, Instant};

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageFormat};

use image_ingest_color::ColorDescription;
use image_ingest_color::LimitedPlanes;
use image_ingest_samples::{
    Budget, CancellationToken, CpuTimer, Layout, Matrix, Planes, Range, Raster, Rect, Samples, Siting, Size,
};

use super::{cost, decode, probe};
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header, Orientation};
use crate::pixels::KeptRows;
use crate::plan::plan;
use crate::plan::profile::Profile;
use crate::upload::limits::Limits;

const SIZE: Size = Size::new(13, 9);
const ANIMATION: u8 = 0x02;
const EXIF: u8 = 0x08;
const ALPHA: u8 = 0x10;
const ICC: u8 = 0x20;

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let pad: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [name, &length, data, pad].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[b"WEBP".to_vec(), chunks.concat()].concat())
}

fn u24(value: u32) -> [u8; 3] {
    *value.to_le_bytes().first_chunk().unwrap()
}

fn vp8x(flags: u8, canvas: Size) -> Vec<u8> {
    chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &u24(canvas.width - 1), &u24(canvas.height - 1)].concat())
}

fn anmf(left: u32, top: u32, size: Size, chunks: &[Vec<u8>]) -> Vec<u8> {
    let place = [u24(left / 2), u24(top / 2), u24(size.width - 1), u24(size.height - 1), u24(100)].concat();
    chunk(b"ANMF", &[place, vec![0], chunks.concat()].concat())
}

/// A VP8 file of noise.
fn lossy(size: Size) -> Vec<u8> {
    let rgb = noise(usize::try_from(size.pixels() * 3).unwrap());
    let LimitedPlanes { size, mut luma, mut cb, mut cr } =
        LimitedPlanes::from_rgb(size, &rgb, &CpuTimer::default()).unwrap();
    image_ingest_webp_encode::encode(size, &mut luma, &mut cb, &mut cr, 80, &CpuTimer::default()).unwrap()
}

/// A VP8L file of noise, and its samples.
fn lossless(size: Size, color: ExtendedColorType) -> (Vec<u8>, Vec<u8>) {
    let mut file = Vec::new();
    let samples = noise(usize::try_from(size.pixels()).unwrap() * usize::from(color.channel_count()));
    WebPEncoder::new_lossless(&mut file).encode(&samples, size.width, size.height, color).unwrap();
    (file, samples)
}

/// The image chunk of a file in the simple format.
fn image_chunk(file: &[u8]) -> Vec<u8> {
    file[12..].to_vec()
}

/// An uncompressed alpha plane.
fn alph(alpha: &[u8]) -> Vec<u8> {
    chunk(b"ALPH", &[&[0], alpha].concat())
}

fn header(bytes: &[u8]) -> Result<Header> {
    probe(bytes, &Limits::default(), &CpuTimer::default())
}

fn decoded(bytes: &[u8], header: &Header) -> Result<(KeptRows, Size)> {
    let (plan, mut rows) = (plan(header, &Profile::default(), &CpuTimer::default()).unwrap(), KeptRows::new());
    decode(bytes, header, &plan, &CpuTimer::default(), &mut rows)?;
    Ok((rows, plan.target))
}

fn raster(bytes: &[u8]) -> Result<Raster> {
    decoded(bytes, &header(bytes)?).map(|(rows, size)| rows.into_raster(size))
}

fn planes(bytes: &[u8]) -> Result<Planes> {
    decoded(bytes, &header(bytes)?).map(|(rows, size)| rows.into_planes(size, 2))
}

fn code(result: Result<impl std::fmt::Debug>) -> &'static str {
    result.expect_err("refused").code()
}

fn u8s(samples: Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(_) => panic!("WebP has 8 bits"),
    }
}

#[test]
fn opaque_lossy_gives_limited_range_planes() {
    for size in [SIZE, Size::new(1, 1), Size::new(16, 32), Size::new(33, 2)] {
        let file = lossy(size);
        let header = header(&file).unwrap();
        assert_eq!((header.coded_size, header.has_alpha, header.channels), (size, false, Channels::Ycbcr));
        assert_eq!((header.coding, header.frames), (Coding::WebpLossy { alpha_bytes: 0 }, None));
        let planes = planes(&file).unwrap();
        assert_eq!((planes.size, planes.range, planes.matrix), (size, Range::Limited, Matrix::Bt601));
        let chroma = planes.chroma.unwrap();
        assert_eq!((chroma.subsampling, chroma.siting), ((2, 2), Siting::Centred));
    }
}

#[test]
fn lossless_gives_the_samples_that_went_in() {
    let (file, samples) = lossless(SIZE, ExtendedColorType::Rgb8);
    let rgb = raster(&file).unwrap();
    assert_eq!((rgb.layout, rgb.samples), (Layout::Rgb, Samples::U8(samples)));
    let (file, samples) = lossless(SIZE, ExtendedColorType::Rgba8);
    assert!(header(&file).unwrap().has_alpha);
    let rgba = raster(&file).unwrap();
    assert_eq!((rgba.layout, rgba.samples), (Layout::Rgba, Samples::U8(samples)));
}

#[test]
fn lossy_with_alpha_gives_rgba() {
    let alpha = noise(117);
    let file = riff(&[vp8x(ALPHA, SIZE), chunk(b"ABCD", b"odd"), alph(&alpha), image_chunk(&lossy(SIZE))]);
    assert!(header(&file).unwrap().has_alpha);
    let raster = raster(&file).unwrap();
    assert_eq!(raster.layout, Layout::Rgba);
    let seen: Vec<u8> = u8s(raster.samples).chunks(4).map(|p| p[3]).collect();
    assert_eq!(seen, alpha);
}

#[test]
fn an_extended_still_is_the_same_picture() {
    let file = riff(&[vp8x(0, SIZE), image_chunk(&lossy(SIZE))]);
    assert_eq!(planes(&file).unwrap(), planes(&lossy(SIZE)).unwrap());
    let other = riff(&[vp8x(0, Size::new(13, 10)), image_chunk(&lossy(SIZE))]);
    assert_eq!(code(header(&other)), "malformed");
}

#[test]
fn every_truncation_is_refused() {
    let alpha = riff(&[vp8x(ALPHA, SIZE), alph(&noise(117)), image_chunk(&lossy(SIZE))]);
    for file in [lossy(SIZE), lossless(SIZE, ExtendedColorType::Rgba8).0, alpha] {
        let whole = header(&file).unwrap();
        // The last byte may be padding.
        for n in 0..file.len() - 1 {
            assert_eq!(code(header(&file[..n])), "truncated", "at {n}");
            assert_eq!(code(decoded(&file[..n], &whole)), "truncated", "decode at {n}");
        }
    }
}

#[test]
fn what_is_lost_behind_the_picture_matters_only_where_it_is_announced() {
    let with = |flags| riff(&[vp8x(flags, SIZE), image_chunk(&lossy(SIZE)), chunk(b"EXIF", &[0; 40])]);
    let cut = |flags| with(flags)[..with(flags).len() - 10].to_vec();
    assert_eq!(planes(&cut(0)).unwrap(), planes(&lossy(SIZE)).unwrap());
    assert_eq!(code(header(&cut(EXIF))), "truncated");
    let mut longer = lossy(SIZE);
    longer[4] += 1;
    assert_eq!(planes(&longer).unwrap(), planes(&lossy(SIZE)).unwrap());
}

#[test]
fn short_bitstreams_in_a_whole_container_are_refused() {
    let size = Size::new(64, 48);
    for file in [lossy(size), lossless(size, ExtendedColorType::Rgb8).0] {
        let (name, data) = (file[12..16].first_chunk().unwrap(), &file[20..]);
        for n in (0..data.len() - 2).step_by(7) {
            let short = riff(&[chunk(name, &data[..n])]);
            assert!(header(&short).and_then(|h| decoded(&short, &h)).is_err(), "at {n} of {}", data.len());
        }
    }
}

#[test]
fn a_short_alpha_plane_is_refused() {
    for n in [0, 1, 60, 116] {
        let file = riff(&[vp8x(ALPHA, SIZE), alph(&noise(n)), image_chunk(&lossy(SIZE))]);
        assert!(raster(&file).is_err(), "{n} of 117");
    }
}

#[test]
fn trailing_bytes_are_not_damage() {
    let file = [lossy(SIZE), b"PK\x03\x04".to_vec()].concat();
    assert_eq!(planes(&file).unwrap(), planes(&lossy(SIZE)).unwrap());
    let after = riff(&[image_chunk(&lossy(SIZE)), b"EXIF\xFF\xFF\xFF\xFF".to_vec()]);
    assert_eq!(planes(&after).unwrap(), planes(&lossy(SIZE)).unwrap());
}

#[test]
fn metadata_counts_where_it_is_announced() {
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    for exif in [tiff.to_vec(), [b"Exif\0\0".as_slice(), tiff].concat()] {
        let chunks = [chunk(b"ICCP", b"profile"), image_chunk(&lossy(SIZE)), chunk(b"EXIF", &exif)];
        let with = |flags| header(&riff(&[vec![vp8x(flags, SIZE)], chunks.to_vec()].concat())).unwrap();
        assert_eq!(with(EXIF).orientation, Orientation::Rotate90);
        assert_eq!(with(EXIF).color, ColorDescription::Srgb);
        assert_eq!(with(ICC).orientation, Orientation::Upright);
        assert_eq!(with(ICC).color, ColorDescription::Icc(bytes::Bytes::from_static(b"profile")));
    }
}

#[test]
fn profiles_count_up_to_4_mib() {
    let with = |len: u64| {
        let profile = vec![7; usize::try_from(len).unwrap()];
        let file = riff(&[vp8x(ICC, SIZE), chunk(b"ICCP", &profile), image_chunk(&lossy(SIZE))]);
        (header(&file).unwrap().color, profile)
    };
    let (color, profile) = with(ColorDescription::MAX_ICC_BYTES);
    assert_eq!(color, ColorDescription::Icc(profile.into()));
    assert_eq!(with(ColorDescription::MAX_ICC_BYTES + 1).0, ColorDescription::Srgb);
}

#[test]
fn an_animation_gives_its_first_frame_on_the_canvas() {
    let (file, samples) = lossless(SIZE, ExtendedColorType::Rgb8);
    let canvas = Size::new(20, 15);
    let second = anmf(0, 0, SIZE, &[image_chunk(&lossy(SIZE))]);
    let anim = chunk(b"ANIM", &[1, 2, 3, 255, 0, 0]);
    let file = riff(&[vp8x(ANIMATION, canvas), anim, anmf(4, 6, SIZE, &[image_chunk(&file)]), second]);
    let header = header(&file).unwrap();
    assert_eq!((header.coded_size, header.has_alpha), (canvas, true));
    assert_eq!(header.frames, Some(2));
    let out = u8s(raster(&file).unwrap().samples);
    let (mut at, mut frame) = (0, samples.chunks(3));
    for (y, x) in (0..15).flat_map(|y| (0..20).map(move |x| (y, x))) {
        let inside = (4..17).contains(&x) && (6..15).contains(&y);
        let expected = if inside { [frame.next().unwrap(), &[255]].concat() } else { vec![0; 4] };
        assert_eq!(out[at..at + 4], expected, "{x}, {y}");
        at += 4;
    }
}

#[test]
fn an_opaque_frame_over_the_whole_canvas_is_a_still_picture() {
    let file = riff(&[vp8x(ANIMATION, SIZE), anmf(0, 0, SIZE, &[image_chunk(&lossy(SIZE))])]);
    assert_eq!(planes(&file).unwrap(), planes(&lossy(SIZE)).unwrap());
    let alpha = noise(117);
    let file = riff(&[vp8x(ANIMATION, SIZE), anmf(0, 0, SIZE, &[alph(&alpha), image_chunk(&lossy(SIZE))])]);
    let seen: Vec<u8> = u8s(raster(&file).unwrap().samples).chunks(4).map(|p| p[3]).collect();
    assert_eq!(seen, alpha);
}

#[test]
fn frames_that_do_not_fit_are_malformed() {
    let image = [image_chunk(&lossy(SIZE))];
    let with = |frame| code(header(&riff(&[vp8x(ANIMATION, Size::new(14, 10)), frame])));
    assert_eq!(with(anmf(2, 0, SIZE, &image)), "malformed");
    assert_eq!(with(anmf(0, 2, SIZE, &image)), "malformed");
    assert_eq!(with(anmf(0, 0, Size::new(12, 9), &image)), "malformed");
    assert_eq!(with(image[0].clone()), "malformed");
    assert_eq!(with(chunk(b"ANMF", &[0; 15])), "malformed");
    assert_eq!(with(anmf(0, 0, SIZE, &[])), "malformed");
}

#[test]
fn containers_that_make_no_sense_are_malformed() {
    for file in [
        riff(&[]),
        riff(&[chunk(b"EXIF", b"")]),
        riff(&[alph(&[0; 117]), image_chunk(&lossy(SIZE))]),
        riff(&[vp8x(0, SIZE)]),
        riff(&[chunk(b"VP8X", &[0; 9]), image_chunk(&lossy(SIZE))]),
        riff(&[chunk(b"VP8 ", &[0; 30])]),
        riff(&[chunk(b"VP8L", &[0x2F, 0, 0, 0, 0xE0])]),
        riff(&[b"VP8 \xFF\xFF\xFF\xFF".to_vec()]),
        b"RIFF\x04\0\0\0WAVE".to_vec(),
        b"RIFF\x03\0\0\0WEBP".to_vec(),
    ] {
        assert_eq!(code(header(&file)), "malformed", "{:?}", file.get(..40));
    }
}

#[test]
fn size_limits_are_inclusive_and_cover_the_canvas() {
    let file = lossy(SIZE);
    let mut limits = Limits { max_pixels: 117, max_side: 13, ..Limits::default() };
    assert!(probe(&file, &limits, &CpuTimer::default()).is_ok());
    limits.max_side = 12;
    assert!(matches!(
        probe(&file, &limits, &CpuTimer::default()),
        Err(Error::TooManyPixels { limit: 12, actual: 13, .. })
    ));
    (limits.max_side, limits.max_pixels) = (13, 116);
    assert_eq!(code(probe(&file, &limits, &CpuTimer::default())), "too_many_pixels");
    let huge = Size::new(1 << 24, 1 << 24);
    let file = riff(&[vp8x(ANIMATION, huge), anmf(0, 0, SIZE, &[image_chunk(&file)])]);
    assert_eq!(code(header(&file)), "too_many_pixels");
}

#[test]
fn very_many_frames_are_counted_quickly() {
    let frame = anmf(0, 0, SIZE, &[image_chunk(&lossy(SIZE))]);
    let file = riff(&[vec![vp8x(ANIMATION, SIZE), frame], vec![chunk(b"ANMF", &[]); 1_000_000]].concat());
    let began = Instant::now();
    assert_eq!(header(&file).unwrap().frames, Some(1_000_001));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[test]
fn lossy_rgba_is_close_to_what_image_gives() {
    let file = riff(&[vp8x(ALPHA, SIZE), alph(&[255; 117]), image_chunk(&lossy(SIZE))]);
    let reference = image::load_from_memory_with_format(&file, ImageFormat::WebP).unwrap().into_rgba8().into_raw();
    let ours = u8s(raster(&file).unwrap().samples);
    assert!(ours.iter().zip(&reference).all(|(a, b)| a.abs_diff(*b) <= 1));
}

#[test]
fn no_picture_is_held_whole() {
    let alpha = riff(&[vp8x(ALPHA, SIZE), alph(&noise(117)), image_chunk(&lossy(SIZE))]);
    for file in [lossy(SIZE), alpha, lossless(SIZE, ExtendedColorType::Rgba8).0] {
        let mut header = header(&file).unwrap();
        header.coded_size = Size::new(8000, 8000);
        header.crop = Rect::whole(header.coded_size);
        let cost = cost(&header, &plan(&header, &Profile::default(), &CpuTimer::default()).unwrap());
        assert!(cost.streams && cost.working_bytes < 1 << 20, "{cost:?}");
    }
}

#[test]
fn a_cancelled_job_ends_on_the_rows_of_its_canvas() {
    let canvas = Size::new(20, 2000);
    let file = riff(&[vp8x(ANIMATION, canvas), anmf(4, 1900, SIZE, &[image_chunk(&lossy(SIZE))])]);
    let header = header(&file).unwrap();
    let token = CancellationToken::new();
    let budget = Budget::new(Duration::from_secs(1000), token.clone());
    let timer = budget.timer();
    let plan = plan(&header, &Profile::default(), &CpuTimer::default()).unwrap();
    assert!(decode(&file, &header, &plan, &timer, &mut KeptRows::new()).is_ok());
    token.cancel();
    assert_eq!(code(decode(&file, &header, &plan, &timer, &mut KeptRows::new())), "cancelled");
    assert_eq!(code(probe(&lossless(SIZE, ExtendedColorType::Rgb8).0, &Limits::default(), &timer)), "cancelled");
}
