//! Parameters in the values of `Content-Disposition` (RFC 6266 § 4.1) and `Content-Type` (RFC 9110 § 8.3.1).

/// The first parameter of this name, in lower case; `None` if there is none.
pub(super) fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value.get(value.iter().position(|byte| *byte == b';')? + 1..)?;
    while let Some(equals) = rest.iter().position(|byte| *byte == b'=') {
        let (parameter, after) = (rest[..equals].trim_ascii(), rest[equals + 1..].trim_ascii_start());
        let (text, after) = match after.strip_prefix(b"\"") {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = after.iter().position(|byte| *byte == b';').unwrap_or(after.len());
                (after[..end].trim_ascii().to_vec(), &after[end..])
            }
        };
        if parameter.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after.iter().position(|byte| *byte == b';').map_or(&[][..], |next| &after[next + 1..]);
    }
    None
}

/// The text up to the closing quote, and what follows it. Only quotes and backslashes are escaped: some browsers write
/// paths of Windows as they are.
fn quoted_text(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match (quoted.get(at)?, quoted.get(at + 1)) {
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                text.push(*escaped);
                at += 2;
            }
            (b'"', _) => return Some((text, &quoted[at + 1..])),
            (byte, _) => {
                text.push(*byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_wherever_it_stands() {
        for (value, expected) in [
            ("form-data; name=\"background\"", Some("background")),
            ("form-data; name=\"background\"; filename=\"a.jpg\"", Some("background")),
            ("form-data; filename=\"a.jpg\"; name=\"background\"", Some("background")),
            ("form-data; filename=\"my name.jpg\"; name=\"background\"", Some("background")),
            ("form-data; filename=\"x; name=y\"; name=\"background\"", Some("background")),
            ("form-data; filename=\"a\\\" name=\\\"b.jpg\"; name=\"background\"", Some("background")),
            ("form-data; filename=\"C:\\photos\\a.jpg\"; name=file", Some("file")),
            ("form-data; Name = file ; filename=a.jpg", Some("file")),
            ("form-data;name=file;filename*=UTF-8''a.jpg", Some("file")),
            ("form-data; filename=\"name\"", None),
            ("form-data; name=\"open", None),
            ("form-data", None),
            ("", None),
        ] {
            let found = parameter(value.as_bytes(), b"name").map(|name| String::from_utf8(name).unwrap());
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }
}
