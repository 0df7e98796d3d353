//! Writes Exif blocks (CIPA DC-008: a TIFF structure) in either byte order.

/// What an Exif block holds.
#[derive(Clone, Default)]
pub(crate) struct Exif {
    pub(crate) big_endian: bool,
    pub(crate) orientation: Option<u16>,
    /// The thumbnail's own orientation and its JPEG.
    pub(crate) thumbnail: Option<(u16, Vec<u8>)>,
    /// The interoperability index: `R03` is Adobe RGB.
    pub(crate) interop: Option<&'static str>,
    /// A made-up position and canary strings in the fields that tell most about a person.
    pub(crate) private: bool,
}

impl Exif {
    pub(crate) fn oriented(orientation: u16) -> Self {
        Self { orientation: Some(orientation), ..Self::default() }
    }

    /// The TIFF structure, without the `Exif\0\0` that JPEG puts before it.
    pub(crate) fn tiff(&self) -> Vec<u8> {
        let mut out = Out { bytes: Vec::new(), big_endian: self.big_endian };
        out.bytes.extend_from_slice(if self.big_endian { b"MM" } else { b"II" });
        out.short(42);
        out.long(8);
        out.ifds(&self.ifds());
        out.bytes
    }

    fn ifds(&self) -> Vec<Ifd> {
        let mut first = Ifd::new();
        if self.private {
            first.push((0x010E, Value::Ascii("CANARY-EXIF-DESCRIPTION")));
            first.push((0x010F, Value::Ascii("CANARY-EXIF-MAKE")));
            first.push((0x0110, Value::Ascii("CANARY-EXIF-MODEL")));
        }
        if let Some(orientation) = self.orientation {
            first.push((0x0112, Value::Short(orientation)));
        }
        if self.private {
            first.push((0x013B, Value::Ascii("CANARY-EXIF-ARTIST")));
        }
        if self.private || self.interop.is_some() {
            first.push((0x8769, Value::Ifd(self.photo_ifd())));
        }
        if self.private {
            first.push((0x8825, Value::Ifd(gps_ifd())));
        }
        let second = self.thumbnail.iter().map(|(orientation, jpeg)| thumbnail_ifd(*orientation, jpeg));
        std::iter::once(first).chain(second).collect()
    }

    fn photo_ifd(&self) -> Ifd {
        let mut ifd = vec![(0x9000, Value::Undefined(b"0232".to_vec()))];
        if self.private {
            ifd.push((0x9003, Value::Ascii("2024:02:30 25:61:61")));
            ifd.push((0x927C, Value::Undefined(b"CANARY-EXIF-MAKERNOTE".to_vec())));
            ifd.push((0x9286, Value::Undefined(b"ASCII\0\0\0CANARY-EXIF-COMMENT".to_vec())));
        }
        ifd.push((0xA001, Value::Short(if self.interop.is_some() { 0xFFFF } else { 1 })));
        if let Some(index) = self.interop {
            let interop = vec![(0x0001, Value::Ascii(index)), (0x0002, Value::Undefined(b"0100".to_vec()))];
            ifd.push((0xA005, Value::Ifd(interop)));
        }
        if self.private {
            ifd.push((0xA431, Value::Ascii("CANARY-EXIF-SERIAL")));
        }
        ifd
    }
}

type Ifd = Vec<(u16, Value)>;

