//! Unusual but legal GIFs, and GIFs with damage outside the picture's data. Each is in a group of `same/` together with
//! a plain file.

use super::pictures::calm;
use crate::catalogue::Entry;
use crate::encode::gif::{cube, dithered};
use crate::encode::lzw::Lzw;
use crate::encode::png::{Color, Png, wide};
use crate::scene::diagram;

const W: u16 = 61;
const H: u16 = 47;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = codes();
    entries.extend(endings());
    entries.extend(blocks());
    entries.extend(screens());
    entries.extend(tables());
    entries
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    let group = name.split('_').next().unwrap_or(name);
    Entry::new(format!("same/{name}"), format!("group {group}, {shows}"), make)
}

/// A GIF to write byte by byte.
struct Gif {
    version: [u8; 6],
    canvas: (u16, u16),
    global: Option<Vec<u8>>,
    /// Blocks before the frame.
    before: Vec<u8>,
    local: Option<Vec<u8>>,
    interlaced: bool,
    lzw: Lzw,
    /// The longest sub-block.
    sub_block: usize,
    /// Behind the last code: the block terminator and the trailer.
    end: Vec<u8>,
    indices: Vec<u16>,
}

impl Gif {
    fn new(indices: Vec<u16>, palette: Vec<u8>, min_code_size: u32) -> Self {
        Self {
            version: *b"GIF89a",
            canvas: (W, H),
            global: Some(palette),
            before: Vec::new(),
            local: None,
            interlaced: false,
            lzw: Lzw::new(min_code_size),
            sub_block: 255,
            end: b"\0;".to_vec(),
            indices,
        }
    }

    /// The picture of most files.
    fn plain() -> Self {
        Self::new(diagram::paint_indexed(W.into(), H.into(), 7).into_iter().map(u16::from).collect(), palette(), 4)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.version.to_vec();
        out.extend([self.canvas.0.to_le_bytes(), self.canvas.1.to_le_bytes()].concat());
        out.extend([flags(self.global.as_deref()), 0, 0]);
        out.extend(self.global.iter().flatten());
        out.extend(&self.before);
        out.extend([b',', 0, 0, 0, 0]);
        out.extend([W.to_le_bytes(), H.to_le_bytes()].concat());
        out.push(flags(self.local.as_deref()) | u8::from(self.interlaced) << 6);
        out.extend(self.local.iter().flatten());
        out.push(self.lzw.min_code_size as u8);
        for part in self.lzw.encode(&self.stored()).chunks(self.sub_block) {
            out.push(part.len() as u8);
            out.extend(part);
        }
        out.extend(&self.end);
        out
    }

