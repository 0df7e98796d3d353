//! Coefficients of one block (ITU-T H.265 § 7.3.8.11), scaled (§ 8.6.4.2).

use crate::intra::cabac::{CODED_SUB_BLOCK, Cabac, GREATER_1, GREATER_2, LAST_X, LAST_Y, SIGNIFICANT, TRANSFORM_SKIP};
use crate::intra::scan::ORDERS;
use crate::intra::transform::Block;

/// What is known of a block before its coefficients.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) log2: u32,
    pub(crate) is_luma: bool,
    /// `scanIdx`: diagonal, horizontal, vertical.
    pub(crate) scan: usize,
    pub(crate) may_skip: bool,
    pub(crate) hides_signs: bool,
}

/// How coefficients are scaled.
#[derive(Clone, Copy)]
pub(crate) struct Scale<'a> {
    pub(crate) qp: u32,
    pub(crate) depth: u32,
    pub(crate) factors: Option<&'a [u8]>,
}

/// Reads a block into `to`, which is all zero; says whether its transform is skipped. `None` for impossible codes.
pub(crate) fn read(cabac: &mut Cabac<'_>, shape: Shape, scale: Scale<'_>, to: &mut Block) -> Option<bool> {
    let Shape { log2, is_luma, scan, .. } = shape;
    let skip = shape.may_skip && log2 == 2 && cabac.bin(TRANSFORM_SKIP + usize::from(!is_luma)) == 1;
    let (last_x, last_y) = last_position(cabac, shape)?;
    let (blocks, inner) = (&ORDERS[scan][log2 as usize - 2], &ORDERS[scan][2]);
    let last_block = usize::from(blocks.index[last_y >> 2 << 3 | last_x >> 2]);
    let last_inner = usize::from(inner.index[(last_y & 3) << 3 | last_x & 3]);
    let side = 1usize << log2;
    let scaler = Scaler::new(scale, log2);
    (to.columns, to.rows) = (0, 0);
    to.is_flat = (last_x, last_y) == (0, 0);
    // Coded sub-blocks by row, with a margin to the right and below.
    let mut coded = [0u16; 9];
    let mut greater_context = 1;
    for i in (0..=last_block).rev() {
        let position = usize::from(blocks.positions[i]);
        let (block_x, block_y) = (position & 7, position >> 3);
        let right = coded[block_y] >> (block_x + 1) & 1;
        let below = coded[block_y + 1] >> block_x & 1;
        let mut infer_first = false;
        if i < last_block && i > 0 {
            let context = CODED_SUB_BLOCK + usize::from(right | below) + if is_luma { 0 } else { 2 };
            if cabac.bin(context) == 0 {
                continue;
            }
            infer_first = true;
        }
        coded[block_y] |= 1 << block_x;
        let mut found = [0u8; 16];
        let mut count = 0;
        let mut start = 16;
        if i == last_block {
            found[0] = last_inner as u8;
            count = 1;
            start = last_inner;
        }
        let base = SIGNIFICANT + if is_luma { 0 } else { 27 };
        let contexts = &BY_ORDER[scan][if log2 == 2 { 4 } else { usize::from(right | below << 1) }];
        let offset = base
            + match (log2, is_luma) {
                (2, _) => 0,
                (3, true) => usize::from(position > 0) * 3 + if scan == 0 { 9 } else { 15 },
                (_, true) => usize::from(position > 0) * 3 + 21,
                (3, false) => 9,
                _ => 12,
            };
        for n in (1..start).rev() {
            let significant = cabac.bin(offset + usize::from(contexts[n]));
            found[count & 15] = n as u8;
            count += significant as usize;
        }
        if start > 0 {
            // The first coefficient, whose neighbours say nothing where it is the block's own corner.
            let context = if i == 0 { base } else { offset + usize::from(contexts[0]) };
            let inferred = infer_first && count == 0;
            if inferred || cabac.bin(context) == 1 {
                found[count] = 0;
                count += 1;
            }
        }
        if count == 0 {
            continue;
        }
        let set = if i == 0 || !is_luma { 0 } else { 2 };
        let set = set + usize::from(i != last_block && greater_context == 0);
        greater_context = 1;
        let mut levels = [1i32; 16];
        let mut first_greater = usize::MAX;
        let flags = count.min(8);
        let greater = GREATER_1 + if is_luma { 0 } else { 16 } + set * 4;
        for (n, level) in levels.iter_mut().enumerate().take(flags) {
            if cabac.bin(greater + greater_context) == 1 {
                *level = 2;
                greater_context = 0;
                first_greater = first_greater.min(n);
            } else if greater_context > 0 {
                greater_context = (greater_context + 1).min(3);
            }
        }
        if let Some(level) = levels.get_mut(first_greater) {
            *level += cabac.bin(GREATER_2 + if is_luma { 0 } else { 4 } + set) as i32;
        }
        let hidden = shape.hides_signs && found[0] - found[count - 1] > 3;
        let signs = count - usize::from(hidden);
        let mut negative = cabac.bypasses(signs as u32) << (32 - signs);
        let mut rice = 0;
        let mut sum = 0;
        for n in 0..count {
            let most = match n {
                8.. => 1,
                _ if n == first_greater => 3,
                _ => 2,
            };
            let mut level = levels[n];
            if level == most {
                level += remaining(cabac, rice)?;
                if level > 3 << rice {
                    rice = (rice + 1).min(4);
                }
            }
            sum += level;
            if negative >> 31 == 1 {
                level = -level;
            }
            negative <<= 1;
            if hidden && n == count - 1 && sum & 1 == 1 {
                level = -level;
            }
            let p = usize::from(inner.positions[usize::from(found[n])]);
            let (x, y) = (block_x << 2 | p & 3, block_y << 2 | p >> 3);
            to.coefficients[y * side + x] = scaler.scaled(level, y * side + x);
        }
        to.columns = to.columns.max(block_x * 4 + 4);
        to.rows = to.rows.max(block_y * 4 + 4);
    }
    Some(skip)
}

