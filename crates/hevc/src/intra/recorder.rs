//! Writes random pictures: the decoder walks a coding tree whose bins a generator chooses, and an arithmetic encoder
//! writes them.
//!
//! Whatever the decoder asks for is what the bitstream holds, so every picture is valid as far as the decoder is right.
//! Another decoder shows where it is not. This is no part of the library: programs that compare decoders build it in.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::intra::bin_recorder::BinRecorder;
pub use crate::intra::bin_recorder::Chances;
use crate::intra::format::IntraFormat;
use crate::intra::slice_header::SliceSegment;
use crate::intra::tree::state::PictureDecoder;
use crate::parameters::picture::PictureParameterSet;
use crate::parameters::sequence::SequenceParameterSet;
use crate::result::Result;

/// Where a slice segment begins, in coding trees.
#[derive(Debug, Clone, Copy)]
pub struct SegmentStart {
    /// The address in raster order.
    pub address: usize,
    /// Trees up to the end of the row in the tile.
    pub left_in_row: usize,
    /// Trees up to the end of the tile.
    pub left_in_tile: usize,
    /// Whether it is the first of a row in its tile.
    pub starts_row: bool,
}

/// A slice segment to write.
pub struct SegmentPlan {
    /// The NAL unit up to the byte alignment, without emulation prevention bytes.
    pub head: Vec<u8>,
    /// How many coding trees follow.
    pub trees: usize,
}

/// Writes the slice segments of a picture with these parameter sets, with emulation prevention bytes. `next` plans each.
///
/// # Errors
///
/// [`DecodeError`]: the sets or a head are not known, or the choices have led to what no bitstream may hold.
pub fn record(
    sets: [&[u8]; 2],
    chances: &Chances,
    seed: u64,
    mut next: impl FnMut(SegmentStart) -> SegmentPlan,
) -> Result<Vec<Vec<u8>>> {
    let wrong = |what: &'static str| move || DecodeError::malformed(what);
    let sequence = SequenceParameterSet::read(sets[0]).ok_or_else(wrong("the sequence parameter set is cut"))?;
    let format = IntraFormat::of(sequence, PictureParameterSet::read(sets[1])?, &CpuTimer::default())?;
    let mut decoder = PictureDecoder::<u16>::new(&format, false, Vec::new(), None, &CpuTimer::default())?;
    let mut recorder = Box::new(BinRecorder::new(chances.clone(), seed));
    let (mut nals, mut header) = (Vec::new(), None);
    while let Some(place) = decoder.next_place() {
        let end = |at: usize, all: usize, same: &dyn Fn(usize) -> bool| (at..all).find(|&i| !same(i)).unwrap_or(all);
        let (across, down) = (format.trees_across(), format.trees() / format.trees_across());
        let at = (place.column, place.row);
        let right = end(place.column, across, &|column| format.tiles.is_same(at, (column, place.row)));
        let bottom = end(place.row, down, &|row| format.tiles.is_same(at, (place.column, row)));
        let left_in_row = right - place.column;
        let left_in_tile = left_in_row + (bottom - place.row - 1) * (right - place.left);
        let start = SegmentStart { address: place.address, left_in_row, left_in_tile, starts_row: place.starts_row() };
        let plan = next(start);
        let segment = SliceSegment::read(&escaped(&plan.head), &format, header.as_ref());
        let segment = segment.ok_or_else(wrong("a segment's head"))?;
        recorder.trees = plan.trees;
        decoder.recorder = Some(recorder);
        decoder.segment(&segment, &[], &CpuTimer::default()).ok_or_else(wrong("a segment"))?;
        recorder = decoder.recorder.take().ok_or_else(wrong("no recorder"))?;
        nals.push(escaped(&[plan.head, recorder.take()].concat()));
        header = Some(segment.header);
    }
    Ok(nals)
}

/// A NAL unit with emulation prevention bytes (ITU-T H.265 § 7.4.2).
#[must_use]
pub fn escaped(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros == 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}
