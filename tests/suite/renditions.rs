//! Renditions are made of the canonical samples, whatever carried them and whatever else is made.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};
use image_ingest::rendition::{Rendition, RenditionSpec};
use image_ingest::stages::{self, Canonical, CanonicalSamples, ingest_with_canonical};
use image_ingest::{Background, ContentId, Encoding, Geometry, Ingest, IngestBuilder, Profile, Size};
use image_ingest_resize::{ChromaGrid, reduce_planes, reduce_raster};
use image_ingest_samples::{
    Chroma, CpuTimer, Layout, Matrix, Planes, Range, Raster, Rect, Samples, Siting, chroma_size,
};

use crate::files;

const THREE: [(&str, &str); 3] = [("device", "cover:1170x2532"), ("card", "fit:640"), ("thumb", "cover:256x256")];

fn asking(specs: &[(&str, &str)]) -> IngestBuilder {
    specs.iter().fold(Ingest::builder(), |builder, (name, spec)| builder.rendition(*name, spec.parse().unwrap()))
}

fn ingest(ingest: &Ingest, path: &Path) -> Background {
    let source = ingest.source(fs::read(path).unwrap()).unwrap();
    ingest.ingest(source).unwrap_or_else(|e| panic!("{}: {e}", files::name(path)))
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height)
}

/// A rendition made step by step of a whole canonical image.
fn step_by_step(canonical: &Canonical, crop: Rect, target: Size, quality: u8) -> Vec<u8> {
    let is_small = 3 * target.width <= crop.size.width && 3 * target.height <= crop.size.height;
    if is_small && [crop.left, crop.top, crop.size.width, crop.size.height].iter().all(|side| side % 2 == 0) {
        let half = |size: Size| Size::new(size.width / 2, size.height / 2);
        let crop = Rect { left: crop.left / 2, top: crop.top / 2, size: half(crop.size) };
        return reduced(&halved(canonical, half(canonical.stored_size)), crop, target, quality);
    }
    reduced(canonical, crop, target, quality)
}

fn halved(canonical: &Canonical, half: Size) -> Canonical {
    let (size, chroma) = (canonical.stored_size, chroma_size(canonical.stored_size, (2, 2)));
    let samples = match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => CanonicalSamples::Rgb(means(rgb, size, half, 3)),
        CanonicalSamples::Gray(luma) => CanonicalSamples::Gray(means(luma, size, half, 1)),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            let [cb, cr] = [cb, cr].map(|plane| means(plane, chroma, chroma_size(half, (2, 2)), 1));
            CanonicalSamples::Ycbcr420 { luma: means(luma, size, half, 1), cb, cr }
        }
    };
    Canonical::new(half, samples, false, 1).unwrap()
}

/// The means of 2 × 2 samples, of which the last of a row or column may stand for two.
fn means(samples: &[u8], size: Size, half: Size, channels: usize) -> Vec<u8> {
    let (width, height) = (size.width as usize, size.height as usize);
    let at = |x: usize, y: usize, c: usize| {
        u16::from(samples[(y.min(height - 1) * width + x.min(width - 1)) * channels + c])
    };
    let mean =
        |x: usize, y: usize, c: usize| (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c) + 2) / 4;
    let places = (0..half.height as usize).flat_map(|y| (0..half.width as usize).map(move |x| (2 * x, 2 * y)));
    places.flat_map(|(x, y)| (0..channels).map(move |c| u8::try_from(mean(x, y, c)).unwrap())).collect()
}

fn reduced(canonical: &Canonical, crop: Rect, target: Size, quality: u8) -> Vec<u8> {
    let size = canonical.stored_size;
    let timer = CpuTimer::default();
    let planes = |luma: &[u8], chroma: Option<Chroma>| {
        let luma = Samples::U8(luma.to_vec());
        let planes = Planes { size, bit_depth: 8, luma, chroma, range: Range::Full, matrix: Matrix::Bt601 };
        reduce_planes(planes, crop, target, ChromaGrid::Half, &timer).unwrap()
    };
    let bytes = |samples: Samples| match samples {
        Samples::U8(bytes) => bytes,
        Samples::U16(_) => panic!("8 bits stay 8 bits"),
    };
    let samples = match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => {
            let raster = Raster::new(size, Layout::Rgb, Samples::U8(rgb.clone())).unwrap();
            CanonicalSamples::Rgb(bytes(reduce_raster(raster, crop, target, &timer).unwrap().samples))
        }
        CanonicalSamples::Gray(luma) => CanonicalSamples::Gray(bytes(planes(luma, None).luma)),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            let [cb, cr] = [cb, cr].map(|plane| Samples::U8(plane.clone()));
            let planes = planes(luma, Some(Chroma { cb, cr, subsampling: (2, 2), siting: Siting::Centred }));
            let Some(Chroma { cb, cr, .. }) = planes.chroma else { panic!("chroma stays") };
            CanonicalSamples::Ycbcr420 { luma: bytes(planes.luma), cb: bytes(cb), cr: bytes(cr) }
        }
    };
    let reduced = Canonical::new(target, samples, false, 1).unwrap();
    stages::encode(&reduced, Encoding::Jpeg { quality }).unwrap()
}

