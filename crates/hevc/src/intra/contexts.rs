//! The contexts of intra slices: their order, and their first states (ITU-T H.265 § 9.3.2.2).

/// The contexts at the start of a slice at quantiser `qp` (§ 9.3.2.2).
///
/// An initial value holds a slope in its upper and an offset in its lower half. States run from 1 to 126 here: from 64
/// on the more probable symbol is 1.
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

/// What a substream may take over from another (§ 9.3.2.4): the contexts, and the statistics of persistent Rice
/// adaptation.
#[derive(Clone, Copy)]
pub(crate) struct EntropyState {
    pub(crate) contexts: Contexts,
    /// `StatCoeff`, by twice whether a block is of luma, and by whether it has no transform.
    pub(crate) rice: [u8; 4],
}

impl EntropyState {
    /// The state at the start of a slice at quantiser `qp` (§ 9.3.2.2, § 9.3.2.3).
    pub(crate) fn initial(qp: i32) -> Self {
        Self { contexts: initial(qp), rice: [0; 4] }
    }
}

/// Each is `pStateIdx << 1 | valMps`, below 126. The array is longer than there are contexts, to a power of two, so
/// that an index can be masked instead of checked.
pub(crate) type Contexts = [u8; CONTEXTS_ROUNDED];

/// `sao_merge_left_flag` and `sao_merge_up_flag`.
pub(crate) const SAO_MERGE: usize = 0;
/// `sao_type_idx_luma` and `sao_type_idx_chroma`.
pub(crate) const SAO_TYPE: usize = 1;
/// `split_cu_flag`, by the number of neighbours that are deeper.
pub(crate) const SPLIT_CODING: usize = 2;
/// `part_mode`.
pub(crate) const PART_MODE: usize = 5;
/// `prev_intra_luma_pred_flag`.
pub(crate) const LUMA_MODE_KNOWN: usize = 6;
/// `intra_chroma_pred_mode`.
pub(crate) const CHROMA_MODE: usize = 7;
/// `split_transform_flag`, by 5 less the logarithm of the side.
pub(crate) const SPLIT_TRANSFORM: usize = 8;
/// `cbf_luma`, by whether the block is a whole coding block.
pub(crate) const CBF_LUMA: usize = 11;
/// `cbf_cb` and `cbf_cr`, by the depth.
pub(crate) const CBF_CHROMA: usize = 13;
/// `cu_qp_delta_abs`, of the first bin and of the others.
pub(crate) const QP_DELTA: usize = 18;
/// `transform_skip_flag`, of luma and of chroma.
pub(crate) const TRANSFORM_SKIP: usize = 20;
/// `last_sig_coeff_x_prefix`: 15 of luma and 3 of chroma.
pub(crate) const LAST_X: usize = 22;
/// `last_sig_coeff_y_prefix`: 15 of luma and 3 of chroma.
pub(crate) const LAST_Y: usize = 40;
/// `coded_sub_block_flag`: 2 of luma and 2 of chroma.
pub(crate) const CODED_SUB_BLOCK: usize = 58;
/// `sig_coeff_flag`: 27 of luma and 15 of chroma.
pub(crate) const SIGNIFICANT: usize = 62;
/// `coeff_abs_level_greater1_flag`: 16 of luma and 8 of chroma.
pub(crate) const GREATER_1: usize = 104;
/// `coeff_abs_level_greater2_flag`: 4 of luma and 2 of chroma.
pub(crate) const GREATER_2: usize = 128;
/// `cu_transquant_bypass_flag`.
pub(crate) const TRANSQUANT_BYPASS: usize = 134;
/// `cu_chroma_qp_offset_flag`.
pub(crate) const CHROMA_QP_OFFSET: usize = 135;
/// `cu_chroma_qp_offset_idx`.
pub(crate) const CHROMA_QP_INDEX: usize = 136;
/// `log2_res_scale_abs_plus1`: 4 of Cb and 4 of Cr.
pub(crate) const CROSS_SCALE: usize = 137;
/// `res_scale_sign_flag`, of Cb and of Cr.
pub(crate) const CROSS_SIGN: usize = 145;
/// `sig_coeff_flag` of blocks without a transform, of luma and of chroma.
pub(crate) const SIGNIFICANT_SKIPPED: usize = 147;
const CONTEXTS: usize = 149;
/// The length of [`Contexts`].
pub(crate) const CONTEXTS_ROUNDED: usize = CONTEXTS.next_power_of_two();

/// `initValue` for intra slices (tables 9-5 to 9-37), in the order of the contexts above.
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
    154,
    154,
    154,
    154, 154, 154, 154, 154, 154, 154, 154,
    154, 154,
    141, 111,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_states_follow_the_quantiser() {
        // 153 has slope 0 and offset 56: state 64 - 56 = 8 below the middle, whatever the quantiser; the symbol is 0.
        for qp in [-10, 0, 26, 51, 60] {
            assert_eq!(initial(qp)[SAO_MERGE], 7 << 1);
        }
        // 200 has slope 15 and offset 48: at 26 it is 24 + 48 = 72, so state 8 with symbol 1.
        assert_eq!(initial(26)[SAO_TYPE], 8 << 1 | 1);
        // At 0 it is 48: state 15 with symbol 0. Quantisers below 0 count as 0.
        assert_eq!([0, -12].map(|qp| initial(qp)[SAO_TYPE]), [15 << 1; 2]);
        // 63 has slope -30 and offset 104: at 51 it is -96 + 104 = 8, so state 55 with symbol 0.
        assert_eq!(initial(51)[CHROMA_MODE], 55 << 1);
    }

    #[test]
    fn no_context_starts_in_the_last_state() {
        for qp in 0..=51 {
            assert!(initial(qp).iter().all(|&context| context >> 1 <= 62));
        }
    }
}
