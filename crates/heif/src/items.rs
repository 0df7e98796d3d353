//! Turns a file into items: their types, references and properties, and where their bytes lie (ISO/IEC 14496-12 §
//! 8.11).

use image_ingest_samples::CpuTimer;

use crate::boxes::check_depth;
use crate::cursor::FourCc;
use crate::infos::ItemTypes;
use crate::limits::HeifLimits;
use crate::locations::Locations;
use crate::meta::Meta;
use crate::properties::{Properties, Property};
use crate::references::References;
use crate::result::Result;

/// The items of a file, and what is needed to read them.
///
/// Nothing is read of an item before it is asked for: a file may hold items that are damaged or of unknown types, as
/// long as the primary item needs none of them.
///
/// ```
/// use image_ingest_heif::{HeifLimits, Items};
/// use image_ingest_samples::CpuTimer;
///
/// let timer = CpuTimer::default();
/// let limits = HeifLimits { depth: 16, items: 1000, tiles: 1024, extents: 64 };
/// let avif = Items::read(b"\0\0\0\x14ftypavif\0\0\0\0avif", &limits, &timer);
/// assert_eq!(avif.unwrap_err().to_string(), "unsupported: brand avif");
/// let cut = Items::read(b"\0\0\0\x14ftypheic\0\0\0\0mif1", &limits, &timer);
/// assert_eq!(cut.unwrap_err().to_string(), "truncated: no meta box");
/// ```
#[derive(Debug)]
pub struct Items<'a> {
    /// The primary item (`pitm`).
    pub primary: u32,
    /// Whether the file keeps to MIAF (ISO/IEC 23000-22), by which Exif's orientation is that of `irot` and `imir`.
    pub is_miaf: bool,
    types: ItemTypes,
    references: References,
    locations: Locations,
    properties: Properties<'a>,
    idat: &'a [u8],
    file: &'a [u8],
}

impl<'a> Items<'a> {
    /// Reads `ftyp` and `meta`.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `limit_exceeded`; `unsupported` for a brand that no HEVC still picture has, and for an
    /// image sequence without a still picture; `deadline`, `cancelled`.
    pub fn read(file: &'a [u8], limits: &HeifLimits, timer: &CpuTimer<'_>) -> Result<Self> {
        check_depth(file, limits.depth, timer)?;
        let meta = Meta::find(file, timer)?;
        meta.check_handler()?;
        let primary = meta.primary()?;
        let types = ItemTypes::read(meta.need(b"iinf")?, limits, timer)?;
        let mut references = match meta.get(b"iref") {
            Some(iref) => References::read(iref, primary, &types, limits, timer)?,
            None => References::default(),
        };
        let locations = Locations::read(meta.need(b"iloc")?, limits, timer)?;
        let properties = Properties::read(meta.need(b"iprp")?, |item| types.contains(item), timer)?;
        references.keep_alpha_planes(|item| properties.is_alpha(item), timer)?;
        let idat = meta.get(b"idat").unwrap_or_default();
        Ok(Self { primary, is_miaf: meta.is_miaf, types, references, locations, properties, idat, file })
    }

    /// The item's type, such as `b"hvc1"` or `b"grid"`; `b"encv"` for an item that is protected.
    ///
    /// # Errors
    ///
    /// `malformed` when there is no such item.
    pub fn item_type(&self, item: u32) -> Result<FourCc> {
        self.types.get(item)
    }

    /// The inputs of a derived item (`dimg`), in order; empty when it has none.
    #[must_use]
    pub fn inputs(&self, item: u32) -> &[u32] {
        self.references.inputs(item)
    }

    /// The alpha planes of an item: its auxiliary items (`auxl`) whose `auxC` says so.
    pub fn alpha_planes(&self, item: u32) -> impl Iterator<Item = u32> + '_ {
        self.references.auxiliaries(item).iter().copied()
    }

    /// Whether an item's samples are premultiplied by those of an alpha plane (`prem`).
    #[must_use]
    pub fn is_premultiplied(&self, item: u32) -> bool {
        self.references.is_premultiplied(item)
    }

    /// The item's properties, in the order in which they apply. The walk may go on after an error.
    ///
    /// # Errors
    ///
    /// `malformed`; `unsupported` for an essential property that is not understood.
    pub fn properties(&self, item: u32) -> impl Iterator<Item = Result<Property<'a>>> + '_ {
        self.properties.of(item)
    }

    /// The item's bytes, one slice per extent, together at least one byte and at most as many as the file has.
    ///
    /// # Errors
    ///
    /// `truncated` when an extent runs over the end of the file, `malformed`; `unsupported` for data in another file or
    /// in another item.
    pub fn data(&self, item: u32) -> Result<Vec<&'a [u8]>> {
        self.locations.data(item, self.file, self.idat)
    }

    /// The bytes of the first `Exif` item that describes the primary item, up to the end of its first extent; `None`
    /// also where they cannot be read.
    ///
    /// They begin with the number of bytes between that number and the TIFF header, in 32 bits (ISO/IEC 23008-12 §
    /// A.2.1).
    #[must_use]
    pub fn exif(&self) -> Option<&'a [u8]> {
        self.data(self.references.exif?).ok()?.first().copied()
    }
}
