//! Copies what deflate refers back to.

/// Bytes that a copy may write, which is made in steps of 32 bytes or fewer: the longest has 258.
pub(super) const COPY_ROOM: usize = 288;

/// Copies `len` bytes, at most 258, from `from` to `at`, which lies behind; they may overlap. Up to [`COPY_ROOM`] bytes from
/// `at` on are overwritten, which `out` must have.
///
/// # Panics
///
/// Where `from` is not before `at`, or `out` is too short.
#[inline(always)]
pub(super) fn copy_back(out: &mut [u8], at: usize, from: usize, len: usize) {
    let (before, room) = out.split_at_mut(at);
    let Some(room) = room.first_chunk_mut::<COPY_ROOM>() else { return };
    match before[from..].first_chunk::<COPY_ROOM>() {
        // The copy does not reach what it writes.
        Some(from) => copy_apart(from, room, len),
        None => copy_near(out, at, at - from, len),
    }
}

/// Copies 32 bytes, then as many times 32 as `len` needs.
#[inline(always)]
fn copy_apart(from: &[u8; COPY_ROOM], to: &mut [u8; COPY_ROOM], len: usize) {
    let (from, to) = (from.as_chunks::<32>().0, to.as_chunks_mut::<32>().0);
    to[0] = from[0];
    let mut at = 1;
    while at * 32 < len.min(258) {
        to[at] = from[at];
        at += 1;
    }
}

/// [`copy_back`] from where the copy may meet what it writes.
#[inline]
fn copy_near(out: &mut [u8], at: usize, distance: usize, len: usize) {
    let from = at - distance;
    if distance >= 16 {
        // Each 16 bytes are read after those before them were written.
        for done in (0..len).step_by(16) {
            let bytes: [u8; 16] = std::array::from_fn(|i| out[from + done..][..16][i]);
            out[at + done..][..16].copy_from_slice(&bytes);
        }
        return;
    }
    let (before, room) = out.split_at_mut(at);
    let Some(room) = room.first_chunk_mut::<COPY_ROOM>() else { return };
    if distance == 1 { fill(before[from], room, len) } else { fill_pattern(before, distance, room, len) }
}

/// Writes one byte 32 times, or as often as the longest copy needs.
#[inline(always)]
fn fill(byte: u8, to: &mut [u8; COPY_ROOM], len: usize) {
    let to = to.as_chunks_mut::<32>().0;
    to[0] = [byte; 32];
    if len > 32 {
        to[1..].fill([byte; 32]);
    }
}

/// Writes the last `distance` bytes, 2 to 15, over and over.
#[inline(always)]
fn fill_pattern(before: &[u8], distance: usize, to: &mut [u8; COPY_ROOM], len: usize) {
    let mut bytes = [0; 16];
    bytes[..distance & 15].copy_from_slice(&before[before.len() - (distance & 15)..]);
    let pattern = repeated(bytes, distance);
    // Whole repetitions in 16 bytes.
    let step = WHOLE[distance & 15];
    for at in (0..len.min(258)).step_by(step) {
        to[at..at + 16].copy_from_slice(&pattern);
    }
}

/// The first `period` bytes, 1 to 15 of them, over and over.
#[inline(always)]
fn repeated(bytes: [u8; 16], period: usize) -> [u8; 16] {
    let period = period & 15;
    let mut bits = 8 * period;
    let mut value = u128::from_le_bytes(bytes) & ((1 << bits) - 1);
    while bits < 128 {
        value |= value << bits;
        bits *= 2;
    }
    value.to_le_bytes()
}

/// The most multiple of each period in 16 bytes; a period of 0 has none, and counts as 16.
const WHOLE: [usize; 16] = [16, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_those_of_byte_after_byte() {
        for distance in (1..70).chain([287, 288, 289, 300]) {
            for len in (3..80).chain([257, 258]) {
                let mut out: Vec<u8> = (0..300 + COPY_ROOM).map(|at| (at * at / 3).to_le_bytes()[0]).collect();
                let mut expected = out.clone();
                (300..300 + len).for_each(|at| expected[at] = expected[at - distance]);
                copy_back(&mut out, 300, 300 - distance, len);
                assert_eq!(out[..300 + len], expected[..300 + len], "distance {distance}, length {len}");
            }
        }
    }
}
