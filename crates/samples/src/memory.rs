//! Allocations that report failure instead of aborting the process.
//!
//! What an upload announces decides how much is allocated, so every buffer of samples comes from here.

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_vec;

use crate::budget::CpuTimer;
use crate::error::WorkError;

/// Allocates `len` elements of zero bytes.
///
/// The memory comes zeroed from the allocator, so large buffers are not written here: their pages come when they are used.
///
/// ```
/// use image_ingest_samples::{WorkError, zeroed};
///
/// assert_eq!(zeroed::<u8>(3)?, [0, 0, 0]);
/// assert!(matches!(zeroed::<u8>(usize::MAX), Err(WorkError::OutOfMemory { .. })));
/// # Ok::<(), WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn zeroed<T: Zeroable>(len: usize) -> Result<Vec<T>, WorkError> {
    try_zeroed_vec(len).map_err(|()| out_of_memory::<T>(len))
}

/// Allocates `len` default values of a type that is no number.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn defaults<T: Copy + Default>(len: usize) -> Result<Vec<T>, WorkError> {
    let mut v = Vec::new();
    reserve_exact(&mut v, len)?;
    v.resize(len, T::default());
    Ok(v)
}

/// [`defaults`] for as many elements as a picture has blocks: within a job's budget, which writing tens of megabytes asks.
///
/// # Errors
///
/// [`WorkError`].
pub fn defaults_within<T: Copy + Default>(len: usize, timer: &CpuTimer<'_>) -> Result<Vec<T>, WorkError> {
    let mut v = Vec::new();
    reserve_exact(&mut v, len)?;
    while v.len() < len {
        timer.check()?;
        v.resize(len.min(v.len() + (1 << 18)), T::default());
    }
    Ok(v)
}

/// Copies `parts` into one vector, in their order.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn joined<T: Copy>(parts: &[&[T]]) -> Result<Vec<T>, WorkError> {
    let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
    let mut v = Vec::new();
    reserve_exact(&mut v, len)?;
    parts.iter().for_each(|part| v.extend_from_slice(part));
    Ok(v)
}

/// Collects what `items` gives.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn collected<T>(items: impl Iterator<Item = T>) -> Result<Vec<T>, WorkError> {
    let mut v = Vec::new();
    reserve_exact(&mut v, items.size_hint().0)?;
    for item in items {
        reserve(&mut v, 1)?;
        v.push(item);
    }
    Ok(v)
}

/// Makes room for `more` elements behind those that `v` holds.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn reserve<T>(v: &mut Vec<T>, more: usize) -> Result<(), WorkError> {
    v.try_reserve(more).map_err(|_| out_of_memory::<T>(more))
}

/// Makes room for exactly `more` elements behind those that `v` holds.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`] with the bytes asked for.
pub fn reserve_exact<T>(v: &mut Vec<T>, more: usize) -> Result<(), WorkError> {
    v.try_reserve_exact(more).map_err(|_| out_of_memory::<T>(more))
}

fn out_of_memory<T>(len: usize) -> WorkError {
    WorkError::OutOfMemory { bytes: (len as u64).saturating_mul(size_of::<T>() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_allocation_says_how_much_was_asked_for() {
        let bytes = 8 * (1 << 60);
        assert_eq!(zeroed::<u64>(1 << 60), Err(WorkError::OutOfMemory { bytes }));
    }

    #[test]
    fn items_are_collected_whether_or_not_their_number_is_known() {
        assert_eq!(collected(1..4), Ok(vec![1, 2, 3]));
        assert_eq!(collected((0..1000).filter(|i| i % 300 == 0)), Ok(vec![0, 300, 600, 900]));
        let most = usize::MAX as u64;
        assert_eq!(collected::<u8>(std::iter::repeat_n(0, usize::MAX)), Err(WorkError::OutOfMemory { bytes: most }));
    }

    #[test]
    fn parts_are_joined_in_order() {
        assert_eq!(joined::<u8>(&[&[1, 2], &[], &[3]]), Ok(vec![1, 2, 3]));
    }
}
