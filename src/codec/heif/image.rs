//! Derives the primary picture from a file's items: coded pictures, their arrangement, transformations and colour.

use image_ingest_color::ColorDescription;
use image_ingest_heif::{FourCc, Grid, HeifLimits, Items, Property, printable};
use image_ingest_hevc::{CodedFormat, DecoderConfiguration};
use image_ingest_samples::{Matrix, Range, Siting, Size};

use super::colour::{Colour, description, matrix, signal, siting};
use super::refusal::{malformed, refusal, unsupported};
use super::transform::Transform;
use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::upload::limits::Limits;

/// The primary picture, ready for a header or a decoder.
#[derive(Debug)]
pub(super) struct PrimaryPicture<'a> {
    pub(super) items: Items<'a>,
    /// `"hvc1"`, `"grid"` or `"iden"`.
    pub(super) item: &'static str,
    pub(super) transform: Transform,
    /// What the primary item is made of.
    pub(super) whole: Mosaic<'a>,
    /// What its alpha plane is made of.
    pub(super) alpha: Option<Mosaic<'a>>,
    pub(super) color: ColorDescription,
    /// What the conversion from Y′CbCr uses.
    pub(super) matrix: Matrix,
    pub(super) range: Range,
    pub(super) siting: Siting,
}

/// Coded pictures, and the picture or plane that they make up.
#[derive(Debug)]
pub(super) struct Mosaic<'a> {
    pub(super) arrangement: Arrangement,
    pub(super) size: Size,
    /// At least one.
    pub(super) leaves: Vec<Leaf<'a>>,
}

impl Mosaic<'_> {
    /// The chroma format of its coded pictures as subsampling factors; `None` for luma alone.
    pub(super) fn subsampling(&self) -> Option<(u8, u8)> {
        self.leaves.first().and_then(|leaf| subsampling(leaf.config.chroma_format))
    }

    /// Bits per sample of its coded pictures.
    pub(super) fn bit_depth(&self) -> u8 {
        self.leaves.first().map_or(8, |leaf| leaf.config.bit_depth)
    }

    /// Where tile `index` lies in the whole, and how much of it is shown there.
    ///
    /// # Errors
    ///
    /// `internal` for a tile outside the whole, which the probe refuses.
    pub(super) fn place(&self, index: usize, tile: &Leaf<'_>) -> Result<((u32, u32), Size)> {
        let misplaced = || Error::internal("a tile outside its picture");
        let index = u32::try_from(index).map_err(|_| misplaced())?;
        let (column, row) = (index % self.columns().max(1), index / self.columns().max(1));
        let along = |place: u32, tile: u32, whole: u32| {
            let start = place.checked_mul(tile)?;
            Some((start, whole.checked_sub(start)?.min(tile)))
        };
        let (x, width) = along(column, tile.size.width, self.size.width).ok_or_else(misplaced)?;
        let (y, height) = along(row, tile.size.height, self.size.height).ok_or_else(misplaced)?;
        Ok(((x, y), Size::new(width, height)))
    }

    /// Of tiles in a row.
    pub(super) fn columns(&self) -> u32 {
        if let Arrangement::Grid(grid) = self.arrangement { grid.columns } else { 1 }
    }
}

/// How coded pictures make up an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    Single,
    Grid(Grid),
}

/// One coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    pub(super) item: u32,
    pub(super) size: Size,
    pub(super) config: DecoderConfiguration<'a>,
    sequence: CodedFormat,
}

impl Leaf<'_> {
    /// Before the conformance window.
    pub(super) fn coded_size(&self) -> Size {
        self.sequence.coded
    }
}

