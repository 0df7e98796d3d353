//! Writes VP8L bitstreams at random (RFC 9649 § 3): all transforms, any prefix codes, copies and colour caches.
//!
//! A stream is valid but for one in some: a copy may find no place, and is then written all the same.

use crate::random::Random;

/// What stands in a `VP8L` chunk, of a picture of random size.
#[must_use]
pub fn picture(random: &mut Random) -> Vec<u8> {
    let side = |random: &mut Random| match random.below(8) {
        0 => 1 + random.below(4),
        1..=4 => 1 + random.below(40),
        5 | 6 => 1 + random.below(300),
        _ => 1 + random.below(1000),
    };
    let (width, height) = match random.below(400) {
        // More pixels than the longest distance, so that old ones are forgotten.
        0 => (700 + random.below(2000), 1600),
        1 => (16_384, 66 + random.below(20)),
        _ => (side(random), side(random)),
    };
    let mut writer = Writer { bits: BitWriter::default(), random };
    writer.bits.put(0x2F, 8);
    writer.bits.put(number(width) - 1, 14);
    writer.bits.put(number(height) - 1, 14);
    writer.bits.put(0x1 | number(writer.random.below(2)), 1);
    writer.bits.put(0, 3);
    writer.stream(width, height);
    writer.bits.bytes
}

/// What stands in a compressed `ALPH` chunk behind its first byte, for a picture of this size.
#[must_use]
pub fn alpha(random: &mut Random, width: usize, height: usize) -> Vec<u8> {
    let mut writer = Writer { bits: BitWriter::default(), random };
    writer.stream(width, height);
    writer.bits.bytes
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

impl BitWriter {
    /// The lowest bit first.
    fn put(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> i & 1 == 1) << (self.used % 8);
            }
            self.used += 1;
        }
    }
}

/// A prefix code: for each symbol its length, and its code with the first bit lowest.
#[derive(Default, Clone)]
struct Code {
    symbols: Vec<usize>,
    lengths: Vec<u32>,
    codes: Vec<u32>,
}

impl Code {
    /// The canonical code of these lengths; a single symbol takes no bits.
    fn of(lengths: Vec<u32>) -> Self {
        let symbols: Vec<usize> = (0..lengths.len()).filter(|&symbol| lengths[symbol] > 0).collect();
        let (mut codes, mut code) = (vec![0; lengths.len()], 0u32);
        for length in 1..=15 {
            for symbol in 0..lengths.len() {
                if lengths[symbol] == length {
                    codes[symbol] = code.reverse_bits() >> (32 - length);
                    code += 1;
                }
            }
            code <<= 1;
        }
        Self { symbols, lengths, codes }
    }

    fn put(&self, symbol: usize, bits: &mut BitWriter) {
        if self.symbols.len() > 1 {
            bits.put(self.codes[symbol], self.lengths[symbol]);
        }
    }

    fn any(&self, random: &mut Random) -> usize {
        self.symbols[random.below(self.symbols.len())]
    }
}

/// Lengths of a random complete code: the code of a few of `symbols`, none above `longest`.
///
/// A tree grows from its root; each step splits a leaf into two that are one longer.
fn random_lengths(random: &mut Random, symbols: usize, most: usize, longest: u32) -> Vec<u32> {
    let wanted = 1 + random.below(most.min(symbols));
    let mut leaves = vec![0u32];
    let skewed = random.below(2) == 0;
    while leaves.len() < wanted {
        let at = if skewed { leaves.len() - 1 - random.below(leaves.len().min(3)) } else { random.below(leaves.len()) };
        if leaves[at] >= longest {
            if leaves.iter().all(|&leaf| leaf >= longest) || random.below(50) == 0 {
                break;
            }
            continue;
        }
        let deeper = leaves.swap_remove(at) + 1;
        leaves.extend([deeper, deeper]);
    }
    let mut lengths = vec![0; symbols];
    for leaf in leaves {
        loop {
            let symbol = random.below(symbols);
            if lengths[symbol] == 0 {
                lengths[symbol] = leaf.max(1);
                break;
            }
        }
    }
    lengths
}

