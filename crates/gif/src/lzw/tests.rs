//! Facts about LZW, on codes made by hand and by the `weezl` crate's encoder.

use weezl::{BitOrder, encode::Encoder};

use super::*;

fn decode(min_code_size: u8, codes: &[u8], block: usize, len: usize) -> Result<Vec<u8>> {
    let data = [in_sub_blocks(codes, block), vec![0]].concat();
    rows(min_code_size, &data, [u16::try_from(len).unwrap(), 1], 0)
}

/// Sub-blocks of so many bytes, without a terminator.
fn in_sub_blocks(codes: &[u8], block: usize) -> Vec<u8> {
    codes.chunks(block).flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat()).collect()
}

/// All rows of a frame, through a window of so many indices at first.
fn rows(min_code_size: u8, data: &[u8], size: [u16; 2], window: usize) -> Result<Vec<u8>> {
    let timer = CpuTimer::default();
    let mut decoder = LzwDecoder::new(min_code_size, SubBlocks::of(data), size, window, &timer)?;
    let mut indices = Vec::new();
    while let Some(rows) = decoder.next_rows(&timer)? {
        indices.extend_from_slice(rows);
    }
    Ok(indices)
}

/// Codes of the widths that they have after a clear code.
fn packed(min_code_size: u8, codes: &[u16]) -> Vec<u8> {
    let (mut bits, mut next, mut width) = (Vec::new(), (1_u16 << min_code_size) + 1, u32::from(min_code_size) + 1);
    for code in codes {
        bits.extend((0..width).map(|bit| code >> bit & 1 == 1));
        next = (next + 1).min(4096);
        if next >> width != 0 && width < 12 {
            width += 1;
        }
    }
    let byte = |bits: &[bool]| bits.iter().enumerate().map(|(at, &bit)| u8::from(bit) << at).sum();
    bits.chunks(8).map(byte).collect()
}

#[test]
fn indices_come_back_whatever_the_code_size_the_picture_and_the_sub_blocks() {
    for min_code_size in 1..=11 {
        let most = (1_usize << min_code_size.min(8)) - 1;
        for period in [1, 2, 3, 7, 15, 16, 17, 64, 5000, usize::MAX] {
            let index = |at: usize| (at % period).wrapping_mul(0x9E37_79B9) >> 7 & most;
            let picture: Vec<u8> = (0..40_000).map(|at| u8::try_from(index(at)).unwrap()).collect();
            let codes = Encoder::new(BitOrder::Lsb, min_code_size).encode(&picture).unwrap();
            for block in [1, 7, 8, 9, 255] {
                let decoded = decode(min_code_size, &codes, block, picture.len()).unwrap();
                assert!(decoded == picture, "size {min_code_size}, period {period}, blocks of {block}");
            }
        }
    }
}

#[test]
fn codes_by_hand_give_their_strings() {
    // Clear (4), 1, 6 = 1 1, 2 in three bits each; then 7 = 1 1 2, 8 = 2 1 and the end (5) in four. The first code has
    // the lowest bits of the first byte.
    let codes = [0b1000_1100, 0b0111_0101, 0b0101_1000];
    let expected = [1, 1, 1, 2, 1, 1, 2, 2, 1];
    for block in 1..=3 {
        assert_eq!(decode(2, &codes, block, 9).unwrap(), expected, "sub-blocks of {block}");
    }
    assert!(matches!(decode(2, &codes, 255, 10), Err(DecodeError::Truncated { .. })));
}

#[test]
fn a_clear_code_forgets_strings_and_widths() {
    // Five codes take the width to four bits; the clear code (4) has four, and what follows it three again.
    let first = packed(2, &[1, 2, 3, 0, 6, 4]);
    // 3 + 3 + 3 + 4 + 4 + 4 bits are 21. Codes 2 and 6, the string that it makes itself, come behind them.
    let mut codes = first;
    codes[2] |= 2 << 5;
    codes.push(6);
    assert_eq!(decode(2, &codes, 255, 9).unwrap(), [1, 2, 3, 0, 1, 2, 2, 2, 2]);
}

