//! Decodes the pixels of one entropy-coded image, row by row (RFC 9649 § 3.6, § 3.7.3).
//!
//! Each pixel is one of three things: a colour of four symbols, a copy of pixels that came before, or an index into the
//! colours seen last. The symbol of green tells which. A copy may go on over the ends of rows; what is left of it is kept
//! in between.
//!
//! No copy reaches 2²⁰ pixels back, so no more than that is kept: a ring of whole rows, in which the row after the last is
//! the first again.

use image_ingest_samples::{DecodeError, Size, Zeroable, zeroed};

use super::alphabet::{LENGTHS, LITERALS};
use super::backward::{MAX_DISTANCE, distance, prefixed};
use super::bits::Bits;
use super::blocks::BlockValues;
use super::color_cache::ColorCache;
use super::group::{ALPHA, BLUE, DISTANCE, GREEN, PrefixGroup, RED, bits_of, kind, kind_of, pixel_of};
use crate::result::Result;

/// What is kept of a pixel: all of it, or its green alone where nothing else is needed.
pub(super) trait KeptPixel: Copy + Default + Zeroable {
    fn of(argb: u32) -> Self;
    fn argb(self) -> u32;
}

impl KeptPixel for u32 {
    #[inline(always)]
    fn of(argb: u32) -> Self {
        argb
    }

    #[inline(always)]
    fn argb(self) -> u32 {
        self
    }
}

impl KeptPixel for u8 {
    #[inline(always)]
    fn of(argb: u32) -> Self {
        argb.to_le_bytes()[1]
    }

    /// Only the colour cache asks for it, and pixels of which green alone is kept have no cache.
    #[inline(always)]
    fn argb(self) -> u32 {
        u32::from(self) << 8
    }
}

/// How an image is coded.
pub(super) struct EntropyCoding {
    pub(super) size: Size,
    pub(super) cache_bits: u32,
    /// The groups of prefix codes; one at least.
    pub(super) groups: Vec<PrefixGroup>,
    /// Which group codes each block; the first codes all where there are no blocks.
    pub(super) choice: Option<BlockValues<u16>>,
}

impl EntropyCoding {
    /// The group of the pixel at `x` in row `y`, and the first place to the right of it that may have another one.
    #[inline]
    fn group_at(&self, x: usize, y: usize, width: usize) -> (Option<&PrefixGroup>, usize) {
        match &self.choice {
            None => (self.groups.first(), width),
            Some(choice) => {
                let block = x >> choice.log2;
                let group = choice.of_row(y).get(block).and_then(|&group| self.groups.get(usize::from(group)));
                (group, ((block + 1) << choice.log2).min(width))
            }
        }
    }
}

/// An image on its way.
pub(super) struct EntropyCodedImage<'a, P> {
    coding: EntropyCoding,
    pixels: RecentPixels<'a, P>,
    width: usize,
    height: usize,
    y: usize,
}

impl<'a, P: KeptPixel> EntropyCodedImage<'a, P> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn new(bits: Bits<'a>, coding: EntropyCoding) -> Result<Self> {
        let (width, height) = (coding.size.width as usize, coding.size.height as usize);
        let cache = ColorCache::new(coding.cache_bits);
        let pixels = RecentPixels { bits, ring: Ring::new(coding.size)?, cache, copying: Copying::default() };
        Ok(Self { coding, pixels, width, height, y: 0 })
    }

    /// What follows the rows that are decoded.
    pub(super) const fn bits(&self) -> Bits<'a> {
        self.pixels.bits
    }

    /// Decodes the next row. There are as many as the image is high.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    #[inline(always)]
    pub(super) fn next_row(&mut self) -> Result<&[P]> {
        let start = self.y * self.width % self.pixels.ring.len.max(1);
        let row = RingRow {
            start,
            end: start + self.width,
            before: self.y * self.width,
            left: self.height.saturating_sub(self.y) * self.width,
        };
        let decoded = match self.coding.cache_bits {
            0 => self.pixels.decode_row::<false>(&self.coding, row, self.y),
            _ => self.pixels.decode_row::<true>(&self.coding, row, self.y),
        };
        // Behind the end of the data everything is zeros, and no other fault means anything.
        self.pixels.bits.check()?;
        decoded?;
        self.y += 1;
        Ok(self.pixels.ring.pixels.get(row.start..row.end).unwrap_or_default())
    }
}

/// A row that is decoded.
#[derive(Clone, Copy)]
struct RingRow {
    /// Its place in the ring.
    start: usize,
    end: usize,
    /// RecentPixels of the rows above.
    before: usize,
    /// RecentPixels of this row and those below.
    left: usize,
}

/// The pixels decoded last, and what the next ones follow from.
struct RecentPixels<'a, P> {
    bits: Bits<'a>,
    ring: Ring<P>,
    cache: ColorCache,
    copying: Copying,
}

/// What is left of a copy.
#[derive(Clone, Copy, Default)]
struct Copying {
    pixels: usize,
    distance: usize,
}

