//! Seeds of the fuzz targets: every kind of file that `testdata/` shows, a few blocks large.

use super::heic::tiles;
use super::pictures::{calm, picture};
use crate::catalogue::Entry;
use crate::encode::boxes::{clap, imir, irot, nclx, prof};
use crate::encode::gif::{self, cube, dithered};
use crate::encode::heif::Heif;
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::encode::jpeg::{self, Options, SamplingFactor};
use crate::encode::png::{Color, Png, SIGNATURE, chunk, iccp, ihdr, wide, zlib};
use crate::encode::progressive::{encode_420, usual_script};
use crate::encode::webp::{self, ALPHA, ANIMATION, EXIF, ICC};
use crate::metadata::exif::Exif;
use crate::metadata::{icc, icc_table};
use crate::raster::{Rgb, vignette};

const W: u32 = 37;
const H: u32 = 26;

/// Every seed, in a folder named after what it is.
pub(crate) fn all() -> Vec<Entry> {
    [blocks(), jpegs(), pngs(), gifs(), webps(), heifs()].into_iter().flatten().collect()
}

fn file(name: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(name, "", make)
}

fn exif() -> Exif {
    Exif { interop: Some("R03"), ..Exif::oriented(6) }
}

fn blocks() -> Vec<Entry> {
    vec![
        file("exif/little", || exif().tiff()),
        file("exif/big", || Exif { big_endian: true, ..exif() }.tiff()),
        file("exif/prefixed", || [&b"Exif\0\0"[..], &Exif::oriented(3).tiff()].concat()),
        file("icc/srgb", icc::srgb),
        file("icc/adobe_rgb", icc::adobe_rgb),
        file("icc/gray", icc::gray),
        file("icc/cmyk", icc_table::cmyk),
        file("icc/lut16", icc_table::rgb_lut16),
        file("icc/mab", icc_table::rgb_mab),
    ]
}

fn jpegs() -> Vec<Entry> {
    use SamplingFactor::{R_4_1_0, R_4_1_1, R_4_2_0, R_4_2_2, R_4_4_0, R_4_4_4};
    let one = |name: &str, options: Options| {
        file(&format!("jpeg/{name}"), move || jpeg::rgb(&picture(W, H), &Options { quality: 75, ..options.clone() }))
    };
    let usual = Options::default;
    let factors =
        [("420", R_4_2_0), ("422", R_4_2_2), ("444", R_4_4_4), ("440", R_4_4_0), ("411", R_4_1_1), ("410", R_4_1_0)];
    let mut entries: Vec<Entry> =
        factors.into_iter().map(|(name, sampling)| one(name, Options { sampling, ..usual() })).collect();
    entries.extend([
        one("spectral", Options { progressive: true, ..usual() }),
        one("spectral_restart", Options { progressive: true, restart_interval: 2, sampling: R_4_4_4, ..usual() }),
        one("optimized", Options { optimized: true, ..usual() }),
        one("restart", Options { restart_interval: 2, ..usual() }),
        one("exif", Options { exif: Some(exif().tiff()), ..usual() }),
        one("icc", Options { icc: Some(icc::adobe_rgb()), ..usual() }),
        file("jpeg/successive", || encode_420(&picture(W, H), 75, &usual_script())),
        file("jpeg/gray", || jpeg::gray(&picture(W, H), &Options::default())),
        file("jpeg/cmyk", || jpeg::cmyk(&picture(W, H), false, &Options::default())),
        file("jpeg/ycck", || jpeg::cmyk(&picture(W, H), true, &Options::default())),
    ]);
    entries
}

