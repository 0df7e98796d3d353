//! Makes interleaved rows from the rows of components, which a decoder gives a row of MCUs at a time.
//!
//! Each component has a window of its rows. A row of the picture is made as soon as every window holds the rows that it
//! needs. A frame whose scans hold all components fills the windows together, so they hold little more than a row of
//! MCUs. Where components come one after the other, a window has room for the whole component.

use image_ingest_samples::{CpuTimer, DecodeError, zeroed};

use crate::convert::InterleavedColor;
use crate::frame::{DctComponent, DctFrame};
use crate::memory::zeroed_in_pieces;
use crate::result::Result;
use crate::upsample::Upsampling;

/// The rows of all components that the next row of the picture is made of, and that row.
pub(crate) struct Interleaver {
    windows: Vec<RowWindow>,
    color: InterleavedColor,
    /// The rows of the picture, and the next of them.
    height: usize,
    y: usize,
    /// The row that was made last.
    pub(crate) row: Vec<u8>,
}

/// Some successive rows of a component.
struct RowWindow {
    /// Samples between the starts of rows.
    stride: usize,
    /// The rows that are held, and room behind them.
    samples: Vec<u8>,
    /// The first row that is held, and the number of those.
    first: usize,
    count: usize,
    /// The size of the component.
    width: usize,
    height: usize,
    upsampling: Upsampling,
    /// An upsampled row; empty where the component has the picture's size.
    upsampled: Vec<u8>,
    /// A row on the way; empty unless both directions are upsampled.
    sums: Vec<u16>,
}

impl Interleaver {
    /// Windows for a frame whose components have blocks of `sides` samples per side. `is_whole` says that components may
    /// come one after the other.
    ///
    /// # Errors
    ///
    /// `unsupported` for a component whose samples stand in no whole proportion to the picture's; `out_of_memory`,
    /// `deadline`, `cancelled`.
    pub(crate) fn new(
        frame: &DctFrame,
        sides: [usize; 4],
        color: InterleavedColor,
        is_whole: bool,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        // The picture is a component that has the largest sampling factors.
        let least = sides.into_iter().take(frame.components.len()).min().unwrap_or(1);
        let (h, v) = frame.max_sampling();
        let size = frame.component_size(&DctComponent { id: 0, h, v, quantiser: 0, table: None }, least);
        let window = |(component, side): (&DctComponent, usize)| {
            RowWindow::new(frame, component, (side, least), size.width as usize, is_whole, timer)
        };
        let windows = frame.components.iter().zip(sides).map(window).collect::<Result<_>>()?;
        let row = zeroed(size.width as usize * color.channels())?;
        Ok(Self { windows, color, height: size.height as usize, y: 0, row })
    }

    /// Adds rows of the component `plane`; `None` where they do not fit.
    pub(crate) fn take(&mut self, plane: usize, rows: &[u8], stride: usize) -> Option<()> {
        self.windows.get_mut(plane)?.take(rows, stride, self.y)
    }

    /// Whether every row is there that the next row of the picture is made of.
    pub(crate) fn has_row(&self) -> bool {
        self.y < self.height && self.windows.iter().all(|window| window.holds(self.y))
    }

    /// Makes the next row of the picture.
    #[inline(always)]
    pub(crate) fn convert_row(&mut self) {
        let y = self.y;
        self.windows.iter_mut().for_each(|window| window.upsample(y));
        let row = |index: usize| self.windows.get(index).map_or(&[][..], |window| window.row(y));
        self.color.convert([row(0), row(1), row(2), row(3)], &mut self.row);
        self.y += 1;
    }
}

impl RowWindow {
    /// A window for a component whose blocks have `side` samples per side, in a picture whose blocks have `least`.
    fn new(
        frame: &DctFrame,
        component: &DctComponent,
        (side, least): (usize, usize),
        picture_width: usize,
        is_whole: bool,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let (max, size) = (frame.max_sampling(), frame.component_size(component, side));
        let (width, height) = (size.width as usize, size.height as usize);
        let group = ((component.h as usize * side) / least, (component.v as usize * side) / least);
        let upsampling = Upsampling::new(group, (max.0 as usize, max.1 as usize), width, least > 1);
        let upsampling = upsampling.ok_or_else(|| DecodeError::unsupported("JPEG with fractional sampling"))?;
        let stride = (frame.mcus().0 * component.h) as usize * side;
        // A row of MCUs, and the rows before it that wait for the row below them: two at most.
        let rows = if is_whole { height } else { component.v as usize * side + ROWS_BEFORE };
        let (room, sums) = match upsampling {
            Upsampling::Whole => (0, 0),
            Upsampling::Both => (2 * width, width),
            Upsampling::Repeat(times, _) => (times * width, 0),
            Upsampling::Across => (2 * width, 0),
            Upsampling::Down => (width, 0),
        };
        let samples = zeroed_in_pieces(rows * stride, timer)?;
        let (upsampled, sums) = (zeroed(room.max(picture_width))?, zeroed(sums)?);
        Ok(Self { stride, samples, first: 0, count: 0, width, height, upsampling, upsampled, sums })
    }

    /// Adds rows behind those that are held. Where there is no room, it drops the rows that neither the row `y` of the
    /// picture nor a later one is made of.
    fn take(&mut self, rows: &[u8], stride: usize, y: usize) -> Option<()> {
        if stride != self.stride || !rows.len().is_multiple_of(stride.max(1)) {
            return None;
        }
        if self.samples.len() < self.count * stride + rows.len() {
            let (near, far) = self.upsampling.rows(y, self.height);
            let needless = near.min(far).saturating_sub(self.first).min(self.count);
            self.samples.copy_within(needless * stride..self.count * stride, 0);
            (self.first, self.count) = (self.first + needless, self.count - needless);
        }
        self.samples.get_mut(self.count * stride..)?.get_mut(..rows.len())?.copy_from_slice(rows);
        self.count += rows.len() / stride.max(1);
        Some(())
    }

    fn holds(&self, y: usize) -> bool {
        let (near, far) = self.upsampling.rows(y, self.height);
        near.max(far) < self.first + self.count
    }

    /// All samples of the row `y` of the component, which is held.
    fn stored(&self, y: usize) -> &[u8] {
        &self.samples[(y - self.first) * self.stride..][..self.width]
    }

    /// Makes the row `y` of the picture from the rows of the component.
    #[inline(always)]
    fn upsample(&mut self, y: usize) {
        if self.upsampling == Upsampling::Whole {
            return;
        }
        let (near, far) = self.upsampling.rows(y, self.height);
        let (mut out, mut sums) = (std::mem::take(&mut self.upsampled), std::mem::take(&mut self.sums));
        self.upsampling.row(y, self.stored(near), self.stored(far), &mut sums, &mut out);
        (self.upsampled, self.sums) = (out, sums);
    }

    /// The component's samples for the row `y` of the picture, at least as many as that is wide.
    fn row(&self, y: usize) -> &[u8] {
        if self.upsampling == Upsampling::Whole { self.stored(y) } else { &self.upsampled }
    }
}

/// Rows that a window holds in addition to a row of MCUs: the nearest and the next nearest of the row of the picture
/// that waits, and those of the component that has most of them left.
const ROWS_BEFORE: usize = 4;
