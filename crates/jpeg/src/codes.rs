//! Huffman tables (ITU-T T.81 annexes C and F.2.2.3) as lookups: one on 12 bits gives up to two AC coefficients whole,
//! with their runs and values.

use crate::bits::BitReader;

/// Bits that the lookups see.
const LOOKUP: u32 = 12;
/// Bits of the lookup of symbols alone.
const SHORT: u32 = 9;

/// A table by its symbols: what every code is found by if the faster lookups do not have it.
pub(crate) struct HuffmanTable {
    /// By the next [`SHORT`] bits: length and symbol; length 0 for longer codes.
    short: Box<[(u8, u8); 1 << SHORT]>,
    /// One more than the largest code of each length, left-aligned to 16 bits.
    limit: [u32; 17],
    /// What to add to a code to get its symbol's place, by length.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl HuffmanTable {
    /// From the numbers of codes of each length, 1–16, and the symbols in order; `None` if they make no prefix code.
    pub(crate) fn new(counts: [u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut codes =
            Self { short: Box::new([(0, 0); 1 << SHORT]), limit: [0; 17], offset: [0; 17], symbols: [0; 256] };
        codes.symbols.get_mut(..symbols.len())?.copy_from_slice(symbols);
        let (mut code, mut place) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(&counts) {
            let of_length = symbols.get(place..place + usize::from(count))?;
            codes.offset[length as usize] = i32::try_from(place).ok()? - i32::try_from(code).ok()?;
            for &symbol in of_length {
                if length <= SHORT {
                    let first = (code as usize) << (SHORT - length);
                    let entries = codes.short.get_mut(first..first + (1 << (SHORT - length)))?;
                    entries.fill((length.try_into().ok()?, symbol));
                }
                code += 1;
            }
            // The code of ones alone is no code (§ C.2), so there is always one left.
            if code >= 1 << length {
                return None;
            }
            codes.limit[length as usize] = code << (16 - length);
            place += usize::from(count);
            code <<= 1;
        }
        (place == symbols.len()).then_some(codes)
    }

    /// The length and symbol of the code on top of 16 bits.
    #[inline(always)]
    pub(crate) fn find(&self, top: u32) -> Option<(u32, u8)> {
        let (length, symbol) = self.short[(top >> (16 - SHORT)) as usize & ((1 << SHORT) - 1)];
        if length > 0 { Some((u32::from(length), symbol)) } else { self.find_long(top) }
    }

    #[cold]
    fn find_long(&self, top: u32) -> Option<(u32, u8)> {
        let length = (SHORT as usize + 1..=16).find(|&length| top < self.limit[length])?;
        let place = i32::try_from(top >> (16 - length)).ok()? + self.offset[length];
        Some((u32::try_from(length).ok()?, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}

/// A DC table: a lookup gives the difference whole.
pub(crate) struct DcTable {
    codes: HuffmanTable,
    /// Bits taken (0: not here) in the lower half, the difference in the upper.
    entries: Box<[u32; 1 << LOOKUP]>,
}

impl DcTable {
    /// `None` if a category is above 15.
    pub(crate) fn new(codes: HuffmanTable) -> Option<Self> {
        let mut entries = Box::new([0; 1 << LOOKUP]);
        for (index, entry) in (0u32..).zip(entries.iter_mut()) {
            let Some((length, category)) = codes.find(index << (16 - LOOKUP)) else { continue };
            let (taken, category) = (length + u32::from(category), u32::from(category));
            if taken <= LOOKUP {
                *entry = taken | bits_to_value(index >> (LOOKUP - taken), category).cast_unsigned() << 16;
            }
        }
        codes.symbols.iter().all(|&category| category <= 15).then_some(Self { codes, entries })
    }

    /// The next difference; the reader needs 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, reader: &mut BitReader) -> Option<i32> {
        let entry = self.entries[reader.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)];
        if entry & 0xFFFF != 0 {
            reader.skip(entry & 0xFFFF);
            return Some(entry.cast_signed() >> 16);
        }
        let (length, category) = self.codes.find(reader.peek(16))?;
        reader.skip(length);
        Some(receive(reader, u32::from(category)))
    }
}

/// An AC table.
pub(crate) struct AcTable {
    codes: HuffmanTable,
    /// See [`AcEntry`].
    entries: Box<[u32; 1 << LOOKUP]>,
}

/// One or two coefficients: bits taken (4 bits; 0: not here), steps to the first (5) and from there to the second (7),
/// and their values (8 each).
///
/// An end of block is a step of [`END`]; a second that is not here takes no step and repeats the first.
#[derive(Clone, Copy)]
pub(crate) struct AcEntry(u32);

/// The step that ends a block.
pub(crate) const END: u32 = 127;

impl AcEntry {
    fn new(taken: u32, first: (u32, i32), second: (u32, i32)) -> Self {
        let value = |v: i32| v.cast_unsigned() & 0xFF;
        Self(taken | first.0 << 4 | second.0 << 9 | value(first.1) << 16 | value(second.1) << 24)
    }

    #[inline(always)]
    pub(crate) fn taken(self) -> u32 {
        self.0 & 15
    }

    #[inline(always)]
    pub(crate) fn steps(self) -> (u32, u32) {
        (self.0 >> 4 & 31, self.0 >> 9 & 127)
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "values of eight bits, sign-extended")]
    pub(crate) fn values(self) -> (i16, i16) {
        (i16::from((self.0 >> 16) as i8), (self.0.cast_signed() >> 24) as i16)
    }
}

impl AcTable {
    pub(crate) fn new(codes: HuffmanTable) -> Self {
        let mut entries = Box::new([0; 1 << LOOKUP]);
        for (index, entry) in (0u32..).zip(entries.iter_mut()) {
            *entry = pair(&codes, index).map_or(0, |pair| pair.0);
        }
        Self { codes, entries }
    }