#[test]
fn a_rendition_is_the_canonical_image_cropped_and_reduced() {
    let ingest =
        asking(&[("fit", "fit:97:jpeg70"), ("part", "cover:60x90@0.3,0.8:jpeg70"), ("small", "fit:20:jpeg70")])
            .build()
            .unwrap();
    let folders = ["jpeg", "png", "gif", "webp", "heic"];
    for path in folders.iter().flat_map(|folder| files::testdata(folder)).step_by(3) {
        let source = ingest.source(fs::read(&path).unwrap()).unwrap();
        let (_, canonical) = ingest_with_canonical(&ingest, source).unwrap();
        let made = self::ingest(&ingest, &path);
        let [fit, part, small] = &made.renditions[..] else { panic!("three renditions") };
        let name = files::name(&path);
        let longer = made.size.longer();
        assert_eq!(fit.size.longer(), longer.min(97), "{name}");
        assert!(fit.bytes == step_by_step(&canonical, Rect::whole(made.size), fit.size, 70), "{name}: fit");
        assert!(small.bytes == step_by_step(&canonical, Rect::whole(made.size), small.size, 70), "{name}: small");
        // The part with the aspect of two to three, as near to its focus as it can be.
        let (width, height) = (f64::from(made.size.width), f64::from(made.size.height));
        let (w, h) = if 3.0 * width > 2.0 * height { (height / 1.5, height) } else { (width, width * 1.5) };
        let at = |whole: f64, part: f64, focus: f64| (whole * focus - part / 2.0).clamp(0.0, whole - part);
        let expected = (at(width, w, 0.3), at(height, h, 0.8));
        let near = |a: u32, b: f64| (f64::from(a) - b).abs() <= 2.0;
        let crop = (0..=made.size.width).step_by(2).filter(|&left| near(left, expected.0));
        let crops = crop.flat_map(|left| (0..=made.size.height).step_by(2).map(move |top| (left, top)));
        let crops = crops.filter(|&(_, top)| near(top, expected.1)).flat_map(|(left, top)| {
            let (w, h) = (rounded(w), rounded(h));
            let sizes = [(w, h), (w.saturating_sub(1), h), (w, h.saturating_sub(1))].map(|(w, h)| size(w, h));
            sizes.map(|size| Rect { left, top, size })
        });
        let mut crops = crops.filter(|crop| crop.fits_in(made.size) && crop.size.width >= part.size.width);
        let is_it = |crop: Rect| {
            crop.size.height >= part.size.height && part.bytes == step_by_step(&canonical, crop, part.size, 70)
        };
        assert!(crops.any(is_it), "{name}: no part near its focus");
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side of a small picture")]
fn rounded(side: f64) -> u32 {
    (side + 0.5).max(1.0) as u32
}

#[test]
fn the_canonical_image_does_not_change_with_renditions_and_facts() {
    let (plain, all) = (Ingest::default(), asking(&THREE).facts(true).build().unwrap());
    assert_eq!(plain.profile().fingerprint(), all.profile().fingerprint());
    for folder in ["jpeg", "png", "gif", "webp", "heic", "same"] {
        for path in files::testdata(folder) {
            let (alone, together) = (ingest(&plain, &path), ingest(&all, &path));
            assert_eq!((alone.id, alone.size), (together.id, together.size), "{}", files::name(&path));
            assert!(alone.renditions.is_empty() && alone.receipt.facts.is_none());
            let names: Vec<&str> = together.renditions.iter().map(|r| r.name.as_str()).collect();
            assert_eq!(names, ["device", "card", "thumb"]);
            for Rendition { name, bytes, id, size, .. } in &together.renditions {
                assert_eq!(*id, ContentId::of(bytes), "{name}");
                assert!(size.width <= together.size.width && size.height <= together.size.height, "{name}");
            }
        }
    }
}

/// An upright picture of 8-bit samples as a PNG that stores it turned.
fn stored_png(upright: &DynamicImage, orientation: u8) -> Vec<u8> {
    let stored = match orientation {
        2 => upright.fliph(),
        3 => upright.rotate180(),
        4 => upright.flipv(),
        5 => upright.rotate90().fliph(),
        6 => upright.rotate270(),
        7 => upright.rotate270().fliph(),
        8 => upright.rotate90(),
        _ => upright.clone(),
    };
    let mut png = Vec::new();
    stored.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    // A TIFF header and one entry: Orientation, a SHORT.
    let exif = [b"eXIfII*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", &[orientation, 0, 0, 0, 0, 0, 0, 0][..]].concat();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&exif);
    let chunk =
        [&u32::try_from(exif.len() - 4).unwrap().to_be_bytes()[..], &exif, &crc.finalize().to_be_bytes()].concat();
    // Behind the signature and IHDR.
    png.splice(33..33, chunk);
    png
}

#[test]
fn renditions_and_facts_do_not_depend_on_how_a_picture_is_stored() {
    let specs = [
        ("device", "cover:1170x2532"),
        ("card", "fit:140"),
        ("thumb", "cover:56x56@0.2,0.9"),
        ("odd", "fit:101"),
        ("part", "cover:33x70@0.7,0.4"),
    ];
    let ingest = asking(&specs).facts(true).build().unwrap();
    for (width, height) in [(300, 200), (351, 217), (64, 45)] {
        let rgb = image::RgbImage::from_fn(width, height, |x, y| {
            let noise = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761).to_be_bytes()[0];
            image::Rgb([noise, (x * 255 / width).to_le_bytes()[0], (y * 3 % 256).to_le_bytes()[0]])
        });
        let rgb = DynamicImage::ImageRgb8(rgb);
        for picture in [DynamicImage::ImageLuma8(rgb.to_luma8()), rgb] {
            let made =
                |orientation: u8| ingest.ingest(ingest.source(stored_png(&picture, orientation)).unwrap()).unwrap();
            let upright = made(1);
            assert_eq!(upright.size, size(width, height));
            for orientation in 2..=8 {
                let turned = made(orientation);
                assert_eq!(turned.receipt.source.orientation, orientation);
                assert_eq!((turned.id, turned.size), (upright.id, upright.size), "{width} × {height}, {orientation}");
                assert_eq!(turned.renditions, upright.renditions, "{width} × {height}, {orientation}");
                assert_eq!(turned.receipt.facts, upright.receipt.facts, "{width} × {height}, {orientation}");
            }
        }
    }
}

