//! Reads the codes of a block with dynamic codes (RFC 1951 § 3.2.7).

use super::bits::BitReservoir;
use super::fault::InflateFault;
use super::prefix_code::CodedSymbols;

/// The header of a block with dynamic codes, as far as it was read.
#[derive(Debug, Clone)]
pub(super) struct DynamicHeader {
    /// How many lengths there are for literals and lengths, and for distances.
    literal_count: usize,
    distance_count: usize,
    /// How many lengths there are for the codes of lengths.
    length_count: usize,
    /// The codes of lengths: for each seven bits, the symbol, and the bits of its code in the low three bits.
    table: [u8; 128],
    /// Lengths that were read, and the last of them.
    read: usize,
    last: u8,
    pub(super) literals: CodedSymbols,
    pub(super) distances: CodedSymbols,
    /// Whether the end of the block has a code.
    has_end: bool,
}

impl DynamicHeader {
    pub(super) const fn new() -> Self {
        Self {
            literal_count: 0,
            distance_count: 0,
            length_count: 0,
            table: [0; 128],
            read: 0,
            last: 0,
            literals: CodedSymbols::new(),
            distances: CodedSymbols::new(),
            has_end: false,
        }
    }

    /// Begins a header: reads the three counts, 14 bits, which must be there.
    pub(super) fn begin(&mut self, bits: &mut BitReservoir) -> Result<(), InflateFault> {
        self.literal_count = bits.take(5) as usize + 257;
        self.distance_count = bits.take(5) as usize + 1;
        self.length_count = bits.take(4) as usize + 4;
        self.literals.clear();
        self.distances.clear();
        (self.read, self.last, self.has_end) = (0, 0, false);
        if self.literal_count > 286 || self.distance_count > 30 { Err(InflateFault::Stream) } else { Ok(()) }
    }

    /// Reads the codes of lengths; says whether they are all there.
    pub(super) fn read_length_codes(
        &mut self,
        bits: &mut BitReservoir,
        input: &mut &[u8],
    ) -> Result<bool, InflateFault> {
        bits.refill(input);
        if bits.count() as usize + 8 * input.len() < 3 * self.length_count {
            return Ok(false);
        }
        let mut lengths = [0_u8; 19];
        for (at, &symbol) in ORDER[..self.length_count].iter().enumerate() {
            // 18 lengths take 54 bits.
            if at == 18 {
                bits.refill(input);
            }
            lengths[symbol] = bits.take(3).to_le_bytes()[0];
        }
        self.table = length_table(&lengths).ok_or(InflateFault::Stream)?;
        Ok(true)
    }

    /// Reads lengths; says whether they are all there.
    pub(super) fn read_lengths(&mut self, bits: &mut BitReservoir, input: &mut &[u8]) -> Result<bool, InflateFault> {
        let total = self.literal_count + self.distance_count;
        while self.read < total {
            bits.refill(input);
            // The longest code. What follows a block's header has more bits than may be missing here.
            if bits.count() < 7 {
                return Ok(false);
            }
            let entry = self.table[bits.low(7) as usize];
            let (code_bits, symbol) = (u32::from(entry & 7), entry >> 3);
            let (extra, least) = match symbol {
                0..16 => (0, 1),
                16 => (2, 3),
                17 => (3, 3),
                _ => (7, 11),
            };
            if bits.count() < code_bits + extra {
                return Ok(false);
            }
            if symbol == 16 && self.read == 0 {
                return Err(InflateFault::Stream);
            }
            bits.drop_bits(code_bits);
            let repeat = least + bits.take(extra) as usize;
            if self.read + repeat > total {
                return Err(InflateFault::Stream);
            }
            match symbol {
                0..16 => self.last = symbol,
                16 => {}
                _ => self.last = 0,
            }
            self.add(repeat);
        }
        if self.has_end { Ok(true) } else { Err(InflateFault::Stream) }
    }

    /// Gives the next `repeat` symbols codes as long as the last length says.
    #[inline(always)]
    fn add(&mut self, repeat: usize) {
        let (begin, end) = (self.read, self.read + repeat);
        self.read = end;
        if self.last == 0 {
            return;
        }
        self.has_end |= (begin..end).contains(&256);
        // There are at most 316 lengths.
        let number = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let literals = self.literal_count;
        if end <= literals {
            self.literals.push(number(begin)..number(end), self.last);
        } else {
            self.literals.push(number(begin)..number(literals), self.last);
            self.distances.push(number(begin.saturating_sub(literals))..number(end - literals), self.last);
        }
    }
}

/// The order in which the lengths of the codes of lengths are stored.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The table of the codes of lengths; `None` where they are not complete.
fn length_table(lengths: &[u8; 19]) -> Option<[u8; 128]> {
    let mut counts = [0_u8; 8];
    lengths.iter().for_each(|&bits| counts[usize::from(bits & 7)] += 1);
    let mut next = [0_usize; 8];
    let mut code = 0;
    for bits in 1..8 {
        next[bits] = code;
        code = (code + usize::from(counts[bits])) << 1;
    }
    if code != 1 << 8 {
        return None;
    }
    let mut table = [0; 128];
    for (symbol, &bits) in (0_u8..).zip(lengths).filter(|&(_, &bits)| bits > 0) {
        let code = &mut next[usize::from(bits)];
        // The first bit of a code is lowest in the stream.
        let first = reversed(*code) >> (7 - bits);
        *code += 1;
        table.iter_mut().skip(first).step_by(1 << bits).for_each(|place| *place = symbol << 3 | bits);
    }
    Some(table)
}

/// Seven bits in reverse order.
fn reversed(code: usize) -> usize {
    usize::from(u8::try_from(code & 0x7F).unwrap_or(0).reverse_bits() >> 1)
}