/// Decodes codes with a table of whole strings, as appendix F writes it. `Err(true)` for a code that no earlier one
/// made.
fn by_the_letter(min_code_size: u8, codes: &[u8], len: usize) -> std::result::Result<Vec<u8>, bool> {
    let clear = 1_usize << min_code_size;
    let (mut table, mut before, mut out) = (Vec::new(), None::<Vec<u8>>, Vec::new());
    let (mut at, mut width) = (0, usize::from(min_code_size) + 1);
    let bit = |at: usize| codes.get(at / 8).map(|byte| usize::from(byte >> (at % 8) & 1));
    while out.len() < len {
        let code = (0..width).map(|i| Some(bit(at + i)? << i)).sum::<Option<usize>>().ok_or(false)?;
        at += width;
        if code == clear {
            (table, before, width) = (Vec::new(), None, usize::from(min_code_size) + 1);
            continue;
        }
        let string = match (code.checked_sub(clear + 2), &before) {
            (None, _) if code == clear + 1 => return Err(false),
            (None, _) => vec![code.to_le_bytes()[0]],
            (Some(entry), _) if entry < table.len() => Vec::clone(&table[entry]),
            (Some(entry), Some(before)) if entry == table.len() && clear + 2 + entry < 4096 => {
                [&before[..], &before[..1]].concat()
            }
            _ => return Err(true),
        };
        if let Some(before) = before.filter(|_| clear + 2 + table.len() < 4096) {
            table.push([before, vec![string[0]]].concat());
        }
        out.extend(&string);
        before = Some(string);
        while clear + 2 + table.len() >= 1 << width && width < 12 {
            width += 1;
        }
    }
    out.truncate(len);
    Ok(out)
}

#[test]
fn any_codes_give_what_a_table_of_whole_strings_gives() {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut verdicts = [0; 3];
    for min_code_size in (1..=3_u8).cycle().take(3000) {
        // Few bits set make small codes, so that many are in the table.
        let codes: Vec<u8> = (0..random()).map(|_| random() & random() & random()).collect();
        let len = usize::from(random());
        let expected = by_the_letter(min_code_size, &codes, len);
        let got = decode(min_code_size, &codes, 1 + usize::from(random()) % 255, len);
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(DecodeError::Malformed { .. }), Err(true)) | (Err(DecodeError::Truncated { .. }), Err(false)) => {}
            (got, expected) => panic!("{got:?}, expected {expected:?} of {codes:?}"),
        }
        verdicts[match by_the_letter(min_code_size, &codes, len) {
            Ok(_) => 0,
            Err(true) => 1,
            Err(false) => 2,
        }] += 1;
    }
    assert!(verdicts.iter().all(|&count| count > 100), "{verdicts:?}");
}

#[test]
fn a_full_table_is_kept_until_it_is_cleared() {
    let literals: Vec<u16> = (0..6000_u16).map(|at| at * 7 % 4).collect();
    let mut expected: Vec<u8> = literals.iter().map(|code| code.to_le_bytes()[0]).collect();
    // Code 6 is the first two literals, and 4095 the last pair for which there was room.
    let codes = [&literals[..], &[6, 4095]].concat();
    let pair = 4095 - 6;
    expected.extend_from_within(0..2);
    expected.extend_from_within(pair..pair + 2);
    assert_eq!(decode(2, &packed(2, &codes), 255, expected.len()).unwrap(), expected);
}

#[test]
fn the_last_string_is_cut_where_the_frame_ends() {
    // Index 1, then 6 = 1 1, 7 = 1 1 1, 8 = 1 1 1 1: ten in all.
    let codes = packed(2, &[1, 6, 7, 8]);
    for len in 1..=10 {
        assert_eq!(decode(2, &codes, 255, len).unwrap(), vec![1; len]);
    }
    assert!(matches!(decode(2, &codes, 255, 11), Err(DecodeError::Truncated { .. })));
}

#[test]
fn a_code_for_the_string_in_the_making_needs_one_before_it() {
    assert!(matches!(decode(2, &packed(2, &[6]), 255, 2), Err(DecodeError::Malformed { .. })));
    assert_eq!(decode(2, &packed(2, &[3, 6]), 255, 3).unwrap(), [3; 3]);
    assert!(matches!(decode(2, &packed(2, &[3, 7]), 255, 3), Err(DecodeError::Malformed { .. })));
}