impl<P: KeptPixel> RecentPixels<'_, P> {
    /// Decodes a row. Each step ends the row, or goes on by one pixel at least, so there are at most as many steps as the
    /// row has pixels.
    #[inline(always)]
    fn decode_row<const CACHED: bool>(&mut self, coding: &EntropyCoding, row: RingRow, y: usize) -> Result<()> {
        let mut at = row.start;
        if self.copying.pixels > 0 {
            at = self.copy::<CACHED>(at, row.end);
        }
        while at < row.end {
            let (group, until) = coding.group_at(at - row.start, y, row.end - row.start);
            let group = group.ok_or_else(|| DecodeError::internal("a VP8L block without its prefix codes"))?;
            let until = row.start + until;
            at = match group.only {
                Some(only) => self.fill::<CACHED>(only, at, until),
                None => self.decode_block::<CACHED>(group, at, until, row)?,
            };
        }
        Ok(())
    }

    /// RecentPixels that take no bits.
    #[inline(always)]
    fn fill<const CACHED: bool>(&mut self, argb: u32, at: usize, until: usize) -> usize {
        if let Some(pixels) = self.ring.pixels.get_mut(at..until) {
            pixels.fill(P::of(argb));
        }
        if CACHED {
            self.cache.insert(argb);
        }
        until
    }

    /// Decodes the pixels from `at` to `until`, which have one group of codes, and those behind that belong to a copy.
    ///
    /// A whole pixel takes at most 11 bits, so four follow from the 56 bits of one refill.
    #[inline(always)]
    fn decode_block<const CACHED: bool>(
        &mut self,
        group: &PrefixGroup,
        mut at: usize,
        until: usize,
        row: RingRow,
    ) -> Result<usize> {
        let table = &group.pixels[..];
        let mask = table.len().wrapping_sub(1);
        let mut bits = self.bits;
        'next: while at < until {
            bits.refill();
            let entry = 'special: {
                for _ in 0..4 {
                    let entry = table[bits.index(mask)];
                    if kind_of(entry) != kind::PIXEL {
                        break 'special entry;
                    }
                    bits.consume(bits_of(entry));
                    self.set::<CACHED>(at, pixel_of(entry));
                    at += 1;
                    if at >= until {
                        break 'next;
                    }
                }
                continue 'next;
            };
            match Special::read(group, &mut bits, entry) {
                Special::Pixel(argb) => {
                    self.set::<CACHED>(at, argb);
                    at += 1;
                }
                Special::Cached(index) => {
                    self.set::<CACHED>(at, self.cache.color(index));
                    at += 1;
                }
                Special::Copy { pixels, code } => {
                    let (width, done) = (row.end - row.start, at - row.start);
                    let distance = distance(code, width);
                    if distance > row.before + done || pixels > row.left - done {
                        self.bits = bits;
                        return Err(DecodeError::malformed("VP8L copies pixels from outside its image"));
                    }
                    self.copying = Copying { pixels, distance };
                    at = self.copy::<CACHED>(at, row.end);
                }
            }
        }
        self.bits = bits;
        Ok(at)
    }

    #[inline(always)]
    fn set<const CACHED: bool>(&mut self, at: usize, argb: u32) {
        self.ring.pixels[at] = P::of(argb);
        if CACHED {
            self.cache.insert(argb);
        }
    }

    /// Goes on with a copy, up to the end of its row.
    #[inline(always)]
    fn copy<const CACHED: bool>(&mut self, at: usize, end: usize) -> usize {
        let Copying { pixels, distance } = self.copying;
        let now = pixels.min(end - at);
        self.copying.pixels = pixels - now;
        self.ring.copy(at, now, distance);
        if CACHED {
            // A copy that reaches into itself repeats its last `distance` pixels, which leave the cache as all of them do.
            let inserted = self.ring.pixels.get(at + now - now.min(distance)..at + now).unwrap_or_default();
            inserted.iter().for_each(|pixel| self.cache.insert(pixel.argb()));
        }
        at + now
    }
}

/// What a pixel is that one look-up does not give.
enum Special {
    Pixel(u32),
    /// An index into the colour cache.
    Cached(usize),
    /// A copy, whose distance has this code.
    Copy {
        pixels: usize,
        code: usize,
    },
}

impl Special {
    /// Reads what `entry` of the table of whole pixels leaves open.
    ///
    /// At least 56 bits are held after a refill, and no three symbols take more than 45. A length takes at most 10 bits
    /// more, whose reading refills.
    #[inline(always)]
    fn read(group: &PrefixGroup, bits: &mut Bits<'_>, entry: u64) -> Self {
        let (codes, tables) = (&group.codes, &group.tables[..]);
        bits.consume(bits_of(entry));
        bits.refill();
        let (mut kind, mut value) = (kind_of(entry), pixel_of(entry));
        if kind == kind::LONG {
            let green = u32::from(codes[GREEN].symbol(tables, bits));
            bits.refill();
            (kind, value) = if green < 256 { (kind::GREEN, green << 8) } else { (kind::SYMBOL, green) };
        }
        if kind == kind::SYMBOL {
            let symbol = (value as usize).saturating_sub(LITERALS);
            if symbol >= LENGTHS {
                return Self::Cached(symbol - LENGTHS);
            }
            let pixels = prefixed(bits, symbol);
            let prefix = codes[DISTANCE].symbol(tables, bits);
            return Self::Copy { pixels, code: prefixed(bits, prefix.into()) };
        }
        if kind <= kind::GREEN {
            value |= u32::from(codes[RED].symbol(tables, bits)) << 16;
        }
        if kind <= kind::GREEN_RED {
            value |= u32::from(codes[BLUE].symbol(tables, bits));
        }
        value |= u32::from(codes[ALPHA].symbol(tables, bits)) << 24;
        Self::Pixel(value)
    }
}

