//! Derives the primary picture from a file's items: coded pictures, their arrangement, transformations and colour.

use image_ingest_color::ColorDescription;
use image_ingest_heif::{FourCc, HeifLimits, Items, Transform};
use image_ingest_samples::{CpuTimer, Size};

use super::colour::description;
use super::mosaic::Leaf;
use super::picture::PictureContent;
use super::refusal::{malformed, refusal};
use super::resolve::{ResolvedItem, Resolver};
use crate::codec::exif::Exif;
use crate::error::Result;
use crate::upload::limits::Limits;

/// The primary picture, ready for a header or a decoder.
#[derive(Debug)]
pub(super) struct PrimaryPicture<'a> {
    pub(super) items: Items<'a>,
    /// `"hvc1"`, `"grid"`, `"iden"` or `"iovl"`.
    pub(super) item: &'static str,
    /// Before the transformations.
    pub(super) size: Size,
    pub(super) transform: Transform,
    pub(super) color: ColorDescription,
    /// Of coded pictures whose data lie in several extents.
    pub(super) joined_bytes: u64,
    pub(super) content: PictureContent<'a>,
}

impl<'a> PrimaryPicture<'a> {
    /// Reads everything but pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Self> {
        let structure = HeifLimits {
            depth: limits.max_heif_depth,
            items: limits.max_heif_items,
            tiles: limits.max_heif_tiles,
            extents: limits.max_heif_extents,
        };
        let items = Items::read(bytes, &structure, timer).map_err(refusal)?;
        let item = item_name(items.item_type(items.primary).map_err(refusal)?);
        let ResolvedItem { content, size, transform, colour, joined_bytes } =
            Resolver::new(&items, limits, timer).item(items.primary)?;
        let first = content.pictures().next().and_then(|picture| picture.whole.leaves.first());
        let usability = first.ok_or_else(|| malformed("a picture made of nothing"))?.usability();
        let color = description(&colour, usability)?;
        Ok(Self { item, size, transform, color, content, joined_bytes, items })
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

    /// All coded pictures of all pictures.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf<'a>> {
        self.content.pictures().flat_map(|picture| picture.leaves())
    }
}

fn item_name(item_type: FourCc) -> &'static str {
    match &item_type {
        b"grid" => "grid",
        b"iden" => "iden",
        b"iovl" => "iovl",
        _ => "hvc1",
    }
}
