//! Makes WebP files for comparisons: generated bitstreams, and changed copies of the bitstreams of real files.

use image_ingest_samples::CpuTimer;
use image_ingest_webp::{Bitstream, Container};

use crate::random::Random;
use crate::vp8l_writer;

/// The bitstreams of one picture.
#[derive(Clone)]
pub struct Bitstreams {
    /// What stands in a `VP8 ` or `VP8L` chunk.
    image: Vec<u8>,
    is_lossless: bool,
    /// What stands in an `ALPH` chunk.
    alpha: Option<Vec<u8>>,
}

impl Bitstreams {
    /// Those of a file's primary image.
    #[must_use]
    pub fn of(file: &[u8]) -> Option<Self> {
        let Container { image, .. } = Container::read(file, &CpuTimer::default()).ok()?;
        let alpha = image.alpha_chunk().map(<[u8]>::to_vec);
        match image.bitstream {
            Bitstream::Vp8 => Some(Self { image: image.frame().ok()?.to_vec(), is_lossless: false, alpha }),
            Bitstream::Vp8l => Some(Self { image: image.data.get(8..)?.to_vec(), is_lossless: true, alpha: None }),
        }
    }

    /// How long they are together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.image.len() + self.alpha.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is not a byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Generated or changed ones.
    #[must_use]
    pub fn random(seeds: &[Self], random: &mut Random) -> Self {
        let kind = random.below(8);
        if seeds.is_empty() || kind < 2 {
            return if random.below(4) > 0 { Self::random_lossless(random) } else { Self::noise(random) };
        }
        let mut these = seeds[random.below(seeds.len())].clone();
        if these.is_lossless {
            let start = if random.below(8) == 0 { 1 } else { 5 };
            change(&mut these.image, start, random);
            return these;
        }
        if kind < 5 {
            these.add_alpha(random);
        }
        match random.below(4) {
            0 => {}
            1 | 2 if these.alpha.is_some() => these.alpha.iter_mut().for_each(|alpha| change(alpha, 0, random)),
            _ => change_frame(&mut these.image, random),
        }
        these
    }

    fn random_lossless(random: &mut Random) -> Self {
        let mut image = vp8l_writer::picture(random);
        if random.below(4) == 0 {
            change(&mut image, 5, random);
        }
        Self { image, is_lossless: true, alpha: None }
    }

    /// A small VP8 frame of noise.
    fn noise(random: &mut Random) -> Self {
        let len = 64 + random.below(3000);
        let mut image: Vec<u8> = (0..len).map(|_| byte(random)).collect();
        let first = u32::try_from(random.below(len.min(2000))).unwrap_or(0);
        image[..3].copy_from_slice(&(first << 5 | 0x10).to_le_bytes()[..3]);
        let [width, height] = [0; 2].map(|_: u8| 1 + byte(random) % 90);
        image[3..10].copy_from_slice(&[0x9D, 0x01, 0x2A, width, 0, height, 0]);
        Self { image, is_lossless: false, alpha: None }
    }

    /// Gives a VP8 frame another alpha plane: compressed as VP8L, or noise.
    fn add_alpha(&mut self, random: &mut Random) {
        let &[_, _, _, _, _, _, w0, w1, h0, h1, ..] = &self.image[..] else { return };
        let [width, height] = [[w0, w1], [h0, h1]].map(|side| usize::from(u16::from_le_bytes(side) & 0x3FFF));
        let filter = u8::try_from(random.below(4)).unwrap_or(0) << 2;
        self.alpha = Some(if random.below(3) == 0 {
            let len = width * height + random.below(3);
            std::iter::once(filter).chain((0..len).map(|_| byte(random))).collect()
        } else {
            [&[filter | 1][..], &vp8l_writer::alpha(random, width, height)].concat()
        });
    }

    /// The file: in the simple format, or with an extended header where there is alpha.
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        let name = if self.is_lossless { b"VP8L" } else { b"VP8 " };
        let image = chunk(name, &self.image);
        let chunks = match (&self.alpha, &self.image[..]) {
            (Some(alpha), &[_, _, _, _, _, _, w0, w1, h0, h1, ..]) => {
                let less_one = |side: [u8; 2]| (u16::from_le_bytes(side) & 0x3FFF).wrapping_sub(1).to_le_bytes();
                let ([w0, w1], [h0, h1]) = (less_one([w0, w1]), less_one([h0, h1]));
                [chunk(b"VP8X", &[0x10, 0, 0, 0, w0, w1, 0, h0, h1, 0]), chunk(b"ALPH", alpha), image].concat()
            }
            _ => image,
        };
        chunk(b"RIFF", &[b"WEBP", &chunks[..]].concat())
    }
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [name, &len.to_le_bytes()[..], data, &[0][..data.len() % 2]].concat()
}

fn byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap_or(0)
}

/// Changes a few bytes from `start` on, mostly among the first, where the structure is; or cuts the end.
fn change(data: &mut Vec<u8>, start: usize, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let end = if random.below(2) == 0 { data.len().min(300) } else { data.len() };
        if end <= start {
            return;
        }
        let at = start + random.below(end - start);
        match random.below(6) {
            0 => data[at] = byte(random),
            1 => {
                data.remove(at);
            }
            2 => data.insert(at, byte(random)),
            3 if random.below(8) == 0 => data.truncate(at),
            _ => data[at] ^= 1 << random.below(8),
        }
    }
}

/// Changes a VP8 frame behind its first ten bytes, and now and then its size or the length of its first partition.
fn change_frame(frame: &mut Vec<u8>, random: &mut Random) {
    frame.resize(frame.len().max(11), 0);
    for _ in 0..=random.below(4) {
        // Near the beginning are the header's fields; anywhere, tokens.
        let reach = [13, 30, 200, frame.len()][random.below(4)].clamp(11, frame.len());
        let at = 10 + random.below(reach - 10);
        match random.below(8) {
            0 => frame[at] = byte(random),
            1 | 2 => frame[at] ^= 1 << random.below(8),
            3 => {
                let bytes: Vec<u8> = (0..8).map(|_| byte(random)).collect();
                frame.splice(at..(at + random.below(9)).min(frame.len()), bytes);
            }
            4 => frame.truncate(at.max(11)),
            5 => frame.extend_from_within(at..),
            6 => {
                let first = u32::from_le_bytes([frame[0], frame[1], frame[2], 0]);
                let moved = (first >> 5).wrapping_add(u32::try_from(random.below(64)).unwrap_or(0)).wrapping_sub(32);
                frame[..3].copy_from_slice(&((moved & 0x7_FFFF) << 5 | first & 31).to_le_bytes()[..3]);
            }
            _ => {
                let side = [6, 8][random.below(2)];
                let moved = u8::try_from(random.below(9)).unwrap_or(0);
                frame[side] = frame[side].wrapping_add(moved).wrapping_sub(4).max(1);
            }
        }
        frame.resize(frame.len().max(11), 0);
    }
}
