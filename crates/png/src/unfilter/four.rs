//! Restores four rows of the Paeth filter together, on any CPU.
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

/// Restores four rows of pixels of `N` bytes after the Paeth filter; `M` is 4 · `N`. `above` is the row above the
/// first, and `out` holds the four rows.
pub(super) fn paeth_rows<const N: usize, const M: usize>(rows: &[&[u8]; 4], above: &[u8], out: &mut [u8]) {
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
pub(super) struct Front {
    /// The pixels that the last step made: on the left of the next ones.
    pub(super) left: u8x16,
    /// The pixels above those: above and on the left of the next ones.
    pub(super) corner: u8x16,
}

impl Front {
    /// Restores the next pixel of each row from its filtered bytes. `above` is the pixel above the first row's.
    ///
    /// The distances of § 9.4 are computed in bytes. With `p = left + above − corner` they are `pa = |above − corner|`,
    /// `pb = |left − corner|` and `pc = |(above − corner) + (left − corner)|`. Where the corner lies between left and
    /// above, the two differences have opposite signs and `pc` is `|pa − pb|`. Elsewhere `pc` is `pa + pb`, which may
    /// not fit a byte, but which neither `pa` nor `pb` is above: 255 decides the same.
    #[inline]
    pub(super) fn step(&mut self, filtered: [u32; 4], above: u32) -> [u32; 4] {
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