fn pngs() -> Vec<Entry> {
    let kinds = [
        (Color::Gray, &[1, 2, 4, 8, 16][..]),
        (Color::Rgb, &[8, 16]),
        (Color::Palette, &[1, 2, 4, 8]),
        (Color::GrayAlpha, &[8, 16]),
        (Color::Rgba, &[8, 16]),
    ];
    let mut entries = Vec::new();
    for (index, (color, depths)) in kinds.into_iter().enumerate() {
        for &depth in depths {
            for interlaced in [false, true] {
                entries
                    .push(file(&format!("png/{index}_{depth}_{interlaced}"), move || plain(color, depth, interlaced)));
            }
        }
    }
    let tagged = |name: &str, chunk: [u8; 4], data: fn() -> Vec<u8>| {
        file(&format!("png/{name}"), move || {
            Png::new(W, H, Color::Rgb, 8, &wide(&calm(W, H).samples)).with(chunk, data()).encode()
        })
    };
    entries.extend([
        tagged("iccp", *b"iCCP", || iccp(&icc::display_p3())),
        tagged("cicp", *b"cICP", || vec![9, 16, 0, 1]),
        tagged("gama", *b"gAMA", || 55556u32.to_be_bytes().to_vec()),
        tagged("chrm", *b"cHRM", || {
            [31270u32, 32900, 64000, 33000, 21000, 71000, 15000, 6000].map(u32::to_be_bytes).concat()
        }),
        tagged("srgb", *b"sRGB", || vec![0]),
        tagged("exif", *b"eXIf", || Exif::oriented(6).tiff()),
        tagged("actl", *b"acTL", || vec![0, 0, 0, 2, 0, 0, 0, 0]),
        tagged("trns", *b"tRNS", || vec![0, 250, 0, 250, 0, 252]),
        file("png/split", || {
            let data = zlib(&Png::new(W, H, Color::Rgb, 8, &wide(&calm(W, H).samples)).filtered());
            let mut out = [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(W, H, 8, 2, false))].concat();
            data.chunks(300).for_each(|part| out.extend(chunk(*b"IDAT", part)));
            out.extend(chunk(*b"IEND", &[]));
            out
        }),
    ]);
    entries
}

fn plain(color: Color, depth: u8, interlaced: bool) -> Vec<u8> {
    let channels = match color {
        Color::Gray | Color::Palette => 1,
        Color::GrayAlpha => 2,
        Color::Rgb => 3,
        Color::Rgba => 4,
    };
    let level = |v: u8| if depth == 16 { u16::from(v) * 257 } else { u16::from(v >> (8 - depth)) };
    let rgba = calm(W, H).with_alpha(vignette(W, H));
    let samples: Vec<u16> = rgba.chunks_exact(4).flat_map(|p| p[4 - channels..].iter().map(|&v| level(v))).collect();
    let png = Png { interlaced, ..Png::new(W, H, color, depth, &samples) };
    match color {
        Color::Palette => {
            png.with(*b"PLTE", calm(16, 16).samples[..3 << depth].to_vec()).with(*b"tRNS", vec![0, 99]).encode()
        }
        Color::Gray => png.with(*b"tRNS", vec![0, 1]).encode(),
        _ => png.encode(),
    }
}

fn gifs() -> Vec<Entry> {
    let full = || gif::Picture { width: W, height: H, indices: dithered(&calm(W, H)), ..gif::Picture::default() };
    let one = |name: &str, frames: fn(gif::Picture) -> Vec<gif::Picture>, palette: fn() -> Vec<u8>| {
        file(&format!("gif/{name}"), move || gif::encode(W, H, &palette(), &frames(full())))
    };
    vec![
        one("still", |full| vec![full], cube),
        one("interlaced", |full| vec![gif::Picture { interlaced: true, ..full }], cube),
        one("transparent", |full| vec![gif::Picture { transparent: Some(120), ..full }], cube),
        one("local", |full| vec![gif::Picture { palette: Some(cube()), ..full }], Vec::new),
        one("offset", |full| vec![gif::Picture { left: 5, top: 3, ..full }], cube),
        one("animated", |full| vec![gif::Picture { restore_background: true, left: 1, ..full.clone() }, full], cube),
        file("gif/two_colours", || {
            let indices = (0..W * H).map(|i| u8::from(i % 7 == 0)).collect();
            let frame = gif::Picture { width: W, height: H, indices, ..gif::Picture::default() };
            gif::encode(W, H, &[0, 0, 0, 255, 255, 255], &[frame])
        }),
    ]
}