#[test]
fn a_rendition_has_the_same_bytes_whatever_else_is_made() {
    let path = &files::testdata("jpeg")[0];
    let together = ingest(&asking(&THREE).facts(true).build().unwrap(), path);
    for ((name, spec), made) in THREE.iter().zip(&together.renditions) {
        let alone = ingest(&asking(&[("x", spec)]).build().unwrap(), path);
        assert_eq!(alone.renditions[0].id, made.id, "{name}");
    }
}

#[test]
fn a_rendition_that_is_the_canonical_image_has_its_id() {
    let path = &files::testdata("jpeg")[0];
    let made = ingest(
        &asking(&[("same", "fit:16383"), ("again", "fit:16383"), ("less", "fit:16383:jpeg50")]).build().unwrap(),
        path,
    );
    let ids: Vec<_> = made.renditions.iter().map(|r| r.id).collect();
    assert_eq!(ids[..2], [made.id, made.id]);
    assert_ne!(ids[2], made.id);
}

#[test]
fn a_rendition_of_a_profile_that_crops_is_a_part_of_what_is_left() {
    let mut profile = Profile::default();
    profile.geometry = Geometry::Cover { width: 50, height: 80 };
    let ingest = asking(&[("thumb", "cover:40x40")]).profile(profile).build().unwrap();
    let made = self::ingest(&ingest, &files::testdata("jpeg")[0]);
    assert_eq!((made.size, made.renditions[0].size), (size(50, 80), size(40, 40)));
}

#[test]
fn what_no_rendition_can_be_is_refused_when_the_ingest_is_built() {
    let spec: RenditionSpec = "fit:5".parse().unwrap();
    let twice = Ingest::builder().rendition("a", spec).rendition("a", spec).build();
    assert!(twice.unwrap_err().to_string().contains("two renditions have the name a"));
    assert!(Ingest::builder().rendition("A b", spec).build().is_err());
    let mut none = spec;
    none.geometry = Geometry::Fit { max_edge: 0 };
    assert!(Ingest::builder().rendition("a", none).build().is_err());
    let webp = asking(&[("a", "fit:5:webp")]).build();
    assert_eq!(webp.is_ok(), cfg!(feature = "webp-encode"));
}

#[test]
fn an_estimate_grows_with_what_is_made() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/jpeg/size_4032x3024.jpg");
    let estimate = |ingest: IngestBuilder| {
        let ingest = ingest.build().unwrap();
        let source = ingest.source(fs::read(&path).unwrap()).unwrap();
        ingest.inspect(&source).unwrap().memory_bytes
    };
    let (plain, all) = (estimate(Ingest::builder()), estimate(asking(&THREE).facts(true)));
    assert!(
        plain < estimate(asking(&THREE)) && estimate(asking(&THREE)) < all && 2 * all < 3 * plain,
        "{plain}, {all}"
    );
}

#[cfg(feature = "webp-encode")]
#[test]
fn a_webp_rendition_is_of_the_samples_of_the_jpeg_one() {
    let specs = [("jpeg", "cover:60x80:jpeg90"), ("webp", "cover:60x80:webp90"), ("whole", "fit:9999:webp90")];
    let ingest = asking(&specs).build().unwrap();
    for path in files::testdata("jpeg").iter().step_by(5) {
        let made = self::ingest(&ingest, path);
        assert_eq!(made.renditions[0].size, made.renditions[1].size);
        for webp in &made.renditions[1..] {
            let decoded = image::load_from_memory_with_format(&webp.bytes, ImageFormat::WebP).unwrap();
            assert_eq!((decoded.width(), decoded.height()), (webp.size.width, webp.size.height));
        }
    }
}
