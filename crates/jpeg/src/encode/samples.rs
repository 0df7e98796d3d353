//! The samples of a row of MCUs, cut into blocks. Where a picture ends within an MCU, its last samples are repeated.

use crate::encode::blocks::PairSamples;

/// Rows of luma in an MCU.
pub(crate) const LUMA_ROWS: usize = 16;

/// Rows of each chroma component in an MCU.
pub(crate) const CHROMA_ROWS: usize = 8;

/// The rows of a row of MCUs.
pub(crate) struct McuSamples<'a> {
    pub(crate) luma: [PlaneRow<'a, 16>; LUMA_ROWS],
    /// Cb and Cr; `None` where both are neutral.
    pub(crate) chroma: Option<[ChromaRows<'a>; 2]>,
}

/// The rows of one chroma component.
pub(crate) type ChromaRows<'a> = [PlaneRow<'a, 8>; CHROMA_ROWS];

/// Where MCUs are filled that a picture does not fill: to the right and below, if not otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Filled {
    pub(crate) on_the_left: bool,
    pub(crate) above: bool,
}

/// A row of a plane, cut into the `N` samples of each MCU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaneRow<'a, const N: usize> {
    /// What comes before whole MCUs: the start of the row, its first sample repeated.
    start: Option<[u8; N]>,
    whole: &'a [[u8; N]],
    /// What follows: the rest of the row, its last sample repeated.
    edge: [u8; N],
}

/// The samples of an MCU: the upper two blocks of luma, the lower two, and those of Cb and of Cr.
pub(crate) type McuPairs = [PairSamples; 3];

