//! WebP bombs (RFC 9649): canvases, frames, chunks and alpha.

use super::bomb::{Bomb, NEARLY_ALL, filled};
use crate::encode::{vp8l, webp};
use crate::files::pictures::calm;
use crate::raster::Rgb;

pub(super) fn all() -> Vec<Bomb> {
    vec![
        Bomb::new("webp_canvas_2e24.webp", "too_many_pixels", "a canvas of 16777216×255 with a small frame", || {
            webp::extended(webp::ANIMATION, 1 << 24, 255, &[webp::anim(), frame()])
        })
        .cheap(),
        Bomb::new("webp_20000_frames.webp", "accepted", "20000 frames on 2048×2048", || {
            let frames = vec![frame(); 20_000];
            webp::extended(webp::ANIMATION, 2048, 2048, &[&[webp::anim()][..], &frames].concat())
        }),
        Bomb::new("webp_canvas_14000.webp", "accepted", "a canvas of 14000×14000 with a small frame", || {
            webp::extended(webp::ANIMATION, 14_000, 14_000, &[webp::anim(), frame()])
        }),
        Bomb::new("webp_riff_length.webp", "accepted", "a RIFF length of 2³² − 1", || patched(4)),
        Bomb::new("webp_chunk_length.webp", "malformed", "a chunk length of 2³² − 1", || patched(16)),
        Bomb::new("webp_lossy_16383.webp", "too_many_pixels", "a VP8 frame of 16383×16383 in 64 bytes", || {
            let header = [0x30, 1, 0, 0x9D, 1, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F];
            webp::riff(&[(*b"VP8 ", [&header[..], &[0; 54]].concat())])
        }),
        Bomb::new("webp_lossy_14000.webp", "truncated", "a VP8 frame of 14000×14000 in 64 bytes", || {
            let header = [0x10, 2, 0, 0x9D, 1, 0x2A, 0xB0, 0x36, 0xB0, 0x36];
            webp::riff(&[(*b"VP8 ", [&header[..], &[0; 54]].concat())])
        }),
        Bomb::new("webp_lossless_16384.webp", "too_many_pixels", "a VP8L frame of 16384×16384 in 24 bytes", || {
            webp::riff(&[(*b"VP8L", [&[0x2F, 0xFF, 0xFF, 0xFF, 0x0F][..], &[0; 19]].concat())])
        }),
        Bomb::new("webp_lossless_flat_16mp.webp", "accepted", "4000×4000 of one colour", || {
            webp::lossless(&Rgb::from_fn(4000, 4000, |_, _| [90, 120, 150]))
        }),
        Bomb::new("webp_groups_65536.webp", "limit_exceeded", "65536 groups of prefix codes for 1024×1024", || {
            vp8l::groups(1024, 65_536, 65_536)
        })
        .cheap(),
        Bomb::new("webp_groups_4096.webp", "accepted", "4096 groups of prefix codes for 1024×1024", || {
            vp8l::groups(1024, 4096, 4096)
        }),
        Bomb::new("webp_unknown_chunks.webp", "accepted", "1.3 million unknown chunks", || {
            let mut file = webp::extended(0, 64, 48, &webp::image_chunks(&webp::lossy(&calm(64, 48), 70.0)));
            file.extend(filled(b"ABCD\0\0\0\0", NEARLY_ALL));
            with_length(file)
        }),
        Bomb::new("webp_icc_9mib.webp", "accepted", "an ICC profile of 9 MiB", || {
            let image = webp::image_chunks(&webp::lossy(&calm(64, 48), 70.0));
            webp::extended(webp::ICC, 64, 48, &[&[(*b"ICCP", vec![0x5A; 9 << 20])][..], &image].concat())
        }),
        Bomb::new("webp_alpha_short.webp", "truncated", "a raw alpha plane of one byte for 2048×2048", || {
            alpha(2048, &[0, 0xFF])
        }),
        Bomb::new("webp_alpha_long.webp", "accepted", "9 MB of raw alpha for 64×64", || {
            alpha(64, &vec![0; 9_000_000])
        }),
        Bomb::new("webp_alpha_lossless.webp", "malformed", "a compressed alpha plane of zeros for 2048×2048", || {
            alpha(2048, &[&[1][..], &[0; 64]].concat())
        }),
    ]
}

fn frame() -> webp::Chunk {
    let small = calm(16, 16);
    webp::anmf(0, 0, &small, &webp::lossy(&small, 50.0))
}

fn alpha(side: u32, data: &[u8]) -> Vec<u8> {
    let image = webp::image_chunks(&webp::lossy(&Rgb::from_fn(side, side, |_, _| [90, 120, 150]), 50.0));
    webp::extended(webp::ALPHA, side, side, &[&[(*b"ALPH", data.to_vec())][..], &image].concat())
}

/// A small picture with four bytes of ones at `at`.
fn patched(at: usize) -> Vec<u8> {
    let mut file = webp::lossy(&calm(64, 48), 70.0);
    file[at..at + 4].fill(0xFF);
    file
}

fn with_length(mut file: Vec<u8>) -> Vec<u8> {
    let length = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}
