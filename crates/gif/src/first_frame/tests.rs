//! Facts about frames: where they lie, their rows and their colours.

use std::time::Duration;

use image_ingest_samples::{Budget, CancellationToken};

use super::*;

fn first_frame(bytes: &[u8]) -> Result<FirstFrame<'_>> {
    FirstFrame::read(bytes, &CpuTimer::default())
}

/// A GIF with these blocks behind its logical screen of 4 × 3.
fn file(palette: Option<&[u8; 6]>, blocks: &[&[u8]]) -> Vec<u8> {
    let flags = if palette.is_some() { 0x80 } else { 0 };
    [&b"GIF89a\x04\0\x03\0"[..], &[flags, 0, 0], palette.map_or(&[][..], |p| p), &blocks.concat()].concat()
}

/// An image of no colour table whose codes are clear, 1, 1, end, for indices of two bits.
fn image(left: u8, top: u8, width: u8, height: u8, flags: u8) -> Vec<u8> {
    [b",", &[left, 0, top, 0, width, 0, height, 0, flags, 2][..], b"\x02\x4c\x0a\0"].concat()
}

fn is_malformed(bytes: &[u8]) -> bool {
    matches!(first_frame(bytes), Err(DecodeError::Malformed { .. }))
}

#[test]
fn the_descriptor_is_read_and_the_canvas_grows_to_hold_the_frame() {
    let file = file(None, &[&image(3, 1, 2, 1, 0x40)]);
    let frame = first_frame(&file).unwrap();
    assert_eq!((frame.left, frame.top, frame.width, frame.height), (3, 1, 2, 1));
    assert_eq!((frame.canvas, frame.interlaced, frame.covers_canvas()), (Size::new(5, 3), true, false));
    assert_eq!(frame.colors(&CpuTimer::default()).unwrap()[1], [255; 4]);
}

#[test]
fn a_frame_covers_a_canvas_of_its_size_at_its_origin() {
    let covers = |image: &[u8]| first_frame(&file(None, &[image])).unwrap().covers_canvas();
    assert!(covers(&image(0, 0, 4, 3, 0)));
    assert!(covers(&image(0, 0, 9, 9, 0)));
    assert!(!covers(&image(0, 0, 4, 2, 0)) && !covers(&image(1, 0, 4, 3, 0)));
}

#[test]
fn the_first_frame_is_the_first_image_that_has_pixels() {
    let blocks: [&[u8]; 4] = [b"\0", &image(0, 0, 0, 3, 0), b"!\xFE\x02hi\0", &image(1, 0, 2, 1, 0)];
    assert_eq!(first_frame(&file(None, &blocks)).unwrap().left, 1);
    assert!(is_malformed(&file(None, &[&image(0, 0, 3, 0, 0), b";"])));
    assert!(is_malformed(&file(None, &[b"?"])));
    assert!(is_malformed(b"GIF88a\x04\0\x03\0\0\0\0;"));
}

#[test]
fn code_sizes_of_1_to_11_are_read() {
    for size in 0..=u8::MAX {
        let mut image = image(0, 0, 2, 1, 0);
        image[10] = size;
        let file = file(None, &[&image]);
        match first_frame(&file) {
            Ok(frame) => assert_eq!((1..=11).contains(&size), frame.index_bits() == size.min(8), "size {size}"),
            Err(_) => assert!(!(1..=11).contains(&size), "size {size}"),
        }
    }
}

#[test]
fn rows_of_an_interlaced_frame_come_from_the_top() {
    for (flags, expected) in [(0, [0, 1, 2, 3]), (0x40, [0, 2, 1, 3])] {
        // Clear, 0, 1, 2 of three bits, and 3 and the end of four.
        let (codes, mut kept) = ([0b0100_0100, 0b0011_0100, 0b0101], Vec::new());
        let data = [&[b',', 0, 0, 0, 0, 1, 0, 4, 0, flags, 2, 3][..], &codes, &[0]].concat();
        first_frame(&file(None, &[&data])).unwrap().decode(&mut kept, &CpuTimer::default()).unwrap();
        assert_eq!(kept, expected, "flags {flags}");
    }
}

