//! Whether the CPU has AVX2.

#[cfg(feature = "levels")]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Proof that the CPU has AVX2 and the bit instructions that came with it. Only [`Avx2::find`] makes one, so that who has one
/// may call code that was compiled for `avx2,bmi1,bmi2,lzcnt,popcnt`.
///
/// ```
/// use image_ingest_samples::Avx2;
///
/// let code = if Avx2::find().is_some() { "for AVX2" } else { "for any CPU" };
/// # assert!(!code.is_empty());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// Asks the CPU; `None` on every machine but x86-64.
    #[must_use]
    pub fn find() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        #[cfg(not(target_arch = "x86_64"))]
        let has = false;
        #[cfg(feature = "levels")]
        let has = has && !IS_HIDDEN.load(Relaxed);
        has.then_some(Self(()))
    }

    /// Makes [`Self::find`] find nothing from now on, in the whole process: for tests that compare the code for any CPU with
    /// that for AVX2.
    #[cfg(feature = "levels")]
    pub fn hide() {
        IS_HIDDEN.store(true, Relaxed);
    }
}

#[cfg(feature = "levels")]
static IS_HIDDEN: AtomicBool = AtomicBool::new(false);
