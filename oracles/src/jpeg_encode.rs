//! Compares our JPEG encoder with libjpeg-turbo, byte by byte, and measures both.

use std::time::Duration;

use image_ingest_c_decoders::jpeg;
use image_ingest_jpeg::{DctScale, JpegDecoder, PlanesEncoder, RgbEncoder, TurnedEncoder, encode_planes, encode_rgb};
use image_ingest_samples::{CpuTimer, Orientation, RowSink, SampleRows, Size, StoredPixels, WorkError};

use crate::cpu_time::fastest;
use crate::random::Random;

/// What an encoder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderInput {
    /// Planes at 4:2:0.
    Planes,
    /// Luma alone; chroma is neutral.
    Gray,
    /// Interleaved RGB.
    Rgb,
}

impl EncoderInput {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Planes, Self::Gray, Self::Rgb];

    /// Its name in lines of hashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Planes => "planes",
            Self::Gray => "gray",
            Self::Rgb => "rgb",
        }
    }
}

/// A picture as planes at 4:2:0 and as RGB. The two need not look alike.
pub struct EncoderPicture {
    /// The size.
    pub size: Size,
    planes: [Vec<u8>; 3],
    rgb: Vec<u8>,
}

impl EncoderPicture {
    /// A picture whose samples are functions of their position and their channel.
    pub fn of(
        size: Size,
        mut planes: impl FnMut(usize, usize, usize) -> u8,
        mut rgb: impl FnMut(usize, usize, usize) -> u8,
    ) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let half = (width.div_ceil(2), height.div_ceil(2));
        let mut plane = |channel, (width, height): (usize, usize)| {
            let mut samples = Vec::with_capacity(width * height);
            (0..height).for_each(|y| samples.extend((0..width).map(|x| planes(x, y, channel))));
            samples
        };
        let planes = [plane(0, (width, height)), plane(1, half), plane(2, half)];
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            (0..width).for_each(|x| pixels.extend((0..3).map(|channel| rgb(x, y, channel))));
        }
        Self { size, planes, rgb: pixels }
    }

    /// The picture of a JPEG file, if that has 4:2:0.
    #[must_use]
    pub fn of_file(file: &[u8]) -> Option<Self> {
        let decoder = JpegDecoder::new(file, &CpuTimer::default()).ok()?;
        let size = decoder.size();
        if decoder.sampling() != [(2, 2), (1, 1), (1, 1)] {
            return None;
        }
        let widths = [size.width as usize, size.width.div_ceil(2) as usize];
        let mut kept = Kept { planes: Default::default(), widths: [widths[0], widths[1], widths[1]] };
        decoder.decode([DctScale::Full; 2], &mut kept, &CpuTimer::default()).ok()?;
        let [luma, cb, cr] = &kept.planes;
        let rgb = |x: usize, y: usize, channel: usize| {
            let chroma = y / 2 * widths[1] + x / 2;
            let [y, cb, cr] = [luma[y * widths[0] + x], cb[chroma], cr[chroma]].map(i32::from);
            let (cb, cr) = (cb - 128, cr - 128);
            let sample = [y + cr * 7 / 5, y - cb / 3 - cr * 5 / 7, y + cb * 16 / 9][channel];
            u8::try_from(sample.clamp(0, 255)).unwrap_or(0)
        };
        let picture = Self::of(size, |_, _, _| 0, rgb);
        Some(Self { planes: kept.planes, ..picture })
    }

    /// A picture and a quality that bytes name: a size, the quality, and samples that are repeated.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<(Self, u8)> {
        let (&[width, height, quality], samples) = bytes.split_first_chunk()?;
        let size = Size::new(1 + u32::from(width), 1 + u32::from(height));
        let (mut first, mut second) = (samples.iter().cycle(), samples.iter().rev().cycle());
        let planes = |_, _, _| first.next().copied().unwrap_or(0);
        let picture = Self::of(size, planes, |_, _, _| second.next().copied().unwrap_or(0));
        Some((picture, 1 + quality % 100))
    }

    /// A picture of any size up to 200 × 200, seldom of a larger one.
    pub fn random(random: &mut Random) -> Self {
        let most = if random.below(200) == 0 { [3000, 200] } else { [200, 200] };
        let [mut width, mut height] = most.map(|most| 1 + u32::try_from(random.below(most)).unwrap_or(0));
        if random.below(2) == 0 {
            (width, height) = (height, width);
        }
        let (planes, rgb) = (Pattern::new(random), Pattern::new(random));
        let (mut first, mut second) = (Random::new(random.next_u64()), Random::new(random.next_u64()));
        let sample = |x, y, channel| planes.sample(x, y, channel, &mut first);
        Self::of(Size::new(width, height), sample, |x, y, channel| rgb.sample(x, y, channel, &mut second))
    }

    /// The file that libjpeg-turbo writes.
    ///
    /// # Errors
    ///
    /// What it says where it does not.
    pub fn theirs(&self, input: EncoderInput, quality: u8) -> Result<Vec<u8>, String> {
        let (Size { width, height }, [y, cb, cr], timer) = (self.size, &self.planes, CpuTimer::default());
        match input {
            EncoderInput::Planes => jpeg::encode_planes(y, Some((cb, cr)), width, height, quality, &timer),
            EncoderInput::Gray => jpeg::encode_planes(y, None, width, height, quality, &timer),
            EncoderInput::Rgb => jpeg::encode_rgb(&self.rgb, width, height, quality, &timer),
        }
        .map_err(|failure| failure.message)
    }

    /// The file that we write.
    ///
    /// # Errors
    ///
    /// Those of the encoder.
    pub fn ours(&self, input: EncoderInput, quality: u8) -> Result<Vec<u8>, WorkError> {
        let ([y, cb, cr], timer) = (&self.planes, CpuTimer::default());
        match input {
            EncoderInput::Planes => encode_planes(self.size, y, Some((cb, cr)), quality, &timer),
            EncoderInput::Gray => encode_planes(self.size, y, None, quality, &timer),
            EncoderInput::Rgb => encode_rgb(self.size, &self.rgb, quality, &timer),
        }
    }

    /// The file that one of our builds writes where all rows come at once.
    fn at_once(&self, input: EncoderInput, quality: u8, portable: bool) -> Result<Vec<u8>, WorkError> {
        let ([y, cb, cr], timer) = (&self.planes, CpuTimer::default());
        if !portable {
            return self.ours(input, quality);
        }
        if input == EncoderInput::Rgb {
            let mut encoder = RgbEncoder::new(self.size, quality)?.portable();
            encoder.push(&self.rgb, &timer)?;
            return encoder.finish();
        }
        let is_gray = input == EncoderInput::Gray;
        let new = if is_gray { PlanesEncoder::gray } else { PlanesEncoder::new };
        let mut encoder = new(self.size, quality)?.portable();
        encoder.push(if is_gray { [y, &[], &[]] } else { [y, cb, cr] }, &timer)?;
        encoder.finish()
    }

    /// The file that we write where a few rows come at once.
    fn by_rows(
        &self,
        input: EncoderInput,
        quality: u8,
        portable: bool,
        random: &mut Random,
    ) -> Result<Vec<u8>, WorkError> {
        let (timer, width, most) = (CpuTimer::default(), self.size.width as usize, 1 + random.below(40));
        if input == EncoderInput::Rgb {
            let mut encoder = RgbEncoder::new(self.size, quality)?;
            encoder = if portable { encoder.portable() } else { encoder };
            let mut left = &self.rgb[..];
            while !left.is_empty() {
                let rows = random.below(most + 1) * width * 3;
                let (now, later) = left.split_at(rows.min(left.len()));
                encoder.push(now, &timer)?;
                left = later;
            }
            return encoder.finish();
        }
        let is_gray = input == EncoderInput::Gray;
        let mut encoder = if is_gray { PlanesEncoder::gray } else { PlanesEncoder::new }(self.size, quality)?;
        encoder = if portable { encoder.portable() } else { encoder };
        let [y, cb, cr] = self.planes.each_ref().map(|plane| &plane[..]);
        let mut left = if is_gray { [y, &[], &[]] } else { [y, cb, cr] };
        while left.iter().any(|rows| !rows.is_empty()) {
            let mut now: [&[u8]; 3] = [&[]; 3];
            for ((now, left), width) in now.iter_mut().zip(&mut left).zip([width, width.div_ceil(2), width.div_ceil(2)])
            {
                let rows = random.below(most + 1) * width;
                (*now, *left) = left.split_at(rows.min(left.len()));
            }
            encoder.push(now, &timer)?;
        }
        encoder.finish()
    }

    /// The file that we write where the picture is stored turned and a few rows come at once.
    fn stored(&self, input: EncoderInput, quality: u8, random: &mut Random) -> Result<Vec<u8>, WorkError> {
        let timer = CpuTimer::default();
        let orientation = Orientation::from_exif(1 + u16::try_from(random.below(8)).unwrap_or(0));
        // Of a turn and a mirror only a quarter turn does not undo itself.
        let away = match orientation {
            Orientation::Rotate90 => Orientation::Rotate270,
            Orientation::Rotate270 => Orientation::Rotate90,
            other => other,
        };
        let half = Size::new(self.size.width.div_ceil(2), self.size.height.div_ceil(2));
        let turned = |size: Size| if away.swaps_axes() { size.transposed() } else { size };
        let (stored, width, half_width) = (turned(self.size), turned(self.size).width, turned(half).width);
        let plane = |plane: &[u8], size| StoredPixels::<1>::new(plane, size, away)?.to_upright(&timer);
        let (new, planes): (fn(_, _, _) -> _, [Vec<u8>; 3]) = match input {
            EncoderInput::Planes => {
                let [y, cb, cr] = &self.planes;
                (TurnedEncoder::new, [plane(y, self.size)?, plane(cb, half)?, plane(cr, half)?])
            }
            EncoderInput::Gray => (TurnedEncoder::gray, [plane(&self.planes[0], self.size)?, Vec::new(), Vec::new()]),
            EncoderInput::Rgb => {
                let rgb = StoredPixels::<3>::new(&self.rgb, self.size, away)?.to_upright(&timer)?;
                (TurnedEncoder::rgb, [rgb, Vec::new(), Vec::new()])
            }
        };
        let mut encoder: TurnedEncoder = new(stored, orientation, quality)?;
        encoder = if random.below(2) == 0 { encoder.portable() } else { encoder };
        let row_len = if input == EncoderInput::Rgb { 3 * width } else { width };
        let row_lens = [row_len, half_width, half_width].map(|len| len as usize);
        let mut left = planes.each_ref().map(|plane| &plane[..]);
        while left.iter().any(|rows| !rows.is_empty()) {
            let mut now: [&[u8]; 3] = [&[]; 3];
            for ((now, left), row_len) in now.iter_mut().zip(&mut left).zip(row_lens) {
                (*now, *left) = left.split_at((random.below(40) * row_len).min(left.len()));
            }
            encoder.push(now, &timer)?;
        }
        encoder.finish(&timer)
    }
}

