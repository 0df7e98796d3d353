//! The frames that this decoder knows, and how their samples divide into MCUs (ITU-T T.81 § A.1.1 and A.2).

use image_ingest_samples::Size;

use crate::headers::{FrameHeader, Process};

/// A Huffman-coded frame of 8 bits whose components are planes: gray, or luma and two chroma components.
pub(crate) struct PlanarFrame {
    pub(crate) size: Size,
    pub(crate) progressive: bool,
    pub(crate) components: Vec<PlanarComponent>,
}

/// A component of the frame.
pub(crate) struct PlanarComponent {
    pub(crate) id: u8,
    /// Blocks in an MCU, across and down.
    pub(crate) h: u32,
    pub(crate) v: u32,
    /// Number of its quantisation table.
    pub(crate) quantiser: usize,
    /// The table in natural order, as it was when the component's first scan began. Values have 16 bits and wrap, as in
    /// libjpeg-turbo's SIMD.
    pub(crate) table: Option<[i16; 64]>,
}

impl PlanarFrame {
    /// The frame of this header; `None` for a frame that this decoder does not know.
    pub(crate) fn of(header: &FrameHeader) -> Option<Self> {
        let progressive = match header.process {
            Process::Sequential => false,
            Process::Progressive => true,
            _ => return None,
        };
        if header.bit_depth != 8 || !header.is_whole() {
            return None;
        }
        let mut components: Vec<_> = header
            .components
            .iter()
            .map(|c| PlanarComponent {
                id: c.id,
                h: c.h.into(),
                v: c.v.into(),
                quantiser: c.quantiser.into(),
                table: None,
            })
            .collect();
        // A scan of one component is made of its blocks, whatever its factors (§ A.2.2).
        if let [only] = &mut components[..] {
            (only.h, only.v) = (1, 1);
        }
        are_planes(&components).then_some(Self { size: header.size, progressive, components })
    }

    /// The largest sampling factors.
    pub(crate) fn max_sampling(&self) -> (u32, u32) {
        let max = |factor: fn(&PlanarComponent) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (max(|c| c.h), max(|c| c.v))
    }

    /// The MCUs of a scan of all components, across and down.
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (h, v) = self.max_sampling();
        (self.size.width.div_ceil(8 * h), self.size.height.div_ceil(8 * v))
    }

    /// The samples of a component at the DCT scale 1/`divisor`, across and down. A `divisor` of 8 gives its blocks.
    pub(crate) fn component_size(&self, component: &PlanarComponent, divisor: u32) -> Size {
        let (h, v) = self.max_sampling();
        let side = |of: u32, factor: u32, most: u32| (of * factor).div_ceil(most * divisor);
        Size::new(side(self.size.width, component.h, h), side(self.size.height, component.v, v))
    }
}

/// Whether the components are planes: one component, or a luma component and two chroma components whose sampling
/// factors are equal and divide those of luma. An MCU has at most 10 blocks (§ B.2.3).
fn are_planes(components: &[PlanarComponent]) -> bool {
    let within = components.iter().all(|c| (1..=4).contains(&c.h) && (1..=4).contains(&c.v));
    let blocks: u32 = components.iter().map(|c| c.h * c.v).sum();
    within
        && match components {
            [_] => true,
            [y, cb, cr] => {
                (cb.h, cb.v) == (cr.h, cr.v) && y.h.is_multiple_of(cb.h) && y.v.is_multiple_of(cb.v) && blocks <= 10
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::FrameComponent;

    fn frame(size: Size, sampling: &[(u8, u8)]) -> Option<PlanarFrame> {
        let components: Vec<_> =
            (1..).zip(sampling).map(|(id, &(h, v))| FrameComponent { id, h, v, quantiser: 0 }).collect();
        let count = u8::try_from(components.len()).unwrap();
        PlanarFrame::of(&FrameHeader { process: Process::Sequential, bit_depth: 8, size, count, components })
    }

    #[test]
    fn components_have_their_share_of_samples_and_blocks() {
        // § A.1.1: ⌈X · Hᵢ / Hmax⌉.
        let frame = frame(Size::new(33, 17), &[(2, 2), (1, 1), (1, 1)]).unwrap();
        let [luma, cb, _] = &frame.components[..] else { panic!("three components") };
        assert_eq!(frame.mcus(), (3, 2));
        assert_eq!(frame.component_size(luma, 1), Size::new(33, 17));
        assert_eq!(frame.component_size(cb, 1), Size::new(17, 9));
        assert_eq!(frame.component_size(cb, 2), Size::new(9, 5));
        assert_eq!(frame.component_size(luma, 8), Size::new(5, 3));
        assert_eq!(frame.component_size(cb, 8), Size::new(3, 2));
    }

    #[test]
    fn a_frame_of_one_component_is_made_of_its_blocks() {
        assert_eq!(frame(Size::new(33, 17), &[(2, 2)]).unwrap().mcus(), (5, 3));
    }

    #[test]
    fn frames_that_are_no_planes_are_left_to_others() {
        let is_ours = |sampling: &[(u8, u8)]| frame(Size::new(8, 8), sampling).is_some();
        assert!(is_ours(&[(4, 1), (1, 1), (1, 1)]) && is_ours(&[(4, 2), (1, 1), (1, 1)]));
        assert!(!is_ours(&[(1, 1), (2, 1), (2, 1)]), "chroma finer than luma");
        assert!(!is_ours(&[(3, 1), (2, 1), (2, 1)]), "no whole proportion");
        assert!(!is_ours(&[(2, 2), (1, 1), (2, 1)]), "unequal chroma");
        assert!(!is_ours(&[(4, 4), (1, 1), (1, 1)]), "18 blocks in an MCU");
        assert!(!is_ours(&[(1, 1); 4]) && !is_ours(&[(1, 1); 2]) && !is_ours(&[]));
    }
}
