//! JPEGs of one picture with extra data in or after the scan, or with missing segments, as devices and programs write
//! them.

use super::pictures::calm;
use crate::catalogue::Entry;
use crate::encode::jpeg::{self, Options, SamplingFactor, find_marker, scan_data, segment};
use crate::encode::progressive::{encode_420, usual_script};
use crate::metadata::samsung;
use crate::raster::Rgb;
use crate::scene::noise::Prng;

/// Of the picture that is shown: 15 × 10 MCUs of 4:2:0.
const W: u32 = 240;
const H: u32 = 160;
const MCUS_ACROSS: u16 = 15;
const EOI: [u8; 2] = [0xFF, 0xD9];

pub(super) fn all() -> Vec<Entry> {
    let mut entries = ends();
    entries.extend(longer_scans());
    entries.extend(oddities());
    entries.extend(progressive());
    entries.extend(inks());
    entries
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("same/{name}"), shows, make)
}

/// What follows the scan.
fn ends() -> Vec<Entry> {
    let ending = |name: &str, shows: &str, end: fn() -> Vec<u8>| {
        file(&format!("jpeg_{name}.jpg"), &format!("group jpeg, {shows}"), move || [scan(), end()].concat())
    };
    vec![
        ending("plain", "the picture as it should be", || EOI.to_vec()),
        ending("no_eoi", "without EOI", Vec::new),
        ending("half_eoi", "half of EOI", || vec![0xFF]),
        ending("zeroed_eoi", "zeros for EOI", || vec![0, 0]),
        ending("samsung_no_eoi", "no EOI, and a Samsung trailer with a video", || samsung::trailer(&video())),
        ending("samsung", "EOI, and a Samsung trailer with a video", || {
            [&EOI[..], &samsung::trailer(&video())].concat()
        }),
        ending("samsung_marker_first", "no EOI, and a Samsung trailer whose data begins with markers", || {
            samsung::trailer(&[&[0xFF, 0xDA, 0, 12, 3, 1, 0, 0xFF, 0xC4, 0, 3][..], &video()].concat())
        }),
        ending("mail_boundary", "no EOI, and the boundary of a multipart body", || {
            b"\r\n------FormBoundary7MA4YWxkTrZu0gW--\r\n".to_vec()
        }),
        ending("random_before_eoi", "600 bytes of no meaning before EOI", || [&noise(600)[..], &EOI].concat()),
        ending("run_before_eoi", "900 equal bytes before EOI", || [&[0xA5; 900][..], &EOI].concat()),
        ending("zeros_before_eoi", "5000 zeros before EOI", || [&[0; 5000][..], &EOI].concat()),
        ending("second_scan", "the scan again, instead of EOI", || {
            let whole = scan();
            [&whole[find_marker(&whole, 0xDA)..], &EOI].concat()
        }),
    ]
}

/// More rows of MCUs than the frame header says.
fn longer_scans() -> Vec<Entry> {
    let taller = |name: &str, shows: &str, restart_interval: u16| {
        file(&format!("jpeg_{name}.jpg"), &format!("group jpeg, {shows}"), move || {
            let tall = jpeg::rgb(&tall(), &Options { restart_interval, ..options() });
            let height = find_marker(&tall, 0xC0) + 5;
            let shown = u16::try_from(H).expect("160").to_be_bytes();
            [&tall[..height], &shown, &tall[height + 2..]].concat()
        })
    };
    vec![
        taller("more_rows", "rows of MCUs below the picture", 0),
        taller("more_rows_restarts", "rows of MCUs below the picture, a restart marker after each", MCUS_ACROSS),
        taller("more_rows_in_interval", "rows of MCUs below the picture, which ends within a restart interval", 7),
    ]
}

/// Within the scan, and before it.
fn oddities() -> Vec<Entry> {
    let restarts = || jpeg::rgb(&shown(), &Options { restart_interval: MCUS_ACROSS, ..options() });
    let inserted = |name: &str, shows: &str, segments: fn() -> Vec<u8>| {
        file(&format!("jpeg_{name}.jpg"), &format!("group jpeg, {shows}"), move || {
            let plain = jpeg::rgb(&shown(), &options());
            let second = find_marker(&plain, 0xDB);
            [&plain[..second], &segments(), &plain[second..]].concat()
        })
    };
    vec![
        file("jpeg_zero_before_restart.jpg", "group jpeg, a zero byte before one restart marker", move || {
            with_zeros(&restarts(), 1, |number| number == 2)
        }),
        file("jpeg_zeros_before_restarts.jpg", "group jpeg, two zero bytes before every restart marker", move || {
            with_zeros(&restarts(), 2, |_| true)
        }),
        inserted("comment_length_0", "a comment of length 0", || vec![0xFF, 0xFE, 0, 0]),
        inserted("app_length_1", "an application segment of length 1", || vec![0xFF, 0xE7, 0, 1]),
        inserted("dnl_first", "DNL before the frame header, which has the height", dnl),
        inserted("stray_first", "bytes of no meaning between segments", || b"\0\0stray".to_vec()),
        file("jpeg_dnl_last.jpg", "group jpeg, DNL after the scan, though the frame header has the height", || {
            [scan(), dnl(), EOI.to_vec()].concat()
        }),
        file("jpeg_three_scans.jpg", "group jpeg, a scan for each component", three_scans),
        file("jpeg_three_scans_no_eoi.jpg", "group jpeg, a scan for each component and no EOI", || {
            let whole = three_scans();
            whole[..whole.len() - 2].to_vec()
        }),
    ]
}

