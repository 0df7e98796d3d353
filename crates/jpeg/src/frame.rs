//! The frames that this decoder knows, and how their samples divide into MCUs (ITU-T T.81 §§ A.1.1 and A.2).

use image_ingest_samples::{DecodeError, Size};

use crate::headers::{FrameHeader, Process, ScanHeader};
use crate::result::Result;

/// A frame of the DCT, of 8 bits and of one to four components.
pub(crate) struct DctFrame {
    pub(crate) size: Size,
    pub(crate) progressive: bool,
    /// Whether scans are coded by arithmetic coding (annex D) in place of Huffman codes.
    pub(crate) arithmetic: bool,
    pub(crate) components: Vec<DctComponent>,
}

/// A component of the frame.
pub(crate) struct DctComponent {
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

impl DctFrame {
    /// The frame of this header.
    ///
    /// # Errors
    ///
    /// `unsupported` for a frame that is lossless or hierarchical, or has more than 8 bits or four components;
    /// `malformed`.
    pub(crate) fn of(header: &FrameHeader) -> Result<Self> {
        let (progressive, arithmetic) = match header.process {
            Process::Sequential => (false, false),
            Process::Progressive => (true, false),
            Process::SequentialArithmetic => (false, true),
            Process::ProgressiveArithmetic => (true, true),
            Process::Lossless => return Err(DecodeError::unsupported("lossless JPEG")),
            Process::Hierarchical => return Err(DecodeError::unsupported("hierarchical JPEG")),
        };
        if header.bit_depth != 8 {
            return Err(DecodeError::unsupported(format!("{}-bit JPEG", header.bit_depth)));
        }
        let within = |factor: u8| (1..=4).contains(&factor);
        let are_within = header.components.iter().all(|c| within(c.h) && within(c.v));
        if !header.is_whole() || !are_within || header.size.width == 0 || header.size.height == 0 {
            return Err(DecodeError::malformed("a frame header with values out of range"));
        }
        if !(1..=4).contains(&header.components.len()) {
            return Err(DecodeError::unsupported(format!("{} components", header.count)));
        }
        let mut components: Vec<_> = header
            .components
            .iter()
            .map(|c| DctComponent {
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
        Ok(Self { size: header.size, progressive, arithmetic, components })
    }

    /// Whether the components are planes: one component, or a luma component and two chroma components whose sampling
    /// factors are equal and divide those of luma.
    pub(crate) fn is_planar(&self) -> bool {
        match &self.components[..] {
            [_] => true,
            [y, cb, cr] => (cb.h, cb.v) == (cr.h, cr.v) && y.h.is_multiple_of(cb.h) && y.v.is_multiple_of(cb.v),
            _ => false,
        }
    }

    /// The indices of a scan's components; `None` for a scan of no or too many components, of an unknown one, or of one
    /// twice.
    ///
    /// Some encoders give several components one id, so as in libjpeg the entry `i` names a component from the index
    /// `i` on. Components in another order than the frame's (§ B.2.3) are taken where that rule finds them.
    pub(crate) fn indices_of(&self, scan: &ScanHeader) -> Option<Vec<usize>> {
        let mut indices = Vec::new();
        for (from, entry) in scan.components.iter().enumerate() {
            let index = from + self.components.get(from..)?.iter().position(|component| component.id == entry.id)?;
            if indices.contains(&index) {
                return None;
            }
            indices.push(index);
        }
        (1..=4).contains(&indices.len()).then_some(indices)
    }

    /// Whether an MCU of these components has at most ten blocks (§ B.2.3). A scan of one component has one.
    pub(crate) fn fits_an_mcu(&self, indices: &[usize]) -> bool {
        let blocks = |&index: &usize| self.components[index].h * self.components[index].v;
        indices.len() == 1 || indices.iter().map(blocks).sum::<u32>() <= 10
    }

    /// The largest sampling factors.
    pub(crate) fn max_sampling(&self) -> (u32, u32) {
        let max = |factor: fn(&DctComponent) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (max(|c| c.h), max(|c| c.v))
    }

    /// The MCUs of a scan of all components, across and down.
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (h, v) = self.max_sampling();
        (self.size.width.div_ceil(8 * h), self.size.height.div_ceil(8 * v))
    }

    /// The samples of a component, across and down, whose decoded blocks have `side` samples per side.
    pub(crate) fn component_size(&self, component: &DctComponent, side: usize) -> Size {
        let blocks = u32::try_from(8 / side.clamp(1, 8)).unwrap_or(1);
        self.share(component, blocks)
    }

    /// The blocks of a component, across and down, that hold samples of the picture.
    pub(crate) fn component_blocks(&self, component: &DctComponent) -> Size {
        self.share(component, 8)
    }

    /// A component's part of the picture in units of `n` × `n` samples of it (§ A.1.1).
    fn share(&self, component: &DctComponent, n: u32) -> Size {
        let (h, v) = self.max_sampling();
        let side = |of: u32, factor: u32, most: u32| (of * factor).div_ceil(most * n);
        Size::new(side(self.size.width, component.h, h), side(self.size.height, component.v, v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::FrameComponent;

    fn frame(size: Size, sampling: &[(u8, u8)]) -> Result<DctFrame> {
        let components: Vec<_> =
            (1..).zip(sampling).map(|(id, &(h, v))| FrameComponent { id, h, v, quantiser: 0 }).collect();
        let count = u8::try_from(components.len()).unwrap();
        DctFrame::of(&FrameHeader { process: Process::Sequential, bit_depth: 8, size, count, components })
    }

    #[test]
    fn components_have_their_share_of_samples_and_blocks() {
        // § A.1.1: ⌈X · Hᵢ / Hmax⌉.
        let frame = frame(Size::new(33, 17), &[(2, 2), (1, 1), (1, 1)]).unwrap();
        let [luma, cb, _] = &frame.components[..] else { panic!("three components") };
        assert_eq!(frame.mcus(), (3, 2));
        assert_eq!(frame.component_size(luma, 8), Size::new(33, 17));
        assert_eq!(frame.component_size(cb, 8), Size::new(17, 9));
        assert_eq!(frame.component_size(cb, 4), Size::new(9, 5));
        assert_eq!(frame.component_blocks(luma), Size::new(5, 3));
        assert_eq!(frame.component_blocks(cb), Size::new(3, 2));
    }

    #[test]
    fn a_frame_of_one_component_is_made_of_its_blocks() {
        assert_eq!(frame(Size::new(33, 17), &[(2, 2)]).unwrap().mcus(), (5, 3));
    }

    #[test]
    fn planes_are_gray_or_luma_with_chroma_that_divides_it() {
        let is_planar = |sampling: &[(u8, u8)]| frame(Size::new(8, 8), sampling).unwrap().is_planar();
        assert!(is_planar(&[(4, 1), (1, 1), (1, 1)]) && is_planar(&[(4, 2), (1, 1), (1, 1)]) && is_planar(&[(3, 2)]));
        assert!(is_planar(&[(4, 4), (1, 1), (1, 1)]), "18 blocks in an MCU of all components, which no scan may have");
        assert!(!is_planar(&[(1, 1), (2, 1), (2, 1)]), "chroma finer than luma");
        assert!(!is_planar(&[(3, 1), (2, 1), (2, 1)]), "no whole proportion");
        assert!(!is_planar(&[(2, 2), (1, 1), (2, 1)]), "unequal chroma");
        assert!(!is_planar(&[(1, 1); 4]) && !is_planar(&[(1, 1); 2]));
    }

    #[test]
    fn values_out_of_range_are_malformed() {
        let refusal = |size, sampling: &[(u8, u8)]| frame(size, sampling).err().map(|error| error.to_string());
        let malformed = Some("malformed: a frame header with values out of range".to_owned());
        assert_eq!(refusal(Size::new(8, 8), &[(0, 1)]), malformed);
        assert_eq!(refusal(Size::new(8, 8), &[(1, 5)]), malformed);
        assert_eq!(refusal(Size::new(0, 8), &[(1, 1)]), malformed);
        assert_eq!(refusal(Size::new(8, 8), &[(1, 1); 5]), Some("unsupported: 5 components".to_owned()));
    }
}
