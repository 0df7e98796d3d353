//! Holds the coefficients of a progressive frame in the form that fits its scans.

use image_ingest_samples::{Avx2, CpuTimer, WorkError};

use crate::block_layout::BlockLayout;
use crate::dispatch;
use crate::frame::DctFrame;
use crate::masked::MaskedCoefficients;
use crate::progression::ScanStep;
use crate::progressive::{Coefficients, ProgressiveScan, TransformOutput};
use crate::result::Result;
use crate::sequential::MCUS_A_CHECK;
use crate::tables::ScanStart;
use crate::work::Work;

/// The coefficients of all components, as far as scans have brought them.
pub(crate) enum CoefficientStore {
    /// Masks and values, until a scan comes that does not fit them.
    Masked(MaskedCoefficients),
    Whole(Coefficients),
}

impl CoefficientStore {
    /// The coefficients of a frame, all zero.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(frame: &DctFrame, timer: &CpuTimer<'_>) -> Result<Self> {
        Ok(if frame.arithmetic {
            Self::Whole(Coefficients::new(frame, frame.mcus().1, timer)?)
        } else {
            Self::Masked(MaskedCoefficients::new(frame, timer)?)
        })
    }

    /// Notes what a scan will bring and makes room for it. Returns false if it contradicts the scans before it.
    ///
    /// # Errors
    ///
    /// `malformed` for a scan that no progressive frame may have; `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn expect(&mut self, start: &ScanStart<'_>, frame: &DctFrame, timer: &CpuTimer<'_>) -> Result<bool> {
        if let Self::Masked(masked) = self
            && !masked.holds(start)
        {
            let masked = std::mem::take(masked);
            *self = Self::Whole(masked.into_whole(frame, timer)?);
        }
        match self {
            Self::Whole(whole) => Ok(whole.layout.expect(start)),
            Self::Masked(masked) => {
                let fits = masked.layout.expect(start);
                if fits {
                    masked.begin(start, ScanStep::of(start)?, timer)?;
                }
                Ok(fits)
            }
        }
    }

    fn layout(&self) -> &BlockLayout {
        match self {
            Self::Masked(masked) => &masked.layout,
            Self::Whole(whole) => &whole.layout,
        }
    }

    /// Whether every bit of every coefficient is known.
    pub(crate) fn is_complete(&self) -> bool {
        self.layout().is_complete()
    }

    /// The whole coefficients, which a frame of arithmetic coding has from the start.
    ///
    /// # Errors
    ///
    /// `internal` for another frame.
    pub(crate) fn whole(&mut self) -> Result<&mut Coefficients> {
        match self {
            Self::Whole(whole) => Ok(whole),
            Self::Masked(_) => {
                let reason = "arithmetic coding without whole coefficients".into();
                Err(WorkError::Internal { reason }.into())
            }
        }
    }

    /// Reads a scan of Huffman codes. `deposits` is there where the CPU's instruction for masks is fast.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`; `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn read(
        &mut self,
        pass: &mut ProgressiveScan<'_>,
        [avx2, deposits]: [Option<Avx2>; 2],
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let (across, down) = self.layout().mcus_of(&pass.components);
        for row in 0..down {
            for from in (0..across).step_by(MCUS_A_CHECK) {
                timer.check()?;
                match self {
                    Self::Masked(masked) => {
                        masked.prepare(pass, from)?;
                        dispatch::run(Work::Masked(masked, pass, (row, from)), deposits)?;
                    }
                    Self::Whole(whole) => dispatch::run(Work::Progressive(whole, pass, (row, from)), avx2)?,
                }
            }
        }
        if let Self::Masked(masked) = self {
            masked.finish(pass);
        }
        Ok(())
    }

    /// Gives the memory back, which takes long where it is much.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn free(self, timer: &CpuTimer<'_>) -> Result<()> {
        match self {
            Self::Masked(masked) => masked.free(timer),
            Self::Whole(whole) => whole.free(timer),
        }
    }

    /// Transforms the row `row` of MCUs to samples. Rows come one after the other from the first.
    ///
    /// # Errors
    ///
    /// None but those of [`Work`], which a transform does not have.
    pub(crate) fn transform(&mut self, row: usize, output: TransformOutput<'_>, avx2: Option<Avx2>) -> Result<()> {
        let work = match self {
            Self::Masked(masked) => Work::MaskedTransform(masked, row, output),
            Self::Whole(whole) => Work::Transform(whole, row, output),
        };
        Ok(dispatch::run(work, avx2)?)
    }
}
