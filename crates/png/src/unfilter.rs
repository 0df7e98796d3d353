//! Undoes the filters of PNG rows (PNG Third Edition § 9).
//!
//! A filtered byte is the difference from a prediction, modulo 256. The prediction comes from the byte of the pixel on
//! the left (`left`, the standard's a), the byte above (`above`, b) and the one above on the left (`corner`, c). Where
//! there is no such byte, it counts as zero.
//!
//! # Four Paeth rows at a time
//!
//! A pixel after the Paeth filter depends on the one on its left, so a row is a chain of steps that wait for each
//! other, some ten cycles each. Pixels of different rows hide that wait, as long as each row has the pixels above it.
//! So four rows are restored together, each one pixel behind the row above it: at time `t`, row `r` (0 to 3) restores
//! its pixel `t − r`.
//!
//! ```text
//! time    0   1   2   3   4        One 16-byte register holds a pixel of each row.
//! row 0   0   1   2   3   4        `Front` is what a step needs of the step before:
//! row 1       0   1   2   3        the pixels it made (each row's next `left`), and
//! row 2           0   1   2        the pixels above those (each row's next `corner`).
//! row 3               0   1        `above` is what the row above made a step ago.
//! ```
//!
//! The first three steps and the last three are ragged: some rows have not begun or have ended. They go pixel by pixel,
//! with zeros for what is missing. A row that has not begun therefore keeps zeros as `left` and `corner`, which its
//! first pixel needs; what a row that has ended makes is above no pixel of the next one. The steps between go in blocks
//! of four pixels, so that bounds are checked once a block. With blocks a Paeth pixel takes 5 to 6 cycles, one pixel at
//! a time 10, and one row at a time 15.
//!
//! Only pixels of 3 and 4 bytes go this way: those are the ones that photos and screenshots have.

use wide::u8x16;

/// Restores whole rows.
///
/// `filtered` holds rows of a filter type and `row_len` bytes each. `out` holds the row above the first of them, then
/// room for as many rows, then room for [`PADDING_ROWS`] more; every row has `row_len` bytes, which are whole pixels of
/// `bytes_per_pixel` (1, 2, 3, 4, 6 or 8). `None` where a filter type is unknown.
///
/// # Panics
///
/// Where `out` is shorter than that.
pub(crate) fn unfilter(filtered: &[u8], bytes_per_pixel: usize, row_len: usize, out: &mut [u8]) -> Option<()> {
    let mut rows = filtered.chunks_exact(row_len + 1).peekable();
    let mut at = row_len;
    while let Some((&filter, row)) = rows.next().and_then(<[u8]>::split_first) {
        let is_paeth = |row: &&[u8]| row.first() == Some(&PAETH);
        // Rows that a group lacks repeat its first. What that gives is overwritten by the rows after it, or is padding.
        let mut group = [row; 4];
        let mut len = 1;
        while filter == PAETH && len < group.len() && matches!(bytes_per_pixel, 3 | 4) {
            let Some(next) = rows.next_if(is_paeth) else { break };
            group[len] = &next[1..];
            len += 1;
        }
        let (above, here) = out.split_at_mut(at);
        let above = &above[at - row_len..];
        match (filter, bytes_per_pixel) {
            (PAETH, 3) => paeth_rows::<3, 12>(&group, above, &mut here[..4 * row_len]),
            (PAETH, 4) => paeth_rows::<4, 16>(&group, above, &mut here[..4 * row_len]),
            (_, 1) => one_row::<1>(filter, row, above, &mut here[..row_len])?,
            (_, 2) => one_row::<2>(filter, row, above, &mut here[..row_len])?,
            (_, 3) => one_row::<3>(filter, row, above, &mut here[..row_len])?,
            (_, 4) => one_row::<4>(filter, row, above, &mut here[..row_len])?,
            (_, 6) => one_row::<6>(filter, row, above, &mut here[..row_len])?,
            _ => one_row::<8>(filter, row, above, &mut here[..row_len])?,
        }
        at += len * row_len;
    }
    Some(())
}

const PAETH: u8 = 4;

