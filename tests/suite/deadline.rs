//! A job stops soon after its deadline, and soon after its caller cancels it.

use std::fs;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use image::{ExtendedColorType, ImageFormat};
use image_ingest::{Background, CancellationToken, Encoding, Error, Geometry, Ingest, Limits, Profile, Size, Source};
use jpeg_encoder::{ColorType, Encoder};

use crate::files::{lossy_webp, name, testdata};

fn ingest(deadline: Duration, profile: Profile) -> Ingest {
    let mut limits = Limits::default();
    limits.deadline = deadline;
    limits.max_bytes = 64 << 20;
    Ingest::builder().profile(profile).limits(limits).build().unwrap()
}

fn outcome(ingest: &Ingest, bytes: &[u8]) -> Result<Background, Error> {
    ingest.ingest(Source::new(bytes.to_vec(), ingest.limits())?)
}

fn cpu_time() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap()
}

/// So many milliseconds more than a deadline, and as many times as many as an emulator is slower (`IMAGE_INGEST_SLOWNESS`).
fn late(ms: u64) -> Duration {
    let slowness = std::env::var("IMAGE_INGEST_SLOWNESS").map_or(1, |times| times.parse().unwrap());
    Duration::from_millis(ms * slowness)
}

fn profile(encoding: Encoding, max_edge: u16) -> Profile {
    let mut profile = Profile::default();
    profile.encoding = encoding;
    profile.geometry = Geometry::Fit { max_edge: max_edge.into() };
    profile
}

/// WebP where this build makes it.
fn slowest_encoding() -> Encoding {
    let webp = Encoding::Webp { quality: 85 };
    if webp.is_built_in() { webp } else { Encoding::Jpeg { quality: 85 } }
}

#[test]
fn a_deadline_of_nothing_is_missed_by_every_file() {
    let ingest = ingest(Duration::ZERO, Profile::default());
    for path in ["jpeg", "png", "gif", "webp", "heic"].into_iter().flat_map(testdata) {
        let error = outcome(&ingest, &fs::read(&path).unwrap()).expect_err(&name(&path));
        assert_eq!(error.code(), "deadline", "{}", name(&path));
    }
}

#[test]
fn a_batch_whose_token_is_cancelled_gives_every_upload_back() {
    let token = CancellationToken::new();
    let ingest = Ingest::default().with_cancellation(token.clone());
    let sources = testdata("png").into_iter().take(12);
    let sources: Vec<_> = sources.map(|path| ((), ingest.source(fs::read(path).unwrap()))).collect();
    let mut results = ingest.batch(sources, 2, 256 << 20).unwrap();
    assert!(results.next().unwrap().1.is_ok());
    token.cancel();
    let rest: Vec<_> = results.map(|((), result)| result).collect();
    assert_eq!(rest.len(), 11);
    assert!(rest.iter().filter_map(|result| result.as_ref().err()).all(|error| error.code() == "cancelled"));
    assert_eq!(rest.last().unwrap().as_ref().unwrap_err().code(), "cancelled");
}

/// An upload's bytes, which say when nobody holds them any more.
struct Held(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How long one job of a batch took, and how long those in work held their uploads after the batch was dropped.
fn one_job_and_the_end_of_the_rest(ingest: &Ingest, file: &[u8]) -> (Duration, Duration) {
    let held = Arc::new(AtomicUsize::new(0));
    let sources = (0..64).map(|_| {
        held.fetch_add(1, Ordering::SeqCst);
        ((), ingest.source(Bytes::from_owner(Held(file.to_vec(), Arc::clone(&held)))))
    });
    let started = Instant::now();
    let mut results = ingest.batch(sources, 2, 1 << 30).unwrap();
    assert!(results.next().unwrap().1.is_ok());
    let one = started.elapsed();
    drop(results);
    let dropped = Instant::now();
    while held.load(Ordering::SeqCst) > 0 && dropped.elapsed() < one {
        thread::sleep(Duration::from_millis(1));
    }
    (one, dropped.elapsed())
}

#[test]
fn a_dropped_batch_stops_its_jobs() {
    let ingest = ingest(Duration::MAX, profile(slowest_encoding(), SIDE));
    let slow = by_image(ImageFormat::Png);
    // Jobs that nobody stops take at least one more job's time, each time; a busy machine delays some that are stopped.
    let times: Vec<_> = (0..5).map(|_| one_job_and_the_end_of_the_rest(&ingest, &slow)).collect();
    assert!(times.iter().any(|(one, rest)| *rest < *one / 2), "{times:?}");
    assert!(ingest.ingest(ingest.source(slow).unwrap()).is_ok(), "the caller's ingest is not cancelled");
}

const SIDE: u16 = 1_600;

/// Rows of noise that are alike: every block has work in it.
fn noise(channels: usize) -> Vec<u8> {
    let samples = usize::from(SIDE) * channels;
    let row = (0..samples).map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]);
    row.collect::<Vec<_>>().repeat(SIDE.into())
}

