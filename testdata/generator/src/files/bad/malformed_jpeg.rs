//! JPEGs that violate T.81.

use super::valid::{file, find, good_jpeg, patched, three_scans};
use crate::catalogue::Entry;
use crate::encode::jpeg::{self, Options, find_marker, scan_data};
use crate::files::pictures::picture;
use crate::metadata::samsung;

pub(super) fn all() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("malformed", name, shows, bytes);
    vec![
        named("jpeg_huffman_table.jpg", "a Huffman table with 255 codes of one bit", || {
            let jpeg = good_jpeg();
            let table = find_marker(&jpeg, 0xC4);
            patched(jpeg, table + 5, &[255])
        }),
        named("jpeg_scan_corrupt.jpg", "codes of ones alone, which no table has, in the middle of the scan", || {
            let jpeg = good_jpeg();
            let middle = (scan_data(&jpeg) + jpeg.len()) / 2;
            let middle = middle + usize::from(jpeg[middle - 1] == 0xFF);
            patched(jpeg, middle, &[0xFF, 0].repeat(20))
        }),
        named("jpeg_table_missing.jpg", "a scan that names Huffman table 3, never defined", || {
            let jpeg = good_jpeg();
            let scan = find_marker(&jpeg, 0xDA);
            patched(jpeg, scan + 6, &[0x33])
        }),
        named("jpeg_quantizer_missing.jpg", "a component that names quantisation table 3, never defined", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            patched(jpeg, frame + 12, &[3])
        }),
        named("jpeg_no_frame.jpg", "a scan without a frame header", || without(0xC0)),
        named("jpeg_width_0.jpg", "width 0", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            patched(jpeg, frame + 7, &[0, 0])
        }),
        named("jpeg_two_frames.jpg", "two frame headers", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            let end = frame + 2 + usize::from(jpeg[frame + 3]);
            [&jpeg[..end], &jpeg[frame..]].concat()
        }),
        named("jpeg_sampling_0.jpg", "a component with sampling factor 0", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            patched(jpeg, frame + 11, &[0x02])
        }),
        named("jpeg_table_length_1.jpg", "tables in a segment of length 1, less than the length field", || {
            let jpeg = good_jpeg();
            let table = find_marker(&jpeg, 0xDB);
            patched(jpeg, table + 2, &[0, 1])
        }),
        named("jpeg_mcus_left_over.jpg", "a frame header less wide than the scan, so that MCUs are left over", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            patched(jpeg, frame + 7, &[0, 144])
        }),
        named("jpeg_scan_into_trailer.jpg", "a Samsung trailer that begins within the scan", || {
            let jpeg = good_jpeg();
            let middle = (scan_data(&jpeg) + jpeg.len()) / 2;
            // Its directory takes the rest of the scan for a video.
            let trailer = samsung::trailer(&jpeg[middle..jpeg.len() - 2]);
            let video = find(&trailer, b"MotionPhoto_Data") + 16;
            [&jpeg[..middle], &trailer[video..]].concat()
        }),
        named("jpeg_restart_order.jpg", "restart markers out of order in the rows below the picture", || {
            let options = Options { restart_interval: 10, ..Options::default() };
            let jpeg = jpeg::rgb(&picture(160, 120), &options);
            let frame = find_marker(&jpeg, 0xC0);
            let jpeg = patched(jpeg, frame + 5, &[0, 64]);
            let marker = find(&jpeg, &[0xFF, 0xD6]);
            patched(jpeg, marker + 1, &[0xD1])
        }),
        named("jpeg_scan_twice.jpg", "the first of three scans twice", || {
            let jpeg = three_scans();
            let scan = find_marker(&jpeg, 0xDA);
            let next = scan + 2 + find(&jpeg[scan + 2..], &[0xFF, 0xDA]);
            [&jpeg[..next], &jpeg[scan..]].concat()
        }),
    ]
}

fn without(marker: u8) -> Vec<u8> {
    let jpeg = good_jpeg();
    let at = find_marker(&jpeg, marker);
    let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    [&jpeg[..at], &jpeg[end..]].concat()
}