/// Padding rows after the image. Unfiltering works on groups of four rows; the last group may overwrite up to three
/// rows that are never read.
pub(crate) const PADDING_ROWS: usize = 3;

/// Restores a row of pixels of `N` bytes by itself.
fn one_row<const N: usize>(filter: u8, row: &[u8], above: &[u8], out: &mut [u8]) -> Option<()> {
    let (row, above, out) = (row.as_chunks::<N>().0, above.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    let mut left = [0; N];
    match filter {
        0 => out.copy_from_slice(row),
        1 => {
            for (out, row) in out.iter_mut().zip(row) {
                left = std::array::from_fn(|i| row[i].wrapping_add(left[i]));
                *out = left;
            }
        }
        2 => {
            let bytes = row.as_flattened().iter().zip(above.as_flattened());
            out.as_flattened_mut()
                .iter_mut()
                .zip(bytes)
                .for_each(|(out, (row, above))| *out = row.wrapping_add(*above));
        }
        3 => {
            for ((out, row), above) in out.iter_mut().zip(row).zip(above) {
                left = std::array::from_fn(|i| row[i].wrapping_add(mean(left[i], above[i])));
                *out = left;
            }
        }
        PAETH => {
            let mut corner = [0; N];
            for ((out, row), above) in out.iter_mut().zip(row).zip(above) {
                left = std::array::from_fn(|i| row[i].wrapping_add(paeth(left[i], above[i], corner[i])));
                (*out, corner) = (left, *above);
            }
        }
        _ => return None,
    }
    Some(())
}

/// Half the sum of two bytes, rounded down: the bits that both have, and half of those that one has. Neither term can
/// overflow, where the sum itself needs nine bits.
fn mean(a: u8, b: u8) -> u8 {
    (a & b) + ((a ^ b) >> 1)
}

/// The one of left, above and corner that is nearest to `left + above − corner` (§ 9.4); of equally near ones the first
/// in that order.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let (pa, pb, pc) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        above
    } else {
        corner
    }
}

/// Restores four rows of pixels of `N` bytes after the Paeth filter; `M` is 4 · `N`. `above` is the row above the
/// first, and `out` holds the four rows.
fn paeth_rows<const N: usize, const M: usize>(rows: &[&[u8]; 4], above: &[u8], out: &mut [u8]) {
    let (rows, above) = (rows.map(|row| row.as_chunks::<N>().0), above.as_chunks::<N>().0);
    let pixels = above.len();
    let mut outs = out.chunks_exact_mut(pixels * N).map(|row| row.as_chunks_mut::<N>().0);
    let mut outs: [&mut [[u8; N]]; 4] = std::array::from_fn(|_| outs.next().unwrap_or_default());
    let mut front = Front::default();
    let ragged = |front: &mut Front, outs: &mut [&mut [[u8; N]]; 4], time: usize| {
        let at = |row: usize| time.checked_sub(row).filter(|at| *at < pixels);
        let filtered = std::array::from_fn(|row| at(row).map_or(0, |at| word(rows[row][at])));
        let made = front.step(filtered, at(0).map_or(0, |at| word(above[at])));
        for (row, out) in outs.iter_mut().enumerate() {
            if let Some(pixel) = at(row).and_then(|at| out.get_mut(at)) {
                *pixel = pixel_of(made[row]);
            }
        }
    };
    // Three steps until the last row has begun, blocks of four steps while no row has ended, and the rest.
    let begun = pixels.min(3);
    let blocks = (pixels - begun) / 4;
    (0..begun).for_each(|time| ragged(&mut front, &mut outs, time));
    if blocks > 0 {
        // Here `begun` is 3. Row `r` goes on at its pixel 3 − r, and `blocks` of four pixels from there end within the
        // row, since `3 + 4 · blocks` is at most its length.
        let rows = std::array::from_fn(|row| &rows[row].as_flattened()[(begun - row) * N..]);
        let outs = outs.each_mut().map(|out| out.as_flattened_mut());
        front = paeth_blocks::<N, M>(front, rows, &above.as_flattened()[begun * N..], outs, blocks);
    }
    (begun + 4 * blocks..pixels + 3).for_each(|time| ragged(&mut front, &mut outs, time));
}

