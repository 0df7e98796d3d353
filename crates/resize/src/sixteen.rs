//! The arithmetic of 16-bit samples: weights of 31 bits in three parts, sums in three parts, 8 samples at a time.
//!
//! **Why parts.** The vector units multiply pairs of 16-bit lanes and add the two products ([`crate::eight`]); a product
//! with a weight of 31 bits and a sign needs more. So a weight is `high × 2²² + middle × 2¹¹ + low`, whose `middle` and
//! `low` are 0 to 2 047, and each part has a sum of its own. Fourteen instructions take two taps of eight samples, where
//! products of 64 bits take twice as many.
//!
//! **Samples less 32 768**, since lanes are signed: a lane holds `s − 2¹⁵`. The weights of a target sample add up to 1, so
//! the result is a sample less 32 768, too. What they miss by their rounding is in [`FixedPoint::start`].
//!
//! **No sum overflows.** After 16 pairs of taps a sum of low or middle products is within 2 047 × 2¹⁵ × 32 = 2³¹ − 2²⁰ of
//! its start, and then all but its last 11 bits are carried to the next part. The magnitudes of weights add up to 1.3 at
//! most (see [`crate::eight`]): with up to [`MOST_WITHOUT_TOP`] fraction bits the sum of high products stays below
//! 1.3 × 2³⁷⁻²² × 2¹⁵ < 2³¹. Weights have more only where some hundred taps share a target sample; then the high part
//! is carried on as well, to a fourth, where 45 fraction bits at most leave 1.3 × 2⁴⁵⁻³³ × 2¹⁵ < 2²⁸.

use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8, u16x8};

use image_ingest_samples::collected;

use crate::arithmetic::CHUNK;
use crate::result::Result;
use crate::weights::{FixedPoint, Taps, Weights, power_of_two};

impl FixedPoint for u16 {
    /// The parts of two taps, low ones first; an odd last tap is paired with 0.
    type Weight = WeightParts;
    type Start = [i32; PARTS];
    const WEIGHT_BITS: u32 = 31;
    const MOST_PRECISION: u32 = 45;

    #[expect(clippy::cast_possible_truncation, reason = "the precision keeps weights within 31 bits")]
    fn fix(weights: &[f64], precision: u32, to: &mut Vec<Self::Weight>) -> [i32; PARTS] {
        let one = 1_i64 << precision;
        let fixed = |w: &f64| (w * power_of_two(precision)).round() as i64;
        to.extend(weights.chunks(2).map(|pair| {
            let [first, second] = [0, 1].map(|i| parts(pair.get(i).map_or(0, fixed)));
            std::array::from_fn(|part| [first[part] as i16, second[part] as i16])
        }));
        let sum: i64 = weights.iter().map(fixed).sum();
        parts((one >> 1) + (sum - one) * 32_768)
    }
}

/// Turns eight rows into pairs of columns.
pub(crate) fn pair_columns(rows: &[u16], row_len: usize, channels: usize, pairs: &mut [WordColumns]) {
    let starts = (0..row_len).step_by(CHUNK * LANES);
    for (start, pairs) in starts.zip(pairs.chunks_mut(CHUNK * LANES / 2)) {
        let mut columns = [u16x8::ZERO; CHUNK * LANES];
        for (at, block) in (start..).step_by(LANES).zip(columns.as_chunks_mut().0) {
            let row = |i| rows[i * row_len + at..].first_chunk().copied().map_or(u16x8::ZERO, u16x8::new);
            *block = u16x8::transpose(std::array::from_fn::<_, LANES, _>(row));
        }
        for (pixels, pairs) in columns.chunks_exact(2 * channels).zip(pairs.chunks_mut(channels)) {
            let (first, second) = pixels.split_at(channels);
            let columns = first.iter().zip(second);
            pairs.iter_mut().zip(columns).for_each(|(pair, (a, b))| *pair = paired(*a, *b));
        }
    }
}