fn webps() -> Vec<Entry> {
    let extended = |flags: u8, chunks: &[webp::Chunk]| webp::extended(flags, W, H, chunks);
    vec![
        file("webp/lossy", || webp::lossy(&picture(W, H), 60.0)),
        file("webp/lossy_fine", || webp::lossy(&picture(W, H), 95.0)),
        file("webp/lossless", || webp::lossless(&calm(W, H))),
        file("webp/lossless_palette", || {
            webp::lossless(&Rgb::from_fn(W, H, |x, y| [(x / 9 * 40) as u8, (y / 9) as u8, 7]))
        }),
        file("webp/alpha", || webp::with_alpha(&picture(W, H), vignette(W, H), false)),
        file("webp/lossless_alpha", || webp::with_alpha(&calm(W, H), vignette(W, H), true)),
        file("webp/icc", move || {
            let image = webp::image_chunks(&webp::lossy(&picture(W, H), 60.0));
            extended(ICC, &[&[(*b"ICCP", icc::display_p3())], &image[..]].concat())
        }),
        file("webp/exif", move || {
            let image = webp::image_chunks(&webp::lossy(&picture(W, H), 60.0));
            extended(EXIF, &[&image[..], &[(*b"EXIF", Exif::oriented(6).tiff())]].concat())
        }),
        file("webp/animated", move || {
            let small = picture(20, 14);
            let alpha = webp::with_alpha(&small, vignette(20, 14), false);
            let frames = [webp::anmf(4, 6, &small, &alpha), webp::anmf(0, 0, &small, &webp::lossless(&small))];
            extended(ANIMATION | ALPHA, &[&[webp::anim()], &frames[..]].concat())
        }),
    ]
}

const SRGB: [u8; 3] = [1, 13, 6];

/// Size and type of a box.
const BOX_HEADER: usize = 8;

fn coded(width: u32, height: u32, qp: u8) -> Picture {
    hevc::encode(&HevcSource::from(&picture(width, height)), &HevcCoding { qp, ..HevcCoding::default() })
}

fn deep() -> Picture {
    let samples = picture(64, 48).samples.iter().map(|&v| u16::from(v) << 2).collect();
    hevc::encode(
        &HevcSource { width: 64, height: 48, depth: 10, samples },
        &HevcCoding { qp: 34, ..HevcCoding::default() },
    )
}

fn luma() -> Picture {
    hevc::encode_gray(64, 48, &picture(64, 48).gray(), 34)
}

fn heifs() -> Vec<Entry> {
    let one = |name: &str, properties: fn() -> Vec<Vec<u8>>| {
        file(&format!("heif/{name}"), move || Heif::single(&coded(W, H, 38), &properties()).encode())
    };
    let bare = |name: &str, picture: fn() -> Picture| {
        file(&format!("hevc/{name}"), move || {
            let Picture { config, data, .. } = picture();
            let config = &config[BOX_HEADER..];
            [&(config.len() as u16).to_be_bytes()[..], config, &data].concat()
        })
    };
    vec![
        one("full", || vec![nclx(SRGB, true)]),
        one("limited", || vec![nclx([1, 13, 1], false)]),
        one("turned", || vec![clap(20, 16, (-2, 0)), imir(0), irot(1)]),
        one("profile", || vec![prof(&icc::display_p3()), nclx([12, 13, 6], true)]),
        one("rgb", || vec![nclx([1, 13, 0], true)]),
        file("heif/deep", || Heif::single(&deep(), &[]).encode()),
        file("heif/luma", || Heif::single(&luma(), &[]).encode()),
        file("heif/alpha", || {
            let mut heif = Heif::single(&coded(64, 48, 38), &[nclx(SRGB, true)]);
            heif.add_alpha(&luma(), 1);
            heif.add_exif(&Exif::oriented(6).tiff(), 1);
            heif.encode()
        }),
        file("heif/grid", || {
            let tiles = tiles(&picture(100, 70), 2, 2, 64, HevcCoding { qp: 40, ..HevcCoding::default() });
            Heif::grid(&tiles, 2, (100, 70), &[nclx(SRGB, true), irot(3)]).encode()
        }),
        bare("coarse", || coded(64, 48, 40)),
        bare("fine", || coded(W, H, 20)),
        bare("deep", deep),
        bare("luma", luma),
    ]
}