#[test]
fn codes_of_one_bit_grow_behind_the_first() {
    // Clear (2 bits), 1 (2 bits), then 4 = 1 1, 0 and the end in 3 bits each.
    let codes = [0b0100_0110, 0b0000_1100];
    assert_eq!(decode(1, &codes, 255, 4).unwrap(), [1, 1, 1, 0]);
}

/// What `decode` says of the codes in a sub-block behind which the file ends.
fn unterminated(codes: &[u8], len: usize) -> Result<Vec<u8>> {
    let data = [&[u8::try_from(codes.len()).unwrap()], codes].concat();
    rows(2, &data, [u16::try_from(len).unwrap(), 1], 0)
}

#[test]
fn where_the_file_ends_in_the_data_nothing_but_the_end_code_follows_the_last_pixel() {
    let pixels = [1, 2, 1, 3, 1];
    let with = |codes: &[u16]| unterminated(&packed(2, &[&pixels[..], codes].concat()), pixels.len());
    for whole in [&[][..], &[5], &[5, 1, 2, 3, 1, 2, 3], &[3]] {
        assert_eq!(with(whole).unwrap(), [1, 2, 1, 3, 1], "{whole:?}");
    }
    assert!(matches!(with(&[1, 2, 3, 1, 2]), Err(DecodeError::Truncated { .. })));
    // Index 1, then 6 = 1 1, of which the second value is beyond the frame.
    assert_eq!(unterminated(&packed(2, &[1, 6]), 3).unwrap(), [1; 3]);
    assert!(matches!(unterminated(&packed(2, &[1, 6]), 2), Err(DecodeError::Truncated { .. })));
}

#[test]
fn nothing_is_read_after_the_end_code() {
    assert_eq!(decode(2, &packed(2, &[1, 5, 1]), 255, 1).unwrap(), [1]);
    assert!(matches!(decode(2, &packed(2, &[1, 5, 1]), 255, 2), Err(DecodeError::Truncated { .. })));
}

#[test]
fn rows_come_back_however_often_the_window_moves() {
    let (width, height) = (1777_u16, 1200_u16);
    let len = usize::from(width) * usize::from(height);
    for (min_code_size, period) in [(1, 1), (1, 2), (8, 1), (2, 7), (8, 64), (8, 5000), (8, usize::MAX), (4, 1 << 20)] {
        let most = (1_usize << min_code_size) - 1;
        let index = |at: usize| (at % period).wrapping_mul(0x9E37_79B9) >> 7 & most;
        // A third of noise, so that strings are of several lengths, and a table gets full before a row is whole.
        let noise = |at: usize| if at % 9000 < 3000 { at.wrapping_mul(0x85EB_CA6B) >> 11 & most } else { index(at) };
        let picture: Vec<u8> = (0..len).map(|at| u8::try_from(noise(at)).unwrap()).collect();
        let codes = Encoder::new(BitOrder::Lsb, min_code_size).encode(&picture).unwrap();
        let data = [in_sub_blocks(&codes, 255), vec![0]].concat();
        for window in [0, 1 << 16, 1 << 19, len] {
            let decoded = rows(min_code_size, &data, [width, height], window).unwrap();
            assert!(decoded == picture, "size {min_code_size}, period {period}, window {window}");
        }
    }
}

#[test]
fn a_full_table_of_the_longest_strings_is_kept_through_many_windows() {
    // Strings of 1, 2, … 4093 indices fill the table, half of the longest window. Then the longest comes again and again.
    let full: Vec<u16> = [0].into_iter().chain(4..4096).collect();
    let codes: Vec<u16> = full.iter().copied().chain((0..8000).map(|at| 4095 - at % 3)).collect();
    let data = [in_sub_blocks(&packed(1, &codes), 255), vec![0]].concat();
    let side = 6000_u16;
    let decoded = rows(1, &data, [side, side], 0).unwrap();
    assert!(decoded.len() == usize::from(side).pow(2) && decoded.iter().all(|&index| index == 0));
}

#[test]
fn a_frame_without_pixels_has_no_rows() {
    assert_eq!(rows(2, &[0], [0, 5], 0).unwrap(), []);
    assert_eq!(rows(2, &[0], [5, 0], 0).unwrap(), []);
}