/// Restores `blocks` of four pixels, `M` bytes, of every row.
///
/// `rows` and `above` begin at the first pixel of the blocks, `outs` at the first pixel of their rows. Every slice is
/// cut to `blocks` before the loop, so that the loop itself checks no bounds.
fn paeth_blocks<const N: usize, const M: usize>(
    mut front: Front,
    rows: [&[u8]; 4],
    above: &[u8],
    outs: [&mut [u8]; 4],
    blocks: usize,
) -> Front {
    let [a, b, c, d] = rows.map(|row| &row.as_chunks::<M>().0[..blocks]);
    let above = &above.as_chunks::<M>().0[..blocks];
    let mut lag = 4;
    let [oa, ob, oc, od] = outs.map(|out| {
        lag -= 1;
        &mut out[lag * N..].as_chunks_mut::<M>().0[..blocks]
    });
    for i in 0..blocks {
        let (from, to) = ([&a[i], &b[i], &c[i], &d[i]], [&mut oa[i], &mut ob[i], &mut oc[i], &mut od[i]]);
        paeth_block::<N, M>(&mut front, from, &above[i], to);
    }
    front
}

/// Restores one block: four pixels of each row, in four steps.
#[inline(always)]
fn paeth_block<const N: usize, const M: usize>(
    front: &mut Front,
    from: [&[u8; M]; 4],
    above: &[u8; M],
    to: [&mut [u8; M]; 4],
) {
    let [oa, ob, oc, od] = to;
    let (from, above) = (from.map(words::<N, M>), words::<N, M>(above));
    let made: [[u32; 4]; 4] = std::array::from_fn(|k| front.step(from.map(|words| words[k]), above[k]));
    *oa = bytes::<N, M>(made.map(|m| m[0]));
    *ob = bytes::<N, M>(made.map(|m| m[1]));
    *oc = bytes::<N, M>(made.map(|m| m[2]));
    *od = bytes::<N, M>(made.map(|m| m[3]));
}

/// The four pixels of a block, one in the low `N` bytes of each word. With three bytes a pixel the fourth byte of a
/// word is the next pixel's first; bytes never mix, so what is made of it is dropped. The last pixel is read from the
/// block's last four bytes and moved down, so no read passes the block's end.
#[inline(always)]
fn words<const N: usize, const M: usize>(block: &[u8; M]) -> [u32; 4] {
    let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    [word(0), word(N), word(2 * N), word(M - 4) >> (8 * (4 - N))]
}

/// The block of four pixels that are the low `N` bytes of these words.
#[inline(always)]
fn bytes<const N: usize, const M: usize>(words: [u32; 4]) -> [u8; M] {
    let [a, b, c, d] = words.map(u32::to_le_bytes);
    std::array::from_fn(|i| [a, b, c, d][i / N][i % N])
}

/// The low `N` bytes of a word.
fn pixel_of<const N: usize>(word: u32) -> [u8; N] {
    let bytes = word.to_le_bytes();
    std::array::from_fn(|i| bytes[i])
}

/// A pixel in the low bytes of a word.
fn word<const N: usize>(pixel: [u8; N]) -> u32 {
    let mut bytes = [0; 4];
    bytes[..N].copy_from_slice(&pixel);
    u32::from_le_bytes(bytes)
}

/// The state of four rows between two steps, a word of four bytes for each row.
#[derive(Default, Clone, Copy)]
struct Front {
    /// The pixels that the last step made: on the left of the next ones.
    left: u8x16,
    /// The pixels above those: above and on the left of the next ones.
    corner: u8x16,
}