struct Writer<'r> {
    bits: BitWriter,
    random: &'r mut Random,
}

impl Writer<'_> {
    fn one_in(&mut self, count: usize) -> bool {
        self.random.below(count) == 0
    }

    /// Everything behind the header.
    fn stream(&mut self, mut width: usize, height: usize) {
        let mut kinds = vec![0u32, 1, 2, 3];
        while !kinds.is_empty() && !self.one_in(3) {
            let kind = kinds.swap_remove(self.random.below(kinds.len()));
            self.bits.put(1, 1);
            self.bits.put(kind, 2);
            match kind {
                2 => {}
                3 => {
                    let colors = [2, 4, 16, 256][self.random.below(4)] - self.random.below(2);
                    self.bits.put(number(colors) - 1, 8);
                    self.image(colors, 1, false);
                    let packing = [(2, 3), (4, 2), (16, 1)].iter().find(|of| colors <= of.0).map_or(0, |of| of.1);
                    width = width.div_ceil(1 << packing);
                }
                _ => {
                    let log2 = 2 + self.random.below(8);
                    self.bits.put(number(log2) - 2, 3);
                    self.image(width.div_ceil(1 << log2), height.div_ceil(1 << log2), false);
                }
            }
        }
        self.bits.put(0, 1);
        self.image(width, height, true);
    }

    /// An entropy-coded image; the main one may have several groups of codes.
    fn image(&mut self, width: usize, height: usize, is_main: bool) -> Vec<u32> {
        let cache_bits = if self.one_in(2) { 1 + self.random.below(11) } else { 0 };
        self.bits.put(u32::from(cache_bits > 0), 1);
        if cache_bits > 0 {
            self.bits.put(number(cache_bits), 4);
        }
        let mut choice = None;
        if is_main {
            let many = self.one_in(2);
            self.bits.put(u32::from(many), 1);
            if many {
                let log2 = 2 + self.random.below(8);
                self.bits.put(number(log2) - 2, 3);
                let across = width.div_ceil(1 << log2);
                choice = Some((log2, across, self.choice(across, height.div_ceil(1 << log2))));
            }
        }
        let last = choice.as_ref().and_then(|of| of.2.iter().map(|argb| argb >> 8 & 0xFFFF).max()).unwrap_or(0);
        let groups: Vec<[Code; 5]> = (0..=last).map(|_| self.group(cache_bits)).collect();
        let group = |x: usize, y: usize| {
            let chosen = choice
                .as_ref()
                .map_or(0, |(log2, across, values)| values[(y >> log2) * across + (x >> log2)] >> 8 & 0xFFFF);
            &groups[chosen as usize]
        };
        self.pixels(width, height, cache_bits, group)
    }

    /// The image that chooses groups: few of them, by codes of few symbols.
    fn choice(&mut self, width: usize, height: usize) -> Vec<u32> {
        self.bits.put(0, 1);
        let mut lengths = vec![0; 280];
        let groups = 1 + self.random.below(12);
        let bits = groups.next_power_of_two().trailing_zeros().max(1);
        (0..1 << bits).for_each(|group| lengths[group] = bits);
        let codes = [Code::of(lengths), self.one(256), self.any_code(256), self.any_code(256), self.any_code(40)];
        codes.iter().for_each(|code| self.code(code));
        self.pixels(width, height, 0, |_, _| &codes)
    }

    /// A code of the symbol 0, or of 0 and 1 where the next would have high numbers of groups.
    fn one(&mut self, symbols: usize) -> Code {
        let mut lengths = vec![0; symbols];
        lengths[0] = 1;
        if self.one_in(60) {
            lengths[1] = 1;
        }
        Code::of(lengths)
    }

    fn any_code(&mut self, symbols: usize) -> Code {
        let most = match self.random.below(6) {
            0 | 1 => 1,
            2 => 2,
            3 => 8,
            4 => 60,
            _ => symbols,
        };
        Code::of(random_lengths(self.random, symbols, most, 15))
    }

    fn group(&mut self, cache_bits: usize) -> [Code; 5] {
        let colors = if cache_bits == 0 { 0 } else { 1 << cache_bits };
        [280 + colors, 256, 256, 256, 40].map(|symbols| {
            let code = self.any_code(symbols);
            self.code(&code);
            code
        })
    }

    /// Writes a code, as a simple one where it is.
    fn code(&mut self, code: &Code) {
        let simple = match code.symbols[..] {
            [first] => first < 256,
            [first, second] => first < 256 && second < 256,
            _ => false,
        };
        if !simple || self.one_in(4) {
            self.bits.put(0, 1);
            return self.normal_code(&code.lengths);
        }
        self.bits.put(1, 1);
        self.bits.put(number(code.symbols.len()) - 1, 1);
        let wide = code.symbols[0] > 1 || self.one_in(2);
        self.bits.put(u32::from(wide), 1);
        self.bits.put(number(code.symbols[0]), if wide { 8 } else { 1 });
        if let Some(&second) = code.symbols.get(1) {
            self.bits.put(number(second), 8);
        }
    }

    /// Writes lengths by a code of lengths, with repeats here and there.
    fn normal_code(&mut self, lengths: &[u32]) {
        let coded = self.code_of_lengths();
        let order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let count = order.iter().rposition(|&symbol: &usize| coded.lengths[symbol] > 0).unwrap_or(0) + 1;
        self.bits.put(number(count.max(4)) - 4, 4);
        order.iter().take(count.max(4)).for_each(|&symbol| self.bits.put(coded.lengths[symbol], 3));
        let mut steps = Vec::new();
        let (mut at, mut previous) = (0, 8);
        while at < lengths.len() {
            let length = lengths[at];
            let run = lengths[at..].iter().take_while(|&&l| l == length).count();
            let repeats = self.random.below(4) > 0;
            let (symbol, extra, len) = match run {
                11.. if length == 0 && repeats => (18, (number(run.min(138)) - 11, 7), run.min(138)),
                3.. if length == 0 && repeats => (17, (number(run.min(10)) - 3, 3), run.min(10)),
                3.. if length == previous && repeats => (16, (number(run.min(6)) - 3, 2), run.min(6)),
                _ => (length as usize, (0, 0), 1),
            };
            if length > 0 {
                previous = length;
            }
            steps.push((symbol, extra));
            at += len;
        }
        // All lengths behind the last that is not 0 may be left out.
        while self.one_in(2) && steps.len() > 2 && matches!(steps.last(), Some((0 | 17 | 18, _))) {
            steps.pop();
        }
        let counted = self.one_in(3) || steps.len() < lengths.len();
        // The count is of symbols, so a stream that names none of the last must be counted.
        let all = steps.iter().map(|(symbol, extra)| match symbol {
            16 | 17 => extra.0 as usize + 3,
            18 => extra.0 as usize + 11,
            _ => 1,
        });
        let all: usize = all.sum();
        if steps.len() >= 2 && (all < lengths.len() || (counted && self.one_in(2))) {
            self.bits.put(1, 1);
            let count = number(steps.len()) - 2;
            let width = (1..=8).find(|half| count < 1 << (2 * half)).unwrap_or(8);
            self.bits.put(width - 1, 3);
            self.bits.put(count, 2 * width);
        } else {
            self.bits.put(0, 1);
        }
        for (symbol, (extra, bits)) in steps {
            coded.put(symbol, &mut self.bits);
            self.bits.put(extra, bits);
        }
    }

    /// A code of all 19 symbols of lengths, with at most 7 bits.
    fn code_of_lengths(&mut self) -> Code {
        loop {
            let mut leaves = vec![0u32];
            while leaves.len() < 19 {
                let at = self.random.below(leaves.len());
                if leaves[at] < 7 {
                    let deeper = leaves.swap_remove(at) + 1;
                    leaves.extend([deeper, deeper]);
                }
            }
            if leaves.len() == 19 {
                return Code::of(leaves);
            }
        }
    }

    /// Symbols at random until the image is full. Returns its pixels.
    fn pixels<'g>(
        &mut self,
        width: usize,
        height: usize,
        cache_bits: usize,
        group: impl Fn(usize, usize) -> &'g [Code; 5],
    ) -> Vec<u32> {
        let total = width * height;
        let mut pixels: Vec<u32> = Vec::with_capacity(total);
        let mut cache = vec![0u32; 1 << cache_bits];
        let hash = |argb: u32| {
            if cache_bits == 0 { 0 } else { (0x1E35_A7BD_u32.wrapping_mul(argb) >> (32 - cache_bits)) as usize }
        };
        while pixels.len() < total {
            let at = pixels.len();
            let codes = group(at % width, at / width);
            let copy = self.random.below(8) == 0;
            let mut green = codes[0].any(self.random);
            for _ in 0..if copy { 20 } else { 3 } {
                if copy == (256..280).contains(&green) {
                    break;
                }
                green = codes[0].any(self.random);
            }
            if (256..280).contains(&green) {
                let (length, distance) = self.copy(codes, green, at, total, width);
                for _ in 0..length.min(total - at) {
                    let argb = pixels.len().checked_sub(distance).map_or(0, |from| pixels[from]);
                    cache[hash(argb)] = argb;
                    pixels.push(argb);
                }
                continue;
            }
            codes[0].put(green, &mut self.bits);
            let argb = if green >= 280 {
                cache[green - 280]
            } else {
                let [red, blue, alpha] = [1, 2, 3].map(|code| {
                    let symbol = codes[code].any(self.random);
                    codes[code].put(symbol, &mut self.bits);
                    number(symbol)
                });
                alpha << 24 | red << 16 | number(green) << 8 | blue
            };
            cache[hash(argb)] = argb;
            pixels.push(argb);
        }
        pixels
    }

    /// Writes a copy, one that fits where one is found. Returns its length and distance.
    fn copy(&mut self, codes: &[Code; 5], mut green: usize, at: usize, total: usize, width: usize) -> (usize, usize) {
        let prefixed = |prefix: usize, random: &mut Random| {
            let extra = if prefix < 4 { 0 } else { (prefix - 2) >> 1 };
            let base = if prefix < 4 { prefix } else { (2 + (prefix & 1)) << extra };
            // The extremes of a range are more likely than what is between.
            let value = match random.below(4) {
                0 => 0,
                1 => (1 << extra) - 1,
                _ => random.below(1 << extra),
            };
            (base + value + 1, value, extra)
        };
        let mut choice = None;
        for tries in 0..60 {
            let (length, value, extra) = prefixed(green - 256, self.random);
            let prefix = codes[4].any(self.random);
            let (code, far, far_extra) = prefixed(prefix, self.random);
            let distance = distance(code, width);
            choice = Some((green, (value, extra), prefix, (far, far_extra), length, distance));
            if length <= total - at && distance <= at {
                break;
            }
            // A literal instead would need to start anew; only other lengths are tried.
            if tries % 4 == 3 {
                let other = codes[0].any(self.random);
                if (256..280).contains(&other) {
                    green = other;
                }
            }
        }
        let (green, (value, extra), prefix, (far, far_extra), length, distance) = choice.unwrap_or_default();
        codes[0].put(green, &mut self.bits);
        self.bits.put(number(value), number(extra));
        codes[4].put(prefix, &mut self.bits);
        self.bits.put(number(far), number(far_extra));
        (length, distance)
    }
}

/// How far back a distance code leads, by the table of libwebp's decoder in its compact form (`kCodeToPlane`).
fn distance(code: usize, width: usize) -> usize {
    let Some(&packed) = CODE_TO_PLANE.get(code - 1) else { return code - 120 };
    let (up, left) = (usize::from(packed >> 4), 8 - isize::from(i8::try_from(packed & 15).unwrap_or(0)));
    (up * width).saturating_add_signed(left).max(1)
}

#[rustfmt::skip]
const CODE_TO_PLANE: [u8; 120] = [
    0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39, 0x15, 0x1b, 0x36,
    0x3a, 0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34,
    0x3c, 0x03, 0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d, 0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67,
    0x69, 0x12, 0x1e, 0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77, 0x79,
    0x53, 0x5d, 0x11, 0x1f, 0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52,
    0x5e, 0x00, 0x74, 0x7c, 0x41, 0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61,
    0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70,
];

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