/// Two columns of eight rows, less 32 768: the samples of both in row 0, in row 1 and so on, four rows in each vector.
pub(crate) type WordColumns = [i16x8; 2];

#[inline]
fn paired(a: u16x8, b: u16x8) -> WordColumns {
    let [a, b] = [a, b].map(|samples| signed(samples).to_array());
    [
        i16x8::new([a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]]),
        i16x8::new([a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]]),
    ]
}

/// Works on stretches of 8 samples: for each, the pairs of rows are walked once and the sums stay in registers.
///
/// What is left of a row after whole stretches is padded with zeros.
pub(crate) fn blend_rows(window: &[&[u16]], taps: Taps<'_, u16>, out: &mut [u16]) -> Result<()> {
    let pairs = pairs_of(window, taps.pairs)?;
    let pairs = collected(pairs.into_iter().map(|(rows, pair)| (rows, spread(pair))))?;
    for (at, out) in (0..).step_by(LANES).zip(out.chunks_mut(LANES)) {
        let stretch = |row: &[u16]| match row[at..].first_chunk() {
            Some(samples) => u16x8::new(*samples),
            None => {
                let mut padded = [0; LANES];
                padded[..row.len() - at].copy_from_slice(&row[at..]);
                u16x8::new(padded)
            }
        };
        let taken = pairs.iter().map(|([a, b], pair)| (paired(stretch(a), stretch(b)), *pair));
        let sums = sum(taken, taps);
        out.copy_from_slice(&sums.as_array()[..out.len()]);
    }
    Ok(())
}

/// Two rows, and the parts of their weights.
type WeightedWords<'a> = ([&'a [u16]; 2], &'a WeightParts);

/// The rows of a window two by two, with their weights. The last pair of an odd window is the same row twice, since its
/// second weight is 0.
pub(crate) fn pairs_of<'a>(window: &[&'a [u16]], pairs: &'a [WeightParts]) -> Result<Vec<WeightedWords<'a>>> {
    let rows = window.chunks(2).map(|rows| [rows[0], rows.get(1).unwrap_or(&rows[0])]);
    collected(rows.zip(pairs))
}

/// Makes one column of target samples after the other, and turns eight of them back into rows.
pub(crate) fn blend_columns(pairs: &[WordColumns], channels: usize, weights: &Weights<u16>, out: &mut [u16]) {
    let mut rows = WordRows::new(out);
    for span in weights.spans() {
        let taps = weights.of(*span);
        for channel in 0..channels {
            let pairs = pairs[span.first / 2 * channels + channel..].iter().step_by(channels).copied();
            rows.push(sum(pairs.zip(taps.pairs.iter().map(spread)), taps));
        }
    }
}

/// Samples that are worked on at a time.
pub(crate) const LANES: usize = 8;

/// Parts of a weight.
pub(crate) const PARTS: usize = 3;
/// Bits of the low and the middle part.
pub(crate) const PART_BITS: u32 = 11;
/// Fraction bits of weights up to which the sum of the high parts needs no fourth.
pub(crate) const MOST_WITHOUT_TOP: u32 = 37;
/// Pairs of taps after which sums are carried.
pub(crate) const PAIRS_BETWEEN_CARRIES: usize = 16;

/// The low, middle and high part of a number.
#[expect(clippy::cast_possible_truncation, reason = "the parts of a weight have 16 bits at most, those of a sum 32")]
fn parts(number: i64) -> [i32; PARTS] {
    let part = |shift: u32| (number >> shift & ((1 << PART_BITS) - 1)) as i32;
    [part(0), part(PART_BITS), (number >> (2 * PART_BITS)) as i32]
}

/// The parts of the weights of two taps.
pub(crate) type WeightParts = [[i16; 2]; PARTS];
/// The same, in all lanes.
type SpreadPair = [i16x8; PARTS];

#[inline]
fn spread(pair: &WeightParts) -> SpreadPair {
    pair.map(|part| cast(i32x4::splat(cast(part))))
}

