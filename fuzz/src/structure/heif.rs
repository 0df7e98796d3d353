//! HEIF: a tree of boxes with right sizes. If boxes before the item data change their size, the offsets in `iloc` are
//! adjusted.

use super::{Parts, be32, length};

/// The boxes of a file.
pub struct Boxes {
    boxes: Vec<Node>,
    /// Where the item data began.
    data_began: usize,
}

#[derive(Clone)]
struct Node {
    name: [u8; 4],
    /// The payload of a leaf; for a container, the bytes before its children.
    body: Vec<u8>,
    children: Vec<Self>,
}

impl Boxes {
    /// Parses a file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let boxes = nodes(bytes, 0).filter(|boxes| !boxes.is_empty())?;
        Some(Self { data_began: data_begins(&boxes), boxes })
    }

    /// The list that holds leaf or container `index`, in the file's order, and its place there.
    fn place(&mut self, mut index: usize) -> Option<(&mut Vec<Node>, usize)> {
        fn find<'a>(nodes: &'a mut Vec<Node>, index: &mut usize) -> Option<(&'a mut Vec<Node>, usize)> {
            for at in 0..nodes.len() {
                if *index == 0 {
                    return Some((nodes, at));
                }
                *index -= 1;
                if *index < nodes[at].children.iter().map(Node::count).sum() {
                    return find(&mut nodes[at].children, index);
                }
                *index -= nodes[at].children.iter().map(Node::count).sum::<usize>();
            }
            None
        }
        find(&mut self.boxes, &mut index)
    }
}

fn nodes(mut rest: &[u8], depth: usize) -> Option<Vec<Node>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let size = match be32(rest, 0)? {
            0 => rest.len(),
            size => size,
        };
        let name = *rest.get(4..)?.first_chunk()?;
        let payload = rest.get(8..size)?;
        let inside = before_children(name).filter(|_| depth < 8);
        let split = inside.and_then(|before| payload.split_at_checked(before));
        let container = split.and_then(|(body, inside)| Some((body, nodes(inside, depth + 1)?)));
        let (body, children) = container.unwrap_or((payload, Vec::new()));
        found.push(Node { name, body: body.to_vec(), children });
        rest = &rest[size..];
    }
    Some(found)
}

fn before_children(name: [u8; 4]) -> Option<usize> {
    match &name {
        b"iprp" | b"ipco" => Some(0),
        b"meta" | b"iref" => Some(4),
        b"iinf" => Some(6),
        _ => None,
    }
}

impl Node {
    fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    fn bytes(&self) -> Vec<u8> {
        let inside: Vec<u8> = self.children.iter().flat_map(Self::bytes).collect();
        [&length(8 + self.body.len() + inside.len()), &self.name, &self.body[..], &inside].concat()
    }
}

/// Where the payload of the first `mdat` begins, or the file ends.
fn data_begins(boxes: &[Node]) -> usize {
    let before = boxes.iter().take_while(|b| b.name != *b"mdat");
    before.map(|b| b.bytes().len()).sum::<usize>() + 8
}

impl Parts for Boxes {
    fn body(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        let (list, at) = self.place(index)?;
        list.get_mut(at).map(|node| &mut node.body)
    }

    fn count(&self) -> usize {
        self.boxes.iter().map(Node::count).sum()
    }

    fn repeat(&mut self, from: usize, to: usize) {
        let Some(node) = self.place(from).and_then(|(list, at)| list.get(at).cloned()) else { return };
        if let Some((list, at)) = self.place(to) {
            list.insert(at, node);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some((list, at)) = self.place(index) {
            list.remove(at);
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut boxes = self.boxes.clone();
        let moved = i64::try_from(data_begins(&boxes)).unwrap_or(0) - i64::try_from(self.data_began).unwrap_or(0);
        for meta in boxes.iter_mut().filter(|b| b.name == *b"meta") {
            for iloc in meta.children.iter_mut().filter(|b| b.name == *b"iloc") {
                let _ = shift(&mut iloc.body, moved);
            }
        }
        boxes.iter().flat_map(Node::bytes).collect()
    }
}

/// Adds `by` to every file offset of four bytes (ISO/IEC 14496-12 § 8.11.3); `None` if the box ends early.
fn shift(iloc: &mut [u8], by: i64) -> Option<()> {
    let version = *iloc.first()?;
    let (sizes, base) = (*iloc.get(4)?, *iloc.get(5)? >> 4);
    let (offset_bytes, length_bytes) = (usize::from(sizes >> 4), usize::from(sizes & 15));
    let wide = usize::from(version == 2) * 2;
    let word = |iloc: &[u8], at: usize| Some(usize::from(u16::from_be_bytes(*iloc.get(at..)?.first_chunk()?)));
    let items = word(iloc, 6 + wide)?;
    let mut at = 8 + wide;
    for _ in 0..items {
        at += 2 + wide;
        let in_file = version == 0 || word(iloc, at)? & 15 == 0;
        at += if version == 0 { 2 } else { 4 } + usize::from(base);
        let extents = word(iloc, at)?;
        at += 2;
        for _ in 0..extents {
            if in_file && offset_bytes == 4 {
                let to: &mut [u8; 4] = iloc.get_mut(at..)?.first_chunk_mut()?;
                let moved = i64::from(u32::from_be_bytes(*to)) + by;
                *to = u32::try_from(moved).unwrap_or(0).to_be_bytes();
            }
            at += offset_bytes + length_bytes;
        }
    }
    Some(())
}
