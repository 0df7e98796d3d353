//! Filters the edges of a macroblock (RFC 6386 § 15), on any machine.
//!
//! Macroblocks are filtered from left to right and from the top, each as soon as its samples are made: the edge to the
//! left, the edges inside from left to right, the edge above, the edges inside from the top. Up to three samples of the
//! neighbours change, and none that a later prediction looks at: it has copies of its own.
//!
//! Edges that stand upright need columns as vectors. A group of N vectors of 16 bytes is interleaved, the first half of
//! the vectors with the second, which moves each bit of a byte's place one to the left, the highest to the lowest. Four
//! times turn 16 rows of 16 bytes into columns; so do they 16 rows of 4 bytes in 4 vectors (row, row, row, row, column,
//! column), and two more bring them back. Chroma has eight rows of eight bytes of U and eight of V; its vectors hold the
//! eight rows of a column with U and V in turn, which is as good as any order.

use wide::u8x16;

use super::edges::{self, Limits16};
use super::macroblock::MacroblockSamples;
use super::strength::EdgeStrength;

/// The normal filter.
#[inline(never)]
pub(crate) fn normal(
    strength: EdgeStrength,
    inner: bool,
    current: &mut MacroblockSamples,
    left: Option<&mut MacroblockSamples>,
    above: Option<&mut MacroblockSamples>,
) {
    let (outer, inside) = (Limits16::between(strength), Limits16::inside(strength));
    if let Some(left) = left {
        left_luma(left, current, |samples| edges::between(samples, outer));
        left_chroma(left, current, outer);
    }
    if inner {
        let mut columns = columns_of(current.luma);
        for place in [0, 4, 8] {
            filter_at(&mut columns, place, |samples| edges::inside(samples, inside));
        }
        current.luma = rows_of(columns);
        let mut columns: [u8x16; 8] = repeated::<8, 4>(current.chroma.map(u8x16::new));
        filter_at(&mut columns, 0, |samples| edges::inside(samples, inside));
        current.chroma = repeated::<8, 3>(columns).map(u8x16::to_array);
    }
    if let Some(above) = above {
        let mut rows = across(&above.luma[12..], &current.luma[..4]);
        rows = edges::between(rows, outer);
        put_across(rows, &mut above.luma[12..], &mut current.luma[..4]);
        let mut rows = across(&above.chroma[4..], &current.chroma[..4]);
        rows = edges::between(rows, outer);
        put_across(rows, &mut above.chroma[4..], &mut current.chroma[..4]);
    }
    if inner {
        let mut rows = current.luma.map(u8x16::new);
        for place in [0, 4, 8] {
            filter_at(&mut rows, place, |samples| edges::inside(samples, inside));
        }
        current.luma = rows.map(u8x16::to_array);
        let mut rows = current.chroma.map(u8x16::new);
        filter_at(&mut rows, 0, |samples| edges::inside(samples, inside));
        current.chroma = rows.map(u8x16::to_array);
    }
}

/// The simple filter, on luma alone.
#[inline(never)]
pub(crate) fn simple(
    strength: EdgeStrength,
    inner: bool,
    current: &mut MacroblockSamples,
    left: Option<&mut MacroblockSamples>,
    above: Option<&mut MacroblockSamples>,
) {
    let (outer, inside) = (Limits16::between(strength), Limits16::inside(strength));
    if let Some(left) = left {
        left_luma(left, current, |samples| simple_of(samples, outer));
    }
    if inner {
        let mut columns = columns_of(current.luma);
        for place in [0, 4, 8] {
            filter_at(&mut columns, place, |samples| simple_of(samples, inside));
        }
        current.luma = rows_of(columns);
    }
    if let Some(above) = above {
        let rows = simple_of(across(&above.luma[12..], &current.luma[..4]), outer);
        put_across(rows, &mut above.luma[12..], &mut current.luma[..4]);
    }
    if inner {
        let mut rows = current.luma.map(u8x16::new);
        for place in [0, 4, 8] {
            filter_at(&mut rows, place, |samples| simple_of(samples, inside));
        }
        current.luma = rows.map(u8x16::to_array);
    }
}

#[inline]
fn simple_of([p3, p2, p1, p0, q0, q1, q2, q3]: [u8x16; 8], limits: Limits16) -> [u8x16; 8] {
    let [p1, p0, q0, q1] = edges::simple([p1, p0, q0, q1], limits);
    [p3, p2, p1, p0, q0, q1, q2, q3]
}

/// Filters the edge that has four vectors from `place` on before it, and four behind it.
#[inline]
fn filter_at<const N: usize>(vectors: &mut [u8x16; N], place: usize, filter: impl Fn([u8x16; 8]) -> [u8x16; 8]) {
    if let Some(window) = vectors[place..].first_chunk_mut::<8>() {
        *window = filter(*window);
    }
}

