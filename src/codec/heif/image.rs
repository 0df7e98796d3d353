//! Derives the primary picture from a file's items: coded pictures, their arrangement, transformations and colour.

use image_ingest_color::ColorDescription;
use image_ingest_hevc::{CodedFormat, DecoderConfiguration, Usability};
use image_ingest_samples::{Cicp, Matrix, Range, Siting, Size, joined};

use super::boxes::{FourCc, malformed, printable, refusal, unsupported};
use super::grid::Grid;
use super::items::Items;
use super::properties::Property;
use super::transform::Transform;
use crate::error::{Error, Result};
use crate::upload::limits::Limits;

/// The primary picture, ready for a header or a decoder.
#[derive(Debug)]
pub(super) struct Picture<'a> {
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
    pub(super) form: Form,
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
        if let Form::Grid(grid) = self.form { grid.columns } else { 1 }
    }
}

/// How coded pictures make up an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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

    /// Whether the conformance window begins elsewhere than in the corner.
    pub(super) fn is_shifted(&self) -> bool {
        self.sequence.shifted
    }
}

impl<'a> Picture<'a> {
    /// Reads everything but pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let items = Items::read(bytes, limits)?;
        let mut resolver = Resolver { items: &items, limits, path: Vec::new(), leaves: Vec::new(), pixels: 0 };
        let primary = resolver.resolve(items.primary)?;
        let leaves = std::mem::take(&mut resolver.leaves);
        let whole = Mosaic { form: primary.form, size: primary.size, leaves };
        resolver.pixels = 0;
        let mut alphas = items.auxiliaries.iter().filter(|&&item| items.properties.is_alpha(item));
        let alpha = alphas.next().map(|&item| resolver.resolve(item)).transpose()?;
        if alphas.next().is_some() {
            return Err(unsupported("several alpha planes"));
        }
        let leaves = std::mem::take(&mut resolver.leaves);
        let alpha = alpha.map(|Resolved { form, size, .. }| Mosaic { form, size, leaves });
        // Many tiles may be one item, and its data is read for each: no more than as many of their own could have.
        let mut bytes = 0u64;
        for leaf in whole.leaves.iter().chain(alpha.iter().flat_map(|alpha| &alpha.leaves)) {
            bytes += items.data(leaf.item)?.iter().map(|extent| extent.len() as u64).sum::<u64>();
            Limits::check("bytes of all tiles", bytes, limits.max_bytes)?;
        }
        let first = whole.leaves.first().ok_or_else(|| malformed("a picture made of nothing"))?;
        let usability = first.sequence.usability;
        let signal = signal(&primary.colour, usability, first.config.chroma_format == 0);
        Ok(Self {
            item: item_name(items.kind(items.primary)?),
            transform: primary.transform,
            color: description(&primary.colour, usability, limits)?,
            matrix: matrix(signal.matrix, first.config.chroma_format)?,
            range: if signal.full_range { Range::Full } else { Range::Limited },
            siting: siting(usability),
            whole,
            alpha,
            items,
        })
    }

    /// The turn that Exif asks for, where nothing else of the file speaks of one. Broken Exif asks for none.
    pub(super) fn exif_orientation_ignored(&self) -> Option<u8> {
        if self.transform.is_said || self.items.is_miaf {
            return None;
        }
        Some(self.items.exif()?.orientation.exif()).filter(|&turn| turn != 1)
    }

    /// All coded pictures, those of the alpha plane last.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf<'a>> {
        self.whole.leaves.iter().chain(self.alpha.iter().flat_map(|alpha| &alpha.leaves))
    }
}

/// One item and what it derives from.
struct Resolved<'a> {
    form: Form,
    size: Size,
    transform: Transform,
    colour: Colour<'a>,
}

/// The `colr` properties of an item.
#[derive(Default, Clone, Copy)]
struct Colour<'a> {
    icc: Option<&'a [u8]>,
    nclx: Option<Cicp>,
}

