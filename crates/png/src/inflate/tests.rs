//! Streams made by hand for every kind of block and edge, round trips of encoders, and the verdicts of fdeflate.

use image_ingest_samples::Avx2;

use super::Inflater;
use super::fault::InflateFault;

/// Writes bits, the first of a byte lowest.
#[derive(Default, Clone)]
struct BitWriter {
    bits: Vec<bool>,
}

impl BitWriter {
    /// Numbers are stored from their lowest bit on.
    fn number(mut self, value: usize, count: usize) -> Self {
        self.bits.extend((0..count).map(|at| value >> at & 1 == 1));
        self
    }

    /// Codes are stored from their highest bit on.
    fn code(mut self, code: &str) -> Self {
        self.bits.extend(code.bytes().map(|bit| bit == b'1'));
        self
    }

    /// The header of a block with dynamic codes of these lengths. Each length is a code of four bits.
    fn dynamic(self, is_last: bool, literals: &[u8], distances: &[u8]) -> Self {
        let head = self.number(usize::from(is_last), 1).number(2, 2).number(literals.len() - 257, 5);
        let head = head.number(distances.len() - 1, 5).number(19 - 4, 4);
        // In the order of the standard, the first three are of the codes 16 to 18.
        let head = (0..19).fold(head, |head, at| head.number(if at < 3 { 0 } else { 4 }, 3));
        literals.iter().chain(distances).fold(head, |head, bits| head.code(&format!("{bits:04b}")))
    }

    fn bytes(&self) -> Vec<u8> {
        self.bits.chunks(8).map(|bits| bits.iter().enumerate().map(|(at, &bit)| u8::from(bit) << at).sum()).collect()
    }

