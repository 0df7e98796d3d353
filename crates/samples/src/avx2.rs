//! Whether the CPU has AVX2.

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
        has.then_some(Self(()))
    }
}
