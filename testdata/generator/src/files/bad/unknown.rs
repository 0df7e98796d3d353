//! Other formats: their first bytes, and enough after them to look real.

use super::valid::file;
use crate::catalogue::Entry;
use crate::encode::boxes::boxed;
use crate::scene::noise::Prng;

pub(super) fn all() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("unknown_format", name, shows, bytes);
    vec![
        named("tiff.tif", "TIFF, little-endian", || padded(b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0")),
        named("tiff_big_endian.tif", "TIFF, big-endian", || {
            padded(b"MM\0*\0\0\0\x08\0\x01\x01\0\0\x03\0\0\0\x01\0\x01\0\0")
        }),
        named("bmp.bmp", "BMP, 2×2", bmp),
        named("svg.svg", "SVG", || {
            b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\"/>\n".to_vec()
        }),
        named("pdf.pdf", "PDF", || {
            b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n".to_vec()
        }),
        named("text.jpg", "text under the name of a JPEG", || b"this is not a picture\n".repeat(20)),
        named("html.html", "HTML", || b"<!DOCTYPE html>\n<html><body><script>1</script></body></html>\n".to_vec()),
        named("elf.bin", "an executable's header", || {
            padded(b"\x7FELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3E\0\x01\0\0\0")
        }),
        named("mp4.mp4", "MP4: ftyp isom", || {
            [boxed(*b"ftyp", b"isom\0\0\x02\0isomiso2avc1mp41"), boxed(*b"mdat", &Prng::new(1).bytes(400))].concat()
        }),
        named("quicktime.mov", "QuickTime: ftyp qt", || {
            [boxed(*b"ftyp", b"qt  \0\0\x02\0qt  "), boxed(*b"mdat", &Prng::new(2).bytes(400))].concat()
        }),
        named("ico.ico", "ICO", || padded(b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0")),
        file("unsupported", "jxl_codestream.jxl", "JPEG XL codestream", || padded(b"\xFF\x0A\xFA\x7F\x01\x90")),
        file("unsupported", "jxl_container.jxl", "JPEG XL container", || {
            padded(b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ")
        }),
        named("jp2.jp2", "JPEG 2000", || padded(b"\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ")),
        named("psd.psd", "Photoshop", || padded(b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x10\0\0\0\x10\0\x08\0\x03")),
        named("zip.zip", "ZIP", || padded(b"PK\x03\x04\x14\0\0\0\x08\0")),
        named("gzip.gz", "gzip", || padded(b"\x1F\x8B\x08\0\0\0\0\0\0\x03")),
        named("wav.wav", "RIFF, but WAVE", || padded(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0")),
        named("gif_88b.gif", "GIF of no known version", || padded(b"GIF88b\x10\0\x10\0\x80\0\0")),
        named("zeros.png", "zero bytes", || vec![0; 512]),
        named("noise.png", "noise", || Prng::new(99).bytes(512)),
        named("targa.tga", "Targa, which begins like a cursor", || {
            padded(b"\0\0\x02\0\0\0\0\0\0\0\0\0\x40\0\x30\0\x18\x20")
        }),
        named("cursor.cur", "a cursor", || padded(b"\0\0\x02\0\x01\0\x10\x10\0\0\0\0\0\0\x68\x04\0\0\x16\0\0\0")),
        named("movie_before_2001.mov", "QuickTime without a file type", || {
            [boxed(*b"moov", &Prng::new(3).bytes(40)), boxed(*b"mdat", &Prng::new(4).bytes(400))].concat()
        }),
        named("base64.txt", "a JPEG in base64", || {
            b"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQN".to_vec()
        }),
        named("data_url.txt", "a data URL", || b"data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEA".to_vec()),
        named("url.txt", "a URL", || b"https://example.org/pictures/1.jpg".to_vec()),
        named("path.txt", "a path", || b"C:\\pictures\\1.jpg".to_vec()),
        named("json.json", "JSON", || b"{\"background\": \"/9j/4AAQSkZJRg==\"}\n".to_vec()),
        named("multipart.txt", "a part of a form with its head", || {
            b"--boundary\r\nContent-Disposition: form-data; name=\"background\"\r\n\r\n\xFF\xD8\xFF".to_vec()
        }),
        named("short_text.txt", "seven letters", || b"no file".to_vec()),
        named("one_byte.jpg", "one byte, the first of a JPEG", || vec![0xFF]),
    ]
}

fn padded(start: &[u8]) -> Vec<u8> {
    [start, &Prng::new(start.len() as u64).bytes(256)].concat()
}

fn bmp() -> Vec<u8> {
    let mut out =
        b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0\0\0\0\0\x10\0\0\0".to_vec();
    out.resize(0x36, 0);
    out.extend([255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0]);
    out
}
