//! GIF: blocks whose data is divided into sub-blocks again.

use super::{Parts, parts_of_list};

/// The blocks of a file: the screen with its palette, then extensions and images.
pub struct Blocks {
    blocks: Vec<Block>,
}

#[derive(Clone)]
struct Block {
    /// The fields before the data, kept as they are.
    head: Vec<u8>,
    /// The fields themselves, or data that goes into sub-blocks.
    body: Vec<u8>,
    in_sub_blocks: bool,
}

impl Blocks {
    /// Parses a file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let screen = take(&mut rest, 13)?;
        let palette = take(&mut rest, palette_len(screen[10]))?;
        let fields = |body: &[u8]| Block { head: Vec::new(), body: body.to_vec(), in_sub_blocks: false };
        let mut blocks = vec![fields(screen), fields(palette)];
        while let Some(&start) = rest.first() {
            match start {
                0x21 => {
                    let head = take(&mut rest, 2)?.to_vec();
                    blocks.push(Block { head, body: sub_blocks(&mut rest), in_sub_blocks: true });
                }
                0x2C => {
                    let descriptor = take(&mut rest, 10)?;
                    blocks.push(fields(descriptor));
                    blocks.push(fields(take(&mut rest, palette_len(descriptor[9]))?));
                    let head = take(&mut rest, 1)?.to_vec();
                    blocks.push(Block { head, body: sub_blocks(&mut rest), in_sub_blocks: true });
                }
                _ => {
                    blocks.push(fields(rest));
                    break;
                }
            }
        }
        Some(Self { blocks })
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}

fn palette_len(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn sub_blocks(rest: &mut &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some((&len, after)) = rest.split_first() {
        let len = usize::from(len).min(after.len());
        data.extend(&after[..len]);
        *rest = &after[len..];
        if len == 0 {
            break;
        }
    }
    data
}

impl Parts for Blocks {
    parts_of_list!(blocks);

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for block in &self.blocks {
            out.extend(&block.head);
            if block.in_sub_blocks {
                for part in block.body.chunks(255) {
                    out.extend(u8::try_from(part.len()));
                    out.extend(part);
                }
                out.push(0);
            } else {
                out.extend(&block.body);
            }
        }
        out
    }
}