    /// A zlib stream of these blocks, which give `out`.
    fn stream(&self, out: &[u8]) -> Vec<u8> {
        let (a, b) = out.iter().fold((1_u32, 0), |(a, b), &byte| {
            let a = (a + u32::from(byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        [&[0x78, 0x01], &self.bytes()[..], &(b << 16 | a).to_be_bytes()].concat()
    }
}

/// Lengths of codes for literals and lengths: these symbols have them, others have none.
fn lengths(symbols: &[(usize, u8)]) -> Vec<u8> {
    let mut lengths = vec![0; 286];
    symbols.iter().for_each(|&(symbol, bits)| lengths[symbol] = bits);
    lengths
}

/// What a stream gives in pieces of `piece` bytes with `room` bytes of room at a time; `None` where it does not end.
fn inflated(stream: &[u8], piece: usize, room: usize, avx2: Option<Avx2>) -> Result<Option<Vec<u8>>, InflateFault> {
    let (mut inflater, mut input, mut out, mut filled) = (Inflater::with(avx2), stream, Vec::new(), 0);
    while !inflater.is_done() {
        out.resize(filled + room, 0);
        let (read, came) = inflater.read(&input[..piece.min(input.len())], &mut out, filled)?;
        filled += came;
        input = &input[read..];
        if read == 0 && came == 0 {
            return Ok(None);
        }
    }
    out.truncate(filled);
    Ok(Some(out))
}

/// The result of a stream, which is the same for every size of pieces, for little and much room, with and without AVX2.
fn result(stream: &[u8]) -> Result<Option<Vec<u8>>, InflateFault> {
    let result = inflated(stream, usize::MAX, 5000, None);
    for avx2 in [None, Avx2::find()] {
        for (piece, room) in [(1, 1), (1, 700), (2, 2), (3, 700), (7, 300), (17, 9), (64, 1000), (usize::MAX, 2000)] {
            assert_eq!(inflated(stream, piece, room, avx2), result, "pieces of {piece}, room of {room}");
        }
    }
    result
}

fn fixed() -> BitWriter {
    BitWriter::default().number(1, 1).number(1, 2)
}

#[test]
fn stored_blocks_come_back_wherever_they_are_cut() {
    let block = |last: u8, bytes: &[u8]| {
        let len = u16::try_from(bytes.len()).unwrap();
        [&[last], &len.to_le_bytes()[..], &(!len).to_le_bytes(), bytes].concat()
    };
    let long: Vec<u8> = (0..999_u32).map(|at| (at * at).to_le_bytes()[0]).collect();
    let blocks = [block(0, b"abc"), block(0, b""), block(0, &long), block(1, b"z")].concat();
    let out = [b"abc", &long[..], b"z"].concat();
    let end = BitWriter::default().stream(&out)[2..].to_vec();
    let stream = [&[0x78, 0x01], &blocks[..], &end].concat();
    assert_eq!(result(&stream), Ok(Some(out)));
    let mut wrong = stream;
    wrong[4] ^= 1;
    assert_eq!(result(&wrong), Err(InflateFault::Stream), "a length without its complement");
}

#[test]
fn a_zlib_header_is_method_8_without_a_dictionary() {
    let rest = [1, 0, 0, 0xFF, 0xFF, 0, 0, 0, 1];
    let of = |head: [u8; 2]| result(&[&head[..], &rest].concat());
    for head in [[0x78, 0x01], [0x78, 0x9C], [0x08, 0x1D]] {
        assert_eq!(of(head), Ok(Some(Vec::new())), "{head:x?}");
    }
    // Another method, a window above 32 KiB, a dictionary, a sum that is no multiple of 31.
    for head in [[0x79, 0x9B], [0x88, 0x1C], [0x78, 0xBB], [0x78, 0x02]] {
        assert_eq!(of(head), Err(InflateFault::Header), "{head:x?}");
    }
}

#[test]
fn codes_must_be_complete() {
    let end = "0";
    let of = |literals: &[(usize, u8)], distances: &[u8]| {
        result(&BitWriter::default().dynamic(true, &lengths(literals), distances).code(end).stream(b""))
    };
    assert_eq!(of(&[(256, 1), (285, 1)], &[1, 1]), Ok(Some(Vec::new())));
    // Too few and too many, of literals and of distances; no end of the block; one code alone.
    assert_eq!(of(&[(256, 1), (285, 2)], &[1, 1]), Err(InflateFault::Stream));
    assert_eq!(of(&[(255, 1), (256, 1), (285, 1)], &[1, 1]), Err(InflateFault::Stream));
    assert_eq!(of(&[(256, 1), (285, 1)], &[1, 2]), Err(InflateFault::Stream));
    assert_eq!(of(&[(256, 1), (285, 1)], &[1, 1, 1]), Err(InflateFault::Stream));
    assert_eq!(of(&[(255, 1), (285, 1)], &[1, 1]), Err(InflateFault::Stream));
    assert_eq!(of(&[(256, 1)], &[1, 1]), Err(InflateFault::Stream));
    // Of distances there may be none, or one of one bit.
    assert_eq!(of(&[(256, 1), (285, 1)], &[0]), Ok(Some(Vec::new())));
    assert_eq!(of(&[(256, 1), (285, 1)], &[0, 0, 1]), Ok(Some(Vec::new())));
    assert_eq!(of(&[(256, 1), (285, 1)], &[0, 0, 2]), Err(InflateFault::Stream));
}

#[test]
fn counts_and_repeats_stay_within_the_alphabets() {
    let head = |literals, distances| BitWriter::default().number(5, 3).number(literals, 5).number(distances, 5);
    let behind = vec![0; 99];
    for (literals, distances) in [(30, 0), (31, 0), (0, 30), (0, 31)] {
        let stream = [&[0x78, 0x01], &head(literals, distances).number(0, 4).bytes()[..], &behind].concat();
        assert_eq!(result(&stream), Err(InflateFault::Stream), "{literals} {distances}");
    }
    // Codes 16 and 18 of one bit each, the lowest is 16: a repeat of nothing.
    let lengths_of_codes = head(0, 0).number(0, 4).number(1, 3).number(0, 3).number(1, 3).number(0, 3);
    let repeats_nothing = [&[0x78, 0x01], &lengths_of_codes.clone().code("0").bytes()[..], &behind].concat();
    assert_eq!(result(&repeats_nothing), Err(InflateFault::Stream));
    // Two times 138 zeros, where 258 lengths are.
    let too_many = lengths_of_codes.code("1").number(127, 7).code("1").number(127, 7);
    assert_eq!(result(&[&[0x78, 0x01], &too_many.bytes()[..], &behind].concat()), Err(InflateFault::Stream));
    // Codes of lengths that are not complete.
    let one = head(0, 0).number(0, 4).number(1, 3).number(0, 9);
    assert_eq!(result(&[&[0x78, 0x01], &one.bytes()[..], &behind].concat()), Err(InflateFault::Stream));
}

#[test]
fn a_distance_reaches_the_first_byte_and_not_beyond() {
    // "ab", then length 3 (code 257) from distance 2 (code 1) or 3 (code 2), then the end.
    let [a, b] = ["10010001", "10010010"];
    let of = |distance| fixed().code(a).code(b).code("0000001").code(distance).code("0000000").stream(b"ababa");
    assert_eq!(result(&of("00001")), Ok(Some(b"ababa".to_vec())));
    assert_eq!(result(&of("00010")), Err(InflateFault::Distance));
    let at_once = fixed().code("0000001").code("00000").code("0000000").stream(b"");
    assert_eq!(result(&at_once), Err(InflateFault::Distance));
}

#[test]
fn one_code_of_distances_is_bit_0_and_none_allows_literals_alone() {
    // "a", then length 3 by its code, then a bit of a distance.
    let codes = lengths(&[(97, 2), (256, 2), (257, 1)]);
    let of = |distances: &[u8], bits| {
        let head = BitWriter::default().dynamic(true, &codes, distances).code("10").code("0").code(bits);
        // The next block's bits decide nothing.
        head.code("11").stream(b"aaaa")
    };
    assert_eq!(result(&of(&[1], "0")), Ok(Some(b"aaaa".to_vec())));
    assert_eq!(result(&of(&[1], "1")), Err(InflateFault::Stream));
    assert_eq!(result(&of(&[0], "0")), Err(InflateFault::Stream));
    let literal = BitWriter::default().dynamic(true, &codes, &[0]).code("10").code("11").stream(b"a");
    assert_eq!(result(&literal), Ok(Some(b"a".to_vec())));
}

#[test]
fn the_longest_copy_has_two_codes() {
    // "a", then 258 (code 285) or 227 + 31 (code 284), both from distance 1.
    let out = vec![b'a'; 1 + 3 * 258];
    let copies = fixed().code("10010001").code("11000101").code("00000");
    let copies = copies.code("11000100").number(31, 5).code("00000").code("11000101").code("00000");
    assert_eq!(result(&copies.code("0000000").stream(&out)), Ok(Some(out)));
}

#[test]
fn what_the_fixed_codes_should_not_have_is_as_fdeflate_has_it() {
    for symbol in ["11000110", "11000111"] {
        assert_eq!(result(&fixed().code("10010001").code(symbol).stream(b"a")), Ok(Some(b"a".to_vec())));
    }
    for distance in ["11110", "11111"] {
        let stream = fixed().code("10010001").code("0000001").code(distance).code("0000000").stream(b"aaaa");
        assert_eq!(result(&stream), Err(InflateFault::Stream), "{distance}");
    }
}

#[test]
fn codes_of_15_bits_are_found() {
    // Literals 0 to 13 have 1 to 14 bits, the end and length 258 have 15; distances the same way.
    let mut symbols: Vec<(usize, u8)> = (0..14).map(|at| (at, u8::try_from(at + 1).unwrap())).collect();
    symbols.extend([(256, 15), (285, 15)]);
    let distances: Vec<u8> = (1..15).chain([15, 15]).collect();
    let code = |at: usize| "1".repeat(at) + "0";
    let longest = ["1".repeat(14) + "0", "1".repeat(15)];
    let mut writer = BitWriter::default().dynamic(true, &lengths(&symbols), &distances);
    let mut out: Vec<u8> = Vec::new();
    for turn in 0..60 {
        for at in 0..14 {
            writer = writer.code(&code((at * 5 + turn) % 14));
            out.push(u8::try_from((at * 5 + turn) % 14).unwrap());
        }
        // Distance 129 + extra (code 14) or 193 + extra (code 15), once there are as many bytes.
        if out.len() > 400 {
            let extra = turn % 64;
            writer = writer.code(&longest[1]).code(&longest[turn % 2]).number(extra, 6);
            let distance = [129, 193][turn % 2] + extra;
            (0..258).for_each(|_| out.push(out[out.len() - distance]));
        }
    }
    assert_eq!(result(&writer.code(&longest[0]).stream(&out)), Ok(Some(out)));
}

#[test]
fn the_adler_32_is_compared_at_the_next_byte() {
    let mut stream = fixed().code("10010001").code("0000000").stream(b"a");
    assert_eq!(result(&stream), Ok(Some(b"a".to_vec())));
    assert_eq!(result(&stream[..stream.len() - 1]), Ok(None));
    *stream.last_mut().unwrap() ^= 1;
    assert_eq!(result(&stream), Err(InflateFault::Checksum));
}

/// Pseudo-random numbers (Steele, Lea and Flood, SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    fn byte(&mut self, end: usize) -> u8 {
        u8::try_from(self.below(end)).unwrap()
    }

    /// Bytes of which many repeat, from near and from far.
    fn bytes(&mut self) -> Vec<u8> {
        let (len, values) = ([20, 400, 50_000][self.below(3)], 1 + self.below(256));
        let len = self.below(len);
        let mut out = Vec::new();
        while out.len() < len {
            let distance = 1 + [3, 20, 40_000][self.below(3)] * self.below(1000) / 1000;
            if self.below(3) == 0 && distance <= out.len() {
                (0..3 + self.below(300)).for_each(|_| out.push(out[out.len() - distance]));
            } else {
                out.push(self.byte(values));
            }
        }
        out
    }

    /// A stream of two encoders, by every level and kind of block.
    fn stream(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.below(6) {
            0 => fdeflate::compress_to_vec(bytes),
            _ => miniz_oxide::deflate::compress_to_vec_zlib(bytes, self.byte(11)),
        }
    }
}

#[test]
fn what_encoders_make_comes_back() {
    let mut random = Random(1);
    for turn in 0..150 {
        let bytes = random.bytes();
        let stream = random.stream(&bytes);
        let (piece, room) = (1 + random.below(9000), 1 + random.below(30_000));
        for avx2 in [None, Avx2::find()] {
            let out = inflated(&stream, piece, room, avx2).unwrap().unwrap();
            assert!(out == bytes, "turn {turn}, pieces of {piece}, room of {room}");
        }
    }
}

#[test]
fn damaged_streams_have_the_verdicts_of_fdeflate() {
    let mut random = Random(2);
    for turn in 0..4000 {
        let bytes = random.bytes();
        let bytes = &bytes[..bytes.len().min(3000)];
        let mut stream = random.stream(bytes);
        for _ in 0..random.below(3) {
            // Headers are where the most goes wrong.
            let reach = [stream.len(), stream.len().min(60)][random.below(2)];
            let at = random.below(reach.max(1));
            match random.below(4) {
                0 => stream[at] = random.byte(256),
                1 => stream.truncate(at),
                2 => stream.insert(at, random.byte(256)),
                _ => stream[at] ^= 1 << random.below(8),
            }
            stream.push(random.byte(256));
        }
        let piece = 1 + random.below(500);
        let ours = inflated(&stream, piece, 300 + random.below(9000), Avx2::find());
        let ours = ours.map(|out| out.map_or_else(|| "short".to_owned(), |out| format!("{out:?}")));
        let theirs = by_fdeflate(&stream).map(|out| out.map_or_else(|| "short".to_owned(), |out| format!("{out:?}")));
        assert_eq!(ours, theirs, "turn {turn}");
    }
}

fn by_fdeflate(stream: &[u8]) -> Result<Option<Vec<u8>>, InflateFault> {
    use fdeflate::DecompressionError as Theirs;
    match fdeflate::decompress_to_vec(stream) {
        Ok(out) => Ok(Some(out)),
        Err(Theirs::InsufficientInput) => Ok(None),
        Err(Theirs::BadZlibHeader) => Err(InflateFault::Header),
        Err(Theirs::WrongChecksum) => Err(InflateFault::Checksum),
        Err(Theirs::DistanceTooFarBack | Theirs::InputStartsWithRun) => Err(InflateFault::Distance),
        Err(_) => Err(InflateFault::Stream),
    }
}

/// A block of nothing, with a code for a literal and one for its end: 91 bits.
fn short_block(writer: BitWriter, is_last: bool) -> BitWriter {
    let head = writer.number(usize::from(is_last), 1).number(2, 2).number(0, 5).number(0, 5).number(18 - 4, 4);
    // Codes for the length 1, which is the last of the 18 in the order of the standard, and for 18, which is the third.
    let head = (0..18).fold(head, |head, at| head.number(usize::from(at == 2 || at == 17), 3));
    let zeros = |head: BitWriter, count: usize| head.code("1").number(count - 11, 7);
    let lengths = zeros(zeros(head.code("0"), 138), 117).code("0").code("0");
    lengths.code("1")
}

#[test]
fn a_long_stream_has_few_short_blocks_with_codes_of_their_own() {
    let blocks = |count| (1..=count).fold(BitWriter::default(), |writer, at| short_block(writer, at == count));
    // Of n blocks the last begins at bit 91 (n − 1), behind two bytes of header: n ≤ 4096 + (91 (n − 1) + 16) ÷ 512.
    assert_eq!(result(&blocks(4981).stream(b"")), Ok(Some(Vec::new())));
    assert_eq!(result(&blocks(4982).stream(b"")), Err(InflateFault::Blocks));
    // A kilobyte before them leaves room for more.
    let stored = [[0, 0, 4, 0xFF, 0xFB].as_slice(), &[7; 1024]].concat();
    let stream = blocks(5000).stream(&[7; 1024]);
    let stream = [&stream[..2], &stored, &stream[2..]].concat();
    assert_eq!(result(&stream), Ok(Some(vec![7; 1024])));
}