/// The weighted sum of pairs of taps, rounded to samples and saturated to 0–65 535.
#[inline]
fn sum(pairs: impl Iterator<Item = (WordColumns, SpreadPair)>, taps: Taps<'_, u16>) -> u16x8 {
    let mut sums = WordSums::new(taps.start);
    let with_top = taps.precision > MOST_WITHOUT_TOP;
    for (i, (samples, pair)) in pairs.enumerate() {
        if i > 0 && i % PAIRS_BETWEEN_CARRIES == 0 {
            sums.carry(with_top);
        }
        sums.add(samples, pair);
    }
    sums.carry(with_top);
    let sums = if with_top {
        sums.top.map(|sum| sum >> (taps.precision - 3 * PART_BITS))
    } else {
        let [.., high] = sums.parts;
        high.map(|sum| sum >> (taps.precision - 2 * PART_BITS))
    };
    unsigned(i16x8::from_i32x8_saturate(cast::<_, i32x8>(sums)))
}

/// The weighted sums of 8 samples: `top × 2³³ + high × 2²² + middle × 2¹¹ + low`, where `parts` begins with the low one.
struct WordSums {
    parts: [[i32x4; 2]; PARTS],
    top: [i32x4; 2],
}

impl WordSums {
    #[inline]
    fn new(start: [i32; PARTS]) -> Self {
        Self { parts: start.map(|part| [i32x4::splat(part); 2]), top: [i32x4::ZERO; 2] }
    }

    #[inline]
    fn add(&mut self, halves: WordColumns, pair: SpreadPair) {
        for (sums, weights) in self.parts.iter_mut().zip(pair) {
            sums.iter_mut().zip(halves).for_each(|(sum, samples)| *sum += samples.dot(weights));
        }
    }

    /// Leaves the last bits of each part and adds the others to the next.
    #[inline]
    fn carry(&mut self, with_top: bool) {
        let [low, middle, high] = &mut self.parts;
        carry(low, middle);
        carry(middle, high);
        if with_top {
            carry(high, &mut self.top);
        }
    }
}

#[inline]
fn carry(from: &mut [i32x4; 2], to: &mut [i32x4; 2]) {
    for (from, to) in from.iter_mut().zip(to) {
        *to += *from >> PART_BITS;
        *from &= i32x4::splat((1 << PART_BITS) - 1);
    }
}

/// Samples less 32 768.
#[inline]
fn signed(samples: u16x8) -> i16x8 {
    cast(samples ^ u16x8::splat(0x8000))
}

/// Samples of which 32 768 was taken.
#[inline]
fn unsigned(samples: i16x8) -> u16x8 {
    cast::<_, u16x8>(samples) ^ u16x8::splat(0x8000)
}

/// Target rows that are filled a column at a time: columns wait in a block, which is turned when it is full.
pub(crate) struct WordRows<'o> {
    out: &'o mut [u16],
    row_len: usize,
    block: [u16x8; LANES],
    /// Columns that have come.
    columns: usize,
}