/// Of a progressive file.
fn progressive() -> Vec<Entry> {
    let ending = |name: &str, shows: &str, end: fn() -> Vec<u8>| {
        file(&format!("progressive_{name}.jpg"), &format!("group progressive, {shows}"), move || {
            let whole = encode_420(&shown(), 60, &usual_script());
            [&whole[..whole.len() - 2], &end()].concat()
        })
    };
    vec![
        ending("plain", "the picture as it should be", || EOI.to_vec()),
        ending("no_eoi", "every scan, and no EOI", Vec::new),
        ending("half_eoi", "every scan, and half of EOI", || vec![0xFF]),
        ending("zeroed_eoi", "every scan, and zeros for EOI", || vec![0, 0]),
        ending("random_before_eoi", "every scan, and 600 bytes of no meaning before EOI", || {
            [&noise(600)[..], &EOI].concat()
        }),
        ending("samsung_no_eoi", "every scan, no EOI, and a Samsung trailer", || samsung::trailer(&video())),
        ending("mail_boundary", "every scan, no EOI, and the boundary of a multipart body", || {
            b"\r\n--boundary-of-a-multipart-body--\r\n".to_vec()
        }),
    ]
}

/// CMYK, which is decoded to interleaved samples.
fn inks() -> Vec<Entry> {
    let ending = |name: &str, shows: &str, end: fn() -> Vec<u8>| {
        file(&format!("inks_{name}.jpg"), &format!("group inks, CMYK, {shows}"), move || {
            let whole = jpeg::cmyk(&shown(), false, &options());
            [&whole[..whole.len() - EOI.len()], &end()].concat()
        })
    };
    vec![
        ending("plain", "EOI", || EOI.to_vec()),
        ending("no_eoi", "without EOI", Vec::new),
        ending("samsung_no_eoi", "no EOI, and a Samsung trailer with a video", || samsung::trailer(&video())),
    ]
}

/// The picture, and what lies below it in files that have more rows.
fn tall() -> Rgb {
    calm(W, H + 48)
}

fn shown() -> Rgb {
    let samples = tall().samples[..(W * H * 3) as usize].to_vec();
    Rgb { width: W, height: H, samples }
}

fn options() -> Options {
    Options { quality: 60, ..Options::default() }
}

/// The file without its EOI.
fn scan() -> Vec<u8> {
    let whole = jpeg::rgb(&shown(), &options());
    whole[..whole.len() - 2].to_vec()
}

fn three_scans() -> Vec<u8> {
    jpeg::rgb(&shown(), &Options { optimized: true, sampling: SamplingFactor::R_4_2_0, ..options() })
}

fn dnl() -> Vec<u8> {
    segment(0xDC, &u16::try_from(H).expect("160").to_be_bytes())
}

/// What a video's data looks like, end and beginning of images included.
fn video() -> Vec<u8> {
    [b"\0\0\0\x18ftypmp42\0\0\0\0isommp42".as_slice(), &noise(700), &EOI, &[0xFF, 0xD8, 0xFF], &noise(700)].concat()
}

/// Bytes without 0xFF.
fn noise(count: usize) -> Vec<u8> {
    Prng::new(12).bytes(count).into_iter().map(|b| if b == 0xFF { 0xFE } else { b }).collect()
}

/// Zero bytes before the restart markers whose number is asked for.
fn with_zeros(jpeg: &[u8], count: usize, before: impl Fn(u8) -> bool) -> Vec<u8> {
    let (head, data) = jpeg.split_at(scan_data(jpeg));
    let mut out = head.to_vec();
    for (at, &byte) in data.iter().enumerate() {
        if let (0xFF, Some(&marker @ 0xD0..=0xD7)) = (byte, data.get(at + 1))
            && before(marker - 0xD0)
        {
            out.extend(vec![0; count]);
        }
        out.push(byte);
    }
    out
}
