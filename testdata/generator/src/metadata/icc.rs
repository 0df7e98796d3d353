//! Writes small ICC profiles (ICC.1:2022): RGB matrix/TRC and gray.

/// A tone curve.
#[derive(Clone, Copy)]
pub(crate) enum IccCurve {
    /// The sRGB transfer function as a parametric curve (type 3).
    Srgb,
    /// A pure power as `curv` with one u8Fixed8 entry.
    Gamma(u16),
}

/// CIE x, y of red, green and blue.
pub(super) type Primaries = [[f64; 2]; 3];

/// sRGB, by its own primaries and a parametric curve: the identity for a converter.
pub(crate) fn srgb() -> Vec<u8> {
    rgb("generated sRGB", [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]], IccCurve::Srgb)
}

/// Display P3: DCI-P3 primaries, D65, sRGB curve.
pub(crate) fn display_p3() -> Vec<u8> {
    rgb("generated Display P3", [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]], IccCurve::Srgb)
}

/// Adobe RGB (1998): gamma 563/256.
pub(crate) fn adobe_rgb() -> Vec<u8> {
    rgb("generated Adobe RGB", [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06]], IccCurve::Gamma(563))
}

/// Gray of gamma 2.2 (563/256).
pub(crate) fn gray() -> Vec<u8> {
    let tags = vec![desc("generated gray"), copyright(), white_point(), (*b"kTRC", IccCurve::Gamma(563).tag())];
    profile(*b"mntr", *b"GRAY", *b"XYZ ", tags)
}

fn rgb(name: &str, primaries: Primaries, curve: IccCurve) -> Vec<u8> {
    let colorants = adapted(primaries);
    let xyz = |column: usize| xyz_tag(colorants.map(|row| row[column]));
    let tags = vec![
        desc(name),
        copyright(),
        white_point(),
        (*b"chad", chad_tag()),
        (*b"rXYZ", xyz(0)),
        (*b"gXYZ", xyz(1)),
        (*b"bXYZ", xyz(2)),
        (*b"rTRC", curve.tag()),
        (*b"gTRC", curve.tag()),
        (*b"bTRC", curve.tag()),
    ];
    profile(*b"mntr", *b"RGB ", *b"XYZ ", tags)
}

pub(super) type Tag = ([u8; 4], Vec<u8>);

/// Header (128 bytes), tag table and tags; equal tags share their data.
pub(super) fn profile(class: [u8; 4], space: [u8; 4], pcs: [u8; 4], tags: Vec<Tag>) -> Vec<u8> {
    let (mut table, mut data) = (Vec::new(), Vec::<u8>::new());
    let base = 128 + 4 + 12 * tags.len();
    let mut placed: Vec<(Vec<u8>, usize)> = Vec::new();
    for (name, content) in tags {
        let known = placed.iter().find(|(other, _)| *other == content).map(|&(_, at)| at);
        let at = known.unwrap_or(base + data.len());
        table.extend_from_slice(&name);
        table.extend(be32(at));
        table.extend(be32(content.len()));
        if known.is_none() {
            data.extend_from_slice(&content);
            data.resize(data.len().next_multiple_of(4), 0);
            placed.push((content, at));
        }
    }
    let mut out = header(base + data.len(), class, space, pcs);
    out.extend(be32(table.len() / 12));
    out.extend(table);
    out.extend(data);
    out
}

fn header(size: usize, class: [u8; 4], space: [u8; 4], pcs: [u8; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend(be32(size));
    out.extend([0; 4]);
    out.extend([4, 0x40, 0, 0]);
    out.extend(class);
    out.extend(space);
    out.extend(pcs);
    [2024u16, 1, 1, 0, 0, 0].iter().for_each(|part| out.extend(part.to_be_bytes()));
    out.extend(b"acsp");
    out.resize(68, 0);
    D50.iter().for_each(|&v| out.extend(fixed(v)));
    out.resize(128, 0);
    out
}

pub(super) fn desc(name: &str) -> Tag {
    (*b"desc", mluc(name))
}

pub(super) fn copyright() -> Tag {
    (*b"cprt", mluc("CC0"))
}

pub(super) fn white_point() -> Tag {
    (*b"wtpt", xyz_tag(D50))
}

/// `multiLocalizedUnicodeType` with one record, enUS.
fn mluc(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut out = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS".to_vec();
    out.extend(be32(utf16.len()));
    out.extend(be32(28));
    out.extend(utf16);
    out
}

fn xyz_tag(xyz: [f64; 3]) -> Vec<u8> {
    let mut out = b"XYZ \0\0\0\0".to_vec();
    xyz.iter().for_each(|&v| out.extend(fixed(v)));
    out
}

fn chad_tag() -> Vec<u8> {
    let mut out = b"sf32\0\0\0\0".to_vec();
    adaptation().iter().flatten().for_each(|&v| out.extend(fixed(v)));
    out
}

impl IccCurve {
    fn tag(self) -> Vec<u8> {
        match self {
            Self::Gamma(gamma) => [&b"curv\0\0\0\0\0\0\0\x01"[..], &gamma.to_be_bytes()].concat(),
            Self::Srgb => {
                let mut out = b"para\0\0\0\0\0\x03\0\0".to_vec();
                [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045].iter().for_each(|&v| out.extend(fixed(v)));
                out
            }
        }
    }
}

pub(super) fn be32(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("profiles are small").to_be_bytes()
}

/// s15Fixed16Number.
pub(super) fn fixed(value: f64) -> [u8; 4] {
    let scaled = value * 65536.0;
    let rounded = if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 };
    (rounded as i32).to_be_bytes()
}

pub(super) type IccMatrix = [[f64; 3]; 3];

pub(super) const D50: [f64; 3] = [0.9642, 1.0, 0.8249];
const D65_XY: [f64; 2] = [0.3127, 0.3290];
const BRADFORD: IccMatrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/// RGB to XYZ under D50: primaries scaled so that white is D65, then adapted (ICC.1:2022, annex E).
pub(super) fn adapted(primaries: Primaries) -> IccMatrix {
    let columns = primaries.map(xyz_of);
    let unscaled: IccMatrix = std::array::from_fn(|row| columns.map(|column| column[row]));
    let scale = apply(&inverse(&unscaled), xyz_of(D65_XY));
    let scaled: IccMatrix = unscaled.map(|row| std::array::from_fn(|i| row[i] * scale[i]));
    product(&adaptation(), &scaled)
}

fn adaptation() -> IccMatrix {
    let (from, to) = (apply(&BRADFORD, xyz_of(D65_XY)), apply(&BRADFORD, D50));
    let scaled: IccMatrix = std::array::from_fn(|row| BRADFORD[row].map(|v| v * to[row] / from[row]));
    product(&inverse(&BRADFORD), &scaled)
}

fn xyz_of([x, y]: [f64; 2]) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

pub(super) fn apply(m: &IccMatrix, v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

fn product(a: &IccMatrix, b: &IccMatrix) -> IccMatrix {
    a.map(|row| std::array::from_fn(|i| row[0] * b[0][i] + row[1] * b[1][i] + row[2] * b[2][i]))
}

/// By cofactors.
fn inverse(m: &IccMatrix) -> IccMatrix {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    std::array::from_fn(|r| std::array::from_fn(|c| minor(c, r) / determinant))
}
