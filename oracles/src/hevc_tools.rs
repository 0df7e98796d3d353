//! The parameter sets and slice heads of random HEVC pictures (ITU-T H.265 § 7.3).

use std::ops::Range;

use image_ingest_hevc::recorder::Chances;

use crate::hevc_bits::HevcBits;
use crate::random::Random;

/// What a picture uses.
#[derive(Debug)]
pub struct HevcTools {
    kind: u8,
    width: u32,
    height: u32,
    chroma: u32,
    depth: u32,
    min_coding: u32,
    tree: u32,
    min_transform: u32,
    max_transform: u32,
    transform_depth: u32,
    scaling: u32,
    sao: bool,
    sao_chroma: bool,
    pcm: Option<[u32; 5]>,
    strong: bool,
    range: Option<u32>,
    pub dependent: bool,
    hides: bool,
    skip: bool,
    qp_depth: Option<u32>,
    chroma_qp: [i32; 2],
    slice_chroma_qp: bool,
    bypass: bool,
    pub tiles: bool,
    columns: u32,
    rows: u32,
    uniform: bool,
    across_tiles: bool,
    pub wavefront: bool,
    across_slices: bool,
    deblocking: Option<(bool, bool, [i32; 2])>,
    picture_range: bool,
    max_skip: u32,
    cross: bool,
    chroma_list: Option<(u32, Vec<[i32; 2]>)>,
    sao_scale: [u32; 2],
    pub slices: bool,
    qp: i32,
}

impl HevcTools {
    /// Tools for a picture of at most some 200 × 140 pixels.
    pub fn choose(random: &mut Random) -> Self {
        let mut upto = |n: u32| random.below(n as usize + 1) as u32;
        let tree = 4 + upto(2);
        let min_coding = 3 + upto(tree.min(5) - 3);
        let unit = 1 << min_coding;
        let (width, height) = (unit * (1 + upto(200 / unit)), unit * (1 + upto(140 / unit)));
        let (across, down) = (width.div_ceil(1 << tree), height.div_ceil(1 << tree));
        let min_transform = 2 + upto(min_coding - 3);
        let max_transform = (min_transform + upto(3)).min(tree.min(5)).max(min_transform);
        // A coding block has to split into transform blocks: the largest may not be smaller than needed for that.
        let depth = [8, 8, 8, 10, 10, 12, 9, 14, 16][upto(8) as usize];
        let chroma = [1, 1, 0, 2, 3, 3][upto(5) as usize];
        let has_range = upto(2) == 0;
        let skip = upto(1) == 1;
        let pcm_min = min_coding.min(5) + upto(1);
        let pcm = (upto(2) == 0 && pcm_min <= tree.min(5)).then(|| {
            let sizes = [pcm_min, upto(tree.min(5) - pcm_min)];
            [1 + upto(depth - 1), 1 + upto(depth - 1), sizes[0], sizes[1], upto(1)]
        });
        let tiles = upto(2) == 0 && across * down > 1;
        let (columns, rows) = if tiles { (1 + upto(across.min(3) - 1), 1 + upto(down.min(3) - 1)) } else { (1, 1) };
        let tiles = tiles && columns * rows > 1;
        let offset = |n: u32| n as i32 - 6;
        // Neither extended precision nor aligned bypass bins.
        let range = if has_range { Some(upto(511) & 0b1_1110_1110) } else { None };
        Self {
            kind: [19, 20, 21, 16, 17, 18][upto(5) as usize],
            width,
            height,
            chroma,
            depth,
            min_coding,
            tree,
            min_transform,
            max_transform,
            transform_depth: upto(tree - min_transform),
            scaling: upto(3),
            sao: upto(2) > 0,
            sao_chroma: true,
            pcm,
            strong: upto(1) == 1,
            range,
            dependent: upto(2) == 0,
            hides: upto(1) == 1,
            skip,
            qp_depth: (upto(1) == 1).then(|| upto(tree - min_coding)),
            chroma_qp: [offset(upto(12)), offset(upto(12))],
            slice_chroma_qp: upto(3) == 0,
            bypass: upto(3) == 0,
            tiles,
            columns,
            rows,
            uniform: upto(1) == 1,
            across_tiles: upto(1) == 1,
            wavefront: !tiles && upto(2) == 0,
            across_slices: upto(1) == 1,
            deblocking: (upto(1) == 1).then(|| (upto(1) == 1, upto(4) == 0, [offset(upto(12)), offset(upto(12))])),
            picture_range: has_range && upto(3) > 0,
            max_skip: upto(max_transform - 2),
            cross: chroma == 3 && upto(1) == 1,
            chroma_list: (chroma != 0 && upto(1) == 1).then(|| {
                let pairs = (0..6).map(|_| [offset(upto(12)), offset(upto(12))]).collect();
                (upto(tree - min_coding), pairs)
            }),
            sao_scale: [upto(depth.saturating_sub(10)), upto(depth.saturating_sub(10))],
            slices: upto(1) == 1,
            qp: if depth > 8 || chroma > 1 { upto(30) as i32 - 6 * (depth as i32 - 8) } else { upto(51) as i32 },
        }
    }

