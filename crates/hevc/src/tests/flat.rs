//! A picture written bit by bit: 16 × 16 luma samples in one coding unit without a residual.

use image_ingest_samples::{CpuTimer, DecodeError, Samples};

use crate::intra::cabac::tests::Encoder;
use crate::intra::contexts::{CBF_LUMA, LUMA_MODE_KNOWN, SPLIT_CODING};
use crate::tests::writer::Writer;
use crate::{CodedPicture, DecoderConfiguration, InLoopFilters, decode};

/// The payload of `hvcC`.
fn configuration() -> Vec<u8> {
    let mut sequence = Writer::default();
    sequence.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
    // Number 0, 4:0:0, 16 × 16, no window, 8 bits.
    sequence.unsigned(&[0, 0, 16, 16]).bits(0, 1).unsigned(&[0, 0, 0]).bits(0, 1).unsigned(&[0, 0, 0]);
    // Coding blocks of 8 to 16, transform blocks of 4 to 16, no splits.
    sequence.unsigned(&[0, 1, 0, 2, 0, 0]).bits(0, 4).unsigned(&[0]).bits(0, 5).bits(1, 1);
    let mut picture = Writer::default();
    picture.unsigned(&[0, 0]).bits(0, 7).unsigned(&[0, 0, 0]).bits(0, 3).unsigned(&[0, 0]).bits(0, 10);
    picture.unsigned(&[0]).bits(0, 2).bits(1, 1);
    let mut payload = vec![1];
    payload.extend([0; 15]);
    payload.extend([0xFC, 0xF8, 0xF8, 0, 0, 3, 2]);
    for (kind, nal) in [(33, sequence.nal()), (34, picture.nal())] {
        payload.extend([kind, 0, 1, 0, u8::try_from(nal.len()).unwrap(), kind << 1]);
        payload.extend_from_slice(&nal[1..]);
    }
    payload
}

/// The data of the item: one slice behind its length.
fn item(known: u32) -> Vec<u8> {
    let mut header = Writer::default();
    // The first slice, of picture parameter set 0, an I slice with the initial quantiser; then the alignment.
    header.bits(0b10, 2).unsigned(&[0, 2, 0]).bits(1, 1);
    let mut encoder = Encoder::new(26);
    encoder.bin(SPLIT_CODING, 0);
    encoder.bin(LUMA_MODE_KNOWN, known);
    // The first likely mode, planar, or the first of the others.
    encoder.bypasses(0, if known == 1 { 1 } else { 5 });
    encoder.bin(CBF_LUMA + 1, 0);
    encoder.terminate(true);
    let mut nal = vec![19 << 1, 1];
    nal.extend_from_slice(&header.nal()[2..]);
    nal.extend(encoder.bytes());
    [&u32::try_from(nal.len()).unwrap().to_be_bytes()[..], &nal].concat()
}

fn luma(config: &[u8], item: &[u8]) -> Result<Samples, DecodeError> {
    let config = DecoderConfiguration::read(config)?;
    let mut picture = decode(
        &CodedPicture::read(&config, item, &CpuTimer::default())?,
        InLoopFilters::Applied,
        &CpuTimer::default(),
    )?;
    Ok(picture.planes.remove(0).samples)
}

#[test]
fn a_block_without_neighbours_is_half_of_the_range() {
    for known in [0, 1] {
        assert!(luma(&configuration(), &item(known)).unwrap() == Samples::U8(vec![128; 256]));
    }
}

#[test]
fn what_follows_the_last_coding_tree_is_damage() {
    let mut long = item(1);
    long[3] += 1;
    long.push(0xFF);
    assert!(matches!(luma(&configuration(), &long), Err(DecodeError::Malformed { .. })));
}
