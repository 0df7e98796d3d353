//! Follows a derived item down to the coded pictures that it is made of (ISO/IEC 23008-12 § 6.6).

use image_ingest_heif::{FourCc, Grid, Items, Overlay, Property, Transform, printable};
use image_ingest_hevc::DecoderConfiguration;
use image_ingest_samples::{CpuTimer, Range, Size, reserve};

use super::colour::{Colour, matrix, signal, siting};
use super::mosaic::{Arrangement, Leaf, Mosaic, subsampling};
use super::picture::{HeifPicture, Layer, LayeredPicture, PictureContent};
use super::refusal::{malformed, refusal, unsupported};
use crate::error::{Error, Result};
use crate::upload::limits::Limits;

/// One item and what it derives from.
struct Resolved<'a> {
    arrangement: Arrangement,
    size: Size,
    transform: Transform,
    colour: Colour<'a>,
}

/// An item with all that it is made of.
pub(super) struct ResolvedItem<'a> {
    pub(super) content: PictureContent<'a>,
    /// Before the transformations.
    pub(super) size: Size,
    pub(super) transform: Transform,
    pub(super) colour: Colour<'a>,
    /// Of coded pictures whose data lie in several extents.
    pub(super) joined_bytes: u64,
}

/// Follows `dimg` references down to coded pictures, collecting them.
pub(super) struct Resolver<'i, 'a> {
    items: &'i Items<'a>,
    limits: &'i Limits,
    timer: &'i CpuTimer<'i>,
    path: Vec<u32>,
    leaves: Vec<Leaf<'a>>,
    /// Of an overlay that was met.
    layers: Vec<Layer<'a>>,
    may_overlay: bool,
    /// Of all leaves.
    tiles: u64,
    pixels: u64,
    /// Of the data of all pictures that are done.
    bytes: u64,
    /// Of the data in several extents among them.
    joined_bytes: u64,
    /// Items that were followed, each as often as it was.
    followed: u64,
}

impl<'i, 'a> Resolver<'i, 'a> {
    pub(super) fn new(items: &'i Items<'a>, limits: &'i Limits, timer: &'i CpuTimer<'i>) -> Self {
        Self {
            items,
            limits,
            timer,
            path: Vec::new(),
            leaves: Vec::new(),
            layers: Vec::new(),
            may_overlay: true,
            tiles: 0,
            pixels: 0,
            bytes: 0,
            joined_bytes: 0,
            followed: 0,
        }
    }