    /// Switches off what libde265 1.0.11 decodes wrong: lists of chroma quantisers; samples of more than 12 bits; sample
    /// adaptive offsets of chroma at the sides of slices and tiles, and of luma where there are both; statistics of
    /// Rice parameters with wavefronts or dependent slices; chroma quantisers above 51 in 4:2:2 and 4:4:4; scaling lists
    /// where blocks larger than 4 × 4 may skip the transform; in 4:4:4 scaling lists, and transform trees of five
    /// levels.
    pub fn keep_what_libde265_knows(&mut self) {
        self.chroma_list = None;
        if self.depth > 12 {
            self.depth = 12;
            self.pcm = self.pcm.map(|[luma, chroma, min, more, off]| [luma.min(12), chroma.min(12), min, more, off]);
            self.qp = self.qp.max(-24);
            self.sao_scale = [0; 2];
        }
        if self.chroma > 1 {
            self.chroma_qp = self.chroma_qp.map(|offset| offset.min(0));
            self.slice_chroma_qp = false;
        }
        self.sao_chroma = !self.slices && !self.tiles;
        self.sao &= !self.slices || !self.tiles;
        if self.wavefront || self.dependent {
            self.range = self.range.map(|flags| flags & !0b10);
        }
        if self.skip && self.picture_range && self.max_skip > 0 {
            self.scaling = 0;
        }
        if self.chroma == 3 {
            self.scaling = 0;
            self.levels_are_few();
        }
    }

    /// Makes a transform tree have at most four levels.
    fn levels_are_few(&mut self) {
        if self.tree == 6 && self.min_transform == 2 {
            (self.tree, self.min_coding) = (5, self.min_coding.min(5));
            self.max_transform = self.max_transform.min(5);
            let deepest = self.tree - self.min_transform;
            self.transform_depth = self.transform_depth.min(deepest);
            let group = self.tree - self.min_coding;
            self.qp_depth = self.qp_depth.map(|depth| depth.min(group));
            self.pcm = None;
            self.tiles = false;
        }
    }

    /// Switches off all tools but two, so that a difference tells its tool.
    pub fn thin_out(&mut self, random: &mut Random) {
        let kept = [random.below(17), random.below(17)];
        let off = |tool: usize| !kept.contains(&tool);
        let range_flags = self.range.unwrap_or(0) & if off(15) { 0 } else { 1 << [1, 3, 6, 7, 8][random.below(5)] };
        self.range = Some(range_flags).filter(|&flags| flags != 0);
        self.scaling = if off(0) { 0 } else { self.scaling };
        self.sao &= !off(1);
        self.pcm = self.pcm.filter(|_| !off(2));
        self.slices &= !off(3) || !off(4);
        self.dependent &= !off(4);
        self.hides &= !off(5);
        self.skip &= !off(6);
        self.qp_depth = self.qp_depth.filter(|_| !off(7));
        self.chroma_qp = if off(8) { [0; 2] } else { self.chroma_qp };
        self.slice_chroma_qp &= !off(8);
        self.bypass &= !off(9);
        self.tiles &= !off(10);
        self.wavefront &= !off(11);
        self.deblocking = self.deblocking.filter(|_| !off(12));
        self.cross &= !off(13);
        self.chroma_list = self.chroma_list.take().filter(|_| !off(14));
        self.picture_range &= !off(13) || !off(14) || !off(16);
        self.max_skip = if off(16) { 0 } else { self.max_skip };
        self.sao_scale = [0; 2];
    }

