//! What renditions and facts take in memory beside the canonical image, however a picture is stored, and that estimates know it.
//!
//! An allocator counts for the whole process, so there is one test.

#[expect(unreachable_pub, reason = "public in the fuzz targets' package")]
#[path = "../../fuzz/src/cost/heap.rs"]
mod heap;

use std::fs;
use std::path::Path;

use heap::CountingHeap;
use image_ingest::Ingest;

#[global_allocator]
static ALLOCATOR: CountingHeap = CountingHeap;

/// The three renditions of a product, and all facts.
fn everything() -> Ingest {
    let specs = [("device", "cover:1170x2532"), ("card", "fit:640"), ("thumb", "cover:256x256")];
    let builder = Ingest::builder().facts(true);
    specs.iter().fold(builder, |builder, (name, spec)| builder.rendition(*name, spec.parse().unwrap())).build().unwrap()
}

fn testdata(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)).unwrap()
}

/// A JPEG whose Exif says that it is stored so.
fn stored_as(orientation: u8, jpeg: &[u8]) -> Vec<u8> {
    // A TIFF header and one entry: Orientation, a SHORT.
    let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", &[orientation, 0, 0, 0, 0, 0, 0, 0][..]].concat();
    let payload = [b"Exif\0\0", &tiff[..]].concat();
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xFF\xE1", &length, &payload, &jpeg[2..]].concat()
}

/// The peak of the heap with the upload, and the estimate.
fn measured(ingest: &Ingest, upload: &[u8]) -> (u64, u64) {
    let source = ingest.source(upload.to_vec()).unwrap();
    let estimate = ingest.inspect(&source).unwrap().memory_bytes;
    let begun = heap::begin();
    drop(ingest.ingest(source).unwrap());
    (heap::most_since(begun) + upload.len() as u64, estimate)
}

#[test]
fn renditions_and_facts_take_as_little_of_a_picture_that_is_stored_turned() {
    let (alone, all) = (Ingest::default(), everything());
    let jpeg = testdata("jpeg/size_4032x3024.jpg");
    let mut upright = 0;
    for orientation in 1..=8 {
        let upload = stored_as(orientation, &jpeg);
        // The first run makes the tables of a format.
        measured(&all, &upload);
        let ((canonical, _), (together, estimate)) = (measured(&alone, &upload), measured(&all, &upload));
        println!("{orientation}: {canonical} alone, {together} together, estimate {estimate}");
        // Whole planes of its canonical image would be 4.6 MB.
        assert!(together - canonical <= 2_000_000, "{orientation}: {together} and {canonical}");
        assert!(together <= estimate, "{orientation}: {together}, estimate {estimate}");
        upright = if orientation == 1 { together } else { upright };
        assert!(together <= upright + 1_000_000, "{orientation}: {together}, upright {upright}");
    }
}
