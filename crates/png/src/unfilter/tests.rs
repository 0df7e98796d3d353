//! Each way of restoring rows against the filters as the standard writes them.

use super::four::Front;
use super::row::{AVERAGE, paeth};
use super::*;
use wide::u8x16;

/// The Paeth predictor as PNG Third Edition § 9.4 writes it.
fn paeth_by_the_letter(a: u8, b: u8, c: u8) -> u8 {
    let p = i32::from(a) + i32::from(b) - i32::from(c);
    let distance = |byte: u8| (p - i32::from(byte)).abs();
    let (pa, pb, pc) = (distance(a), distance(b), distance(c));
    if pa <= pb && pa <= pc {
        a
    } else if pb <= pc {
        b
    } else {
        c
    }
}

/// The filters as PNG Third Edition § 9.2 writes them, a byte at a time.
fn by_the_letter(filtered: &[u8], n: usize, row_len: usize) -> Vec<u8> {
    let mut out = vec![0_u8; row_len];
    for row in filtered.chunks_exact(row_len + 1) {
        let above = out.len() - row_len;
        for (i, x) in row[1..].iter().enumerate() {
            let a = if i < n { 0 } else { out[out.len() - n] };
            let (b, c) = (out[above + i], if i < n { 0 } else { out[above + i - n] });
            let predicted = match row[0] {
                0 => 0,
                1 => a,
                2 => b,
                3 => u8::try_from((u16::from(a) + u16::from(b)) / 2).unwrap(),
                _ => paeth_by_the_letter(a, b, c),
            };
            out.push(x.wrapping_add(predicted));
        }
    }
    out.split_off(row_len)
}

#[test]
fn groups_of_rows_give_what_single_bytes_give() {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for (n, width) in [1, 2, 3, 4, 6, 8].into_iter().flat_map(|n| (1..70).map(move |width| (n, width))) {
        // Of `often` among 256 rows the filter is Paeth, in runs of every length; half the bytes are extreme.
        for often in [0, 150, 240] {
            let (row_len, rows) = (n * width, 37);
            let row = |random: &mut dyn FnMut() -> u8| {
                let filter = if random() < often { PAETH } else { random() % 5 };
                let byte = |v: u8| if v & 1 == 0 { v } else { v.rotate_left(1) & 1 };
                let bytes: Vec<u8> = (0..row_len).map(|_| byte(random()).wrapping_neg()).collect();
                [vec![filter], bytes].concat()
            };
            let filtered: Vec<u8> = (0..rows).flat_map(|_| row(&mut random)).collect();
            let expected = by_the_letter(&filtered, n, row_len);
            for avx2 in [None, Avx2::find()] {
                let mut out = vec![0; (1 + rows + padding_rows(n)) * row_len];
                unfilter(&filtered, n, row_len, &mut out, avx2).unwrap();
                let made = &out[row_len..][..rows * row_len];
                assert!(made == expected, "{n} bytes a pixel, {width} pixels, AVX2: {}", avx2.is_some());
            }
        }
    }
}

/// Every left, above and corner, in rows of the Paeth filter and of Average, by eight rows and one by one.
#[test]
fn a_group_of_eight_rows_gives_what_its_rows_give() {
    let Some(avx2) = Avx2::find() else { return };
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    for n in [3, 4] {
        for filters in [[PAETH; 8], [AVERAGE; 8], [4, 3, 2, 1, 0, 4, 3, 4]] {
            let row_len = n * 5000;
            let rows: Vec<Vec<u8>> = (0..9).map(|_| (0..row_len).map(|_| random()).collect()).collect();
            let mut filtered = Vec::new();
            filters.iter().zip(&rows).for_each(|(&filter, row)| filtered.extend([&[filter], &row[..]].concat()));
            let lines = filtered.chunks_exact(row_len + 1);
            let (group, len) = RowGroup::of(&lines, n, &rows[8]).unwrap();
            assert_eq!(len, 8);
            let (mut ours, mut theirs) = (vec![0; 8 * row_len], vec![0; 8 * row_len]);
            dispatch::eight_rows(&group, &mut ours, avx2);
            group.restore_portable(&mut theirs);
            assert!(ours == theirs, "{n} bytes a pixel, {filters:?}");
        }
    }
}

