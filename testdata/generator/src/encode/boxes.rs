//! Boxes of the ISO base media file format, and the properties of HEIF items among them.

/// The box `name` with its size in front (ISO/IEC 14496-12, 4.2).
pub(crate) fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    [&be32(content.len() + 8)[..], &name, content].concat()
}

/// The same with a version and flags before the content.
pub(crate) fn full_box(name: [u8; 4], version: u8, flags: u32, content: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = flags.to_be_bytes();
    boxed(name, &[&[version, a, b, c][..], content].concat())
}

pub(crate) fn ispe(width: u32, height: u32) -> Vec<u8> {
    full_box(*b"ispe", 0, 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

pub(crate) fn pixi8() -> Vec<u8> {
    full_box(*b"pixi", 0, 0, &[3, 8, 8, 8])
}

pub(crate) fn nclx([primaries, transfer, matrix]: [u8; 3], full_range: bool) -> Vec<u8> {
    let range = if full_range { 0x80 } else { 0 };
    boxed(*b"colr", &[&b"nclx"[..], &[0, primaries, 0, transfer, 0, matrix, range]].concat())
}

pub(crate) fn prof(icc: &[u8]) -> Vec<u8> {
    boxed(*b"colr", &[b"prof", icc].concat())
}

/// `quarter_turns` anti-clockwise.
pub(crate) fn irot(quarter_turns: u8) -> Vec<u8> {
    boxed(*b"irot", &[quarter_turns])
}

/// 0 exchanges top and bottom, 1 exchanges left and right (ISO/IEC 23008-12:2022, 6.5.12).
pub(crate) fn imir(axis: u8) -> Vec<u8> {
    boxed(*b"imir", &[axis])
}

/// A crop to `width` × `height` whose centre lies `off` halves of a pixel from the picture's.
pub(crate) fn clap(width: u32, height: u32, off: (i32, i32)) -> Vec<u8> {
    let halves = |v: i32| [v.to_be_bytes(), 2i32.to_be_bytes()].concat();
    let whole = |v: u32| [v.to_be_bytes(), 1u32.to_be_bytes()].concat();
    boxed(*b"clap", &[whole(width), whole(height), halves(off.0), halves(off.1)].concat())
}

/// The properties that turn a stored picture upright as Exif orientation `orientation` would.
pub(crate) fn turns(orientation: u8) -> Vec<Vec<u8>> {
    match orientation {
        2 => vec![imir(1)],
        3 => vec![irot(2)],
        4 => vec![imir(0)],
        5 => vec![irot(1), imir(0)],
        6 => vec![irot(3)],
        7 => vec![irot(3), imir(0)],
        8 => vec![irot(1)],
        _ => Vec::new(),
    }
}

pub(super) fn be32(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("files are below 4 GiB").to_be_bytes()
}