    /// The sequence parameter set, without emulation prevention bytes.
    pub fn sequence_set(&self) -> Vec<u8> {
        let mut w = HevcBits::nal(33);
        w.bits(0, 4).bits(0, 3).bits(1, 1);
        // The profile of range extensions, main tier; level 6.2.
        w.bits(4, 8).bits(0b1000, 32).bits(0x9000_0000, 32).bits(0, 16).bits(186, 8);
        w.unsigned(0).unsigned(self.chroma);
        if self.chroma == 3 {
            w.bits(0, 1);
        }
        w.unsigned(self.width).unsigned(self.height).bits(0, 1);
        w.unsigned(self.depth - 8).unsigned(self.depth - 8);
        // Order counts of 8 bits, one picture.
        w.unsigned(4).bits(0, 1).unsigned(0).unsigned(0).unsigned(0);
        w.unsigned(self.min_coding - 3).unsigned(self.tree - self.min_coding);
        w.unsigned(self.min_transform - 2).unsigned(self.max_transform - self.min_transform);
        w.unsigned(self.transform_depth).unsigned(self.transform_depth);
        w.bits(u32::from(self.scaling > 0), 1);
        if self.scaling > 0 {
            w.bits(u32::from(self.scaling > 1), 1);
            if self.scaling > 1 {
                self.scaling_lists(&mut w, self.scaling);
            }
        }
        w.bits(0, 1).bits(self.sao.into(), 1).bits(self.pcm.is_some().into(), 1);
        if let Some([luma, chroma, min, more, off]) = self.pcm {
            w.bits(luma - 1, 4).bits(chroma - 1, 4).unsigned(min - 3).unsigned(more).bits(off, 1);
        }
        w.unsigned(0).bits(0, 2).bits(self.strong.into(), 1).bits(0, 1);
        w.bits(self.range.is_some().into(), 1);
        if let Some(range) = self.range {
            w.bits(0x80, 8).bits(range, 9);
        }
        w.end()
    }

    fn scaling_lists(&self, w: &mut HevcBits, variant: u32) {
        for size in 0..4u32 {
            for matrix in (0..6u32).step_by(if size == 3 { 3 } else { 1 }) {
                let coded = (size + matrix + variant).is_multiple_of(3);
                w.bits(coded.into(), 1);
                if !coded {
                    // The standard list, or the one before.
                    w.unsigned(u32::from(matrix > 0 && (matrix + variant).is_multiple_of(2)));
                    continue;
                }
                if size > 1 {
                    w.signed(8 + i32::try_from(matrix).unwrap_or(0));
                }
                for i in 0..if size == 0 { 16 } else { 64 } {
                    w.signed((i * 7 + 3) % 11 - 4);
                }
            }
        }
    }

    /// The picture parameter set, without emulation prevention bytes.
    pub fn picture_set(&self) -> Vec<u8> {
        let mut w = HevcBits::nal(34);
        w.unsigned(0).unsigned(0).bits(self.dependent.into(), 1).bits(0, 1).bits(0, 3).bits(self.hides.into(), 1);
        w.bits(0, 1).unsigned(0).unsigned(0).signed(0).bits(0, 1).bits(self.skip.into(), 1);
        w.bits(self.qp_depth.is_some().into(), 1);
        if let Some(depth) = self.qp_depth {
            w.unsigned(depth);
        }
        w.signed(self.chroma_qp[0]).signed(self.chroma_qp[1]).bits(self.slice_chroma_qp.into(), 1).bits(0, 2);
        w.bits(self.bypass.into(), 1).bits(self.tiles.into(), 1).bits(self.wavefront.into(), 1);
        if self.tiles {
            w.unsigned(self.columns - 1).unsigned(self.rows - 1).bits(self.uniform.into(), 1);
            if !self.uniform {
                // Tiles of one coding tree, and the rest.
                (1..self.columns).for_each(|_| _ = w.unsigned(0));
                (1..self.rows).for_each(|_| _ = w.unsigned(0));
            }
            w.bits(self.across_tiles.into(), 1);
        }
        w.bits(self.across_slices.into(), 1).bits(self.deblocking.is_some().into(), 1);
        if let Some((overrides, off, offsets)) = self.deblocking {
            w.bits(overrides.into(), 1).bits(off.into(), 1);
            if !off {
                w.signed(offsets[0]).signed(offsets[1]);
            }
        }
        let lists = self.scaling == 3;
        w.bits(lists.into(), 1);
        if lists {
            self.scaling_lists(&mut w, 1);
        }
        w.bits(0, 1).unsigned(0).bits(0, 1).bits(self.picture_range.into(), 1);
        if self.picture_range {
            w.bits(0x80, 8);
            if self.skip {
                w.unsigned(self.max_skip);
            }
            w.bits(self.cross.into(), 1).bits(self.chroma_list.is_some().into(), 1);
            if let Some((depth, list)) = &self.chroma_list {
                w.unsigned(*depth).unsigned(list.len() as u32 - 1);
                list.iter().flatten().for_each(|&offset| _ = w.signed(offset));
            }
            w.unsigned(self.sao_scale[0]).unsigned(self.sao_scale[1]);
        }
        w.end()
    }