impl<'a> McuSamples<'a> {
    /// The rows of a row of MCUs of a picture that is `width` pixels wide: of luma, Cb and Cr, or of luma alone.
    ///
    /// `None` where there is no row.
    pub(crate) fn of(planes: [&'a [u8]; 3], width: usize, filled: Filled) -> Option<Self> {
        Self::of_strip(planes, width, width, filled)
    }

    /// The same where rows of luma begin `pitch` samples apart, and those of chroma half as many.
    pub(crate) fn of_strip([luma, cb, cr]: [&'a [u8]; 3], pitch: usize, width: usize, filled: Filled) -> Option<Self> {
        let half = (pitch.div_ceil(2), width.div_ceil(2));
        let chroma = match [cb, cr] {
            [[], []] => None,
            planes => {
                let [cb, cr] = planes.map(|plane| rows_of(plane, half, filled));
                Some([cb?, cr?])
            }
        };
        Some(Self { luma: rows_of(luma, (pitch, width), filled)?, chroma })
    }

    /// Copies the samples of the MCUs from `first` on. Chroma is left as it is where it is neutral.
    ///
    /// Row by row, so that the memory is read in its order; then nothing waits for it while it transforms.
    #[inline(always)]
    pub(crate) fn copy_to(&self, first: usize, batch: &mut [McuPairs]) {
        for (y, row) in self.luma.iter().enumerate() {
            row.copy_to(first, batch, |mcu, samples| mcu[y / 8][y % 8] = *samples);
        }
        for (component, rows) in self.chroma.iter().flatten().enumerate() {
            for (y, row) in rows.iter().enumerate() {
                let half = component * 8..component * 8 + 8;
                row.copy_to(first, batch, |mcu, samples| mcu[2][y][half.clone()].copy_from_slice(samples));
            }
        }
    }
}

impl<'a, const N: usize> PlaneRow<'a, N> {
    /// Cuts a row, which is not empty.
    fn new(row: &'a [u8]) -> Self {
        let (whole, rest) = row.as_chunks();
        let last = row.last().copied().unwrap_or(0);
        Self { start: None, whole, edge: std::array::from_fn(|i| rest.get(i).copied().unwrap_or(last)) }
    }

    /// Cuts a row whose first MCU is the one that it does not fill.
    fn filled_on_the_left(row: &'a [u8]) -> Self {
        let (start, whole) = row.split_at(row.len() % N);
        let missing = N - start.len();
        let start = (!start.is_empty()).then(|| std::array::from_fn(|i| start[i.saturating_sub(missing)]));
        Self { start, ..Self::new(whole) }
    }

    /// Copies the row's samples of the MCUs from `first` on. Those that the row does not reach are the edge.
    #[inline(always)]
    fn copy_to(&self, first: usize, batch: &mut [McuPairs], copy: impl Fn(&mut McuPairs, &[u8; N])) {
        let (mut first, mut batch) = (first, batch);
        match &self.start {
            Some(start) if first == 0 => {
                let Some((mcu, others)) = std::mem::take(&mut batch).split_first_mut() else { return };
                copy(mcu, start);
                batch = others;
            }
            Some(_) => first -= 1,
            None => (),
        }
        let whole = self.whole.get(first..).unwrap_or(&[]);
        let (inside, outside) = batch.split_at_mut(whole.len().min(batch.len()));
        inside.iter_mut().zip(whole).for_each(|(mcu, samples)| copy(mcu, samples));
        outside.iter_mut().for_each(|mcu| copy(mcu, &self.edge));
    }
}

/// The first `ROWS` rows of a plane, which begin `pitch` samples apart and are `width` long; where they are fewer, the last one is repeated below, or the first one above.
///
/// The result is `None` where there is no row.
pub(crate) fn rows_of<const ROWS: usize, const N: usize>(
    plane: &[u8],
    (pitch, width): (usize, usize),
    filled: Filled,
) -> Option<[PlaneRow<'_, N>; ROWS]> {
    let last = (plane.len() / pitch.max(1)).checked_sub(1)?;
    let missing = if filled.above { ROWS.saturating_sub(last + 1) } else { 0 };
    let row = |y: usize| {
        let row = plane.get(y.saturating_sub(missing).min(last) * pitch..)?.get(..width)?;
        Some(if filled.on_the_left { PlaneRow::filled_on_the_left(row) } else { PlaneRow::new(row) })
    };
    let first = row(0).filter(|_| width > 0)?;
    Some(std::array::from_fn(|y| row(y).unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sample_and_the_last_row_are_repeated() {
        let plane: Vec<u8> = (0..6).collect();
        let mut batch = [[[[9; 16]; 8]; 3]; 1];
        McuSamples { luma: rows_of(&plane, (3, 3), Filled::default()).unwrap(), chroma: None }.copy_to(0, &mut batch);
        let [[upper, lower, chroma]] = batch;
        assert_eq!(upper[0], [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(upper[1..], [[3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]; 7]);
        assert_eq!((lower, chroma), ([upper[1]; 8], [[9; 16]; 8]));
        assert_eq!(rows_of::<8, 8>(&[], (3, 3), Filled::default()), None);
        assert_eq!(rows_of::<8, 8>(&[], (0, 0), Filled::default()), None);
    }

    #[test]
    fn a_batch_begins_at_its_first_mcu() {
        let luma: Vec<u8> = (0..40).collect();
        let (cb, cr): (Vec<u8>, Vec<u8>) = ((100..120).collect(), (200..220).collect());
        let mut batch = [[[[0; 16]; 8]; 3]; 2];
        McuSamples::of([&luma, &cb, &cr], 40, Filled::default()).unwrap().copy_to(1, &mut batch);
        assert_eq!(batch[0][1][7], [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
        assert_eq!(batch[1][0][0], [32, 33, 34, 35, 36, 37, 38, 39, 39, 39, 39, 39, 39, 39, 39, 39]);
        assert_eq!(batch[0][2][3], [108, 109, 110, 111, 112, 113, 114, 115, 208, 209, 210, 211, 212, 213, 214, 215]);
        assert_eq!(batch[1][2][0][..8], [116, 117, 118, 119, 119, 119, 119, 119]);
    }

    #[test]
    fn a_picture_may_be_filled_up_on_the_left_and_above() {
        let plane: Vec<u8> = (0..36).collect();
        let mut batch = [[[[0; 16]; 8]; 3]; 2];
        let samples = McuSamples::of([&plane, &[], &[]], 18, Filled { on_the_left: true, above: true }).unwrap();
        samples.copy_to(0, &mut batch);
        let [[upper, lower, _], [next, ..]] = batch;
        assert_eq!(upper, [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]; 8]);
        assert_eq!(lower[6..], [upper[0], [18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 19]]);
        assert_eq!(next[0], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
        samples.copy_to(1, &mut batch[..1]);
        assert_eq!(batch[0][0], next);
    }
}
