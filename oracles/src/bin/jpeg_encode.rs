//! Compares our JPEG encoder with libjpeg-turbo, byte by byte.
//!
//! ```text
//! jpeg_encode FILE|FOLDER...                 the pictures of JPEGs of 4:2:0, each at a quality
//! jpeg_encode --random SECONDS [--seed N]    generated pictures of any size, at any quality
//! jpeg_encode --hashes                       the lines of crates/jpeg/src/tests/encoded.txt
//! jpeg_encode --time FILE...                 CPU time of our builds and of libjpeg-turbo at quality 85
//! ```
//!
//! Each picture is encoded as planes, as luma alone and as RGB, at all its rows at once and a few at a time, with the
//! build for this CPU and the portable one. The program ends with 1 where any of these differs.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::jpeg_encode::{EncoderInput, EncoderPicture, compare, measure};
use image_ingest_oracles::random::Random;
use image_ingest_samples::Size;

const TURNS: usize = 15;
const TIMED_QUALITY: u8 = 85;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let mut random = Random::new(arguments.seed);
    let mut tally = Tally::default();
    for path in arguments.files() {
        let Some(picture) = fs::read(&path).ok().and_then(|file| EncoderPicture::of_file(&file)) else { continue };
        let name = path.display().to_string();
        if arguments.time {
            print_times(&name, &picture);
        } else {
            tally.compare(&name, &picture, &mut random);
        }
    }
    if let Some(seconds) = arguments.random {
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            let picture = EncoderPicture::random(&mut random);
            tally.compare("random", &picture, &mut random);
        }
    }
    if arguments.hashes {
        tally.print_hashes();
    } else if !arguments.time {
        println!("{} pictures, {} differences", tally.pictures, tally.differences);
    }
    if tally.differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_times(name: &str, picture: &EncoderPicture) {
    for input in EncoderInput::ALL {
        for (build, portable) in [("this CPU", false), ("any CPU", true)] {
            let [ours, theirs] = measure(picture, input, TIMED_QUALITY, portable, TURNS);
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            println!("{name} as {} for {build}: {ratio:.3}, {ours:.2?} and {theirs:.2?}", input.name());
        }
    }
}

/// What was compared.
#[derive(Default)]
struct Tally {
    pictures: u64,
    differences: usize,
}

impl Tally {
    fn compare(&mut self, name: &str, picture: &EncoderPicture, random: &mut Random) {
        let quality = u8::try_from(1 + random.below(100)).unwrap_or(100);
        let differences = compare(picture, quality, random);
        differences.iter().for_each(|difference| println!("DIFFERENT: {name}, {difference}"));
        self.pictures += 1;
        self.differences += differences.len();
    }

    /// Prints a line for each width up to 17, of all heights up to 17, and for each quality.
    fn print_hashes(&mut self) {
        for width in 1..=17 {
            let pictures: Vec<_> = (1..=17).map(|height| generated(Size::new(width, height))).collect();
            let quality = |size: Size| u8::try_from(1 + (size.width * 17 + size.height) % 100).unwrap_or(100);
            let files: Vec<_> = pictures.iter().map(|picture| (picture, quality(picture.size))).collect();
            self.print_hash("width", width, &files);
        }
        let picture = generated(Size::new(83, 45));
        for quality in 1..=100u8 {
            self.print_hash("quality", quality.into(), &[(&picture, quality)]);
        }
    }

    fn print_hash(&mut self, what: &str, number: u32, files: &[(&EncoderPicture, u8)]) {
        for input in EncoderInput::ALL {
            let mut hash = 0xCBF2_9CE4_8422_2325u64;
            for &(picture, quality) in files {
                let theirs = picture.theirs(input, quality);
                self.differences += usize::from(picture.ours(input, quality).ok() != theirs.clone().ok());
                let bytes = theirs.unwrap_or_default();
                hash = bytes.iter().fold(hash, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
            }
            println!("{what} {number} {} {hash:016x}", input.name());
        }
    }
}

/// The picture of crates/jpeg/src/tests/encode.rs: a chessboard of noise and of slopes.
fn generated(size: Size) -> EncoderPicture {
    let sample = |x: usize, y: usize, channel: usize| {
        let is_noise = (x / 8 + y / 8).is_multiple_of(2);
        let value = if is_noise { x * 31 + y * 57 + channel * 101 + x * y * 7 } else { x * 5 + y * 3 + channel * 40 };
        value.to_le_bytes()[0]
    };
    EncoderPicture::of(size, sample, sample)
}