    #[inline(always)]
    pub(crate) fn pair(&self, reader: &BitReader) -> AcEntry {
        AcEntry(self.entries[reader.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)])
    }

    /// One coefficient by its code: the step to it, or [`END`], and its value; the reader needs 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, reader: &mut BitReader) -> Option<(u32, i32)> {
        let (length, symbol) = self.codes.find(reader.peek(16))?;
        reader.skip(length);
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        Some(match (run, size) {
            (15, 0) => (16, 0),
            (_, 0) => (END, 0),
            _ => (run + 1, receive(reader, size)),
        })
    }
}

/// What 12 bits hold of coefficients of at most 7 bits.
fn pair(codes: &HuffmanTable, index: u32) -> Option<AcEntry> {
    let (taken, step, value) = single(codes, index, LOOKUP)?;
    if step == END {
        // The first step must stay in range: a zero one further, where there is nothing yet.
        return Some(AcEntry::new(taken, (1, 0), (END, 0)));
    }
    let left = LOOKUP - taken;
    let rest = index & ((1 << left) - 1);
    Some(match single(codes, rest, left) {
        Some((more, second, other)) => AcEntry::new(taken + more, (step, value), (second, other)),
        None => AcEntry::new(taken, (step, value), (0, value)),
    })
}

/// The first coefficient in `len` bits, if it is whole: bits taken, step and value.
fn single(codes: &HuffmanTable, bits: u32, len: u32) -> Option<(u32, u32, i32)> {
    let (length, symbol) = codes.find(bits << (16 - len))?;
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    let taken = length + size;
    if taken > len || size > 7 {
        return None;
    }
    let value = bits_to_value(bits >> (len - taken), size);
    match (run, size) {
        (15, 0) => Some((taken, 16, 0)),
        (_, 0) => Some((taken, END, 0)),
        _ => Some((taken, run + 1, value)),
    }
}

#[inline(always)]
fn receive(reader: &mut BitReader, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let bits = reader.peek(size);
    reader.skip(size);
    bits_to_value(bits, size)
}

/// `EXTEND` (T.81 figure F.12).
#[inline(always)]
pub(crate) fn bits_to_value(bits: u32, size: u32) -> i32 {
    let bits = (bits & ((1 << size) - 1)).cast_signed();
    if size > 0 && bits < 1 << (size - 1) { bits + 1 - (1 << size) } else { bits }
}