/// Compares all ways to encode a picture at a quality. The result says where they differ.
pub fn compare(picture: &EncoderPicture, quality: u8, random: &mut Random) -> Vec<String> {
    let mut differences = Vec::new();
    for input in EncoderInput::ALL {
        let theirs = picture.theirs(input, quality);
        let ways = [
            ("whole", picture.ours(input, quality)),
            ("portable, by rows", picture.by_rows(input, quality, true, random)),
            ("by rows", picture.by_rows(input, quality, false, random)),
            ("stored turned", picture.stored(input, quality, random)),
        ];
        for (way, ours) in ways {
            let ours = ours.map_err(|error| error.to_string());
            if ours != theirs {
                let at = ours.iter().flatten().zip(theirs.iter().flatten()).position(|(a, b)| a != b);
                let (name, size) = (input.name(), picture.size);
                differences.push(format!("{name}, {way}, {} × {} at {quality}: byte {at:?}", size.width, size.height));
            }
        }
    }
    differences
}

/// The CPU time of both encoders on a picture: ours, in the portable build where `portable`, then that of
/// libjpeg-turbo.
#[must_use]
pub fn measure(
    picture: &EncoderPicture,
    input: EncoderInput,
    quality: u8,
    portable: bool,
    turns: usize,
) -> [Duration; 2] {
    let ours = || drop(picture.at_once(input, quality, portable));
    fastest(turns, ours, || drop(picture.theirs(input, quality)))
}

