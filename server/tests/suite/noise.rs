//! A picture whose canonical image is large, since noise does not compress.

/// A PNG of noise, whose pixels are stored without compression.
pub(crate) fn noise_png(width: u32, height: u32) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut noise = || {
        // Xorshift: any noise will do.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    // Each row begins with its filter, which is none.
    let row = |noise: &mut dyn FnMut() -> u8| [vec![0], (0..width * 3).map(|_| noise()).collect()].concat();
    let rows: Vec<u8> = (0..height).flat_map(|_| row(&mut noise)).collect();
    let mut zlib = vec![0x78, 0x01];
    let blocks = rows.chunks(65_535);
    let last = blocks.len() - 1;
    for (i, block) in blocks.enumerate() {
        let len = u16::try_from(block.len()).unwrap();
        zlib.push(u8::from(i == last));
        zlib.extend_from_slice(&len.to_le_bytes());
        zlib.extend_from_slice(&(!len).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    zlib.extend_from_slice(&adler32(&rows).to_be_bytes());
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &zlib), &chunk(b"IEND", b"")].concat()
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name, content].concat();
    let len = u32::try_from(content.len()).unwrap();
    [&len.to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}
