//! Facts about whole pictures.

mod budget;
mod kernels;
mod samples;

/// Bytes of a linear congruential generator.
pub(crate) fn noise(len: usize, mut state: u32) -> Vec<u8> {
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}
