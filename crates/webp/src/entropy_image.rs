//! Decodes the small images inside a VP8L bitstream: those of its transforms, and the one that chooses among groups of
//! prefix codes (RFC 9649 § 3.6, § 3.7.2). Each has one group of prefix codes and no transform of its own.
//!
//! Pixels come in rows from the top. Each is one of three things: a colour of four symbols, a copy of pixels that came
//! before, or an index into a table of colours seen last. The symbol of green tells which.

use image_ingest_samples::{DecodeError, Size, sample_count, zeroed};

use crate::alphabet::{DISTANCES, LENGTHS, LITERALS, MAX_CACHE_BITS};
use crate::bits::Bits;
use crate::prefix::PrefixCode;
use crate::result::Result;

/// The five prefix codes that a pixel is coded with (§ 3.7.2).
pub(crate) struct PrefixCodeGroup {
    /// Its symbols are values of green, then prefixes of lengths, then indices into the colour cache.
    green: PrefixCode,
    red: PrefixCode,
    blue: PrefixCode,
    alpha: PrefixCode,
    distance: PrefixCode,
}

impl PrefixCodeGroup {
    /// Reads the five codes, in the order of their fields.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn read(bits: &mut Bits<'_>, cache_bits: u32) -> Result<Self> {
        let colors = if cache_bits == 0 { 0 } else { 1 << cache_bits };
        Ok(Self {
            green: PrefixCode::read(bits, LITERALS + LENGTHS + colors)?,
            red: PrefixCode::read(bits, LITERALS)?,
            blue: PrefixCode::read(bits, LITERALS)?,
            alpha: PrefixCode::read(bits, LITERALS)?,
            distance: PrefixCode::read(bits, DISTANCES)?,
        })
    }

    /// Whether only green differs between pixels that are not copied.
    pub(crate) fn is_green_alone(&self) -> bool {
        [&self.red, &self.blue, &self.alpha].iter().all(|code| code.only().is_some())
    }

    /// The pixel that takes no bits, where there is no other.
    fn only(&self) -> Option<u32> {
        let green = self.green.only().filter(|&green| usize::from(green) < LITERALS)?;
        Some(argb(self.alpha.only()?, self.red.only()?, green, self.blue.only()?))
    }
}

/// Decodes an image of `size` to ARGB, alpha in the highest byte.
///
/// `at` is the number of pixels that are done. A copy is refused unless it begins at a pixel that is done and ends
/// within the image, so each pass either ends the work or adds one pixel or more.
///
/// # Errors
///
/// `malformed`, `truncated`, `out_of_memory`.
pub(crate) fn read(bits: &mut Bits<'_>, size: Size) -> Result<Vec<u32>> {
    let cache_bits = cache_bits(bits)?;
    let group = PrefixCodeGroup::read(bits, cache_bits)?;
    let mut pixels: Vec<u32> = zeroed(sample_count(size, 1).ok_or(DecodeError::out_of_memory(size.pixels()))?)?;
    if let Some(only) = group.only() {
        pixels.fill(only);
        return Ok(pixels);
    }
    let mut cache = ColorCache::new(cache_bits);
    let mut at = 0;
    while let Some(pixel) = pixels.get_mut(at) {
        let green = group.green.symbol(bits)?;
        let symbol = usize::from(green);
        if let Some(copied) = symbol.checked_sub(LITERALS).filter(|&symbol| symbol < LENGTHS) {
            let len = prefixed(bits, copied)?;
            let prefix = group.distance.symbol(bits)?;
            let code = prefixed(bits, prefix.into())?;
            let end = at.checked_add(len).filter(|&end| end <= pixels.len());
            let from = at.checked_sub(distance(code, size.width as usize));
            let (Some(end), Some(from)) = (end, from) else {
                return Err(DecodeError::malformed("VP8L copies pixels from outside its image"));
            };
            copy(&mut pixels, from, at..end, &mut cache);
            at = end;
            continue;
        }
        *pixel = match symbol.checked_sub(LITERALS + LENGTHS) {
            Some(index) => cache.colors.get(index).copied().unwrap_or(0),
            None => {
                let (red, blue) = (group.red.symbol(bits)?, group.blue.symbol(bits)?);
                argb(group.alpha.symbol(bits)?, red, green, blue)
            }
        };
        cache.insert(*pixel);
        at += 1;
    }
    Ok(pixels)
}

/// Bits of an index into the colour cache, 0 for none (§ 3.6.2.3).
///
/// # Errors
///
/// `malformed`, `truncated`.
pub(crate) fn cache_bits(bits: &mut Bits<'_>) -> Result<u32> {
    if !bits.bit()? {
        return Ok(0);
    }
    match bits.read(4)? {
        bits @ 1..=MAX_CACHE_BITS => Ok(bits),
        _ => Err(DecodeError::malformed("a VP8L colour cache of a size that there is not")),
    }
}