    /// Indices in the order of rows in which they are stored.
    fn stored(&self) -> Vec<u16> {
        if !self.interlaced {
            return self.indices.clone();
        }
        let rows: Vec<&[u16]> = self.indices.chunks_exact(usize::from(W)).collect();
        let order = [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(|(y, step)| (y..rows.len()).step_by(step));
        order.flat_map(|y| rows[y].iter().copied()).collect()
    }
}

/// The flag and the size of a colour table of 2, 4, … 256 entries.
fn flags(table: Option<&[u8]>) -> u8 {
    table.map_or(0, |table| 0x80 | ((table.len() / 3).ilog2() as u8 - 1))
}

/// Sixteen colours, of which the picture has the first few.
fn palette() -> Vec<u8> {
    let mut colours = diagram::COLOURS.concat();
    colours.resize(48, 0);
    colours
}

fn codes() -> Vec<Entry> {
    let sized = |size: u32| move || Gif { lzw: Lzw::new(size), ..Gif::plain() }.encode();
    let many = || calm_indices().into_iter().map(u16::from).collect::<Vec<u16>>();
    vec![
        file("frame_control.png", "the same samples in a PNG", || {
            Png::new(W.into(), H.into(), Color::Rgb, 8, &wide(&diagram::paint(W.into(), H.into(), 7).samples)).encode()
        }),
        file("frame_plain.gif", "a plain GIF", || Gif::plain().encode()),
        file("frame_code_size_3.gif", "the smallest code size that fits the indices", sized(3)),
        file("frame_code_size_8.gif", "codes of 8 bits for 16 colours", sized(8)),
        file("frame_code_size_9.gif", "LZW minimum code size 9, which GIF89a does not have", sized(9)),
        file("frame_code_size_11.gif", "LZW minimum code size 11", sized(11)),
        file("frame_no_end_code.gif", "without an end code", || {
            Gif { lzw: Lzw { ends: false, ..Lzw::new(4) }, ..Gif::plain() }.encode()
        }),
        file("frame_sub_blocks.gif", "sub-blocks of one byte", || Gif { sub_block: 1, ..Gif::plain() }.encode()),
        file("table_control.gif", "a table of strings that is cleared when it is full", move || {
            Gif::new(many(), padded_cube(), 8).encode()
        }),
        file("table_deferred.gif", "a full table of strings that is never cleared", move || {
            Gif { lzw: Lzw { clears: false, ..Lzw::new(8) }, ..Gif::new(many(), padded_cube(), 8) }.encode()
        }),
        file("table_index_high.gif", "indices of 11 bits whose low 8 bits name the colours", move || {
            let indices = (0..).zip(many()).map(|(i, index)| index | (i % 8) << 8).collect();
            Gif::new(indices, padded_cube(), 11).encode()
        }),
    ]
}

fn calm_indices() -> Vec<u8> {
    dithered(&calm(W.into(), H.into()))
}

fn padded_cube() -> Vec<u8> {
    let mut palette = cube();
    palette.resize(768, 0);
    palette
}

fn endings() -> Vec<Entry> {
    let ended = |end: &'static [u8]| move || Gif { end: end.to_vec(), ..Gif::plain() }.encode();
    vec![
        file("frame_no_trailer.gif", "without a trailer", ended(b"\0")),
        file("frame_no_terminator.gif", "that ends with its last code", ended(b"")),
        file(
            "frame_cut_behind.gif",
            "cut within a sub-block of needless bytes behind the last code",
            ended(b"\x40abc"),
        ),
        file(
            "frame_needless_codes.gif",
            "with more sub-blocks than the picture has",
            ended(b"\x04\xFF\x12\x34\x56\0;"),
        ),
        file("frame_junk.gif", "with text behind the frame", ended(b"\0 and more\r\n")),
        file("frame_trailing.gif", "with an archive behind the trailer", ended(b"\0;PK\x03\x04")),
    ]
}

fn blocks() -> Vec<Entry> {
    let behind = |before: &'static [u8]| move || Gif { before: before.to_vec(), ..Gif::plain() }.encode();
    vec![
        file("frame_comments.gif", "with comments, an empty one among them", behind(b"!\xFE\x05hello\x01!\0!\xFE\0")),
        file(
            "frame_plain_text.gif",
            "with a plain text extension, which is not drawn",
            behind(b"!\x01\x0C\0\0\0\0\x10\0\x10\0\x08\x08\x01\0\x05hello\0"),
        ),
        file(
            "frame_applications.gif",
            "with application extensions, one of a wrong length",
            behind(b"!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0!\xFF\x03abc\0!\xFF\0"),
        ),
        file("frame_unknown.gif", "with an extension of unknown label", behind(b"!\x42\x03abc\x02de\0")),
        file(
            "frame_controls.gif",
            "with graphic controls of lengths 0, 1 and 5 before the one that counts",
            behind(b"!\xF9\0!\xF9\x01\x01\0!\xF9\x05\x01\0\0\x02\0\0!\xF9\x04\x0C\x05\0\0\0"),
        ),
        file(
            "frame_clear_unused.gif",
            "with a transparent index that no table has",
            behind(b"!\xF9\x04\x01\0\0\xC8\0"),
        ),
        file("frame_87a.gif", "GIF87a with extensions", || {
            Gif { version: *b"GIF87a", before: b"!\xFE\x02hi\0!\xF9\x04\0\0\0\0\0".to_vec(), ..Gif::plain() }.encode()
        }),
    ]
}

fn screens() -> Vec<Entry> {
    vec![
        file("frame_canvas_0.gif", "on a canvas of 0×0", || Gif { canvas: (0, 0), ..Gif::plain() }.encode()),
        file("frame_canvas_small.gif", "on a canvas that is smaller than the frame", || {
            Gif { canvas: (20, H), ..Gif::plain() }.encode()
        }),
        file("frame_interlaced.gif", "interlaced", || Gif { interlaced: true, ..Gif::plain() }.encode()),
        file("frame_local.gif", "with a table of its own, the global one being another", || {
            Gif { global: Some(vec![9; 6]), local: Some(palette()), ..Gif::plain() }.encode()
        }),
        file("frame_interlaced_no_end.gif", "interlaced, without end code, terminator and trailer", || {
            let lzw = Lzw { ends: false, ..Lzw::new(4) };
            Gif { interlaced: true, lzw, end: Vec::new(), ..Gif::plain() }.encode()
        }),
    ]
}

fn tables() -> Vec<Entry> {
    let gray = || calm(W.into(), H.into()).gray().iter().map(|&v| u16::from(v)).collect::<Vec<u16>>();
    let bit = || calm(W.into(), H.into()).gray().iter().map(|&v| u16::from(v >> 7)).collect::<Vec<u16>>();
    vec![
        file("bare_control.png", "levels of gray", move || {
            Png::new(W.into(), H.into(), Color::Gray, 8, &gray()).encode()
        }),
        file("bare_gray.gif", "without a colour table: indices are levels of gray", move || {
            Gif { global: None, ..Gif::new(gray(), Vec::new(), 8) }.encode()
        }),
        file("mono_control.png", "black and white", move || {
            Png::new(W.into(), H.into(), Color::Gray, 1, &bit()).encode()
        }),
        file("mono_bare.gif", "without a colour table and without other indices than 0 and 1", move || {
            Gif { global: None, ..Gif::new(bit(), Vec::new(), 2) }.encode()
        }),
        file("mono_code_size_1.gif", "codes of one bit, which grow behind the first", move || {
            Gif::new(bit(), vec![0, 0, 0, 255, 255, 255], 1).encode()
        }),
        file("beyond_index.gif", "indices without an entry, which are black", || {
            let gif = Gif::new(Vec::new(), [200, 40, 90].repeat(2), 4);
            let indices: Vec<u16> = (0..16 * 16).map(|i| i % 16).collect();
            let mut out = [&gif.version[..], &[16, 0, 16, 0, 0x80, 0, 0], &[200, 40, 90].repeat(2)].concat();
            out.extend(b",\0\0\0\0\x10\0\x10\0\0\x04");
            let codes = gif.lzw.encode(&indices);
            out.push(codes.len() as u8);
            out.extend(codes);
            out.extend(b"\0;");
            out
        }),
    ]
}