    /// Follows an item to the coded pictures that it is made of.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(super) fn item(mut self, id: u32) -> Result<ResolvedItem<'a>> {
        let resolved = self.resolve(id)?;
        let content = match resolved.arrangement {
            Arrangement::Overlay { fill } => {
                PictureContent::Layers(LayeredPicture { fill, layers: std::mem::take(&mut self.layers) })
            }
            Arrangement::Single | Arrangement::Grid(_) => PictureContent::Picture(self.picture(id, &resolved)?),
        };
        let joined_bytes = self.joined_bytes;
        let Resolved { size, transform, colour, .. } = resolved;
        Ok(ResolvedItem { content, size, transform, colour, joined_bytes })
    }

    /// The item that was resolved last, with its alpha plane.
    fn picture(&mut self, id: u32, resolved: &Resolved<'a>) -> Result<HeifPicture<'a>> {
        let leaves = std::mem::take(&mut self.leaves);
        let first = *leaves.first().ok_or_else(|| malformed("a picture made of nothing"))?;
        let whole = Mosaic { arrangement: resolved.arrangement, size: resolved.size, leaves };
        self.count_bytes(&whole)?;
        let usability = first.usability();
        let signal = signal(&resolved.colour, usability, first.config.chroma_format == 0);
        Ok(HeifPicture {
            whole,
            alpha: self.alpha(id)?,
            is_premultiplied: self.items.is_premultiplied(id),
            matrix: matrix(signal, (first.config.chroma_format, first.config.bit_depth))?,
            range: if signal.full_range { Range::Full } else { Range::Limited },
            siting: siting(usability),
        })
    }

    /// The alpha plane may have as many pixels as the picture may have. Those of layers count together with them.
    fn alpha(&mut self, id: u32) -> Result<Option<Mosaic<'a>>> {
        let mut planes = self.items.alpha_planes(id);
        let Some(plane) = planes.next() else { return Ok(None) };
        let several = planes.next().is_some();
        let may_overlay = std::mem::replace(&mut self.may_overlay, false);
        if may_overlay {
            (self.tiles, self.pixels) = (0, 0);
        }
        let Resolved { arrangement, size, .. } = self.resolve(plane)?;
        if several {
            return Err(unsupported("several alpha planes"));
        }
        let alpha = Mosaic { arrangement, size, leaves: std::mem::take(&mut self.leaves) };
        self.count_bytes(&alpha)?;
        Ok(Some(alpha))
    }

    /// Many tiles may be one item, whose data is read for each of them. Together they may not read more bytes than an
    /// upload may have.
    fn count_bytes(&mut self, mosaic: &Mosaic<'_>) -> Result<()> {
        for leaf in &mosaic.leaves {
            let extents = self.items.data(leaf.item).map_err(refusal)?;
            let len = extents.iter().map(|extent| extent.len() as u64).sum::<u64>();
            self.bytes += len;
            self.joined_bytes += if extents.len() > 1 { len } else { 0 };
            Limits::check("bytes of all tiles", self.bytes, self.limits.max_bytes)?;
        }
        Ok(())
    }

    fn resolve(&mut self, id: u32) -> Result<Resolved<'a>> {
        if self.path.contains(&id) {
            return Err(malformed("derived items refer to each other in a circle"));
        }
        self.path.push(id);
        Limits::check("derivation depth", self.path.len() as u64, u64::from(self.limits.max_heif_depth))?;
        // Each tile, or layer with its alpha plane, may stand behind an identity, and few do.
        self.followed += 1;
        Limits::check("derived items and tiles", self.followed, 4 * u64::from(self.limits.max_heif_tiles))?;
        let (properties, config) = self.properties(id)?;
        let mut resolved = match &self.items.item_type(id).map_err(refusal)? {
            b"hvc1" => self.coded(id, &properties, config)?,
            b"grid" => self.grid(id)?,
            b"iovl" => self.overlay(id)?,
            b"iden" => self.identity(id)?,
            other => return Err(unsupported(self.feature(*other))),
        };
        resolved.transform = resolved.transform.then(&properties).map_err(refusal)?;
        resolved.colour = Colour::of(&properties).or(resolved.colour);
        self.path.pop();
        Ok(resolved)
    }

    /// The properties of an item, and the first of its decoder configurations. The others are read, too: a file with
    /// one that is damaged is refused.
    fn properties(&self, id: u32) -> Result<(Vec<Property<'a>>, Option<DecoderConfiguration<'a>>)> {
        let (mut properties, mut first) = (Vec::new(), None);
        for property in self.items.properties(id) {
            // Each may be a configuration of many parameter sets.
            self.timer.check()?;
            let property = property.map_err(refusal)?;
            if let Property::HevcConfiguration(payload) = property {
                let config = DecoderConfiguration::read(payload).map_err(refusal)?;
                first = first.or(Some(config));
            }
            properties.push(property);
        }
        Ok((properties, first))
    }

    fn feature(&self, item_type: FourCc) -> String {
        let role = if self.path.len() == 1 { "item" } else { "tile or input" };
        format!("{role} coded as {}", printable(item_type))
    }

    fn coded(
        &mut self,
        item: u32,
        properties: &[Property<'a>],
        config: Option<DecoderConfiguration<'a>>,
    ) -> Result<Resolved<'a>> {
        let size = properties.iter().find_map(|p| if let Property::Size(s) = p { Some(*s) } else { None });
        let size = self.checked(size.ok_or_else(|| malformed("a coded item without its size"))?)?;
        let config = config.ok_or_else(|| malformed("a coded item without its configuration"))?;
        // Tiles share their configuration: read it once.
        let sequence = match self.leaves.last() {
            Some(last) if last.config == config => last.sequence,
            _ => config.sequence().map_err(refusal)?,
        };
        if sequence.size != size {
            return Err(malformed("an item's size is not that of its coded picture"));
        }
        self.tiles += 1;
        Limits::check("tiles", self.tiles, u64::from(self.limits.max_heif_tiles))?;
        self.count(sequence.coded)?;
        reserve(&mut self.leaves, 1)?;
        self.leaves.push(Leaf { item, size, config, sequence });
        Ok(Resolved {
            arrangement: Arrangement::Single,
            size,
            transform: Transform::none(size),
            colour: Colour::default(),
        })
    }

    /// Tiles may reach over the edge of their grid, so all leaves together may have twice the pixels that a picture may
    /// have.
    fn count(&mut self, size: Size) -> Result<()> {
        self.pixels = self.pixels.saturating_add(size.pixels());
        let (limit, actual) = (self.limits.max_pixels.saturating_mul(2), self.pixels);
        if actual > limit { Err(Error::TooManyPixels { what: "pixels of all tiles", limit, actual }) } else { Ok(()) }
    }

    fn grid(&mut self, id: u32) -> Result<Resolved<'a>> {
        let grid = Grid::read(self.payload(id)?).map_err(refusal)?;
        let size = self.checked(grid.output)?;
        let inputs = self.inputs(id)?;
        if inputs.len() as u64 != u64::from(grid.columns) * u64::from(grid.rows) {
            return Err(malformed("a grid with another number of tiles than its rows and columns say"));
        }
        let start = self.leaves.len();
        let mut colour = Colour::default();
        for (index, &tile) in inputs.iter().enumerate() {
            let resolved = self.resolve(tile)?;
            if resolved.arrangement != Arrangement::Single || !resolved.transform.is_none(resolved.size) {
                return Err(unsupported("a grid of derived or turned tiles"));
            }
            if index == 0 {
                colour = resolved.colour;
            }
        }
        self.check_tiles(&grid, self.leaves.get(start..).unwrap_or_default())?;
        Ok(Resolved { arrangement: Arrangement::Grid(grid), size, transform: Transform::none(size), colour })
    }

    fn check_tiles(&self, grid: &Grid, tiles: &[Leaf<'_>]) -> Result<()> {
        let layout = |leaf: &Leaf<'_>| (leaf.size, leaf.config.chroma_format, leaf.config.bit_depth);
        let first = tiles.first().ok_or_else(|| malformed("a grid without tiles"))?;
        if !tiles.iter().all(|tile| layout(tile) == layout(first)) {
            return Err(malformed("a grid of different tiles"));
        }
        grid.check(first.size, subsampling(first.config.chroma_format).unwrap_or((1, 1))).map_err(refusal)
    }

    fn overlay(&mut self, id: u32) -> Result<Resolved<'a>> {
        if !std::mem::replace(&mut self.may_overlay, false) {
            return Err(unsupported("an overlay within another picture"));
        }
        let inputs = self.inputs(id)?;
        let overlay = Overlay::read(self.payload(id)?, inputs.len()).map_err(refusal)?;
        let size = self.checked(overlay.output)?;
        let mut colour = Colour::default();
        for (&input, &offset) in inputs.iter().zip(&overlay.offsets) {
            let resolved = self.resolve(input)?;
            let picture = self.picture(input, &resolved)?;
            reserve(&mut self.layers, 1)?;
            self.layers.push(Layer { picture, transform: resolved.transform, offset });
            if self.layers.len() == 1 {
                colour = resolved.colour;
            }
        }
        let (arrangement, transform) = (Arrangement::Overlay { fill: overlay.fill }, Transform::none(size));
        Ok(Resolved { arrangement, size, transform, colour })
    }

    fn identity(&mut self, id: u32) -> Result<Resolved<'a>> {
        match *self.inputs(id)? {
            [source] => self.resolve(source),
            _ => Err(malformed("an identity of more than one picture")),
        }
    }

    fn inputs(&self, id: u32) -> Result<&'i [u32]> {
        match self.items.inputs(id) {
            [] => Err(malformed("a derived item without inputs")),
            inputs => Ok(inputs),
        }
    }

    /// The payload of a derived item, from the one extent that such small payloads have.
    fn payload(&self, id: u32) -> Result<&'a [u8]> {
        match *self.items.data(id).map_err(refusal)? {
            [whole] => Ok(whole),
            _ => Err(unsupported("a derived item in several extents")),
        }
    }

    fn checked(&self, size: Size) -> Result<Size> {
        if size.width == 0 || size.height == 0 {
            return Err(malformed("a picture without pixels"));
        }
        self.limits.check_size(size)?;
        Ok(size)
    }
}
