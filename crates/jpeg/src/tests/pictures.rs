//! Whole pictures of one component, written bit by bit: what is damage and what is not, and which rows come.

use image_ingest_samples::{CpuTimer, DecodeError};

use super::vectors::bytes_of;
use super::{Planes, decoded};
use crate::{DctScale, JpegDecoder};

/// An MCU whose DC coefficient is 1 above the one before: its difference has one bit, and an end of block follows.
const UP: &str = "0 1 0";
/// The same, 1 below.
const DOWN: &str = "0 0 0";

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 2).unwrap();
    [&[0xFF, marker][..], &len.to_be_bytes(), payload].concat()
}

/// A file up to the data of its scan. A DC coefficient of 1 is one level of gray.
fn head(sof: u8, [width, height]: [u8; 2], restart_interval: u8) -> Vec<u8> {
    let counts = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    [
        vec![0xFF, 0xD8],
        segment(0xDB, &[&[0][..], &[8; 64]].concat()),
        segment(sof, &[8, 0, height, 0, width, 1, 1, 0x11, 0]),
        segment(0xC4, &[&[0x00][..], &counts, &[1], &[0x10], &counts, &[0]].concat()),
        segment(0xDD, &[0, restart_interval]),
    ]
    .concat()
}

fn sequential(size: [u8; 2], restart_interval: u8, data: &[u8]) -> Vec<u8> {
    [head(0xC0, size, restart_interval), segment(0xDA, &[1, 1, 0, 0, 63, 0]), data.to_vec()].concat()
}

fn decode(file: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let Planes([gray, _, _]) = decoded(JpegDecoder::new(file, &CpuTimer::default()).unwrap(), [DctScale::Full; 2])?;
    Ok(gray)
}

/// The refusal of a picture of 16 × 8 pixels, two MCUs.
fn refusal(data: &[u8]) -> String {
    decode(&sequential([16, 8], 0, data)).err().map(|error| error.to_string()).unwrap_or_default()
}

const END: [u8; 2] = [0xFF, 0xD9];

fn ended(data: &[u8]) -> Vec<u8> {
    [data, &END].concat()
}

#[test]
fn rows_of_whole_mcus_come_and_none_below_the_picture() {
    // Two MCUs across and two down, of which the picture has nine columns and nine rows.
    let file = sequential([9, 9], 0, &ended(&bytes_of(&[UP, UP, UP, DOWN].concat())));
    let rows = |left, right| [[left; 8], [right; 8]].concat();
    let expected = [rows(129, 130).repeat(8), rows(131, 130)].concat();
    assert_eq!(decode(&file).unwrap(), expected);
    let Planes([half, _, _]) =
        decoded(JpegDecoder::new(&file, &CpuTimer::default()).unwrap(), [DctScale::Half; 2]).unwrap();
    let rows = |left, right| [[left; 4], [right; 4]].concat();
    assert_eq!(half, [rows(129, 130).repeat(4), rows(131, 130)].concat());
    let Planes([eighth, _, _]) =
        decoded(JpegDecoder::new(&file, &CpuTimer::default()).unwrap(), [DctScale::Eighth; 2]).unwrap();
    assert_eq!(eighth, [129, 130, 131, 130]);
}

#[test]
fn a_restart_begins_the_prediction_anew() {
    let data = [&bytes_of(&UP.repeat(2))[..], &[0xFF, 0xD0], &bytes_of(&UP.repeat(2)), &END].concat();
    let gray = decode(&sequential([16, 16], 2, &data)).unwrap();
    assert_eq!((gray[0], gray[8], gray[128], gray[136]), (129, 130, 129, 130));
}

#[test]
fn a_scan_that_ends_early_is_truncated_or_malformed_by_what_follows() {
    // Eight bits hold two MCUs, and one holds none.
    assert_eq!(refusal(&[]), "truncated: the data ends before the last scan does");
    assert_eq!(refusal(&END), "malformed: a scan shorter than the image");
    assert_eq!(refusal(&bytes_of(&UP.repeat(2))), "", "the end of the image decides nothing");
}

#[test]
fn a_code_that_no_table_has_is_malformed() {
    let data = ended(&bytes_of(&[UP, "1", &DOWN.repeat(9)].concat()));
    assert_eq!(refusal(&data), "malformed: an impossible entropy code");
}

#[test]
fn further_mcus_are_rows_below_the_picture_or_damage() {
    for (mcus, verdict) in [(6, ""), (9, "malformed: a scan longer than the image"), (8, "")] {
        assert_eq!(refusal(&ended(&bytes_of(&UP.repeat(mcus)))), verdict, "{mcus} MCUs");
    }
}

#[test]
fn what_was_appended_is_no_damage() {
    let scan = bytes_of(&UP.repeat(2));
    for appended in [&[0; 99][..], &[0xFE; 99], b"--boundary of a multipart mail--", &[0x91; 16]] {
        assert_eq!(refusal(&ended(&[&scan, appended].concat())), "");
        assert_eq!(refusal(&[&scan, appended].concat()), "", "without the end of the image");
    }
}

#[test]
fn a_file_whose_last_part_is_zeros_is_truncated() {
    let data = [&bytes_of(&UP.repeat(8))[..], &[0; 99]].concat();
    let error = decode(&sequential([200, 200], 0, &data)).err().unwrap();
    assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
}

#[test]
fn progressive_scans_join_and_must_not_contradict_each_other() {
    let scan = |bits: u8, data: &str| [segment(0xDA, &[1, 1, 0, 0, 0, bits]), bytes_of(data)].concat();
    // DC without its lowest bit, then that bit.
    let file = |scans: &[Vec<u8>]| [head(0xC2, [8, 8], 0), scans.concat(), END.to_vec()].concat();
    assert_eq!(decode(&file(&[scan(0x01, "0 1"), scan(0x10, "1000 0000")])).unwrap(), [131; 64]);
    assert_eq!(decode(&file(&[scan(0x01, "0 1")])).unwrap(), [130; 64], "the last bit may be left out");
    let twice = decode(&file(&[scan(0x01, "0 1"), scan(0x01, "0 1")])).err().unwrap();
    assert_eq!(twice.to_string(), "malformed: scans that contradict each other");
    let mut cut = file(&[scan(0x01, "0 1")]);
    cut.truncate(cut.len() - 2);
    assert!(matches!(decode(&cut), Err(DecodeError::Truncated { .. })), "a bit may be missing");
}

#[test]
fn a_spent_budget_ends_the_work() {
    use image_ingest_samples::{Budget, CancellationToken, WorkError};
    let token = CancellationToken::new();
    token.cancel();
    let budget = Budget::new(std::time::Duration::from_secs(9), token);
    let file = sequential([16, 8], 0, &ended(&bytes_of(&UP.repeat(2))));
    let timer: CpuTimer<'_> = budget.timer();
    let decoder = JpegDecoder::new(&file, &CpuTimer::default()).unwrap();
    let ended = decoder.decode([DctScale::Full; 2], &mut Planes::default(), &timer);
    assert!(matches!(ended, Err(DecodeError::Work(WorkError::Cancelled))));
}
