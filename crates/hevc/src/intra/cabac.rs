//! The arithmetic decoder (ITU-T H.265 § 9.3) and the contexts of intra slices.

/// Decodes bins of one slice; past the end of its data come zeros.
pub(crate) struct Cabac<'a> {
    data: &'a [u8],
    /// The next byte to load.
    at: usize,
    /// Where this substream began.
    start: usize,
    range: u32,
    /// The offset, followed by `spare` bits not yet needed.
    value: u64,
    spare: u32,
    pub(crate) contexts: Contexts,
}

impl<'a> Cabac<'a> {
    pub(crate) fn new(data: &'a [u8], qp: i32) -> Self {
        let mut cabac = Self { data, at: 0, start: 0, range: 510, value: 0, spare: 0, contexts: initial(qp) };
        cabac.restart(0);
        cabac
    }

    /// § 9.3.2.5.
    fn restart(&mut self, at: usize) {
        (self.at, self.start, self.range, self.value, self.spare) = (at, at, 510, 0, 0);
        // Nine bits are the offset; the counter wraps through the first load.
        self.load();
        self.spare -= 9;
    }

    #[inline]
    fn load(&mut self) {
        let word = match self.data.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(four) => u32::from_be_bytes(*four),
            None => self.last_word(),
        };
        self.at += 4;
        self.value = self.value << 32 | u64::from(word);
        self.spare += 32;
    }

    #[cold]
    fn last_word(&self) -> u32 {
        let rest = self.data.get(self.at..).unwrap_or_default();
        (0..4).fold(0, |word, i| word << 8 | u32::from(rest.get(i).copied().unwrap_or(0)))
    }

    /// § 9.3.4.3.2.
    #[inline]
    pub(crate) fn bin(&mut self, context: usize) -> u32 {
        // Masks keep every index inside its table, where the compiler cannot see it.
        let context = context & (CONTEXTS_ROUNDED - 1);
        let state = usize::from(self.contexts[context] & 127);
        let lps = u32::from(RANGE_LPS[state >> 1][(self.range >> 6 & 3) as usize]);
        let mps = self.range - lps;
        if self.spare < 8 {
            self.load();
        }
        let scaled = u64::from(mps) << self.spare;
        // Bins are near random where it matters: choosing is faster than branching.
        let is_lps = self.value >= scaled;
        self.value -= if is_lps { scaled } else { 0 };
        self.contexts[context] = NEXT[usize::from(is_lps)][state];
        let (range, shift) = if is_lps { (lps, RENORM[(lps >> 3 & 31) as usize].into()) } else { (mps, mps >> 8 ^ 1) };
        self.range = range << shift;
        self.spare -= shift;
        (state as u32 & 1) ^ u32::from(is_lps)
    }

    /// § 9.3.4.3.4.
    #[inline]
    pub(crate) fn bypass(&mut self) -> u32 {
        if self.spare < 8 {
            self.load();
        }
        self.spare -= 1;
        let scaled = u64::from(self.range) << self.spare;
        let one = self.value >= scaled;
        self.value -= if one { scaled } else { 0 };
        u32::from(one)
    }

    /// `count` ≤ 32 bins, the first highest.
    #[inline]
    pub(crate) fn bypasses(&mut self, count: u32) -> u32 {
        if count > 16 {
            let high = self.bypasses(count - 16);
            return high << 16 | self.bypasses(16);
        }
        if self.spare < 16 {
            self.load();
        }
        let mut bins = 0;
        for _ in 0..count {
            self.spare -= 1;
            let scaled = u64::from(self.range) << self.spare;
            let one = self.value >= scaled;
            self.value -= if one { scaled } else { 0 };
            bins = bins << 1 | u32::from(one);
        }
        bins
    }

    /// § 9.3.4.3.5.
    pub(crate) fn terminate(&mut self) -> bool {
        if self.spare < 8 {
            self.load();
        }
        self.range -= 2;
        let scaled = u64::from(self.range) << self.spare;
        if self.value >= scaled {
            return true;
        }
        let shift = self.range.leading_zeros() - 23;
        self.range <<= shift;
        self.spare -= shift;
        false
    }

    /// After a terminating bin: the byte after this substream, if it ends in a one bit and zeros as it has to.
    fn end(&self) -> Option<usize> {
        let loaded = (self.at - self.start) as u64 * 8;
        let shifts = loaded.checked_sub(u64::from(self.spare) + 9)?;
        let last = self.start + 1 + usize::try_from(shifts / 8).ok()?;
        (*self.data.get(last)? << (shifts % 8) == 0x80).then_some(last + 1)
    }

    /// Goes on with the next substream, its contexts unchanged.
    pub(crate) fn next_substream(&mut self) -> Option<()> {
        let end = self.end()?;
        self.restart(end);
        Some(())
    }

    /// Whether nothing but zeros follows.
    pub(crate) fn ends_here(&self) -> bool {
        self.end().and_then(|end| self.data.get(end..)).is_some_and(|rest| rest.iter().all(|&b| b == 0))
    }
}

/// Contexts of intra slices at quantiser `qp` (§ 9.3.2.2).
pub(crate) fn initial(qp: i32) -> Contexts {
    let mut contexts = [0; CONTEXTS_ROUNDED];
    for (to, value) in contexts.iter_mut().zip(INITIAL) {
        let (slope, offset) = (i32::from(value >> 4) * 5 - 45, (i32::from(value & 15) << 3) - 16);
        let state = (((slope * qp.clamp(0, 51)) >> 4) + offset).clamp(1, 126);
        let of = |n: i32| u8::try_from(n).unwrap_or(0);
        *to = if state > 63 { of(state - 64) << 1 | 1 } else { of(63 - state) << 1 };
    }
    contexts
}