/// A field's value; [`Value::Blob`] is written elsewhere and pointed to.
enum Value {
    Short(u16),
    Long(u32),
    Ascii(&'static str),
    Byte(Vec<u8>),
    Undefined(Vec<u8>),
    Rational(Vec<(u32, u32)>),
    Blob(Vec<u8>),
    Ifd(Ifd),
}

fn thumbnail_ifd(orientation: u16, jpeg: &[u8]) -> Ifd {
    let length = u32::try_from(jpeg.len()).expect("thumbnails are small");
    vec![
        (0x0103, Value::Short(6)),
        (0x0112, Value::Short(orientation)),
        (0x0201, Value::Blob(jpeg.to_vec())),
        (0x0202, Value::Long(length)),
    ]
}

/// 0° 34′ 56.78″ N, 0° 12′ 54.32″ E: open sea.
fn gps_ifd() -> Ifd {
    vec![
        (0x0000, Value::Byte(vec![2, 3, 0, 0])),
        (0x0001, Value::Ascii("N")),
        (0x0002, Value::Rational(vec![(0, 1), (34, 1), (5678, 100)])),
        (0x0003, Value::Ascii("E")),
        (0x0004, Value::Rational(vec![(0, 1), (12, 1), (5432, 100)])),
        (0x001B, Value::Undefined(b"ASCII\0\0\0CANARY-GPS-METHOD".to_vec())),
        (0x001C, Value::Undefined(b"ASCII\0\0\0CANARY-GPS-AREA".to_vec())),
    ]
}

struct Out {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Out {
    fn short(&mut self, value: u16) {
        self.bytes.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn long(&mut self, value: u32) {
        self.bytes.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn position(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("Exif blocks are below 64 KiB")
    }

    fn patch(&mut self, at: usize, value: u32) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes[at..at + 4].copy_from_slice(&bytes);
    }

    /// IFDs chained one after the other.
    fn ifds(&mut self, ifds: &[Ifd]) {
        let mut link = None;
        for ifd in ifds {
            if let Some(link) = link {
                let position = self.position();
                self.patch(link, position);
            }
            link = Some(self.ifd(ifd));
        }
    }

    /// One IFD and what it points to; returns where the link to the next one is.
    fn ifd(&mut self, ifd: &Ifd) -> usize {
        self.short(u16::try_from(ifd.len()).expect("few fields"));
        let mut pending = Vec::new();
        for (tag, value) in ifd {
            let (kind, count, inline) = self.encoded(value);
            self.short(*tag);
            self.short(kind);
            self.long(count);
            if inline.len() <= 4 && !matches!(value, Value::Blob(_) | Value::Ifd(_)) {
                self.bytes.extend_from_slice(&inline);
                self.bytes.resize(self.bytes.len() + 4 - inline.len(), 0);
            } else {
                pending.push((self.bytes.len(), value, inline));
                self.long(0);
            }
        }
        let link = self.bytes.len();
        self.long(0);
        for (at, value, data) in pending {
            let position = self.position();
            self.patch(at, position);
            match value {
                Value::Ifd(inner) => self.ifds(std::slice::from_ref(inner)),
                _ => self.bytes.extend_from_slice(&data),
            }
            self.bytes.resize(self.bytes.len().next_multiple_of(2), 0);
        }
        link
    }

    /// Field type, count and data of a value.
    fn encoded(&self, value: &Value) -> (u16, u32, Vec<u8>) {
        let mut data = Self { bytes: Vec::new(), big_endian: self.big_endian };
        let (kind, unit) = match value {
            Value::Short(v) => {
                data.short(*v);
                (3, 2)
            }
            Value::Long(v) => {
                data.long(*v);
                (4, 4)
            }
            Value::Ascii(text) => {
                data.bytes.extend_from_slice(text.as_bytes());
                data.bytes.push(0);
                (2, 1)
            }
            Value::Byte(bytes) | Value::Undefined(bytes) => {
                data.bytes.extend_from_slice(bytes);
                (if matches!(value, Value::Byte(_)) { 1 } else { 7 }, 1)
            }
            Value::Rational(pairs) => {
                for &(numerator, denominator) in pairs {
                    data.long(numerator);
                    data.long(denominator);
                }
                (5, 8)
            }
            Value::Blob(bytes) => return (4, 1, bytes.clone()),
            Value::Ifd(_) => return (4, 1, Vec::new()),
        };
        (kind, data.position() / unit, data.bytes)
    }
}
