//! Picks at run time the code that was compiled for this CPU. It is the only file of the crate with unsafe code.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for AVX2 may only be called where the CPU has it")
)]

use image_ingest_samples::Avx2;

use crate::intra::cabac::Cabac;
use crate::intra::dequantise::Quantiser;
use crate::intra::plane::PlaneSample;
use crate::intra::residual;
use crate::intra::residual::syntax::ResidualSyntax;
use crate::intra::transform::block::TransformBlock;
use crate::intra::transform::{self, TransformKind};

/// Reads the coefficients of a block, of a picture without the tools of the extension, see [`residual::read`].
pub(crate) fn read_residual(
    avx2: Option<Avx2>,
    cabac: &mut Cabac<'_>,
    syntax: ResidualSyntax,
    quantiser: Quantiser<'_>,
    to: &mut TransformBlock,
) -> Option<bool> {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) => unsafe { residual::read_avx2(cabac, syntax, quantiser, to) },
        _ => residual::read::<false>(cabac, syntax, quantiser, to),
    }
}

/// Adds the residual of a block to samples of a plane, see [`transform::add`]. What is not clipped to the bit depth goes
/// there itself.
pub(crate) fn add_residual<T: PlaneSample>(
    avx2: Option<Avx2>,
    block: &mut TransformBlock,
    side: usize,
    kind: TransformKind,
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    match avx2 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has every feature that the function is compiled for; `Avx2` exists only where it was found.
        Some(_) if depth <= 12 => unsafe { transform::add_avx2(block, side, kind, out, stride, depth) },
        _ => transform::add(block, side, kind, out, stride, depth),
    }
}
