//! Decodes the primary image of a file by our crates, and composes its planes.

use image_ingest::header::Coding;
use image_ingest::{Ingest, Limits};
use image_ingest_heif::{Grid, HeifLimits, Items, Property};
use image_ingest_hevc::{CodedPicture, DecodedPicture, DecoderConfiguration, InLoopFilters, TiledPlanes, decode};
use image_ingest_samples::{CpuTimer, DecodeError, PictureView, PlaneView, Size, chroma_size};

/// The primary image as our crates see it.
pub struct OurPicture {
    /// After its transformations.
    pub displayed: Size,
    pub is_premultiplied: bool,
    /// Before its transformations; `None` for an overlay, which has no planes of its own.
    pub planes: Option<ComposedPlanes>,
    /// The item of its alpha plane, and what that item shows before its transformations.
    pub alpha: Option<(u32, ComposedPlanes)>,
}

impl OurPicture {
    /// Reads the header by the library, and decodes the primary item and its alpha plane.
    ///
    /// # Errors
    ///
    /// What the library or a decoder refuses.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let mut limits = Limits::default();
        (limits.max_bytes, limits.max_memory_bytes) = (u64::MAX, u64::MAX);
        let text = |error: image_ingest::Error| error.to_string();
        let ingest = Ingest::builder().limits(limits).build().map_err(text)?;
        let source = ingest.source(file.to_vec()).map_err(text)?;
        let header = ingest.inspect(&source).map_err(text)?.header;
        let Coding::Hevc { largest_layer, .. } = header.coding else {
            return Err(format!("a file of the format {}", header.format));
        };
        let (timer, text) = (CpuTimer::default(), |error: DecodeError| error.to_string());
        let structure = HeifLimits { depth: 16, items: 4096, tiles: 4096, extents: 4096 };
        let items = Items::read(file, &structure, &timer).map_err(text)?;
        let (mut planes, mut alpha) = (None, None);
        if largest_layer.is_none() {
            planes = Some(compose(&items, items.primary, &timer).map_err(text)?);
            if let Some(item) = items.alpha_planes(items.primary).next() {
                alpha = Some((item, compose(&items, item, &timer).map_err(text)?));
            }
        }
        Ok(Self { displayed: header.size(), is_premultiplied: items.is_premultiplied(items.primary), planes, alpha })
    }
}

/// The planes of an item.
pub struct ComposedPlanes {
    size: Size,
    /// Factors across and down; `None` for luma alone.
    subsampling: Option<(u8, u8)>,
    bit_depth: u8,
    planes: TiledPlanes,
}

impl ComposedPlanes {
    /// A view of the planes.
    pub fn view(&self) -> PictureView<'_> {
        std::array::from_fn(|channel| {
            let size = if channel == 0 { self.size } else { chroma_size(self.size, self.subsampling?) };
            let (width, height) = (usize::try_from(size.width).ok()?, usize::try_from(size.height).ok()?);
            PlaneView::of(self.planes.plane(channel)?, width, height, self.bit_depth)
        })
    }
}

/// Composes the planes of a coded item, or of a grid of such items, through identities.
fn compose(items: &Items<'_>, item: u32, timer: &CpuTimer<'_>) -> Result<ComposedPlanes, DecodeError> {
    let item = behind_identities(items, item)?;
    let (tiles, grid) = match &items.item_type(item)? {
        b"grid" => (items.inputs(item), Some(Grid::read(&items.data(item)?.concat())?)),
        _ => (&[item][..], None),
    };
    let mut composed = None;
    for (index, &tile) in (0_u32..).zip(tiles) {
        let Tile { size: tile_size, subsampling, picture } =
            Tile::decode(items, behind_identities(items, tile)?, timer)?;
        let (columns, size) = grid.map_or((1, tile_size), |grid| (grid.columns, grid.output));
        let (x, y) =
            ((index % columns).saturating_mul(tile_size.width), (index / columns).saturating_mul(tile_size.height));
        let whole = match &mut composed {
            Some(whole) => whole,
            None => {
                let planes = TiledPlanes::new(size, subsampling, picture.bit_depth)?;
                composed.insert(ComposedPlanes { size, subsampling, bit_depth: picture.bit_depth, planes })
            }
        };
        whole.planes.paste(&picture.view(), tile_size, (x, y), timer)?;
    }
    composed.ok_or_else(|| DecodeError::malformed("a grid without tiles"))
}

/// The item behind all identities from `item` on. The library refuses more of them than are followed here.
fn behind_identities(items: &Items<'_>, mut item: u32) -> Result<u32, DecodeError> {
    for _ in 0..Limits::default().max_heif_depth {
        match (&items.item_type(item)?, items.inputs(item)) {
            (b"iden", &[source]) => item = source,
            (b"iden", _) => return Err(DecodeError::malformed("an identity of more than one picture")),
            _ => return Ok(item),
        }
    }
    Err(DecodeError::malformed("too many identities"))
}

/// A decoded item.
struct Tile {
    size: Size,
    subsampling: Option<(u8, u8)>,
    picture: DecodedPicture,
}

impl Tile {
    fn decode(items: &Items<'_>, item: u32, timer: &CpuTimer<'_>) -> Result<Self, DecodeError> {
        let mut properties = items.properties(item).filter_map(Result::ok);
        let config = properties.find_map(|p| if let Property::HevcConfiguration(c) = p { Some(c) } else { None });
        let config = config.ok_or_else(|| DecodeError::malformed("a coded item without its configuration"))?;
        let config = DecoderConfiguration::read(config)?;
        let data = items.data(item)?.concat();
        let picture = decode(&CodedPicture::read(&config, &data, timer)?, InLoopFilters::Applied, timer)?;
        let subsampling = match config.chroma_format {
            0 => None,
            1 => Some((2, 2)),
            2 => Some((2, 1)),
            _ => Some((1, 1)),
        };
        let luma = picture.planes.first().map(|luma| (u32::try_from(luma.width), u32::try_from(luma.height)));
        let Some((Ok(width), Ok(height))) = luma else { return Err(DecodeError::malformed("a picture without luma")) };
        Ok(Self { size: Size::new(width, height), subsampling, picture })
    }
}