impl<'a> PrimaryPicture<'a> {
    /// Reads everything but pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let structure = HeifLimits {
            depth: limits.max_heif_depth,
            items: limits.max_heif_items,
            tiles: limits.max_heif_tiles,
            extents: limits.max_heif_extents,
        };
        let items = Items::read(bytes, &structure).map_err(refusal)?;
        let mut resolver = Resolver { items: &items, limits, path: Vec::new(), leaves: Vec::new(), pixels: 0 };
        let primary = resolver.resolve(items.primary)?;
        let leaves = std::mem::take(&mut resolver.leaves);
        let whole = Mosaic { arrangement: primary.arrangement, size: primary.size, leaves };
        resolver.pixels = 0;
        let alphas: Vec<u32> = items.alpha_planes().collect();
        let alpha = alphas.first().map(|&item| resolver.resolve(item)).transpose()?;
        if alphas.len() > 1 {
            return Err(unsupported("several alpha planes"));
        }
        let leaves = std::mem::take(&mut resolver.leaves);
        let alpha = alpha.map(|Resolved { arrangement, size, .. }| Mosaic { arrangement, size, leaves });
        // Many tiles may be one item, whose data is read for each of them. Together they may not read more bytes than
        // an upload may have.
        let mut bytes = 0u64;
        for leaf in whole.leaves.iter().chain(alpha.iter().flat_map(|alpha| &alpha.leaves)) {
            let extents = items.data(leaf.item).map_err(refusal)?;
            bytes += extents.iter().map(|extent| extent.len() as u64).sum::<u64>();
            Limits::check("bytes of all tiles", bytes, limits.max_bytes)?;
        }
        let first = whole.leaves.first().ok_or_else(|| malformed("a picture made of nothing"))?;
        let usability = first.sequence.usability;
        let signal = signal(&primary.colour, usability, first.config.chroma_format == 0);
        Ok(Self {
            item: item_name(items.item_type(items.primary).map_err(refusal)?),
            transform: primary.transform,
            color: description(&primary.colour, usability, limits)?,
            matrix: matrix(signal, (first.config.chroma_format, first.config.bit_depth))?,
            range: if signal.full_range { Range::Full } else { Range::Limited },
            siting: siting(usability),
            whole,
            alpha,
            items,
        })
    }

    /// The turn that Exif asks for, where neither a transformation nor MIAF's brand decides it. Broken Exif asks for
    /// none.
    pub(super) fn exif_orientation_ignored(&self) -> Option<u8> {
        if self.transform.is_said || self.items.is_miaf {
            return None;
        }
        Some(self.exif()?.orientation.exif()).filter(|&turn| turn != 1)
    }

    /// What Exif says of the primary item (ISO/IEC 23008-12 annex A.2.1): four bytes tell how many more stand before
    /// it.
    fn exif(&self) -> Option<Exif> {
        let (skipped, rest) = self.items.exif()?.split_first_chunk()?;
        let skipped = usize::try_from(u32::from_be_bytes(*skipped)).ok()?;
        Exif::parse(rest.get(skipped..)?).or_else(|| Exif::parse(rest))
    }

    /// All coded pictures, those of the alpha plane last.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf<'a>> {
        self.whole.leaves.iter().chain(self.alpha.iter().flat_map(|alpha| &alpha.leaves))
    }
}

/// One item and what it derives from.
struct Resolved<'a> {
    arrangement: Arrangement,
    size: Size,
    transform: Transform,
    colour: Colour<'a>,
}

/// Follows `dimg` references down to coded pictures, collecting them.
struct Resolver<'i, 'a> {
    items: &'i Items<'a>,
    limits: &'i Limits,
    path: Vec<u32>,
    leaves: Vec<Leaf<'a>>,
    /// Of all leaves.
    pixels: u64,
}

impl<'i, 'a> Resolver<'i, 'a> {
    fn resolve(&mut self, id: u32) -> Result<Resolved<'a>> {
        if self.path.contains(&id) {
            return Err(malformed("derived items refer to each other in a circle"));
        }
        self.path.push(id);
        Limits::check("derivation depth", self.path.len() as u64, u64::from(self.limits.max_heif_depth))?;
        let (properties, config) = self.properties(id)?;
        let mut resolved = match &self.items.item_type(id).map_err(refusal)? {
            b"hvc1" => self.coded(id, &properties, config)?,
            b"grid" => self.grid(id)?,
            b"iovl" => return Err(unsupported("an overlay of pictures (iovl)")),
            b"iden" => self.identity(id)?,
            other => return Err(unsupported(self.feature(*other))),
        };
        resolved.transform = resolved.transform.then(&properties)?;
        resolved.colour = Colour::of(&properties).or(resolved.colour);
        self.path.pop();
        Ok(resolved)
    }

    /// The properties of an item, and the first of its decoder configurations. The others are read, too: a file with
    /// one that is damaged is refused.
    fn properties(&self, id: u32) -> Result<(Vec<Property<'a>>, Option<DecoderConfiguration<'a>>)> {
        let (mut properties, mut first) = (Vec::new(), None);
        for property in self.items.properties(id) {
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
        Limits::check("tiles", self.leaves.len() as u64 + 1, u64::from(self.limits.max_heif_tiles))?;
        self.count(sequence.coded)?;
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

fn item_name(item_type: FourCc) -> &'static str {
    match &item_type {
        b"grid" => "grid",
        b"iden" => "iden",
        _ => "hvc1",
    }
}

fn subsampling(chroma_format: u8) -> Option<(u8, u8)> {
    match chroma_format {
        0 => None,
        1 => Some((2, 2)),
        2 => Some((2, 1)),
        _ => Some((1, 1)),
    }
}
