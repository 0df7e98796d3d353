//! What a picture of a HEIF file is made of.

use image_ingest_heif::Transform;
use image_ingest_samples::{Matrix, Range, Siting};

use super::mosaic::{Leaf, Mosaic};

/// What the primary picture is made of.
#[derive(Debug)]
pub(super) enum PictureContent<'a> {
    /// One coded picture or a grid of them.
    Picture(HeifPicture<'a>),
    /// Pictures over each other.
    Layers(LayeredPicture<'a>),
}

/// A picture that is one coded picture or a grid of them.
#[derive(Debug)]
pub(super) struct HeifPicture<'a> {
    pub(super) whole: Mosaic<'a>,
    /// What its alpha plane is made of.
    pub(super) alpha: Option<Mosaic<'a>>,
    /// Whether its samples are premultiplied by the alpha plane.
    pub(super) is_premultiplied: bool,
    /// What the conversion to RGB uses.
    pub(super) matrix: Matrix,
    pub(super) range: Range,
    pub(super) siting: Siting,
}

/// A canvas and what lies on it (ISO/IEC 23008-12 § 6.6.2.2).
#[derive(Debug)]
pub(super) struct LayeredPicture<'a> {
    /// Red, green, blue and alpha of the canvas, 0–65 535.
    pub(super) fill: [u16; 4],
    /// At least one; the first is the lowest.
    pub(super) layers: Vec<Layer<'a>>,
}

/// A picture on a canvas.
#[derive(Debug)]
pub(super) struct Layer<'a> {
    pub(super) picture: HeifPicture<'a>,
    pub(super) transform: Transform,
    /// Where its corner lies, to the right and downwards.
    pub(super) offset: (i32, i32),
}

impl<'a> PictureContent<'a> {
    /// The pictures, the lowest first.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &HeifPicture<'a>> {
        let (one, layers) = match self {
            Self::Picture(picture) => (Some(picture), &[][..]),
            Self::Layers(canvas) => (None, &canvas.layers[..]),
        };
        one.into_iter().chain(layers.iter().map(|layer| &layer.picture))
    }
}

impl<'a> HeifPicture<'a> {
    /// All coded pictures, those of the alpha plane last.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf<'a>> {
        self.whole.leaves.iter().chain(self.alpha.iter().flat_map(|alpha| &alpha.leaves))
    }
}
