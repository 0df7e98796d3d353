//! Undoes the filters of PNG rows (PNG Third Edition § 9).
//!
//! A pixel after the Paeth filter waits for the one on its left, some ten cycles each. Four rows at once hide that: each row
//! is a pixel behind the one above it, so that four pixels of four rows are ready at the same time.

use wide::u8x16;

/// Restores whole rows: `filtered` holds rows of a filter type and `row_len` bytes; `out` the row above, room for them, and
/// room for [`SPARE`] more, which are written too.
///
/// `None` when a filter type is unknown.
pub(crate) fn unfilter(filtered: &[u8], bytes_per_pixel: usize, row_len: usize, out: &mut [u8]) -> Option<()> {
    let mut rows = filtered.chunks_exact(row_len + 1).peekable();
    let mut at = row_len;
    while let Some((&filter, row)) = rows.next().and_then(<[u8]>::split_first) {
        let is_paeth = |row: &&[u8]| row.first() == Some(&PAETH);
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

/// Rows after the last that a group of four may fill with nothing of worth.
pub(crate) const SPARE: usize = 3;

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

/// Half the sum, rounded down.
fn mean(a: u8, b: u8) -> u8 {
    (a & b) + ((a ^ b) >> 1)
}

/// The one of left, above and corner that is nearest to `left + above − corner`; the first of equals.
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

/// Four rows after the Paeth filter.
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
    // Until the last row has begun, while all four are under way, and after the first has ended.
    let begun = pixels.min(3);
    let blocks = (pixels - begun) / 4;
    (0..begun).for_each(|time| ragged(&mut front, &mut outs, time));
    if blocks > 0 {
        let rows = std::array::from_fn(|row| &rows[row].as_flattened()[(begun - row) * N..]);
        let outs = outs.each_mut().map(|out| out.as_flattened_mut());
        front = together::<N, M>(front, rows, &above.as_flattened()[begun * N..], outs, blocks);
    }
    (begun + 4 * blocks..pixels + 3).for_each(|time| ragged(&mut front, &mut outs, time));
}

/// Restores `blocks` of four pixels, `M` bytes, of every row; each row of `outs` begins three pixels before its block, less
/// one for each row above.
fn together<const N: usize, const M: usize>(
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
        restore::<N, M>(&mut front, from, &above[i], to);
    }
    front
}

/// Restores four pixels of each row.
#[inline(always)]
fn restore<const N: usize, const M: usize>(
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

/// The four pixels of a block, each with bytes of no meaning after its own.
#[inline(always)]
fn words<const N: usize, const M: usize>(block: &[u8; M]) -> [u32; 4] {
    let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    [word(0), word(N), word(2 * N), word(M - 4) >> (8 * (4 - N))]
}

#[inline(always)]
fn bytes<const N: usize, const M: usize>(words: [u32; 4]) -> [u8; M] {
    let [a, b, c, d] = words.map(u32::to_le_bytes);
    std::array::from_fn(|i| [a, b, c, d][i / N][i % N])
}

fn pixel_of<const N: usize>(word: u32) -> [u8; N] {
    let bytes = word.to_le_bytes();
    std::array::from_fn(|i| bytes[i])
}

fn word<const N: usize>(pixel: [u8; N]) -> u32 {
    let mut bytes = [0; 4];
    bytes[..N].copy_from_slice(&pixel);
    u32::from_le_bytes(bytes)
}

/// Where four rows stand: the pixels last made, and those above them.
#[derive(Default, Clone, Copy)]
struct Front {
    left: u8x16,
    corner: u8x16,
}

impl Front {
    /// Restores a pixel of each row from its filtered bytes; `above` is the first row's.
    #[inline]
    fn step(&mut self, filtered: [u32; 4], above: u32) -> [u32; 4] {
        // What a row made last is above what the next row makes now.
        let [a, b, c, _]: [u32; 4] = bytemuck::cast(self.left);
        let above: u8x16 = bytemuck::cast([above, a, b, c]);
        let (left, corner) = (self.left, self.corner);
        let pa = distance(above, corner);
        let pb = distance(left, corner);
        // |pa − pb| where the corner is between left and above; else the distance is more than either.
        let between = not_above(left, corner) ^ not_above(above, corner);
        let pc = distance(pa, pb) | !between;
        let nearer = select(not_above(pb, pc), above, corner);
        let predicted = select(not_above(pa, pb.min(pc)), left, nearer);
        let made = predicted + bytemuck::cast::<[u32; 4], u8x16>(filtered);
        (self.left, self.corner) = (made, above);
        bytemuck::cast(made)
    }
}

#[inline]
fn distance(a: u8x16, b: u8x16) -> u8x16 {
    a.max(b) - a.min(b)
}

/// All bits where `a ≤ b`.
#[inline]
fn not_above(a: u8x16, b: u8x16) -> u8x16 {
    a.min(b).simd_eq(a)
}

#[inline]
fn select(mask: u8x16, yes: u8x16, no: u8x16) -> u8x16 {
    (mask & yes) | (!mask & no)
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    _ => paeth(a, b, c),
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
                let mut out = vec![0; (1 + rows + SPARE) * row_len];
                unfilter(&filtered, n, row_len, &mut out).unwrap();
                let made = &out[row_len..][..rows * row_len];
                assert!(made == by_the_letter(&filtered, n, row_len), "{n} bytes a pixel, {width} pixels");
            }
        }
    }

    #[test]
    fn an_unknown_filter_is_refused() {
        assert!(unfilter(&[5, 0, 0, 0], 3, 3, &mut [0; 15]).is_none());
        assert!(unfilter(&[255, 0], 1, 1, &mut [0; 5]).is_none());
    }
}
