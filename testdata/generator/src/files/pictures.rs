//! The pictures that the files show, each painted once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::raster::Rgb;
use crate::scene::Scene;

/// The picture of most files.
pub(crate) fn picture(width: u32, height: u32) -> Rgb {
    painted(width, height, false)
}

/// The same with little grain, where bytes matter more than likeness.
pub(crate) fn calm(width: u32, height: u32) -> Rgb {
    painted(width, height, true)
}

/// Paints each size once: a hundred files show the same picture.
fn painted(width: u32, height: u32, calm: bool) -> Rgb {
    static PAINTED: Mutex<BTreeMap<(u32, u32, bool), Rgb>> = Mutex::new(BTreeMap::new());
    let known = || PAINTED.lock().expect("no painter panics while it holds the lock");
    if let Some(image) = known().get(&(width, height, calm)) {
        return image.clone();
    }
    let scene = Scene::new(width, height);
    let image = Scene { grain: if calm { 0.6 } else { scene.grain }, ..scene }.paint();
    known().insert((width, height, calm), image.clone());
    image
}

/// What a file says of Exif orientations 1 to 8.
pub(super) const ORIENTATIONS: [&str; 8] = [
    "upright",
    "mirrored left to right",
    "half a turn",
    "mirrored top to bottom",
    "transposed",
    "stored a quarter turn anti-clockwise, shown turned clockwise",
    "transposed over the other diagonal",
    "stored a quarter turn clockwise, shown turned anti-clockwise",
];