/// Each `pStateIdx << 1 | valMps`.
pub(crate) type Contexts = [u8; CONTEXTS_ROUNDED];

pub(crate) const SAO_MERGE: usize = 0;
pub(crate) const SAO_TYPE: usize = 1;
pub(crate) const SPLIT_CODING: usize = 2;
pub(crate) const PART_MODE: usize = 5;
pub(crate) const LUMA_MODE_KNOWN: usize = 6;
pub(crate) const CHROMA_MODE: usize = 7;
pub(crate) const SPLIT_TRANSFORM: usize = 8;
pub(crate) const CBF_LUMA: usize = 11;
pub(crate) const CBF_CHROMA: usize = 13;
pub(crate) const QP_DELTA: usize = 18;
pub(crate) const TRANSFORM_SKIP: usize = 20;
pub(crate) const LAST_X: usize = 22;
pub(crate) const LAST_Y: usize = 40;
pub(crate) const CODED_SUB_BLOCK: usize = 58;
pub(crate) const SIGNIFICANT: usize = 62;
pub(crate) const GREATER_1: usize = 104;
pub(crate) const GREATER_2: usize = 128;
const CONTEXTS: usize = 134;
const CONTEXTS_ROUNDED: usize = CONTEXTS.next_power_of_two();

/// `initValue` for intra slices (tables 9-5 to 9-37).
#[rustfmt::skip]
const INITIAL: [u8; CONTEXTS] = [
    153,
    200,
    139, 141, 157,
    184,
    184,
    63,
    153, 138, 138,
    111, 141,
    94, 138, 182, 154, 154,
    154, 154,
    139, 139,
    110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63,
    110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63,
    91, 171, 134, 141,
    111, 111, 125, 110, 110, 94, 124, 108, 124, 107, 125, 141, 179, 153, 125, 107, 125, 141, 179, 153, 125,
    107, 125, 141, 179, 153, 125, 140, 139, 182, 182, 152, 136, 152, 136, 153, 136, 139, 111, 136, 139, 111,
    140, 92, 137, 138, 140, 152, 138, 139, 153, 74, 149, 92, 139, 107, 122, 152, 140, 179, 166, 182, 140, 227, 122, 197,
    138, 153, 136, 167, 152, 152,
];

/// The next state and most probable symbol after a probable and an improbable bin (table 9-47).
static NEXT: [[u8; 128]; 2] = next();

const fn next() -> [[u8; 128]; 2] {
    let mut next = [[0; 128]; 2];
    let mut i = 0;
    while i < 128u8 {
        let (state, mps) = (i >> 1, i & 1);
        next[0][i as usize] = if state < 62 { i + 2 } else { i };
        let flipped = if state == 0 { mps ^ 1 } else { mps };
        next[1][i as usize] = NEXT_LPS[state as usize] << 1 | flipped;
        i += 1;
    }
    next
}

const NEXT_LPS: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
    24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37,
    38, 38, 63,
];

/// How far an improbable range is from 256, by its eighths.
static RENORM: [u8; 32] =
    [6, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/// `rangeTabLps` (table 9-46).
#[rustfmt::skip]
static RANGE_LPS: [[u8; 4]; 64] = [
    [128, 176, 208, 240], [128, 167, 197, 227], [128, 158, 187, 216], [123, 150, 178, 205],
    [116, 142, 169, 195], [111, 135, 160, 185], [105, 128, 152, 175], [100, 122, 144, 166],
    [95, 116, 137, 158], [90, 110, 130, 150], [85, 104, 123, 142], [81, 99, 117, 135],
    [77, 94, 111, 128], [73, 89, 105, 122], [69, 85, 100, 116], [66, 80, 95, 110],
    [62, 76, 90, 104], [59, 72, 86, 99], [56, 69, 81, 94], [53, 65, 77, 89],
    [51, 62, 73, 85], [48, 59, 69, 80], [46, 56, 66, 76], [43, 53, 63, 72],
    [41, 50, 59, 69], [39, 48, 56, 65], [37, 45, 54, 62], [35, 43, 51, 59],
    [33, 41, 48, 56], [32, 39, 46, 53], [30, 37, 43, 50], [29, 35, 41, 48],
    [27, 33, 39, 45], [26, 31, 37, 43], [24, 30, 35, 41], [23, 28, 33, 39],
    [22, 27, 32, 37], [21, 26, 30, 35], [20, 24, 29, 33], [19, 23, 27, 31],
    [18, 22, 26, 30], [17, 21, 25, 28], [16, 20, 23, 27], [15, 19, 22, 25],
    [14, 18, 21, 24], [14, 17, 20, 23], [13, 16, 19, 22], [12, 15, 18, 21],
    [12, 14, 17, 20], [11, 14, 16, 19], [11, 13, 15, 18], [10, 12, 15, 17],
    [10, 12, 14, 16], [9, 11, 13, 15], [9, 11, 12, 14], [8, 10, 12, 14],
    [8, 9, 11, 13], [7, 9, 11, 12], [7, 9, 10, 12], [7, 8, 10, 11],
    [6, 8, 9, 11], [6, 7, 9, 10], [6, 7, 8, 9], [2, 2, 2, 2],
];
