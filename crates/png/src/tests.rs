//! Facts about whole datastreams, made by hand.

use image_ingest_samples::{CpuTimer, DecodeError, Size};

use crate::chunks::{SIGNATURE, chunk};
use crate::datastream::Datastream;
use crate::result::Result;

/// A gray picture of 8 bits whose filtered rows are `rows`, in `IDAT` chunks of at most `part` bytes.
fn gray(size: Size, is_interlaced: bool, rows: &[u8], part: usize) -> Vec<u8> {
    let ihdr = [&size.width.to_be_bytes()[..], &size.height.to_be_bytes()[..], &[8, 0, 0, 0, u8::from(is_interlaced)]]
        .concat();
    let data: Vec<u8> = fdeflate::compress_to_vec(rows).chunks(part).flat_map(|part| chunk(b"IDAT", part)).collect();
    [SIGNATURE.to_vec(), chunk(b"IHDR", &ihdr), data, chunk(b"IEND", b"")].concat()
}

fn decode(file: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    Datastream::read(file, &CpuTimer::default())?.picture().decode(&mut kept, &CpuTimer::default())?;
    Ok(kept)
}

/// Rows of filter type 2, so that each depends on all above it, and the samples that they give.
fn rows_by_difference(size: Size) -> (Vec<u8>, Vec<u8>) {
    let (width, height) = (size.width as usize, size.height as usize);
    let byte = |at: usize| (at * at / 3 + at).to_le_bytes()[0];
    let filtered = (0..height).flat_map(|y| std::iter::once(2).chain((0..width).map(move |x| byte(y * width + x))));
    let mut samples: Vec<u8> = (0..width * height).map(byte).collect();
    (width..samples.len()).for_each(|at| samples[at] = samples[at].wrapping_add(samples[at - width]));
    (filtered.collect(), samples)
}

#[test]
fn rows_come_whole_however_the_data_is_cut_into_chunks() {
    // More rows than are unfiltered at once, and more bytes than the inflater's buffer holds.
    let size = Size::new(900, 301);
    let (rows, samples) = rows_by_difference(size);
    for part in [1000, 65_536, usize::MAX] {
        assert!(decode(&gray(size, false, &rows, part)).unwrap() == samples, "parts of {part}");
    }
}

#[test]
fn a_byte_less_is_truncated_and_bytes_more_are_not_read() {
    let size = Size::new(3, 2);
    let rows = [0, 1, 2, 3, 0, 4, 5, 6];
    assert!(matches!(decode(&gray(size, false, &rows[..7], 99)), Err(DecodeError::Truncated { .. })));
    let longer = [&rows[..], &[9; 100]].concat();
    assert_eq!(decode(&gray(size, false, &longer, 99)).unwrap(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn an_interlaced_picture_of_one_pixel_has_one_row() {
    let file = gray(Size::new(1, 1), true, &[0, 77], 99);
    assert_eq!(decode(&file).unwrap(), [77]);
}

#[test]
fn the_last_bytes_of_a_pass_decide_about_its_first() {
    // 2 × 2 in Adam7: pass 1 has (0, 0), pass 6 has (1, 0), pass 7 has the row below.
    let rows = [0, 10, 0, 20, 1, 30, 10];
    let file = gray(Size::new(2, 2), true, &rows, 2);
    assert_eq!(decode(&file).unwrap(), [10, 20, 30, 40]);
}

/// The chunks of a gray picture of one pixel, with `before` the image data and `behind` it.
fn with_chunks(before: &[u8], behind: &[u8]) -> Vec<u8> {
    let file = gray(Size::new(1, 1), false, &[0, 77], 99);
    [&file[..33], before, &file[33..file.len() - 12], behind, &file[file.len() - 12..]].concat()
}

#[test]
fn the_first_valid_chunk_of_a_name_counts() {
    let two = |name, first: &[u8], second: &[u8]| [chunk(name, first), chunk(name, second)].concat();
    let chunks = [
        two(b"gAMA", &[0; 4], &[0, 0, 0, 1]),
        two(b"gAMA", &[0, 0, 0, 2], &[0, 0, 0, 3]),
        two(b"cICP", &[1, 13, 1, 1], &[9, 16, 0, 0]),
        two(b"sRGB", &[4], &[3]),
        two(b"acTL", &[0; 8], &[0, 0, 0, 5, 0, 0, 0, 0]),
        two(b"cHRM", &[0; 31], &[&[0; 28][..], &[0, 0, 0, 6]].concat()),
    ];
    let file = with_chunks(&chunks.concat(), b"");
    let chunks = Datastream::read(&file, &CpuTimer::default()).unwrap().chunks;
    assert_eq!((chunks.gamma, chunks.is_srgb, chunks.frames), (Some(1), true, Some(5)));
    assert_eq!(chunks.cicp.map(|cicp| (cicp.primaries, cicp.full_range)), Some((9, false)));
    assert_eq!(chunks.chromaticities, Some([(0, 0), (0, 0), (0, 0), (0, 6)]));
}

#[test]
fn exif_is_that_of_the_first_valid_exif_chunk_and_of_text_where_there_is_none() {
    let (first, second) = (b"II*\0\x08\0\0\0first".as_slice(), b"MM\0*\0\0\0\x08second".as_slice());
    let text = |block: &[u8]| {
        let digits: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
        chunk(b"tEXt", format!("Raw profile type exif\0\nexif\n{}\n{digits}\n", block.len()).as_bytes())
    };
    let exif = |before: &[Vec<u8>], behind: &[Vec<u8>]| {
        let file = with_chunks(&before.concat(), &behind.concat());
        Datastream::read(&file, &CpuTimer::default())
            .unwrap()
            .exif(&CpuTimer::default())
            .unwrap()
            .map(std::borrow::Cow::into_owned)
    };
    let broken = chunk(b"eXIf", b"no TIFF header");
    assert_eq!(exif(&[broken.clone(), chunk(b"eXIf", first)], &[chunk(b"eXIf", second)]).as_deref(), Some(first));
    assert_eq!(exif(&[text(first)], &[chunk(b"eXIf", second)]).as_deref(), Some(second));
    assert_eq!(exif(&[broken, text(first)], &[text(second)]).as_deref(), Some(first));
    assert_eq!(exif(&[], &[]), None);
}

#[test]
fn a_profile_comes_inflated_up_to_its_limit() {
    let stream = fdeflate::compress_to_vec(b"profile");
    let read = |head: &[u8], max_bytes| {
        let file = with_chunks(&chunk(b"iCCP", &[head, &stream].concat()), b"");
        Datastream::read(&file, &CpuTimer::default()).unwrap().icc_profile(max_bytes, &CpuTimer::default()).unwrap()
    };
    assert_eq!(read(b"name\0\0", 7).as_deref(), Some(b"profile".as_slice()));
    assert_eq!(read(b"name\0\0", 6), None);
    assert_eq!(read(b"name\0\x01", 7), None);
    let longest = [vec![b'n'; 79], vec![0, 0]].concat();
    assert!(read(&longest, 7).is_some());
    assert_eq!(read(&[b"n", longest.as_slice()].concat(), 7), None);
}
