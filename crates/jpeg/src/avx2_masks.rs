//! What works on masks of coefficients, with AVX2 and BMI2: the same as [`crate::mask_band::deposit`],
//! [`crate::mask_band::pick`] and [`crate::masked::spread_refined`], bit by bit.

use std::arch::x86_64::*;

use crate::idct::BlockPair;
use crate::precision::REFINED_BITS;
use crate::zigzag::ZIGZAG;

/// Puts the bits of `bits`, from the highest on, where `mask` has its bits, from the highest on. `mask` has at most 63.
///
/// `pdep` takes bits from the lowest on, so as many as the mask has are shifted down first: by 64 − `count` in two
/// steps, since a shift by 64 is none.
#[inline]
#[target_feature(enable = "bmi2,popcnt")]
pub(crate) fn deposit_bmi2(bits: u64, mask: u64) -> u64 {
    _pdep_u64(bits >> 1 >> (63 - mask.count_ones()), mask)
}

/// The bit of `mask` that `above` others lie above; 0 where there are no more than those. `above` is at most 63.
#[inline]
#[target_feature(enable = "bmi2,popcnt")]
pub(crate) fn pick_bmi2(above: u32, mask: u64) -> u64 {
    deposit_bmi2(1 << 63 >> above, mask)
}

/// Writes what refinements have brought of a block's coefficients into a half of `pair`.
///
/// All bytes of a register hold a coefficient each, in natural order. To test the bit of each in a mask, every 8 bytes
/// get the mask, `pshufb` takes the byte with the coefficient's bit to its place, and a comparison with that bit alone
/// makes −1 where it is set. So no coefficient is ever moved from zigzag to natural order. A magnitude is at most 15.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn spread_refined_avx2(pair: &mut BlockPair, half: usize, negative: u64, refined: [u64; REFINED_BITS]) {
    let [bit0, bit1, bit2, bit3] = refined;
    if bit0 | bit1 | bit2 | bit3 == 0 {
        return;
    }
    for (part, two_rows) in pair[..128].chunks_exact_mut(64).enumerate() {
        let twice = |sum: __m256i, mask: u64| _mm256_add_epi8(_mm256_add_epi8(sum, sum), set_bytes(mask, part));
        // Minus the magnitude, since a byte that is set is −1. The higher two bits are rare.
        let high = if bit2 | bit3 == 0 { _mm256_setzero_si256() } else { twice(set_bytes(bit3, part), bit2) };
        let minus = twice(twice(high, bit1), bit0);
        let positive = _mm256_xor_si256(set_bytes(negative, part), _mm256_set1_epi8(-1));
        // Where `positive` is −1, the sign changes: −v is the complement of v, and 1.
        let signed = _mm256_sub_epi8(_mm256_xor_si256(minus, positive), positive);
        let wide = [_mm256_castsi256_si128(signed), _mm256_extracti128_si256::<1>(signed)];
        for (rows, bytes) in two_rows.as_chunks_mut::<32>().0.iter_mut().zip(wide) {
            let words: [[i16; 8]; 2] = bytemuck::must_cast(_mm256_cvtepi8_epi16(bytes));
            for (row, words) in rows.as_chunks_mut::<16>().0.iter_mut().zip(words) {
                row.as_chunks_mut::<8>().0[half & 1] = words;
            }
        }
    }
}

/// Bytes of −1 where `mask` has the bit of a coefficient: of rows 0–3 of the block for `part` 0, of rows 4–7 for 1.
#[inline]
#[target_feature(enable = "avx2")]
fn set_bytes(mask: u64, part: usize) -> __m256i {
    let (places, bits) = (bytemuck::must_cast(BYTE_OF[part & 1]), bytemuck::must_cast(BIT_OF[part & 1]));
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi64x(mask.cast_signed()), places);
    _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bits), bits)
}

/// By position in natural order, in two parts: the byte of a mask that has the coefficient's bit, and that bit in it.
static BYTE_OF: [[u8; 32]; 2] = places(false);
static BIT_OF: [[u8; 32]; 2] = places(true);

#[expect(clippy::cast_possible_truncation, reason = "below 64, and a bit of a byte")]
const fn places(bit_of_byte: bool) -> [[u8; 32]; 2] {
    let mut places = [[0; 32]; 2];
    let mut k = 0;
    while k < 64 {
        let bit = 63 - k;
        places[ZIGZAG[k] as usize / 32][ZIGZAG[k] as usize % 32] =
            if bit_of_byte { 1 << (bit % 8) } else { (bit / 8) as u8 };
        k += 1;
    }
    places
}
