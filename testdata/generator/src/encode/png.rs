//! Writes PNG files (PNG Third Edition) chunk by chunk: every colour type and depth, Adam7, ancillary chunks, APNG.

/// How samples are to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    Rgba = 6,
}

/// A picture to write.
pub(crate) struct Png<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) color: Color,
    pub(crate) depth: u8,
    /// One number per sample, whatever the depth.
    pub(crate) samples: &'a [u16],
    pub(crate) interlaced: bool,
    /// Chunks between IHDR and IDAT.
    pub(crate) before: Vec<Chunk>,
    /// Chunks between IDAT and IEND.
    pub(crate) after: Vec<Chunk>,
}

/// A chunk's name and data.
pub(crate) type Chunk = ([u8; 4], Vec<u8>);

pub(crate) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1A\n";

impl<'a> Png<'a> {
    pub(crate) fn new(width: u32, height: u32, color: Color, depth: u8, samples: &'a [u16]) -> Self {
        Self { width, height, color, depth, samples, interlaced: false, before: Vec::new(), after: Vec::new() }
    }

    pub(crate) fn with(mut self, name: [u8; 4], data: impl Into<Vec<u8>>) -> Self {
        self.before.push((name, data.into()));
        self
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend(chunk(*b"IHDR", &ihdr(self.width, self.height, self.depth, self.color as u8, self.interlaced)));
        self.before.iter().for_each(|(name, data)| out.extend(chunk(*name, data)));
        out.extend(chunk(*b"IDAT", &zlib(&self.filtered())));
        self.after.iter().for_each(|(name, data)| out.extend(chunk(*name, data)));
        out.extend(chunk(*b"IEND", &[]));
        out
    }

    /// Filtered rows, pass by pass: what IDAT holds compressed.
    pub(crate) fn filtered(&self) -> Vec<u8> {
        self.rows(|_, row, above| self.filter(row, above))
    }

    /// The same with the filter that `kind` names for each row of a pass.
    pub(crate) fn filtered_by(&self, kind: impl Fn(usize) -> u8) -> Vec<u8> {
        let bytes = (self.channels() * usize::from(self.depth) / 8).max(1);
        self.rows(|y, row, above| filtered_row(kind(y), row, above, bytes))
    }

    fn rows(&self, filter: impl Fn(usize, &[u8], &[u8]) -> Vec<u8>) -> Vec<u8> {
        let passes: &[[u32; 4]] = if self.interlaced { &ADAM7 } else { &[[0, 0, 1, 1]] };
        let mut out = Vec::new();
        for &[x0, y0, dx, dy] in passes {
            let columns: Vec<u32> = (x0..self.width).step_by(dx as usize).collect();
            if columns.is_empty() {
                continue;
            }
            let mut previous = Vec::new();
            for (i, y) in (y0..self.height).step_by(dy as usize).enumerate() {
                let row = self.packed(y, &columns);
                previous.resize(row.len(), 0);
                out.extend(filter(i, &row, &previous));
                previous = row;
            }
        }
        out
    }

    fn packed(&self, y: u32, columns: &[u32]) -> Vec<u8> {
        let channels = self.channels();
        let row = y as usize * self.width as usize;
        let samples = columns.iter().flat_map(|&x| {
            let at = (row + x as usize) * channels;
            self.samples[at..at + channels].iter().copied()
        });
        match self.depth {
            16 => samples.flat_map(u16::to_be_bytes).collect(),
            8 => samples.map(|v| v as u8).collect(),
            depth => pack_bits(samples, depth),
        }
    }

    /// The filter with the least sum of absolute differences; none below 8 bits and for palettes (clause 12.7).
    fn filter(&self, row: &[u8], above: &[u8]) -> Vec<u8> {
        let bytes = (self.channels() * usize::from(self.depth) / 8).max(1);
        let last = if self.depth < 8 || self.color == Color::Palette { 0 } else { 4 };
        let candidates = (0..=last).map(|kind| filtered_row(kind, row, above, bytes));
        let cost = |row: &Vec<u8>| row[1..].iter().map(|&b| u64::from((b as i8).unsigned_abs())).sum::<u64>();
        candidates.min_by_key(cost).expect("filter 0 is always there")
    }

    fn channels(&self) -> usize {
        match self.color {
            Color::Gray | Color::Palette => 1,
            Color::GrayAlpha => 2,
            Color::Rgb => 3,
            Color::Rgba => 4,
        }
    }
}

pub(crate) fn ihdr(width: u32, height: u32, depth: u8, color: u8, interlaced: bool) -> Vec<u8> {
    let mut out = width.to_be_bytes().to_vec();
    out.extend(height.to_be_bytes());
    out.extend([depth, color, 0, 0, u8::from(interlaced)]);
    out
}

pub(crate) fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("chunks are below 2 GiB");
    let mut out = length.to_be_bytes().to_vec();
    out.extend(name);
    out.extend_from_slice(data);
    let crc = crc32fast::hash(&out[4..]);
    out.extend(crc.to_be_bytes());
    out
}

pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(data, 8)
}

/// iCCP's data: name, method 0, compressed profile.
pub(crate) fn iccp(profile: &[u8]) -> Vec<u8> {
    [&b"profile\0\0"[..], &zlib(profile)].concat()
}

/// 8-bit samples as the writer takes them.
pub(crate) fn wide(samples: &[u8]) -> Vec<u16> {
    samples.iter().map(|&v| u16::from(v)).collect()
}

fn pack_bits(samples: impl Iterator<Item = u16>, depth: u8) -> Vec<u8> {
    let per_byte = 8 / usize::from(depth);
    let samples: Vec<u16> = samples.collect();
    let byte = |group: &[u16]| {
        let bits = group.iter().fold(0u16, |bits, &v| bits << depth | v);
        (bits << (usize::from(depth) * (per_byte - group.len()))) as u8
    };
    samples.chunks(per_byte).map(byte).collect()
}

fn filtered_row(kind: u8, row: &[u8], above: &[u8], bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.len() + 1);
    out.push(kind);
    for (i, &value) in row.iter().enumerate() {
        let (left, corner) = if i >= bytes { (row[i - bytes], above[i - bytes]) } else { (0, 0) };
        let predicted = match kind {
            1 => left,
            2 => above[i],
            3 => ((u16::from(left) + u16::from(above[i])) / 2) as u8,
            4 => paeth(left, above[i], corner),
            _ => 0,
        };
        out.push(value.wrapping_sub(predicted));
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |v: u8| (estimate - i16::from(v)).abs();
    let nearest = if distance(left) <= distance(above) { left } else { above };
    if distance(nearest) <= distance(corner) { nearest } else { corner }
}

/// First column, first row, column step, row step of each pass.
const ADAM7: [[u32; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
