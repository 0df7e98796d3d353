//! Where the blocks of a progressive frame lie, and what scans have brought of them so far, whatever form they are held in.

use crate::frame::DctFrame;
use crate::precision::Precision;
use crate::tables::ScanStart;

/// The blocks of all components.
#[derive(Default)]
pub(crate) struct BlockLayout {
    components: Vec<ComponentBlocks>,
    /// MCUs of all components, across and down.
    mcus: (u32, u32),
}

/// The blocks of one component, row by row. There are as many as whole MCUs have, so a block of any scan exists.
pub(crate) struct ComponentBlocks {
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Blocks in a row.
    pub(crate) across: usize,
    /// Rows of blocks.
    pub(crate) down: usize,
    /// Blocks of a scan of this component alone, across and down (§ A.2.2): those that hold samples of the picture.
    pub(crate) own: (usize, usize),
    pub(crate) precision: Precision,
}

impl BlockLayout {
    /// The blocks of `rows` rows of MCUs of a frame, of which nothing is known.
    pub(crate) fn new(frame: &DctFrame, rows: u32) -> Self {
        let mcus = frame.mcus();
        let components = frame.components.iter().map(|component| {
            let size = frame.component_blocks(component);
            ComponentBlocks {
                h: component.h as usize,
                v: component.v as usize,
                across: (mcus.0 * component.h) as usize,
                down: (rows * component.v) as usize,
                own: (size.width as usize, size.height as usize),
                precision: Precision::default(),
            }
        });
        Self { components: components.collect(), mcus }
    }

    /// The blocks of a component.
    #[inline(always)]
    pub(crate) fn of(&self, component: usize) -> &ComponentBlocks {
        &self.components[component]
    }

    /// The components of a frame, in its order.
    pub(crate) fn components(&self) -> impl Iterator<Item = &ComponentBlocks> {
        self.components.iter()
    }

    /// Notes what a scan will bring. Returns false if that contradicts the scans before it.
    pub(crate) fn expect(&mut self, start: &ScanStart<'_>) -> bool {
        let mut indices = start.components.iter().map(|component| component.index);
        indices.all(|index| self.components[index].precision.refine(start.spectrum, start.approximation))
    }

    /// Whether every bit of every coefficient is known.
    pub(crate) fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.precision.is_full())
    }

    /// The MCUs, across and down, of a scan of the components with these indices. An MCU of one component is a block.
    pub(crate) fn mcus_of(&self, components: &[usize]) -> (usize, usize) {
        if let [only] = *components { self.components[only].own } else { (self.mcus.0 as usize, self.mcus.1 as usize) }
    }
}

impl ComponentBlocks {
    /// All of them.
    pub(crate) fn count(&self) -> usize {
        self.across * self.down
    }
}