    /// The head of a slice segment up to its data, without emulation prevention bytes.
    pub fn slice_head(&self, random: &mut Random, first: bool, is_dependent: bool, address: usize) -> Vec<u8> {
        let mut w = HevcBits::nal(self.kind);
        let trees = self.width.div_ceil(1 << self.tree) * self.height.div_ceil(1 << self.tree);
        w.bits(first.into(), 1).bits(0, 1).unsigned(0);
        if !first {
            if self.dependent {
                w.bits(is_dependent.into(), 1);
            }
            w.bits(address as u32, (trees - 1).checked_ilog2().map_or(0, |log2| log2 + 1));
        }
        let mut chance = |n: usize| random.below(n) as i32;
        if !is_dependent {
            w.unsigned(2);
            if ![19, 20].contains(&self.kind) {
                // The order count, and an empty set of reference pictures.
                w.bits(5, 8).bits(0, 1).unsigned(0).unsigned(0);
            }
            let mut sao = [0; 2];
            if self.sao {
                sao = [
                    chance(4).min(1) as u32,
                    if self.chroma == 0 || !self.sao_chroma { 0 } else { chance(4).min(1) as u32 },
                ];
                w.bits(sao[0], 1);
                if self.chroma != 0 {
                    w.bits(sao[1], 1);
                }
            }
            w.signed(self.qp - 26);
            if self.slice_chroma_qp {
                w.signed(chance(9) - 4).signed(chance(9) - 4);
            }
            if self.picture_range && self.chroma_list.is_some() {
                w.bits(chance(4).min(1) as u32, 1);
            }
            let (overrides, mut off) = self.deblocking.map_or((false, false), |(overrides, off, _)| (overrides, off));
            if overrides {
                let used = chance(2) as u32;
                w.bits(used, 1);
                if used == 1 {
                    off = chance(3) == 0;
                    w.bits(off.into(), 1);
                    if !off {
                        w.signed(chance(13) - 6).signed(chance(13) - 6);
                    }
                }
            }
            if self.across_slices && (sao != [0; 2] || !off) {
                w.bits(chance(2) as u32, 1);
            }
        }
        if self.tiles || self.wavefront {
            // No decoder needs entry points; some ask for their number, which is not known here.
            w.unsigned(0);
        }
        w.end()
    }

    /// Chances that make pictures of every density, and seldom what is out of range. Without `of_all_sizes` no
    /// coefficient is so large that 32 bits do not hold it when it is scaled.
    pub fn chances(&self, random: &mut Random, of_all_sizes: bool) -> Chances {
        let mut contexts = [128; 256];
        let mut of = |range: Range<usize>, least: usize, most: usize| {
            let chance = (least + random.below(most - least)) as u8;
            contexts[range].fill(chance);
        };
        of(0..2, 60, 200);
        of(2..5, 60, 240);
        of(5..6, 60, 200);
        of(8..11, 40, 220);
        of(11..13, 4, 200);
        of(13..18, 4, 160);
        of(18..20, 20, 120);
        of(20..22, 20, 200);
        of(22..58, 40, 200);
        of(58..62, 20, 200);
        of(62..104, 10, 200);
        of(104..134, 5, 150);
        Chances { contexts, pcm: [0, 20, 90][random.below(3)], most_ones: [9, u32::MAX][usize::from(of_all_sizes)] }
    }
}
