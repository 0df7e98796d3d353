//! Allocates buffers that grow with the whole picture.

use image_ingest_samples::{CpuTimer, WorkError, reserve};

/// Allocates `len` zeros. The budget is looked at between pieces of [`PIECE`] bytes: the system gives memory page by
/// page when it is first written, which takes 0.5 ms for each.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn zeroed_in_pieces<T: Copy + Default>(len: usize, timer: &CpuTimer<'_>) -> Result<Vec<T>, WorkError> {
    let mut zeros = Vec::new();
    reserve(&mut zeros, len)?;
    while zeros.len() < len {
        timer.check()?;
        zeros.resize(len.min(zeros.len() + PIECE / size_of::<T>().max(1)), T::default());
    }
    Ok(zeros)
}

const PIECE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image_ingest_samples::{Budget, CancellationToken};

    use super::*;

    #[test]
    fn pieces_make_up_the_length() {
        for len in [0, 1, PIECE, PIECE + 1] {
            assert_eq!(zeroed_in_pieces::<u8>(len, &CpuTimer::default()).unwrap(), vec![0; len]);
        }
        assert!(matches!(
            zeroed_in_pieces::<u64>(usize::MAX, &CpuTimer::default()),
            Err(WorkError::OutOfMemory { .. })
        ));
    }

    #[test]
    fn a_job_that_is_cancelled_gets_no_memory() {
        let token = CancellationToken::new();
        token.cancel();
        let budget = Budget::new(Duration::from_secs(1), token);
        assert_eq!(zeroed_in_pieces::<u8>(1, &budget.timer()), Err(WorkError::Cancelled));
    }
}
