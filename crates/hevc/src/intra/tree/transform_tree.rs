//! Splits coding units into transform units (ITU-T H.265 § 7.3.8.8, § 7.3.8.10).

use super::state::{PictureDecoder, SliceState};
use crate::intra::contexts::{CBF_CHROMA, CBF_LUMA, SPLIT_TRANSFORM};
use crate::intra::plane::PlaneSample;

/// A node of a transform tree.
#[derive(Clone, Copy)]
pub(super) struct TransformNode {
    /// The luma position.
    x: usize,
    y: usize,
    /// The luma position of the parent.
    base: (usize, usize),
    /// The logarithm of the luma side, 2 to 6.
    log2: u32,
    /// How often the coding unit is split down to this node, at most 4.
    depth: u32,
    /// Which of the parent's four this is, in z order.
    index: u32,
    /// Coded block flags of Cb and Cr. Bit 1 is that of the lower block in 4:2:2, where chroma has two blocks.
    chroma: [u32; 2],
}

impl TransformNode {
    /// The whole coding unit of side `1 << log2` at luma position `(x, y)`.
    pub(super) fn root(x: usize, y: usize, log2: u32) -> Self {
        Self { x, y, base: (x, y), log2, depth: 0, index: 0, chroma: [0; 2] }
    }
}

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes a node and all below it (§ 7.3.8.8).
    ///
    /// A block larger than the largest transform is split without a flag, and so is a coding unit with four luma modes.
    /// A split below the smallest transform is refused, so `log2` stays at least 2. Chroma has flags down to luma
    /// blocks of 8: the blocks of 4 below share theirs.
    pub(super) fn transform_tree(&mut self, slice: &mut SliceState<'_, '_>, mut node: TransformNode) -> Option<()> {
        let TransformNode { x, y, log2, depth, .. } = node;
        let format = self.format;
        let deepest = format.max_transform_depth + u32::from(slice.quartered);
        let forced = log2 > format.max_transform_log2 || (slice.quartered && depth == 0);
        let free = !forced && log2 > format.min_transform_log2 && depth < deepest;
        let splits = if free { slice.cabac.bin(SPLIT_TRANSFORM + 5 - log2 as usize) == 1 } else { forced };
        if splits && log2 <= format.min_transform_log2 {
            return None;
        }
        if log2 > 2 && self.planes.len() > 1 {
            let halves = format.chroma_format == 2 && (!splits || log2 == 3);
            for flags in &mut node.chroma {
                if depth == 0 || *flags != 0 {
                    let mut flag = || slice.cabac.bin(CBF_CHROMA + depth as usize);
                    *flags = flag();
                    *flags |= if halves { flag() << 1 } else { 0 };
                }
            }
        }
        if !splits {
            let coded = slice.cabac.bin(CBF_LUMA + usize::from(depth == 0)) == 1;
            return self.transform_unit(slice, node, coded);
        }
        let half = 1 << (log2 - 1);
        let (base, chroma) = ((x, y), node.chroma);
        for (index, (x, y)) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)].into_iter().enumerate() {
            self.transform_tree(
                slice,
                TransformNode { x, y, base, log2: log2 - 1, depth: depth + 1, index: index as u32, chroma },
            )?;
        }
        Some(())
    }

    /// Decodes the blocks of a leaf (§ 7.3.8.10).
    ///
    /// Chroma is half as large. Four luma blocks of 4 have one block of 4 of each chroma plane, which comes with the
    /// fourth of them, at the position of their parent. In 4:2:2 a chroma block is twice as high as wide and coded as
    /// two squares.
    fn transform_unit(&mut self, slice: &mut SliceState<'_, '_>, node: TransformNode, coded: bool) -> Option<()> {
        let TransformNode { x, y, log2, .. } = node;
        if (coded || node.chroma != [0; 2]) && self.format.qp_group_log2.is_some() && !self.qp_coded {
            self.read_qp_delta(slice)?;
        }
        let mode = self.modes[y / 4 * self.modes_across + x / 4];
        self.block(slice, 0, (x, y), log2, mode, coded)?;
        self.blocks.mark((x, y), 1 << log2, slice.id);
        let ((x, y), log2) = match (log2, node.index) {
            _ if self.planes.len() == 1 => return Some(()),
            (3.., _) => ((x, y), log2 - 1),
            (_, 3) => (node.base, 2),
            _ => return Some(()),
        };
        for component in 1..3 {
            let (across, down) = self.planes[component].shift;
            for half in 0..if down == 0 { 2 } else { 1 } {
                let at = (x >> across, (y >> down) + (half << log2));
                let coded = node.chroma[component - 1] >> half & 1 == 1;
                self.block(slice, component, at, log2, slice.chroma_mode, coded)?;
            }
        }
        Some(())
    }
}
