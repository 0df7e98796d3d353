//! Reads prefix codes and the symbols that they code (RFC 9649 § 3.7.2.1).

use image_ingest_samples::DecodeError;

use crate::bits::Bits;
use crate::result::Result;

/// A complete prefix code, or one symbol that takes no bits.
#[derive(Debug)]
pub(crate) struct PrefixCode {
    /// For each value of the next [`ROOT_BITS`] bits: the symbol, and the length of its code; [`LONGER`] for a longer code.
    root: [(u16, u8); 1 << ROOT_BITS],
    /// Symbols in the order of their codes.
    sorted: Vec<u16>,
    /// How many of them have codes of each length.
    counts: [u16; MAX_LENGTH + 1],
}

impl PrefixCode {
    /// Reads the code of an alphabet of `symbols`.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn read(bits: &mut Bits<'_>, symbols: usize) -> Result<Self> {
        let mut lengths = [0; MAX_SYMBOLS];
        if bits.bit()? {
            read_simple(bits, &mut lengths)?;
        } else {
            let lengths =
                lengths.get_mut(..symbols).ok_or_else(|| DecodeError::internal("a VP8L alphabet too large"))?;
            read_lengths(bits, lengths)?;
        }
        Self::of(lengths.get(..symbols).unwrap_or_default())
    }

    /// The code whose symbols have `lengths` (at most 15); 0 for those that do not occur.
    fn of(lengths: &[u8]) -> Result<Self> {
        let mut counts = [0u16; MAX_LENGTH + 1];
        for &length in lengths {
            counts[usize::from(length) & MAX_LENGTH] += 1;
        }
        counts[0] = 0;
        let sorted = sorted(lengths, &counts);
        if let [only] = sorted[..] {
            return Ok(Self { root: [(only, 0); 1 << ROOT_BITS], sorted, counts });
        }
        let space: u32 = (1..=MAX_LENGTH).map(|length| u32::from(counts[length]) << (MAX_LENGTH - length)).sum();
        if space != 1 << MAX_LENGTH {
            return Err(DecodeError::malformed("a VP8L prefix code that is not complete"));
        }
        let mut code = Self { root: [LONGER; 1 << ROOT_BITS], sorted, counts };
        code.fill_root();
        Ok(code)
    }

    /// Codes count up within a length, and their bits come highest first.
    fn fill_root(&mut self) {
        let (mut symbols, mut code) = (self.sorted.iter(), 0u8);
        for length in 1..=ROOT_BITS {
            for &symbol in symbols.by_ref().take(self.counts[length].into()) {
                let start = usize::from((code << (ROOT_BITS - length)).reverse_bits());
                let entry = (symbol, u8::try_from(length).unwrap_or(0));
                self.root.iter_mut().skip(start).step_by(1 << length).for_each(|to| *to = entry);
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
    }

    /// The symbol that takes no bits, where there is no other.
    pub(crate) fn only(&self) -> Option<u16> {
        if let [only] = self.sorted[..] { Some(only) } else { None }
    }

    /// # Errors
    ///
    /// `truncated` at the end of the data.
    #[inline]
    pub(crate) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16> {
        let next = bits.peek();
        let entry = self.root[(next & ((1 << ROOT_BITS) - 1)) as usize];
        if entry == LONGER {
            return self.long_symbol(bits, next);
        }
        bits.skip(entry.1.into())?;
        Ok(entry.0)
    }

    /// Bit by bit: a code of some length is one of its symbols where it is below the first code that is longer.
    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>, next: u64) -> Result<u16> {
        let (mut code, mut first, mut index) = (0u32, 0u32, 0u32);
        for length in 1..=MAX_LENGTH {
            code = code << 1 | u32::from(next >> (length - 1) & 1 == 1);
            let count = u32::from(self.counts[length]);
            if let Some(place) = code.checked_sub(first).filter(|&place| place < count) {
                bits.skip(u32::try_from(length).unwrap_or(0))?;
                let symbol = usize::try_from(index + place).ok().and_then(|at| self.sorted.get(at));
                return symbol.copied().ok_or_else(|| DecodeError::internal("a prefix code without its symbol"));
            }
            index += count;
            first = (first + count) << 1;
        }
        Err(DecodeError::internal("a complete prefix code with a gap"))
    }
}

/// The symbols in the order of their codes: by length, and by number within a length.
fn sorted(lengths: &[u8], counts: &[u16; MAX_LENGTH + 1]) -> Vec<u16> {
    let mut starts = [0u16; MAX_LENGTH + 1];
    for length in 1..MAX_LENGTH {
        starts[length + 1] = starts[length] + counts[length];
    }
    let mut sorted = vec![0; counts.iter().map(|&count| usize::from(count)).sum()];
    for (symbol, &length) in (0u16..).zip(lengths).filter(|&(_, &length)| length > 0) {
        let start = &mut starts[usize::from(length) & MAX_LENGTH];
        if let Some(to) = sorted.get_mut(usize::from(*start)) {
            *to = symbol;
        }
        *start += 1;
    }
    sorted
}

/// One or two symbols.
fn read_simple(bits: &mut Bits<'_>, lengths: &mut [u8; MAX_SYMBOLS]) -> Result<()> {
    let two = bits.bit()?;
    let wide = bits.bit()?;
    let mut set = |symbol: u32| lengths.get_mut(symbol as usize).map_or((), |length| *length = 1);
    set(bits.read(if wide { 8 } else { 1 })?);
    if two {
        set(bits.read(8)?);
    }
    Ok(())
}

/// The lengths of codes, themselves coded.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<()> {
    let mut coded = [0; ORDER.len()];
    let count = bits.read(4)? as usize + 4;
    for &symbol in ORDER.iter().take(count) {
        coded[symbol] = u8::try_from(bits.read(3)?).unwrap_or(0);
    }
    let code = PrefixCode::of(&coded)?;
    let mut codes = if bits.bit()? {
        let width = 2 + 2 * bits.read(3)?;
        2 + bits.read(width)? as usize
    } else {
        lengths.len()
    };
    if codes > lengths.len() {
        return Err(DecodeError::malformed("more VP8L code lengths than symbols"));
    }
    let (mut at, mut previous) = (0, 8);
    while at < lengths.len() && codes > 0 {
        codes -= 1;
        let (length, repeat) = match code.symbol(bits)? {
            16 => (previous, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (u8::try_from(length).unwrap_or(0), 1),
        };
        if length != 0 {
            previous = length;
        }
        let end = at + repeat as usize;
        let filled = lengths
            .get_mut(at..end)
            .ok_or_else(|| DecodeError::malformed("VP8L code lengths beyond their alphabet"))?;
        filled.fill(length);
        at = end;
    }
    Ok(())
}

/// The order in which the lengths of the codes of lengths come.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The longest code.
const MAX_LENGTH: usize = 15;

/// Green with lengths and the largest colour cache.
const MAX_SYMBOLS: usize = 256 + 24 + (1 << crate::image::MAX_CACHE_BITS);

const ROOT_BITS: usize = 8;

/// No code is as long.
const LONGER: (u16, u8) = (0, u8::MAX);