/// Copies pixel by pixel, since a copy may reach into itself: each pixel is written before it is read.
fn copy(pixels: &mut [u32], from: usize, to: std::ops::Range<usize>, cache: &mut ColorCache) {
    for (from, at) in (from..).zip(to) {
        let pixel = pixels.get(from).copied().unwrap_or(0);
        cache.insert(pixel);
        if let Some(to) = pixels.get_mut(at) {
            *to = pixel;
        }
    }
}

/// The colours seen last, each at its hash: the highest bits of a product modulo 2³² (§ 3.6.2.3).
struct ColorCache {
    colors: Vec<u32>,
    shift: u32,
}

impl ColorCache {
    fn new(bits: u32) -> Self {
        // Without a cache the hash is moved out of its 32 bits, and no index fits.
        let colors = if bits == 0 { Vec::new() } else { vec![0; 1 << bits] };
        Self { colors, shift: 32 - bits }
    }

    fn insert(&mut self, argb: u32) {
        let hash = 0x1E35_A7BD_u32.wrapping_mul(argb);
        let index = usize::try_from(u64::from(hash) >> self.shift);
        if let Some(color) = index.ok().and_then(|index| self.colors.get_mut(index)) {
            *color = argb;
        }
    }
}

fn argb(alpha: u16, red: u16, green: u16, blue: u16) -> u32 {
    u32::from(alpha) << 24 | u32::from(red) << 16 | u32::from(green) << 8 | u32::from(blue)
}

/// A length or a distance code from its prefix (§ 3.6.2.2): prefixes 0 to 3 are the numbers 1 to 4, and each later pair
/// of prefixes takes one extra bit more. The largest prefix is 39, with 18 extra bits, so a number is below 2²¹.
fn prefixed(bits: &mut Bits<'_>, prefix: usize) -> Result<usize> {
    if prefix < 4 {
        return Ok(prefix + 1);
    }
    let extra = (prefix - 2) >> 1;
    Ok(((2 + (prefix & 1)) << extra) + bits.read(u32::try_from(extra).unwrap_or(0))? as usize + 1)
}

/// How many pixels back a distance code (from 1) leads in an image of `width`: the first 120 codes name a neighbour,
/// and each later one is a distance plus 120 (§ 3.6.2.2).
fn distance(code: usize, width: usize) -> usize {
    match NEAR.get(code - 1) {
        None => code - NEAR.len(),
        Some(&(left, up)) => (usize::from(up) * width).saturating_add_signed(left.into()).max(1),
    }
}

/// For the first 120 distance codes: pixels to the left, and rows up.
#[rustfmt::skip]
const NEAR: [(i8, u8); 120] = [
    (0, 1), (1, 0), (1, 1), (-1, 1), (0, 2), (2, 0), (1, 2), (-1, 2), (2, 1), (-2, 1), (2, 2), (-2, 2),
    (0, 3), (3, 0), (1, 3), (-1, 3), (3, 1), (-3, 1), (2, 3), (-2, 3), (3, 2), (-3, 2), (0, 4), (4, 0),
    (1, 4), (-1, 4), (4, 1), (-4, 1), (3, 3), (-3, 3), (2, 4), (-2, 4), (4, 2), (-4, 2), (0, 5), (3, 4),
    (-3, 4), (4, 3), (-4, 3), (5, 0), (1, 5), (-1, 5), (5, 1), (-5, 1), (2, 5), (-2, 5), (5, 2), (-5, 2),
    (4, 4), (-4, 4), (3, 5), (-3, 5), (5, 3), (-5, 3), (0, 6), (6, 0), (1, 6), (-1, 6), (6, 1), (-6, 1),
    (2, 6), (-2, 6), (6, 2), (-6, 2), (4, 5), (-4, 5), (5, 4), (-5, 4), (3, 6), (-3, 6), (6, 3), (-6, 3),
    (0, 7), (7, 0), (1, 7), (-1, 7), (5, 5), (-5, 5), (7, 1), (-7, 1), (4, 6), (-4, 6), (6, 4), (-6, 4),
    (2, 7), (-2, 7), (7, 2), (-7, 2), (3, 7), (-3, 7), (7, 3), (-7, 3), (5, 6), (-5, 6), (6, 5), (-6, 5),
    (8, 0), (4, 7), (-4, 7), (7, 4), (-7, 4), (8, 1), (8, 2), (6, 6), (-6, 6), (8, 3), (5, 7), (-5, 7),
    (7, 5), (-7, 5), (8, 4), (6, 7), (-6, 7), (7, 6), (-7, 6), (8, 5), (7, 7), (-7, 7), (8, 6), (8, 7),
];