impl<'o> WordRows<'o> {
    pub(crate) fn new(out: &'o mut [u16]) -> Self {
        Self { row_len: out.len() / LANES, out, block: [u16x8::ZERO; LANES], columns: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, column: u16x8) {
        self.block[self.columns % LANES] = column;
        self.columns += 1;
        if self.columns.is_multiple_of(LANES) || self.columns == self.row_len {
            self.write();
        }
    }

    /// Writes the columns of the block to their places.
    fn write(&mut self) {
        let rows = u16x8::transpose(self.block);
        let at = (self.columns - 1) / LANES * LANES;
        let count = self.columns - at;
        for (row, samples) in self.out.chunks_exact_mut(self.row_len).zip(rows) {
            match row[at..].first_chunk_mut() {
                Some(whole) if count == LANES => *whole = samples.to_array(),
                _ => row[at..at + count].copy_from_slice(&samples.as_array()[..count]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Avx2;

    use super::*;
    use crate::arithmetic::Arithmetic;
    use crate::axis::StoredAxis;

    /// The weights of a span, put together from their parts.
    fn whole(taps: Taps<'_, u16>) -> Vec<i64> {
        let tap = |pair: &WeightParts, i: usize| {
            let [low, middle, high] = pair.map(|part| i64::from(part[i]));
            low + (middle << 11) + (high << 22)
        };
        taps.pairs.iter().flat_map(|pair| [tap(pair, 0), tap(pair, 1)]).collect()
    }

    /// A weighted sum in 128 bits, tap by tap.
    fn slow(samples: impl Iterator<Item = u16>, taps: Taps<'_, u16>) -> u16 {
        let sum: i128 = samples.zip(whole(taps)).map(|(sample, w)| i128::from(sample) * i128::from(w)).sum();
        u16::try_from(((sum + (1 << (taps.precision - 1))) >> taps.precision).clamp(0, 65_535)).unwrap()
    }

    fn samples(len: usize) -> Vec<u16> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(state >> 16).unwrap()
        };
        (0..len).map(|i| if i / 64 % 2 == 0 { next() } else { [0, u16::MAX][i / 4 % 2] }).collect()
    }

    #[test]
    fn rows_and_columns_are_the_sums_of_a_slow_reference() {
        for (len, target) in [(16, 8), (17, 5), (300, 2), (4, 9), (9000, 3)] {
            let weights = Weights::<u16>::new(&StoredAxis::whole(len, target)).unwrap().unwrap();
            let (len, target) = (len as usize, target as usize);
            let picture = samples(len * 20 + CHUNK * LANES);
            let rows: Vec<&[u16]> = picture[..len * 20].chunks(20).collect();
            let paired =
                Weights::<u16>::paired(&StoredAxis::whole(len.try_into().unwrap(), target.try_into().unwrap()));
            let paired = paired.unwrap().unwrap();
            let mut pairs = vec![Default::default(); len.next_multiple_of(CHUNK * LANES) / 2];
            u16::pair_columns(&picture, len, 1, &mut pairs);
            let mut across = vec![0; target * LANES];
            u16::blend_columns(&pairs, 1, &paired, &mut across, None);
            let mut by_avx2 = vec![0; target * LANES];
            u16::blend_columns(&pairs, 1, &paired, &mut by_avx2, Avx2::find());
            assert!(across == by_avx2, "{len} to {target}");
            for (i, span) in weights.spans().iter().enumerate() {
                let (window, of) = (&rows[span.first..span.end], weights.of(*span));
                for avx2 in [None, Avx2::find()] {
                    let mut out = vec![0; 20];
                    u16::blend_rows(window, of, &mut out, avx2).unwrap();
                    assert!((0..20).map(|x| slow(window.iter().map(|r| r[x]), of)).eq(out), "{len} to {target}");
                }
                for row in 0..LANES {
                    let taps = picture[row * len + span.first..row * len + span.end].iter().copied();
                    assert_eq!(across[row * target + i], slow(taps, of));
                }
            }
        }
    }

    /// White under all positive weights and black under all negative ones, and the reverse.
    #[test]
    fn sums_beyond_the_range_saturate() {
        for (rows, target) in [(16, 8), (4096, 64), (4096, 16), (65_535, 1)] {
            let weights = Weights::<u16>::new(&StoredAxis::whole(rows, target)).unwrap().unwrap();
            let span = weights.span(target as usize / 2).unwrap();
            for (positive, wanted) in [(u16::MAX, u16::MAX), (0, 0)] {
                let taps = whole(weights.of(span)).into_iter().take(span.end - span.first);
                let rows: Vec<[u16; 1]> = taps.map(|w| [if w > 0 { positive } else { u16::MAX - positive }]).collect();
                let window: Vec<&[u16]> = rows.iter().map(|row| &row[..]).collect();
                for avx2 in [None, Avx2::find()] {
                    let mut out = [77];
                    u16::blend_rows(&window, weights.of(span), &mut out, avx2).unwrap();
                    assert_eq!(out, [wanted], "{} to {target}", rows.len());
                }
            }
        }
    }
}
