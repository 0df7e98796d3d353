//! Splits coding units into transform units (ITU-T H.265 § 7.3.8.8, § 7.3.8.10).

use super::block::Block;
use super::state::{PictureDecoder, SliceState};
use crate::intra::cabac::Cabac;
use crate::intra::contexts::{CBF_CHROMA, CBF_LUMA, CROSS_SCALE, CROSS_SIGN, SPLIT_TRANSFORM};
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
    /// blocks of 8, and the blocks of 4 below share theirs; in 4:4:4 each has its own.
    pub(super) fn transform_tree(&mut self, slice: &mut SliceState<'_, '_>, mut node: TransformNode) -> Option<()> {
        let TransformNode { x, y, log2, depth, .. } = node;
        let format = self.format;
        let deepest = format.max_transform_depth + u32::from(slice.unit.quartered);
        let forced = log2 > format.max_transform_log2 || (slice.unit.quartered && depth == 0);
        let free = !forced && log2 > format.min_transform_log2 && depth < deepest;
        let splits = if free { slice.cabac.bin(SPLIT_TRANSFORM + 5 - log2 as usize) == 1 } else { forced };
        if splits && log2 <= format.min_transform_log2 {
            return None;
        }
        if (log2 > 2 && self.planes.len() > 1) || format.chroma_format == 3 {
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
    /// Chroma is half as large, but in 4:4:4. Four luma blocks of 4 have one block of 4 of each chroma plane, which
    /// comes with the fourth of them, at the position of their parent. In 4:2:2 a chroma block is twice as high as wide
    /// and coded as two squares.
    fn transform_unit(&mut self, slice: &mut SliceState<'_, '_>, node: TransformNode, coded: bool) -> Option<()> {
        let TransformNode { x, y, log2, .. } = node;
        let chroma_coded = node.chroma != [0; 2];
        if coded || chroma_coded {
            if self.format.qp_group_log2.is_some() && !self.qp_coded {
                self.read_qp_delta(slice)?;
            }
            let has_offset = slice.header.unit_chroma_qp && chroma_coded && !slice.unit.bypass;
            if has_offset && !self.unit_chroma_qp_coded {
                self.read_chroma_qp_offset(slice);
            }
        }
        let mode = self.modes[y / 4 * self.modes_across + x / 4];
        slice.unit.cross_scale = 0;
        self.block(slice, Block { component: 0, at: (x, y), log2, mode, coded })?;
        self.blocks.mark((x, y), 1 << log2, slice.region);
        if let Some(maps) = &mut self.maps {
            maps.add_edges((x, y), 1 << log2);
        }
        let ((x, y), log2) = match (log2, node.index) {
            _ if self.planes.len() == 1 => return Some(()),
            _ if self.format.chroma_format == 3 => ((x, y), log2),
            (3.., _) => ((x, y), log2 - 1),
            (_, 3) => (node.base, 2),
            _ => return Some(()),
        };
        self.chroma_blocks(slice, (x, y), log2, node.chroma, coded)
    }

    /// Decodes the blocks of Cb and Cr of a leaf, of side `1 << log2`, at luma position `(x, y)`. In 4:4:4 the residual
    /// of luma, where it is `luma_coded`, may predict theirs (§ 7.3.8.12).
    fn chroma_blocks(
        &mut self,
        slice: &mut SliceState<'_, '_>,
        (x, y): (usize, usize),
        log2: u32,
        coded: [u32; 2],
        luma_coded: bool,
    ) -> Option<()> {
        let quarter = if self.format.chroma_format == 3 && slice.unit.quartered {
            (y >> slice.unit.half_log2 & 1) * 2 + (x >> slice.unit.half_log2 & 1)
        } else {
            0
        };
        let crosses = self.format.picture.range.cross_component && luma_coded && slice.unit.chroma_is_luma[quarter];
        let mode = slice.unit.chroma[quarter];
        for (component, coded) in (1..).zip(coded) {
            if crosses {
                slice.unit.cross_scale = cross_scale(&mut slice.cabac, component - 1);
            }
            let (across, down) = self.planes[component].shift;
            for half in 0..if self.format.chroma_format == 2 { 2 } else { 1 } {
                let at = (x >> across, (y >> down) + (half << log2));
                let coded = coded >> half & 1 == 1;
                self.block(slice, Block { component, at, log2, mode, coded })?;
            }
        }
        Some(())
    }
}

/// Reads `ResScaleVal` of Cb (0) or Cr (1): 0, or a power of two up to 8 with a sign (§ 7.4.9.12).
fn cross_scale(cabac: &mut Cabac<'_>, chroma: usize) -> i32 {
    let mut log2_plus_1 = 0;
    while log2_plus_1 < 4 && cabac.bin(CROSS_SCALE + 4 * chroma + log2_plus_1) == 1 {
        log2_plus_1 += 1;
    }
    match log2_plus_1 {
        0 => 0,
        n if cabac.bin(CROSS_SIGN + chroma) == 1 => -(1 << (n - 1)),
        n => 1 << (n - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intra::cabac::tests::Encoder;
    use crate::intra::contexts::EntropyState;

    #[test]
    fn the_share_of_luma_is_a_power_of_two_with_a_sign() {
        let read = |ones: usize, sign: u32| {
            let mut encoder = Encoder::new(26);
            (0..ones).for_each(|i| encoder.bin(CROSS_SCALE + 4 + i, 1));
            if ones < 4 {
                encoder.bin(CROSS_SCALE + 4 + ones, 0);
            }
            if ones > 0 {
                encoder.bin(CROSS_SIGN + 1, sign);
            }
            encoder.terminate(true);
            let data = encoder.bytes();
            let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
            let scale = cross_scale(&mut cabac, 1);
            assert!(cabac.terminate() && cabac.ends_here());
            scale
        };
        assert_eq!([read(0, 0), read(1, 0), read(2, 1), read(3, 0), read(4, 1)], [0, 1, -2, 4, -8]);
    }
}
