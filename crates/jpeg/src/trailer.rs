//! Finds the trailer that Samsung's cameras append to a JPEG: a video, the parts of a panorama, the time. Most such
//! files have no end of the image before it.
//!
//! The trailer ends with its directory: `SEFH`, a version, the number of entries, twelve bytes for each entry, then the
//! length of all that and `SEFT`. Numbers have 32 bits and are little-endian. An entry has a type, the distance from
//! the start of its data to the directory, and the length of its data. No public text specifies this. ExifTool's
//! documentation of Samsung trailers agrees with files in the field.

/// The trailer of a Samsung camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// The index in the file of its first byte.
    pub start: usize,
    /// Whether its data begins with the type that the directory names. Then the start is beyond doubt.
    pub is_certain: bool,
}

/// Finds the trailer at the end of a file; `None` where the file does not end with a whole directory.
#[must_use]
pub fn samsung_trailer(file: &[u8]) -> Option<Trailer> {
    let (rest, length) = file.strip_suffix(b"SEFT")?.split_last_chunk()?;
    let directory = rest.len().checked_sub(number(length)?)?;
    let (fixed, entries) = rest.get(directory..)?.strip_prefix(b"SEFH")?.split_first_chunk::<8>()?;
    let count = number(fixed.last_chunk()?)?;
    let (entries, []) = entries.as_chunks::<12>() else { return None };
    if entries.len() != count || count > MAX_ENTRIES {
        return None;
    }
    let distance = |entry: &[u8; 12]| entry[4..].first_chunk().and_then(number);
    let farthest = entries.iter().max_by_key(|entry| distance(entry))?;
    let start = directory.checked_sub(distance(farthest)?)?;
    Some(Trailer { start, is_certain: file.get(start..)?.starts_with(&farthest[..4]) })
}

/// The most entries of a directory. Cameras write a handful.
const MAX_ENTRIES: usize = 1024;

fn number(bytes: &[u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One entry of 5 bytes of data behind `picture`.
    fn with_trailer(picture: &[u8]) -> Vec<u8> {
        let data = b"\0\0\x30\x0Avideo";
        let entry = [&data[..4], &[9, 0, 0, 0], &[9, 0, 0, 0]].concat();
        let directory = [b"SEFH".as_slice(), &[106, 0, 0, 0], &[1, 0, 0, 0], &entry].concat();
        let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
        [picture, data, &directory, &length, b"SEFT"].concat()
    }

    #[test]
    fn the_block_begins_where_its_farthest_data_does() {
        let mut file = with_trailer(b"picture");
        assert!(matches!(samsung_trailer(&file), Some(Trailer { start: 7, is_certain: true })));
        file[7] = 1;
        assert!(matches!(samsung_trailer(&file), Some(Trailer { start: 7, is_certain: false })));
    }

    #[test]
    fn what_is_no_whole_directory_is_no_trailer() {
        let whole = with_trailer(b"picture");
        for len in 0..whole.len() {
            assert!(samsung_trailer(&whole[..len]).is_none(), "{len}");
        }
        for at in whole.len() - 32..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x80;
            // What is left of the directory may still be one, with other data.
            assert!(samsung_trailer(&changed).is_none_or(|trailer| trailer.start <= 16), "{at}");
        }
    }
}
