//! What decides how the coefficients of a transform block are coded.

/// What is known of a block before its coefficients.
#[derive(Clone, Copy)]
pub(crate) struct ResidualSyntax {
    /// The logarithm of the side, 2 to 5.
    pub(crate) log2: u32,
    /// Whether the block is of luma.
    pub(crate) is_luma: bool,
    /// `scanIdx`: 0 is diagonal, 1 is horizontal, 2 is vertical.
    pub(crate) scan: usize,
    /// `transform_skip_enabled_flag`.
    pub(crate) may_skip: bool,
    /// `sign_data_hiding_enabled_flag`.
    pub(crate) hides_signs: bool,
    /// What else decides how it is read, where [`read`](super::read) is `EXTENDED`.
    pub(crate) extension: ResidualExtension,
}

/// What is known of a block of a picture that uses more than the tools of version 1, or bypasses the transform.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ResidualExtension {
    /// `cu_transquant_bypass_flag`: levels are the residual itself.
    pub(crate) bypass: bool,
    /// `Log2MaxTransformSkipSize`.
    pub(crate) max_skip_log2: u32,
    /// `transform_skip_context_enabled_flag`.
    pub(crate) skip_context: bool,
    /// `persistent_rice_adaptation_enabled_flag`.
    pub(crate) persistent_rice: bool,
    /// Whether the block consists of differences if its transform is skipped, so that no sign is hidden: implicit RDPCM
    /// along the direction of prediction.
    pub(crate) implicit_differences: bool,
}
