//! [`Shaper::fill`] with AVX2: the same pixels, two at a time.

use std::arch::x86_64::*;

use crate::shaper::{Shaper, TO_STEPS};
use crate::srgb::STEP_BITS;

/// Converts pixels of 8 bits.
#[target_feature(enable = "avx2")]
pub(crate) fn fill(shaper: &Shaper<256>, pixels: &[[u8; 3]], out: &mut [[u8; 3]]) {
    let (pairs, rest) = pixels.as_chunks::<2>();
    let (out_pairs, out_rest) = out.as_chunks_mut::<2>();
    for ([first, second], out) in pairs.iter().zip(out_pairs) {
        let channel = |i: usize| {
            let adds = [shaper.adds[i][usize::from(first[i])], shaper.adds[i][usize::from(second[i])]];
            bytemuck::cast::<_, __m256i>(adds)
        };
        let sum = _mm256_add_epi32(_mm256_add_epi32(channel(0), channel(1)), channel(2));
        let steps = _mm256_max_epi32(_mm256_srai_epi32::<TO_STEPS>(sum), _mm256_setzero_si256());
        let steps: [u32; 8] = bytemuck::cast(_mm256_min_epi32(steps, _mm256_set1_epi32(1 << STEP_BITS)));
        let code = |i: usize| shaper.codes[steps[i] as usize];
        *out = [[code(0), code(1), code(2)], [code(4), code(5), code(6)]];
    }
    shaper.fill(rest, out_rest);
}