fn last_position(cabac: &mut Cabac<'_>, shape: Shape) -> Option<(usize, usize)> {
    let Shape { log2, is_luma, scan, .. } = shape;
    let (offset, shift) = if is_luma { (3 * (log2 - 2) + ((log2 - 1) >> 2), (log2 + 1) >> 2) } else { (15, log2 - 2) };
    let most = 2 * log2 - 1;
    let mut prefix = |from: usize| {
        let mut n = 0;
        while n < most && cabac.bin(from + (offset + (n >> shift)) as usize) == 1 {
            n += 1;
        }
        n
    };
    let (x, y) = (prefix(LAST_X), prefix(LAST_Y));
    let mut whole = |prefix: u32| {
        if prefix < 4 {
            return prefix;
        }
        let bits = (prefix >> 1) - 1;
        ((2 + (prefix & 1)) << bits) + cabac.bypasses(bits)
    };
    let (x, y) = (whole(x) as usize, whole(y) as usize);
    let side = 1usize << log2;
    (x < side && y < side).then_some(if scan == 2 { (y, x) } else { (x, y) })
}

/// `coeff_abs_level_remaining` (§ 9.3.3.11).
fn remaining(cabac: &mut Cabac<'_>, rice: u32) -> Option<i32> {
    let mut prefix = 0;
    while cabac.bypass() == 1 {
        prefix += 1;
        if prefix > 20 {
            return None;
        }
    }
    let value = if prefix <= 3 {
        (prefix << rice) + cabac.bypasses(rice)
    } else {
        (((1 << (prefix - 3)) + 2) << rice) + cabac.bypasses(prefix - 3 + rice)
    };
    i32::try_from(value).ok()
}

struct Scaler<'a> {
    factors: Option<&'a [u8]>,
    flat: i64,
    round: i64,
    shift: u32,
}

impl<'a> Scaler<'a> {
    fn new(scale: Scale<'a>, log2: u32) -> Self {
        let shift = scale.depth + log2 - 5;
        let step = LEVELS[(scale.qp % 6) as usize] << (scale.qp / 6);
        Self { factors: scale.factors, flat: step, round: 1 << (shift - 1), shift }
    }

    #[inline]
    fn scaled(&self, level: i32, at: usize) -> i16 {
        let factor = self.factors.map_or(16, |f| i64::from(f[at]));
        let level = i64::from(level.clamp(-32_768, 32_767));
        ((level * factor * self.flat + self.round) >> self.shift).clamp(-32_768, 32_767) as i16
    }
}

static LEVELS: [i64; 6] = [40, 45, 51, 57, 64, 72];

/// Both tables below, in the order of coefficients: by `scanIdx`, then by pattern, where the fifth is that of 4 × 4 blocks.
static BY_ORDER: [[[u8; 16]; 5]; 3] = by_order();

const fn by_order() -> [[[u8; 16]; 5]; 3] {
    let mut contexts = [[[0; 16]; 5]; 3];
    let mut i = 0;
    while i < 3 * 5 * 16 {
        let (scan, pattern, n) = (i / 80, i / 16 % 5, i % 16);
        let p = ORDERS[scan][2].positions[n] as usize;
        let place = p >> 3 << 2 | p & 3;
        contexts[scan][pattern][n] = if pattern == 4 { SMALL[place] } else { PATTERNS[pattern][place] };
        i += 1;
    }
    contexts
}

/// `ctxIdxMap` of 4 × 4 blocks, by row.
const SMALL: [u8; 16] = [0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8];

/// § 9.3.4.2.5 by whether the sub-blocks to the right (1) and below (2) are coded.
const PATTERNS: [[u8; 16]; 4] = [
    [2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    [2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0],
    [2; 16],
];
