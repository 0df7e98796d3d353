//! Compares our LZW decoder with the `weezl` crate.

use image_ingest::stages::CanonicalSamples;
use image_ingest::stages::Planned;
use image_ingest::{Format, Profile};
use image_ingest_gif::{LzwDecoder, SubBlocks};
use image_ingest_samples::{CpuTimer, DecodeError};
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use super::small;

/// The result and every index are those of `weezl` for the same codes.
///
/// The first three bytes of `data` are the minimum code size, with the length of the sub-blocks, the width and the
/// height. The highest lengths stand for code sizes above 8.
pub fn gif_against_weezl(data: &[u8]) {
    let Some((&[form, width, height], codes)) = data.split_first_chunk() else { return };
    let min_code_size = if form >= 248 { 9 + form % 3 } else { 1 + form % 8 };
    let [width, height] = [width, height].map(|side| u16::from(side) + 1);
    let data = in_sub_blocks(codes, 1 + usize::from(form / 8) * 8);
    let file = of_grays(width, height, min_code_size, &data);
    let planned = Planned::of(&file, Format::Gif, &Profile::default(), &small(1 << 16)).expect("the frame is whole");
    let ours = planned.decode().map_err(|e| e.code()).map(|pixels| {
        match planned.canonicalise(&pixels).expect("memory for a small picture").samples {
            CanonicalSamples::Rgb(samples) => samples,
            other => panic!("{other:?} from a palette"),
        }
    });
    let theirs = by_weezl(min_code_size, codes, usize::from(width) * usize::from(height));
    assert_eq!(through_a_short_window(min_code_size, &data, [width, height]), theirs);
    assert_eq!(ours, theirs.map(|indices| indices.into_iter().flat_map(|gray| [gray; 3]).collect()));
}

/// All indices of a frame, through the shortest window, so that strings move.
fn through_a_short_window(min_code_size: u8, data: &[u8], size: [u16; 2]) -> Result<Vec<u8>, &'static str> {
    let (timer, mut indices) = (CpuTimer::default(), Vec::new());
    let mut decode = || {
        let mut decoder = LzwDecoder::new(min_code_size, SubBlocks::of(data), size, 0, &timer)?;
        while let Some(rows) = decoder.next_rows(&timer)? {
            indices.extend_from_slice(rows);
        }
        Ok(())
    };
    match decode() {
        Ok(()) => Ok(indices),
        Err(DecodeError::Truncated { .. }) => Err("truncated"),
        Err(DecodeError::Malformed { .. }) => Err("malformed"),
        Err(error) => panic!("{error}"),
    }
}

/// Sub-blocks of so many bytes, and their terminator.
fn in_sub_blocks(codes: &[u8], block: usize) -> Vec<u8> {
    let parts = codes.chunks(block).flat_map(|part| [&[u8::try_from(part.len()).expect("255 at most")], part].concat());
    parts.chain([0]).collect()
}

/// An opaque GIF of one frame whose indices are levels of gray.
fn of_grays(width: u16, height: u16, min_code_size: u8, data: &[u8]) -> Vec<u8> {
    let [width, height] = [width, height].map(u16::to_le_bytes);
    let mut file = [b"GIF89a".as_slice(), &width, &height, &[0xF7, 0, 0]].concat();
    file.extend((0..=255_u8).flat_map(|gray| [gray; 3]));
    file.extend([&[b',', 0, 0, 0, 0][..], &width, &height, &[0, min_code_size]].concat());
    file.extend([data, b";"].concat());
    file
}

fn by_weezl(min_code_size: u8, codes: &[u8], len: usize) -> Result<Vec<u8>, &'static str> {
    let mut decoder = Decoder::new(BitOrder::Lsb, min_code_size);
    // `weezl` reads one code more than there is room for, and no string is longer than 4096.
    let mut out = vec![0; len + 4096];
    let (mut rest, mut filled) = (codes, 0);
    let ends = loop {
        let step = decoder.decode_bytes(rest, &mut out[filled..]);
        rest = &rest[step.consumed_in..];
        filled += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) if filled < len => {}
            Ok(_) => break "truncated",
            Err(_) => break "malformed",
        }
    };
    out.truncate(len);
    if filled < len { Err(ends) } else { Ok(out) }
}
