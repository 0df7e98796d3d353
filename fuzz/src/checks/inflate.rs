//! Compares our inflater with the crates `fdeflate` and `miniz_oxide`.

use fdeflate::{DecompressionError, Decompressor};
use image_ingest_png::{InflateFault, Inflater};

/// The bytes and the verdict are those of `fdeflate`, in pieces of any size. Where `miniz_oxide` accepts the stream, too,
/// its bytes are the same.
///
/// The first two bytes of `data` are the size of the pieces, and the room at a time in 16 bytes. Where the last bit of the
/// second is set, the rest is a deflate stream, which a zlib header is put before.
pub fn inflate_against_others(data: &[u8]) {
    let Some((&[piece, room], rest)) = data.split_first_chunk() else { return };
    let head: &[u8] = if room & 1 == 1 { &[0x78, 0x01] } else { &[] };
    let stream = [head, rest].concat();
    let theirs = by_fdeflate(&stream);
    assert_eq!(by_ours(&stream, 1 + usize::from(piece), 300 + 16 * usize::from(room)), theirs);
    assert_eq!(by_ours(&stream, 8192, MAX_BYTES), theirs);
    let by_miniz = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&stream, MAX_BYTES);
    if let (Outcome::Whole(theirs), Ok(by_miniz)) = (theirs, by_miniz) {
        assert!(theirs == by_miniz, "other bytes than miniz_oxide");
    }
}

/// How a stream ends.
#[derive(Debug, PartialEq)]
enum Outcome {
    Whole(Vec<u8>),
    /// Cut, or of more than [`MAX_BYTES`].
    Short,
    Refused(InflateFault),
}

const MAX_BYTES: usize = 1 << 16;

fn by_ours(stream: &[u8], piece: usize, room: usize) -> Outcome {
    let (mut inflater, mut rest, mut filled) = (Inflater::new(), stream, 0);
    // Room for one more, so that a stream of too many bytes is known by them.
    let mut out = vec![0; MAX_BYTES + 1];
    while !inflater.is_done() {
        let end = (filled + room).min(out.len());
        match inflater.read(&rest[..piece.min(rest.len())], &mut out[..end], filled) {
            Err(fault) => return Outcome::Refused(fault),
            Ok((0, 0)) => return Outcome::Short,
            Ok((read, came)) => {
                rest = &rest[read..];
                filled += came;
            }
        }
        if filled > MAX_BYTES {
            return Outcome::Short;
        }
    }
    out.truncate(filled);
    Outcome::Whole(out)
}

fn by_fdeflate(stream: &[u8]) -> Outcome {
    let (mut decompressor, mut rest, mut filled) = (Decompressor::new(), stream, 0);
    let mut out = vec![0; MAX_BYTES + 1];
    while !decompressor.is_done() {
        match decompressor.read(rest, &mut out, filled, false) {
            Err(error) => return Outcome::Refused(fault(&error)),
            Ok((0, 0)) => return Outcome::Short,
            Ok((read, came)) => {
                rest = &rest[read..];
                filled += came;
            }
        }
        if filled > MAX_BYTES {
            return Outcome::Short;
        }
    }
    out.truncate(filled);
    Outcome::Whole(out)
}

fn fault(error: &DecompressionError) -> InflateFault {
    match error {
        DecompressionError::BadZlibHeader => InflateFault::Header,
        DecompressionError::WrongChecksum => InflateFault::Checksum,
        DecompressionError::DistanceTooFarBack | DecompressionError::InputStartsWithRun => InflateFault::Distance,
        _ => InflateFault::Stream,
    }
}
