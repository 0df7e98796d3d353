//! The tables of the arithmetic decoder: how contexts learn, and the ranges of their symbols (ITU-T H.265 § 9.3.4.3).

/// All that a bin does with its context, by the context: in the four lowest bytes the range of the less probable symbol,
/// by bits 6 and 7 of the range (§ 9.3.4.3.2.1), then the context after a more probable and after a less probable symbol (§
/// 9.3.4.3.2.2). State 62 is the last that a more probable symbol leads to; at state 0 a less probable one swaps the two
/// symbols.
///
/// The table is longer than there are contexts, so that every byte is an index.
pub(crate) static TRANSITIONS: [u64; 256] = transitions();

const fn transitions() -> [u64; 256] {
    let mut transitions = [0; 256];
    let mut i = 0;
    while i < 128u8 {
        let (state, mps) = (i >> 1, i & 1);
        let ranges = u32::from_le_bytes(RANGE_LPS[state as usize]) as u64;
        let more = if state < 62 { i + 2 } else { i };
        let flipped = if state == 0 { mps ^ 1 } else { mps };
        let less = NEXT_LPS[state as usize] << 1 | flipped;
        transitions[i as usize] = ranges | (more as u64) << 32 | (less as u64) << 40;
        i += 1;
    }
    transitions
}

/// 2³⁶ / range, rounded up, by the range less 256.
pub(crate) static RECIPROCALS: [u32; 256] = reciprocals();

const fn reciprocals() -> [u32; 256] {
    let mut reciprocals = [0; 256];
    let mut i = 0;
    while i < 256 {
        reciprocals[i] = (1u64 << 36).div_ceil(i as u64 + 256) as u32;
        i += 1;
    }
    reciprocals
}

/// `transIdxLps` (table 9-47).
pub(crate) const NEXT_LPS: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
    24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37,
    38, 38, 63,
];

/// `rangeTabLps` (table 9-46), by the state and by bits 6 and 7 of the range. State 63 is that of no context.
#[rustfmt::skip]
pub(crate) static RANGE_LPS: [[u8; 4]; 64] = [
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