/// How the samples of a random picture look: like nothing, like the least and the most, or like surfaces.
struct Pattern {
    kind: usize,
    base: [u8; 4],
    slopes: [u8; 6],
}

impl Pattern {
    fn new(random: &mut Random) -> Self {
        let mut byte = || random.next_u64().to_le_bytes()[0];
        let (base, slopes) = (std::array::from_fn(|_| byte()), std::array::from_fn(|_| byte() % 16));
        Self { kind: random.below(8), base, slopes }
    }

    fn sample(&self, x: usize, y: usize, channel: usize, random: &mut Random) -> u8 {
        let (base, slopes, byte) = (self.base, self.slopes, random.next_u64().to_le_bytes()[0]);
        let near = |base: u8, n: u8| base.saturating_add(byte % (n + 1)).saturating_sub(n / 2);
        let along = |n: usize, slope: u8| (n * usize::from(slope) / 4).to_le_bytes()[0];
        let slope = base[channel].wrapping_add(along(x, slopes[channel])).wrapping_sub(along(y, slopes[channel + 3]));
        match self.kind {
            0 => byte,
            1 => base[channel],
            2 if byte < base[3] => 0,
            2 => 255,
            3 => near(0, 6),
            4 => near(255, 6),
            5 => slope,
            6 => near(slope, base[3] / 4),
            _ if (x / (1 + usize::from(base[3] % 9)) + y / (1 + usize::from(base[2] % 5))).is_multiple_of(2) => {
                base[channel]
            }
            _ => !base[channel],
        }
    }
}

/// Keeps the planes of a picture without padding.
struct Kept {
    planes: [Vec<u8>; 3],
    widths: [usize; 3],
}

impl RowSink for Kept {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        let (planes, width) = (&mut self.planes, self.widths[plane]);
        rows.bytes()?.chunks(rows.stride).for_each(|row| planes[plane].extend_from_slice(&row[..width]));
        Ok(())
    }
}
