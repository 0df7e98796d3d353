//! zlib streams for the inflater of `image-ingest-png` and for libdeflate.

use image_ingest_png::Inflater;
use libdeflater::{CompressionLvl, Compressor, Decompressor};

use crate::random::Random;

/// What the `IDAT` chunks of a PNG hold; `None` for another file.
#[must_use]
pub fn image_data(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let mut data = Vec::new();
    while let Some((&length, behind)) = rest.split_first_chunk::<4>() {
        let end = usize::try_from(u32::from_be_bytes(length)).ok()?.checked_add(8)?;
        let Some(chunk) = behind.get(..end) else { break };
        if chunk.starts_with(b"IDAT") {
            data.extend_from_slice(&chunk[4..end - 4]);
        }
        rest = &behind[end..];
    }
    Some(data).filter(|data| !data.is_empty())
}

/// What our inflater gives, up to `out.len()` bytes: their number, or `None` where it refuses, or where the stream has not
/// ended by then.
#[must_use]
pub fn by_ours(stream: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut inflater, mut input, mut filled) = (Inflater::new(), stream, 0);
    while !inflater.is_done() {
        let (read, came) = inflater.read(&input[..input.len().min(8192)], out, filled).ok()?;
        input = &input[read..];
        filled += came;
        if read == 0 && came == 0 {
            return None;
        }
    }
    Some(filled)
}

/// The same by libdeflate.
#[must_use]
pub fn by_libdeflate(stream: &[u8], out: &mut [u8]) -> Option<usize> {
    Decompressor::new().zlib_decompress(stream, out).ok()
}

/// Bytes of which many repeat, from near and from far.
#[must_use]
pub fn bytes(random: &mut Random) -> Vec<u8> {
    let (most, values) = ([20, 2000, 60_000, 300_000][random.below(4)], 1 + random.below(256));
    let len = random.below(most);
    let mut out = Vec::new();
    while out.len() < len {
        let reach = [3, 20, 40_000][random.below(3)];
        let distance = 1 + random.below(reach);
        if distance <= out.len() && random.below(3) == 0 {
            (0..3 + random.below(300)).for_each(|_| out.push(out[out.len() - distance]));
        } else {
            out.push(random.below(values).to_le_bytes()[0]);
        }
    }
    out
}

/// The zlib stream of `bytes` by libdeflate, of any level.
///
/// # Panics
///
/// Where libdeflate has fewer levels than it says.
#[must_use]
pub fn stream(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let level = i32::try_from(random.below(13)).expect("below 13");
    let mut compressor = Compressor::new(CompressionLvl::new(level).expect("levels 0 to 12"));
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let len = compressor.zlib_compress(bytes, &mut out).expect("room for the worst");
    out.truncate(len);
    out
}