fn by_image(format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let (side, color) = (SIDE.into(), ExtendedColorType::Rgb8);
    image::write_buffer_with_format(&mut file, &noise(3), side, side, color, format).unwrap();
    file.into_inner()
}

fn jpeg(color: ColorType, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 75);
    encoder.set_progressive(progressive);
    let channels = if color == ColorType::Cmyk { 4 } else { 3 };
    encoder.encode(&noise(channels), SIDE, SIDE, color).unwrap();
    file
}

fn gif(interlaced: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut frame = gif::Frame::from_indexed_pixels(SIDE, SIDE, noise(1), None);
    frame.interlaced = interlaced;
    let mut encoder = gif::Encoder::new(&mut file, SIDE, SIDE, &[7; 768]).unwrap();
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    file
}

fn heic() -> Vec<u8> {
    let options = heifer::EncodeOptions { quality: 80, max_threads: 1 };
    heifer::encode_rgb8(SIDE.into(), SIDE.into(), &noise(3), &options).unwrap()
}

fn large_files() -> Vec<(&'static str, Vec<u8>)> {
    let phone = testdata("heic").into_iter().find(|path| path.ends_with("grid_phone_12mp.heic")).unwrap();
    vec![
        ("sequential JPEG", jpeg(ColorType::Rgb, false)),
        ("progressive JPEG", jpeg(ColorType::Rgb, true)),
        ("CMYK JPEG", jpeg(ColorType::Cmyk, false)),
        ("progressive CMYK JPEG", jpeg(ColorType::Cmyk, true)),
        ("PNG", by_image(ImageFormat::Png)),
        ("GIF", gif(false)),
        ("interlaced GIF", gif(true)),
        ("lossy WebP", lossy_webp(Size::new(SIDE.into(), SIDE.into()), &noise(3), 80)),
        ("HEIC", heic()),
        ("HEIC of tiles", fs::read(phone).unwrap()),
    ]
}

#[test]
fn a_deadline_is_kept_within_a_tenth_of_a_second() {
    let (small, large) = (profile(Encoding::Jpeg { quality: 85 }, 700), profile(slowest_encoding(), SIDE));
    for (name, file) in large_files() {
        let to = if name == "PNG" { &large } else { &small };
        let before = cpu_time();
        outcome(&ingest(Duration::MAX, to.clone()), &file).unwrap();
        let whole = cpu_time() - before;
        let refusals = [1, 3, 5, 7].map(|tenths| outcome(&ingest(whole * tenths / 10, to.clone()), &file).err());
        for error in refusals.iter().flatten() {
            let Error::Deadline { limit, actual } = error else { panic!("{name}: {error}") };
            assert!(*actual - *limit < late(100), "{name}: {actual:?}, not {limit:?}");
        }
        assert!(refusals[0].is_some(), "{name}: no deadline was missed in {whole:?}");
    }
}

#[test]
fn a_job_in_work_can_be_cancelled() {
    let file = jpeg(ColorType::Rgb, true);
    let token = CancellationToken::new();
    let ingest = ingest(Duration::MAX, Profile::default());
    let started = Instant::now();
    outcome(&ingest, &file).unwrap();
    let whole = started.elapsed();
    let ingest = ingest.with_cancellation(token.clone());
    let seen = thread::scope(|scope| {
        let job = scope.spawn(|| (outcome(&ingest, &file).map(drop), Instant::now()));
        thread::sleep(whole / 8);
        let cancelled = Instant::now();
        token.cancel();
        let (result, ended) = job.join().unwrap();
        (result.unwrap_err().code(), ended - cancelled)
    });
    assert_eq!(seen.0, "cancelled");
    assert!(seen.1 < late(500), "{:?}", seen.1);
}

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let covered = [&name[..], data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
}

