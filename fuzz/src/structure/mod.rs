//! Mutates a file part by part and assembles it again with right lengths and checksums.
//!
//! A file that cannot be parsed, and every eighth file, is mutated as plain bytes.

pub mod gif;
pub mod heif;
pub mod hevc;
pub mod jpeg;
pub mod png;
pub mod webp;

use image_ingest::Format;
use image_ingest::stages::sniff;

/// libFuzzer's mutation of bytes. It takes a buffer, the length of its content and the greatest length, and returns the
/// new length.
pub type Plain = fn(&mut [u8], usize, usize) -> usize;

/// The format that a file is parsed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// One of the formats.
    File(Format),
    /// The format that the first bytes indicate.
    AnyFile,
    /// A decoder configuration and an item, as [`hevc::config_and_item`] reads them.
    Hevc,
}

/// Parts that can be changed one by one.
pub trait Parts {
    /// The bytes of part `index`.
    fn body(&mut self, index: usize) -> Option<&mut Vec<u8>>;
    /// The number of parts.
    fn count(&self) -> usize;
    /// Inserts a copy of part `from` before part `to`.
    fn repeat(&mut self, from: usize, to: usize);
    /// Removes a part.
    fn remove(&mut self, index: usize);
    /// The file.
    fn bytes(&self) -> Vec<u8>;
}

/// Mutates `data[..size]` in place and returns its new length, which is at most `max`.
pub fn mutate(structure: Structure, data: &mut [u8], size: usize, max: usize, seed: u32, plain: Plain) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let parts = if random.below(8) == 0 { None } else { take_apart(structure, &data[..size]) };
    let Some(mut parts) = parts.filter(|parts| parts.count() > 0) else { return plain(data, size, max) };
    for _ in 0..=random.below(3) {
        change(parts.as_mut(), &mut random, plain);
    }
    let changed = parts.bytes();
    match data.get_mut(..changed.len()).filter(|_| changed.len() <= max) {
        Some(to) if !changed.is_empty() => {
            to.copy_from_slice(&changed);
            changed.len()
        }
        _ => plain(data, size, max),
    }
}

/// The parts of a file; `None` if it cannot be parsed.
pub fn take_apart(structure: Structure, data: &[u8]) -> Option<Box<dyn Parts>> {
    let format = match structure {
        Structure::File(format) => format,
        Structure::AnyFile => sniff(data)?,
        Structure::Hevc => return Some(Box::new(hevc::Units::read(data)?)),
    };
    Some(match format {
        Format::Jpeg => Box::new(jpeg::Segments::read(data)?),
        Format::Png => Box::new(png::Datastream::read(data)?),
        Format::Gif => Box::new(gif::Blocks::read(data)?),
        Format::Webp => Box::new(webp::Riff::read(data)?),
        Format::Heic => Box::new(heif::Boxes::read(data)?),
    })
}

fn change(parts: &mut dyn Parts, random: &mut Random, plain: Plain) {
    let count = parts.count();
    match random.below(12) {
        0 if count > 1 => parts.remove(random.below(count)),
        1 => parts.repeat(random.below(count), random.below(count + 1)),
        // What costs little once may cost much when it is there often.
        2 => {
            let to = random.below(count + 1);
            parts.repeat(random.below(count), to);
            (1..1 << random.below(10)).for_each(|_| parts.repeat(to, to));
        }
        3 => {
            let Some(body) = parts.body(random.below(count)).filter(|body| !body.is_empty()) else { return };
            let start = random.below(body.len());
            let piece = body[start..].iter().take(1 + random.below(64)).copied().collect::<Vec<_>>();
            let times = 1 << random.below(12);
            body.splice(start..start, piece.repeat(times));
        }
        _ => {
            let Some(body) = parts.body(random.below(count)) else { return };
            let len = body.len();
            let room = len + random.below(2) * 32;
            body.resize(room.max(1), 0);
            let changed = plain(body, len, room.max(1));
            body.truncate(changed);
        }
    }
}

/// A pseudo-random generator: a multiplication, then two xorshifts.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 20) % end.max(1) as u64).unwrap_or(0)
    }
}

/// Parts that are a list of items with a body.
macro_rules! parts_of_list {
    ($list:ident) => {
        fn body(&mut self, index: usize) -> Option<&mut Vec<u8>> {
            self.$list.get_mut(index).map(|part| &mut part.body)
        }

        fn count(&self) -> usize {
            self.$list.len()
        }

        fn repeat(&mut self, from: usize, to: usize) {
            if let Some(part) = self.$list.get(from).cloned() {
                self.$list.insert(to.min(self.$list.len()), part);
            }
        }

        fn remove(&mut self, index: usize) {
            self.$list.remove(index);
        }
    };
}
pub(crate) use parts_of_list;

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}