impl Front {
    /// Restores the next pixel of each row from its filtered bytes. `above` is the pixel above the first row's.
    ///
    /// The distances of § 9.4 are computed in bytes. With `p = left + above − corner` they are `pa = |above − corner|`,
    /// `pb = |left − corner|` and `pc = |(above − corner) + (left − corner)|`. Where the corner lies between left and
    /// above, the two differences have opposite signs and `pc` is `|pa − pb|`. Elsewhere `pc` is `pa + pb`, which may
    /// not fit a byte, but which neither `pa` nor `pb` is above: 255 decides the same.
    #[inline]
    fn step(&mut self, filtered: [u32; 4], above: u32) -> [u32; 4] {
        // The pixel that a row made last is above the one that the next row makes now.
        let [a, b, c, _]: [u32; 4] = bytemuck::cast(self.left);
        let above: u8x16 = bytemuck::cast([above, a, b, c]);
        let (left, corner) = (self.left, self.corner);
        let pa = distance(above, corner);
        let pb = distance(left, corner);
        let between = at_most(left, corner) ^ at_most(above, corner);
        let pc = distance(pa, pb) | !between;
        let nearer = select(at_most(pb, pc), above, corner);
        let predicted = select(at_most(pa, pb.min(pc)), left, nearer);
        let made = predicted + bytemuck::cast::<[u32; 4], u8x16>(filtered);
        (self.left, self.corner) = (made, above);
        bytemuck::cast(made)
    }
}

/// `|a − b|` of each byte.
#[inline]
fn distance(a: u8x16, b: u8x16) -> u8x16 {
    a.max(b) - a.min(b)
}

/// All bits of a byte where `a ≤ b`, none elsewhere.
#[inline]
fn at_most(a: u8x16, b: u8x16) -> u8x16 {
    a.min(b).simd_eq(a)
}

/// `yes` where the mask has its bits, `no` elsewhere.
#[inline]
fn select(mask: u8x16, yes: u8x16, no: u8x16) -> u8x16 {
    (mask & yes) | (!mask & no)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for n in [1, 2, 3, 4, 6, 8] {
            for width in 1..25 {
                let (row_len, rows) = (n * width, 23);
                // Mostly Paeth, in runs of every length; half the bytes extreme.
                let row = |random: &mut dyn FnMut() -> u8| {
                    let filter = if random() < 200 { PAETH } else { random() % 5 };
                    let byte = |v: u8| if v & 1 == 0 { v } else { v.rotate_left(1) & 1 };
                    let bytes: Vec<u8> = (0..row_len).map(|_| byte(random()).wrapping_neg()).collect();
                    [vec![filter], bytes].concat()
                };
                let filtered: Vec<u8> = (0..rows).flat_map(|_| row(&mut random)).collect();
                let mut out = vec![0; (1 + rows + PADDING_ROWS) * row_len];
                unfilter(&filtered, n, row_len, &mut out).unwrap();
                let made = &out[row_len..][..rows * row_len];
                assert!(made == by_the_letter(&filtered, n, row_len), "{n} bytes a pixel, {width} pixels");
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
        let mut out = vec![0; 2 * (1 + 5 + PADDING_ROWS)];
        out[..2].copy_from_slice(&[10, 20]);
        unfilter(&filtered.concat(), 1, 2, &mut out).unwrap();
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
                let mut out = vec![0; (1 + 2 + PADDING_ROWS) * 3 * n];
                unfilter(&filtered, n, 3 * n, &mut out).unwrap();
                let made = &out[3 * n..][..2 * 3 * n];
                assert_eq!(made, by_the_letter(&filtered, n, 3 * n), "filter {filter}, {n} bytes a pixel");
            }
        }
    }

    #[test]
    fn of_equally_near_bytes_paeth_takes_left_then_above_then_the_corner() {
        // p = left + above − corner; all three as near, left and above, left and the corner, above and the corner.
        for (left, above, corner, nearest) in [
            (7, 7, 7, 7),
            (10, 20, 15, 15),
            (4, 6, 4, 6),
            (10, 12, 11, 11),
            (20, 10, 30, 10),
            (1, 3, 0, 3),
            (5, 5, 0, 5),
        ] {
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
        assert!(unfilter(&[5, 0, 0, 0], 3, 3, &mut [0; 15]).is_none());
        assert!(unfilter(&[255, 0], 1, 1, &mut [0; 5]).is_none());
    }
}