/// Eight deflate blocks, which end with a byte, each of a set of prefix codes and an end of the block (RFC 1951 § 3.2.7).
fn empty_blocks() -> Vec<u8> {
    let start = "0 01 00000 00000 0111";
    let code_lengths = ["000 000 100", &"000".repeat(14), "100"].concat();
    // Two codes of one bit, for a literal and the end of the block, and 255 lengths of 0 between them.
    let (codes, end) = ("0 1 1111111 1 0101011 0 0", "1");
    let bits = [start, &code_lengths, codes, end].concat().repeat(8).replace(' ', "");
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit & 1));
    bits.as_bytes().chunks(8).map(byte).collect()
}

/// A box of a HEIF file.
fn iso_box(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + payload.len()).unwrap().to_be_bytes();
    [&size[..], name, payload].concat()
}

/// A file whose `ipma` has lists of no property for `count` items that the file does not have.
fn heif_with_property_lists(count: u32) -> Vec<u8> {
    let lists = [&[0; 4][..], &count.to_be_bytes(), &b"\0\x09\0".repeat(count as usize)].concat();
    let parts = [
        iso_box(b"hdlr", b"\0\0\0\0\0\0\0\0pict"),
        iso_box(b"pitm", b"\0\0\0\0\0\x01"),
        iso_box(b"iinf", b"\0\0\0\0\0\0"),
        iso_box(b"iloc", &[0; 8]),
        iso_box(b"iprp", &[iso_box(b"ipco", b""), iso_box(b"ipma", &lists)].concat()),
    ];
    [iso_box(b"ftyp", b"heic\0\0\0\0"), iso_box(b"meta", &[vec![0; 4], parts.concat()].concat())].concat()
}

/// Ten megabytes of steps that each hold nothing, in the places where a walk meets them before a picture.
fn walks() -> [(&'static str, Vec<u8>); 10] {
    let filled = |start: &[u8], step: &[u8]| [start, &step.repeat(10_000_000 / step.len())].concat();
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0")].concat();
    let scan = b"\xFF\xD8\xFF\xC2\0\x0B\x08\0\x08\0\x10\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\0\0";
    [
        ("JPEG segments", filled(b"\xFF\xD8", b"\xFF\xE5\0\x02")),
        ("JPEG scan data", filled(scan, b"\xFF\0")),
        ("JPEG restarts", filled(scan, b"\xFF\xD0")),
        ("PNG chunks", filled(&png, &chunk(b"abCd", b""))),
        ("PNG image data", [&png[..], &chunk(b"IDAT", &filled(b"\x78\x01", &empty_blocks()))].concat()),
        ("GIF blocks", filled(b"GIF89a\x01\0\x01\0\0\0\0", b"!\xFE\0")),
        ("WebP chunks", filled(b"RIFF\xFF\xFF\xFF\xFFWEBPVP8X\x0A\0\0\0\x28\0\0\0\0\0\0\0\0\0", b"abcd\0\0\0\0")),
        ("HEIF boxes", filled(b"\0\0\0\x10ftypheic\0\0\0\0", b"\0\0\0\x08free")),
        ("HEIF property lists", heif_with_property_lists(3_000_000)),
        ("GIF sub-blocks", filled(b"GIF89a\x01\0\x01\0\0\0\0!\xFE", b"\x01\0")),
    ]
}

#[test]
fn a_walk_over_what_holds_nothing_keeps_its_deadline() {
    let limit = Duration::from_millis(4);
    let ingest = ingest(limit, Profile::default());
    for (name, file) in walks() {
        let source = Source::new(file, ingest.limits()).unwrap();
        let before = cpu_time();
        let error = ingest.ingest(source).expect_err(name);
        let spent = cpu_time() - before;
        // A walk may end by itself between two looks at the budget, the first of them before the deadline.
        assert!(error.code() == "deadline" || spent < limit + late(5), "{name}: {spent:?}, {error}");
        assert!(spent < limit + late(16), "{name}: {spent:?}");
    }
}