/// The rows decoded last.
struct Ring<P> {
    /// Rows, and [`SPARE`] pixels behind them.
    pixels: Vec<P>,
    /// RecentPixels of all rows: as many as the image has, or at least [`MAX_DISTANCE`].
    len: usize,
}

impl<P: KeptPixel> Ring<P> {
    fn new(size: Size) -> Result<Self> {
        let pixels = zeroed(kept_pixels(size))?;
        Ok(Self { len: pixels.len() - SPARE, pixels })
    }

    /// Copies `count` pixels from `distance` back to `at`, as if one by one: they may be the copied ones themselves.
    ///
    /// `at + count` is at most `len`, and the source is in the ring: a ring of fewer rows than the image has more pixels
    /// than any distance.
    #[inline(always)]
    fn copy(&mut self, at: usize, count: usize, distance: usize) {
        let from = if at >= distance { at - distance } else { (at + self.len).saturating_sub(distance) };
        if from + count > self.len {
            for i in 0..count {
                self.pixels[at + i] = self.pixels[(from + i) % self.len];
            }
        } else if distance >= count && count > LONG_COPY {
            self.pixels.copy_within(from..from + count, at);
        } else if distance >= SPARE {
            self.copy_groups(from, at, count);
        } else if distance == 1 {
            let pixel = self.pixels[from];
            self.pixels[at..at + count].fill(pixel);
        } else {
            for i in 0..count {
                self.pixels[at + i] = self.pixels[from + i];
            }
        }
    }

    /// Copies in groups of eight, the last of which may reach up to seven pixels too far.
    ///
    /// Source and target are at least eight pixels apart, so a group is whole before it is read. The ring has as many
    /// pixels to spare as a group reads or writes behind it.
    #[inline(always)]
    fn copy_groups(&mut self, mut from: usize, mut to: usize, count: usize) {
        let end = to + count;
        while to < end {
            let group: [P; SPARE] = self.pixels[from..].first_chunk().copied().unwrap_or([P::default(); SPARE]);
            if let Some(target) = self.pixels[to..].first_chunk_mut() {
                *target = group;
            }
            from += SPARE;
            to += SPARE;
        }
    }
}

/// RecentPixels that a copy of groups of eight may write behind its end. They are decoded later, or lie behind the ring, or
/// are so old that no copy reaches them: a distance is at most [`MAX_DISTANCE`] − 120.
const SPARE: usize = 8;

/// A copy of more pixels is worth the call of a function.
const LONG_COPY: usize = 64;

/// RecentPixels that are kept while an image of `size` is decoded: whole rows, and some to spare.
pub(super) fn kept_pixels(size: Size) -> usize {
    let (width, height) = (size.width.max(1) as usize, size.height as usize);
    MAX_DISTANCE.div_ceil(width).min(height) * width + SPARE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Copies of random lengths and distances, in a ring of `rows` rows, against all pixels that there ever were.
    fn assert_copies(width: usize, rows: usize, rounds: u32) {
        let len = width * rows;
        let mut ring = Ring { pixels: vec![0u32; len + SPARE], len };
        let mut all: Vec<u32> = Vec::new();
        let mut state = 5u32;
        let mut below = |end: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % end
        };
        for round in 0..rounds {
            let at = all.len() % len;
            ring.pixels[at] = round;
            all.push(round);
            let at = all.len() % len;
            // Up to the end of the row; a copy reads no pixel that the last group of an earlier one may have spoilt.
            let count = below(width - all.len() % width + 1);
            let distance = 1 + below((all.len()).min(len - SPARE));
            let distance = if below(3) == 0 { 1 + below(distance.min(9)) } else { distance };
            ring.copy(at, count, distance);
            for _ in 0..count {
                all.push(all[all.len() - distance]);
            }
            assert_eq!(ring.pixels[at..at + count], all[all.len() - count..], "round {round}: {count} from {distance}");
        }
    }

    #[test]
    fn copies_are_those_of_pixels_one_by_one_round_the_ring() {
        assert_copies(7, 5, 5000);
        assert_copies(100, 3, 5000);
        assert_copies(300, 2, 3000);
    }

    #[test]
    fn no_more_rows_are_kept_than_a_distance_reaches() {
        assert_eq!(kept_pixels(Size::new(100, 10)), 1000 + SPARE);
        assert_eq!(kept_pixels(Size::new(16_384, 16_384)), MAX_DISTANCE + SPARE);
        assert_eq!(kept_pixels(Size::new(1000, 5000)), 1_049_000 + SPARE);
    }
}