/// The edge of luma to the left: the last four columns of the neighbour, and the first four of the macroblock.
#[inline]
fn left_luma(left: &mut MacroblockSamples, current: &mut MacroblockSamples, filter: impl Fn([u8x16; 8]) -> [u8x16; 8]) {
    let [before, behind] = [four_columns(&left.luma, 12), four_columns(&current.luma, 0)];
    let [a, b, c, d, e, f, g, h] = join(repeated::<4, 4>(before), repeated::<4, 4>(behind), filter);
    put_four_columns(repeated::<4, 2>([a, b, c, d]), &mut left.luma, 12);
    put_four_columns(repeated::<4, 2>([e, f, g, h]), &mut current.luma, 0);
}

/// The edges of chroma to the left. The columns of U and V have places 4 and 12 in the neighbour, 0 and 8 here.
#[inline]
fn left_chroma(left: &mut MacroblockSamples, current: &mut MacroblockSamples, limits: Limits16) {
    let [before, behind] = [four_chroma_columns(&left.chroma, 4), four_chroma_columns(&current.chroma, 0)];
    let filter = |samples| edges::between(samples, limits);
    let [a, b, c, d, e, f, g, h] = join(repeated::<4, 4>(before), repeated::<4, 4>(behind), filter);
    put_four_chroma_columns(repeated::<4, 2>([a, b, c, d]), &mut left.chroma, 4);
    put_four_chroma_columns(repeated::<4, 2>([e, f, g, h]), &mut current.chroma, 0);
}

#[inline]
fn join([a, b, c, d]: [u8x16; 4], [e, f, g, h]: [u8x16; 4], filter: impl Fn([u8x16; 8]) -> [u8x16; 8]) -> [u8x16; 8] {
    filter([a, b, c, d, e, f, g, h])
}

/// Interleaves the first half of the vectors with the second, `TIMES` times.
#[inline]
fn repeated<const N: usize, const TIMES: usize>(mut vectors: [u8x16; N]) -> [u8x16; N] {
    for _ in 0..TIMES {
        let before = vectors;
        for i in 0..N / 2 {
            vectors[2 * i] = u8x16::unpack_low(before[i], before[i + N / 2]);
            vectors[2 * i + 1] = u8x16::unpack_high(before[i], before[i + N / 2]);
        }
    }
    vectors
}

#[inline]
fn columns_of(rows: [[u8; 16]; 16]) -> [u8x16; 16] {
    repeated::<16, 4>(rows.map(u8x16::new))
}

#[inline]
fn rows_of(columns: [u8x16; 16]) -> [[u8; 16]; 16] {
    repeated::<16, 4>(columns).map(u8x16::to_array)
}

/// Four columns from `at` on, row by row: four rows to a vector.
#[inline]
fn four_columns(rows: &[[u8; 16]; 16], at: usize) -> [u8x16; 4] {
    let row = |y: usize| rows[y].get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    std::array::from_fn(|i| bytemuck::cast([row(4 * i), row(4 * i + 1), row(4 * i + 2), row(4 * i + 3)]))
}

#[inline]
fn put_four_columns(columns: [u8x16; 4], rows: &mut [[u8; 16]; 16], at: usize) {
    let values: [[u8; 4]; 16] = bytemuck::cast(columns);
    for (row, values) in rows.iter_mut().zip(values) {
        row[at..at + 4].copy_from_slice(&values);
    }
}

/// Four columns of U from `at` on, and of V, row by row: two rows to a vector.
#[inline]
fn four_chroma_columns(rows: &[[u8; 16]; 8], at: usize) -> [u8x16; 4] {
    let four = |y: usize, at: usize| rows[y].get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    std::array::from_fn(|i| {
        let (y, next) = (2 * i, 2 * i + 1);
        bytemuck::cast([four(y, at), four(y, at + 8), four(next, at), four(next, at + 8)])
    })
}

#[inline]
fn put_four_chroma_columns(columns: [u8x16; 4], rows: &mut [[u8; 16]; 8], at: usize) {
    let values: [[[u8; 4]; 2]; 8] = bytemuck::cast(columns);
    for (row, [u, v]) in rows.iter_mut().zip(values) {
        row[at..at + 4].copy_from_slice(&u);
        row[at + 8..at + 12].copy_from_slice(&v);
    }
}

/// Four rows above an edge and four below.
#[inline]
fn across(above: &[[u8; 16]], below: &[[u8; 16]]) -> [u8x16; 8] {
    std::array::from_fn(|i| u8x16::new(if i < 4 { above[i] } else { below[i - 4] }))
}

/// Puts back the three rows on each side that may have changed.
#[inline]
fn put_across(rows: [u8x16; 8], above: &mut [[u8; 16]], below: &mut [[u8; 16]]) {
    for i in 1..4 {
        above[i] = rows[i].to_array();
        below[i - 1] = rows[i + 3].to_array();
    }
}
