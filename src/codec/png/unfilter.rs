//! Undoes the filters of PNG rows (PNG Third Edition § 9).
//!
//! A pixel after the Paeth filter waits for the one on its left, some ten cycles each. Four rows at once hide that: each row
//! is a pixel behind the one above it, so that four pixels of four rows are ready at the same time.

use wide::u8x16;

/// Restores whole rows: `filtered` holds rows of a filter type and `row_len` bytes; `out` the row above, room for them, and
/// room for [`SPARE`] more, which are written too.
///
/// `None` when a filter type is unknown.
pub(super) fn unfilter(filtered: &[u8], bytes_per_pixel: usize, row_len: usize, out: &mut [u8]) -> Option<()> {
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
            (PAETH, 3) => paeth_rows::<3>(&group, above, &mut here[..4 * row_len]),
            (PAETH, 4) => paeth_rows::<4>(&group, above, &mut here[..4 * row_len]),
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
pub(super) const SPARE: usize = 3;

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
fn paeth_rows<const N: usize>(rows: &[&[u8]; 4], above: &[u8], out: &mut [u8]) {
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
    let whole = pixels.saturating_sub(3);
    (0..pixels.min(3)).for_each(|time| ragged(&mut front, &mut outs, time));
    if whole > 0 {
        let lag = |row: usize| 3 - row..3 - row + whole;
        let [a, b, c, d] = std::array::from_fn(|row| &rows[row][lag(row)]);
        let above = &above[lag(0)];
        let [oa, ob, oc, od] = &mut outs;
        let (oa, ob, oc, od) = (&mut oa[lag(0)], &mut ob[lag(1)], &mut oc[lag(2)], &mut od[lag(3)]);
        for i in 0..whole {
            let made = front.step([word(a[i]), word(b[i]), word(c[i]), word(d[i])], word(above[i]));
            (oa[i], ob[i]) = (pixel_of(made[0]), pixel_of(made[1]));
            (oc[i], od[i]) = (pixel_of(made[2]), pixel_of(made[3]));
        }
    }
    (pixels..pixels + 3).for_each(|time| ragged(&mut front, &mut outs, time));
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
#[derive(Default)]
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
