//! The block that Samsung's cameras append to a JPEG: data, and a directory of it with `SEFH` and `SEFT` at its ends.

/// A block of two entries: the time, and `video`.
pub(crate) fn trailer(video: &[u8]) -> Vec<u8> {
    let entries = [entry(0x0A01, b"Image_UTC_Data", b"1507030000000"), entry(0x0A30, b"MotionPhoto_Data", video)];
    let mut farthest: usize = entries.iter().map(Vec::len).sum();
    let count = number(entries.len());
    let mut directory = [b"SEFH".as_slice(), &number(106), &count].concat();
    for entry in &entries {
        directory.extend_from_slice(&entry[..4]);
        directory.extend([number(farthest), number(entry.len())].concat());
        farthest -= entry.len();
    }
    let length = number(directory.len());
    [&entries.concat()[..], &directory, &length, b"SEFT"].concat()
}

/// Two zero bytes, the type, the length of the name, the name, the data.
fn entry(kind: u16, name: &[u8], data: &[u8]) -> Vec<u8> {
    [&[0, 0][..], &kind.to_le_bytes(), &number(name.len()), name, data].concat()
}

fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("test data is small").to_le_bytes()
}