#[test]
fn rows_by_hand_come_back() {
    // Two gray pixels a row, above them 10 and 20; each row has its own filter type.
    let filtered = [[0, 1, 255], [1, 1, 255], [2, 1, 255], [3, 1, 255], [4, 1, 255]];
    let expected = [
        [1, 255], // as stored
        [1, 0],   // 1 + 0, 255 + 1
        [2, 255], // 1 + 1, 255 + 0
        [2, 127], // 1 + (0 + 2) / 2, 255 + (2 + 255) / 2 = 383 − 256
        [3, 126], // 1 + 2, then p = 3 + 127 − 2 = 128 is nearest to 127
    ];
    let mut out = vec![0; 2 * (1 + 5 + 7)];
    out[..2].copy_from_slice(&[10, 20]);
    unfilter(&filtered.concat(), 1, 2, &mut out, None).unwrap();
    assert_eq!(out[2..12], expected.concat());
}

#[test]
fn each_filter_reaches_back_by_the_bytes_of_a_pixel() {
    for n in [1, 2, 3, 4, 6, 8] {
        for filter in 0..=PAETH {
            // Three pixels a row, two rows; differences of every size.
            let row = |first: usize| (first..first + 3 * n).map(|at| (at * 37 + at * at).to_le_bytes()[0]);
            let filtered: Vec<u8> =
                [5, 77].into_iter().flat_map(|first| std::iter::once(filter).chain(row(first))).collect();
            let mut out = vec![0; (1 + 2 + 7) * 3 * n];
            unfilter(&filtered, n, 3 * n, &mut out, None).unwrap();
            let made = &out[3 * n..][..2 * 3 * n];
            assert_eq!(made, by_the_letter(&filtered, n, 3 * n), "filter {filter}, {n} bytes a pixel");
        }
    }
}

#[test]
fn of_equally_near_bytes_paeth_takes_left_then_above_then_the_corner() {
    // p = left + above − corner; all three as near, left and above, left and the corner, above and the corner.
    for (left, above, corner, nearest) in
        [(7, 7, 7, 7), (10, 20, 15, 15), (4, 6, 4, 6), (10, 12, 11, 11), (20, 10, 30, 10), (1, 3, 0, 3), (5, 5, 0, 5)]
    {
        assert_eq!(paeth(left, above, corner), nearest, "{left} {above} {corner}");
        assert_eq!(paeth_by_the_letter(left, above, corner), nearest, "{left} {above} {corner}");
    }
}

#[test]
fn four_pixels_together_get_the_predictions_of_one() {
    let ends = [0, 1, 2, 3, 63, 64, 127, 128, 129, 191, 192, 253, 254, 255];
    for (a, b) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
        for c in ends {
            assert_eq!(paeth(a, b, c), paeth_by_the_letter(a, b, c), "{a} {b} {c}");
            let mut front = Front { left: u8x16::splat(a), corner: u8x16::splat(c) };
            let made = front.step([0; 4], u32::from_le_bytes([b; 4]));
            assert_eq!(made[0], u32::from_le_bytes([paeth(a, b, c); 4]), "{a} {b} {c}");
            // The other rows have above them what the row above made last, which is `a`.
            assert_eq!(made[1..], [u32::from_le_bytes([paeth(a, a, c); 4]); 3], "{a} {b} {c}");
        }
    }
}

#[test]
fn an_unknown_filter_is_refused() {
    assert!(unfilter(&[5, 0, 0, 0], 3, 3, &mut [0; 27], None).is_none());
    assert!(unfilter(&[255, 0], 1, 1, &mut [0; 9], None).is_none());
}