#[test]
fn colours_come_from_the_table_or_are_gray_or_black_and_white() {
    let timer = CpuTimer::default();
    // Clear, and twice the same index, and the end.
    let (ones, twos) = (image(0, 0, 2, 1, 0), [&image(0, 0, 2, 1, 0)[..12], &[0b1001_0100, 0x0A, 0]].concat());
    let colors = |palette, control: &[u8], image: &[u8]| {
        let [first, second, third, ..] =
            first_frame(&file(palette, &[control, image])).unwrap().colors(&timer).unwrap();
        [first, second, third]
    };
    let (black, white) = ([0, 0, 0, 255], [255; 4]);
    assert_eq!(colors(Some(&[1, 2, 3, 4, 5, 6]), b"", &twos), [[1, 2, 3, 255], [4, 5, 6, 255], black]);
    assert_eq!(colors(None, b"", &twos), [black, [1, 1, 1, 255], [2, 2, 2, 255]]);
    assert_eq!(colors(None, b"", &ones), [black, white, black]);
    assert_eq!(colors(None, b"!\xF9\x04\x01\0\0\x01\0", &ones), [black, [0; 4], black]);
}

#[test]
fn looking_for_levels_of_gray_asks_the_budget() {
    let token = CancellationToken::new();
    let budget = Budget::new(Duration::MAX, token.clone());
    let colors = |palette: Option<&[u8; 6]>| {
        first_frame(&file(palette, &[&image(0, 0, 2, 1, 0)])).unwrap().colors(&budget.timer())
    };
    assert!(colors(None).is_ok());
    token.cancel();
    assert!(matches!(colors(None), Err(DecodeError::Work(WorkError::Cancelled))));
    assert!(colors(Some(&[0; 6])).is_ok());
}

#[test]
fn a_local_table_replaces_the_global_one() {
    let local = [&image(0, 0, 2, 1, 0x80)[..10], &[9, 9, 9, 8, 8, 8, 2, 2, 0x4C, 0x0A, 0]].concat();
    let file = file(Some(&[1; 6]), &[&local]);
    let frame = first_frame(&file).unwrap();
    let colors = frame.colors(&CpuTimer::default()).unwrap();
    assert_eq!((colors[1], frame.index_bits()), ([8, 8, 8, 255], 1));
}

#[test]
fn frames_are_counted_up_to_the_first_damage() {
    let image = image(0, 0, 2, 1, 0);
    let count =
        |blocks: &[&[u8]]| first_frame(&file(None, blocks)).unwrap().count_frames(&CpuTimer::default()).unwrap();
    assert_eq!(count(&[&image, b";"]), 1);
    assert_eq!(count(&[&image, b"!\xF9\x04\0\0\0\0\0", &image, b"\0", &image]), 3);
    assert_eq!(count(&[&image, &image, b"?", &image]), 2);
    assert_eq!(count(&[&image, &image, &image[..13]]), 2);
}

#[test]
fn a_frame_of_more_than_a_piece_is_what_it_is_without_interlacing() {
    let (width, height) = (2100_u16, 2003_u16);
    let row = |y: u16| (0..width).map(move |x| (x / 3 + y / 2).to_le_bytes()[0] % 4);
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter();
    let interlaced = passes.flat_map(|(first, step)| (first..height).step_by(step));
    let decoded = |flags: u8, order: &mut dyn Iterator<Item = u16>| {
        let indices: Vec<u8> = order.flat_map(row).collect();
        let codes = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(&indices).unwrap();
        let [[w, wide], [h, high]] = [width, height].map(u16::to_le_bytes);
        let mut image = vec![b',', 0, 0, 0, 0, w, wide, h, high, flags, 2];
        codes.chunks(255).for_each(|part| image.extend([&[u8::try_from(part.len()).unwrap()], part].concat()));
        let (file, mut kept) = (file(None, &[&image, &[0]]), Vec::new());
        first_frame(&file).unwrap().decode(&mut kept, &CpuTimer::default()).unwrap();
        kept
    };
    assert!(decoded(0x40, &mut interlaced.clone()) == decoded(0, &mut (0..height)));
}
