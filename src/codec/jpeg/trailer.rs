//! Finds the block of data that Samsung's cameras append to a JPEG, mostly without an end of the image before it: a video,
//! a panorama's parts, the time.
//!
//! The block ends with its directory: `SEFH`, a version, the number of entries, twelve bytes for each, then the length of
//! all that and `SEFT`; numbers are little-endian. An entry has a type, how far before the directory its data begins, and
//! its length. No public text specifies it; ExifTool's documentation of Samsung trailers agrees with files in the field.

/// Where the block begins in the file.
pub(super) fn samsung_trailer(file: &[u8]) -> Option<usize> {
    let (rest, length) = file.strip_suffix(b"SEFT")?.split_last_chunk()?;
    let start = rest.len().checked_sub(number(length)?)?;
    let (fixed, entries) = rest.get(start..)?.strip_prefix(b"SEFH")?.split_first_chunk::<8>()?;
    let count = number(fixed.last_chunk()?)?;
    let (entries, []) = entries.as_chunks::<12>() else { return None };
    if entries.len() != count || count > MAX_ENTRIES {
        return None;
    }
    let mut offsets = entries.iter().map(|entry| entry[4..].first_chunk().and_then(number));
    let farthest = offsets.try_fold(0, |farthest: usize, offset| Some(farthest.max(offset?)))?;
    start.checked_sub(farthest)
}

/// Cameras write a handful.
const MAX_ENTRIES: usize = 1024;

fn number(bytes: &[u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One entry of 5 bytes of data behind `picture`.
    fn with_trailer(picture: &[u8]) -> Vec<u8> {
        let data = b"video";
        let entry = [&[0, 0, 0x30, 0x0A][..], &[5, 0, 0, 0], &[5, 0, 0, 0]].concat();
        let directory = [b"SEFH".as_slice(), &[106, 0, 0, 0], &[1, 0, 0, 0], &entry].concat();
        let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
        [picture, data, &directory, &length, b"SEFT"].concat()
    }

    #[test]
    fn the_block_begins_where_its_farthest_data_does() {
        assert_eq!(samsung_trailer(&with_trailer(b"picture")), Some(7));
    }

    #[test]
    fn what_is_no_whole_directory_is_no_trailer() {
        let whole = with_trailer(b"picture");
        for len in 0..whole.len() {
            assert_eq!(samsung_trailer(&whole[..len]), None, "{len}");
        }
        for at in whole.len() - 32..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x80;
            // What is left of the directory may still be one, with other data.
            assert!(samsung_trailer(&changed).is_none_or(|start| start <= 12), "{at}");
        }
    }
}