impl<'a> Colour<'a> {
    fn of(properties: &[Property<'a>]) -> Self {
        let mut colour = Self::default();
        for property in properties {
            match *property {
                Property::Icc(icc) => colour.icc = colour.icc.or(Some(icc)),
                Property::Nclx(nclx) => colour.nclx = colour.nclx.or(Some(nclx)),
                _ => {}
            }
        }
        colour
    }

    fn or(self, other: Self) -> Self {
        if self.icc.is_none() && self.nclx.is_none() { other } else { self }
    }
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
        let properties = self.items.properties.of(id)?;
        let mut resolved = match &self.items.kind(id)? {
            b"hvc1" => self.coded(id, &properties)?,
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

    fn feature(&self, kind: FourCc) -> String {
        let role = if self.path.len() == 1 { "item" } else { "tile or input" };
        format!("{role} coded as {}", printable(kind))
    }

    fn coded(&mut self, item: u32, properties: &[Property<'a>]) -> Result<Resolved<'a>> {
        let size = properties.iter().find_map(|p| if let Property::Size(s) = p { Some(*s) } else { None });
        let config = properties.iter().find_map(|p| if let Property::Config(c) = p { Some(*c) } else { None });
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
        Ok(Resolved { form: Form::Single, size, transform: Transform::none(size), colour: Colour::default() })
    }

    /// Tiles may reach over the edge, but what is decoded stays in proportion.
    fn count(&mut self, size: Size) -> Result<()> {
        self.pixels = self.pixels.saturating_add(size.pixels());
        let (limit, actual) = (self.limits.max_pixels.saturating_mul(2), self.pixels);
        if actual > limit { Err(Error::TooManyPixels { what: "pixels of all tiles", limit, actual }) } else { Ok(()) }
    }

    fn grid(&mut self, id: u32) -> Result<Resolved<'a>> {
        let grid = Grid::read(self.payload(id)?)?;
        let size = self.checked(grid.output)?;
        let inputs = self.inputs(id)?;
        if inputs.len() as u64 != u64::from(grid.columns) * u64::from(grid.rows) {
            return Err(malformed("a grid with another number of tiles than its rows and columns say"));
        }
        let start = self.leaves.len();
        let mut colour = Colour::default();
        for (index, &tile) in inputs.iter().enumerate() {
            let resolved = self.resolve(tile)?;
            if resolved.form != Form::Single || !resolved.transform.is_none(resolved.size) {
                return Err(unsupported("a grid of derived or turned tiles"));
            }
            if index == 0 {
                colour = resolved.colour;
            }
        }
        self.check_tiles(&grid, self.leaves.get(start..).unwrap_or_default())?;
        Ok(Resolved { form: Form::Grid(grid), size, transform: Transform::none(size), colour })
    }

    fn check_tiles(&self, grid: &Grid, tiles: &[Leaf<'_>]) -> Result<()> {
        let layout = |leaf: &Leaf<'_>| (leaf.size, leaf.config.chroma_format, leaf.config.bit_depth);
        let first = tiles.first().ok_or_else(|| malformed("a grid without tiles"))?;
        if !tiles.iter().all(|tile| layout(tile) == layout(first)) {
            return Err(malformed("a grid of different tiles"));
        }
        grid.check(first.size, subsampling(first.config.chroma_format).unwrap_or((1, 1)))
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
        match *self.items.data(id)? {
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

fn item_name(kind: FourCc) -> &'static str {
    match &kind {
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

/// ICC profile, else `nclx`, else the bitstream's word, else sRGB.
fn description(colour: &Colour<'_>, usability: Usability, limits: &Limits) -> Result<ColorDescription> {
    let fits = |icc: &&[u8]| !icc.is_empty() && icc.len() as u64 <= limits.max_icc_bytes;
    Ok(match (colour.icc.filter(fits), colour.nclx.or(usability.cicp)) {
        (Some(icc), _) => ColorDescription::Icc(joined(&[icc])?.into()),
        (None, Some(cicp)) => ColorDescription::Cicp(cicp),
        (None, None) => ColorDescription::Srgb,
    })
}

/// `nclx`, else the bitstream's word. A bitstream that is silent about its range is of limited range (ITU-T H.265 § E.3.1),
/// which its encoders meant; luma alone is full range all the same, as libheif and its writers have it.
fn signal(colour: &Colour<'_>, usability: Usability, gray: bool) -> Cicp {
    let full_range = usability.full_range.unwrap_or(gray);
    let unspecified = Cicp { primaries: 2, transfer: 2, matrix: 2, full_range };
    colour.nclx.or(usability.cicp).unwrap_or(unspecified)
}

/// The matrix of planes (ITU-T H.273, table 4). Unspecified is BT.601. Luma alone needs none.
fn matrix(coefficients: u16, chroma_format: u8) -> Result<Matrix> {
    match coefficients {
        _ if chroma_format == 0 => Ok(Matrix::Bt601),
        1 => Ok(Matrix::Bt709),
        2 | 5 | 6 => Ok(Matrix::Bt601),
        9 => Ok(Matrix::Bt2020),
        other => Err(unsupported(format!("matrix coefficients {other}"))),
    }
}

/// ITU-T H.265 § E.3.1, figure E.1; the three bottom positions have no name here and take their nearest.
fn siting(usability: Usability) -> Siting {
    match usability.chroma_location {
        Some(1 | 3 | 5) => Siting::Centred,
        Some(2) => Siting::TopLeft,
        _ => Siting::Left,
    }
}
