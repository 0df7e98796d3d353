//! Compares our inflater with libdeflate.
//!
//! ```text
//! inflate [--time] PATH…              the image data of PNG files; with --time how long both take
//! inflate --random SECONDS [--seed N] streams of libdeflate's encoder, and the same with changed bytes
//! ```
//!
//! It ends with 1 where a stream of the encoder is refused, or where both accept a stream and the bytes differ. Which
//! damaged streams are refused is compared with fdeflate, by the tests of the crate and the target
//! `inflate_against_others`.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::cpu_time::fastest;
use image_ingest_oracles::inflate::{by_libdeflate, by_ours, bytes, image_data, stream};
use image_ingest_oracles::random::Random;

/// More than the image data of any file of the tests.
const MAX_BYTES: usize = 1 << 28;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let [mut ours, mut theirs] = [(); 2].map(|()| vec![0; MAX_BYTES]);
    let (mut compared, mut different) = (0, 0);
    for path in arguments.files() {
        let Some(data) = std::fs::read(&path).ok().and_then(|file| image_data(&file)) else { continue };
        if arguments.time {
            time(&path.display().to_string(), &data, [&mut ours, &mut theirs]);
            continue;
        }
        compared += 1;
        different += u32::from(!same(&data, &mut ours, &mut theirs, None));
    }
    let mut random = Random::new(arguments.seed);
    let end = Instant::now() + Duration::from_secs(arguments.random.unwrap_or(0));
    while Instant::now() < end {
        let bytes = bytes(&mut random);
        let mut data = stream(&bytes, &mut random);
        let mut is_right = same(&data, &mut ours, &mut theirs, Some(&bytes));
        for _ in 0..4 {
            let at = random.below(data.len());
            data[at] ^= 1 << random.below(8);
            is_right &= same(&data, &mut ours[..1 << 20], &mut theirs[..1 << 20], None);
        }
        compared += 5;
        if !is_right {
            println!("DIFFERENT: {} bytes, stream {:02x?}", bytes.len(), &data[..data.len().min(99)]);
            different += 1;
        }
    }
    println!("{compared} streams, {different} differences");
    if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether both give the same bytes, or one refuses; of a stream of `expected` bytes, whether ours gives those.
fn same(stream: &[u8], ours: &mut [u8], theirs: &mut [u8], expected: Option<&[u8]>) -> bool {
    let (by_ours, by_theirs) = (by_ours(stream, ours), by_libdeflate(stream, theirs));
    if let Some(expected) = expected {
        return by_ours.is_some_and(|len| ours[..len] == *expected);
    }
    match (by_ours, by_theirs) {
        (Some(len), Some(theirs_len)) => ours[..len] == theirs[..theirs_len],
        _ => true,
    }
}

/// Prints the least CPU time of both. Ours gets a whole buffer here, as libdeflate does, and a window in a picture.
fn time(name: &str, stream: &[u8], [ours, theirs]: [&mut [u8]; 2]) {
    let (ours, theirs) = (RefCell::new(ours), RefCell::new(theirs));
    let [a, b] = fastest(
        41,
        || _ = by_ours(stream, &mut ours.borrow_mut()),
        || _ = by_libdeflate(stream, &mut theirs.borrow_mut()),
    );
    let [a, b] = [a, b].map(|time| time.as_secs_f64() * 1e3);
    println!("{name}: ours {a:.2} ms, libdeflate {b:.2} ms, {:.2}", a / b);
}
