//! What items, properties and their references mean, and where their limits are.

use super::*;

#[test]
fn folded_transformations_show_what_each_in_turn_shows() {
    let [turn, back, across, down] =
        [(b"irot", 3), (b"irot", 1), (b"imir", 1), (b"imir", 0)].map(|(k, v)| make_box(k, &[&[v]]));
    // 30 × 20 samples, whose centre is 12 to the left and 5 down.
    let crop = clap([60, 40, -24, 10]);
    let lists = [
        vec![turn.clone()],
        vec![back.clone(), across.clone()],
        vec![across.clone(), turn.clone()],
        vec![down.clone()],
        vec![crop.clone(), turn.clone()],
        vec![turn.clone(), crop.clone()],
        vec![down, back, crop.clone(), across.clone()],
        vec![crop, across, turn],
    ];
    for list in lists {
        let bytes = File::single().with(&list).write();
        let h = probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
        let luma = bytes_of(&planes(&bytes).luma);
        let rows: Vec<Vec<u8>> = luma.chunks(64).map(<[u8]>::to_vec).collect();
        let expected = list.iter().fold(rows, |rows, property| in_turn(&rows, property));
        let size = [expected[0].len(), expected.len()].map(|side| u32::try_from(side).unwrap());
        let size = Size::new(size[0], size[1]);
        assert_eq!((h.size(), shown(&luma, &h)), (size, expected.concat()));
    }
}

/// Rows after one property of that test, by its definition alone (ISO/IEC 23008-12 § 6.5.9 to § 6.5.12).
fn in_turn(rows: &[Vec<u8>], property: &[u8]) -> Vec<Vec<u8>> {
    let (width, height) = (rows[0].len(), rows.len());
    match (&property[4..8], property[8]) {
        (b"irot", turns) => (0..turns).fold(rows.to_vec(), |rows, _| {
            let (width, height) = (rows[0].len(), rows.len());
            (0..width).map(|y| (0..height).map(|x| rows[x][width - 1 - y]).collect()).collect()
        }),
        (b"imir", 0) => rows.iter().rev().cloned().collect(),
        (b"imir", _) => rows.iter().map(|row| row.iter().rev().copied().collect()).collect(),
        _ => {
            let span = |length: i32, offset: i32, side: usize| {
                let start = offset + (i32::try_from(side).unwrap() - length) / 2;
                let end = usize::try_from(start + length).unwrap().min(side);
                usize::try_from(start.max(0)).unwrap()..end
            };
            let (across, down) = (span(30, -12, width), span(20, 5, height));
            rows[down].iter().map(|row| row[across.clone()].to_vec()).collect()
        }
    }
}

/// Crops and turns a plane of the coded size, one sample at a time.
fn shown(plane: &[u8], h: &Header) -> Vec<u8> {
    let (Size { width, height }, (transpose, mirror_x, mirror_y)) = (h.size(), h.orientation.parts());
    let at = |x: u32, y: u32| {
        let (x, y) = (if mirror_x { width - 1 - x } else { x }, if mirror_y { height - 1 - y } else { y });
        let (x, y) = if transpose { (y, x) } else { (x, y) };
        plane[((h.crop.top + y) * h.coded_size.width + h.crop.left + x) as usize]
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| at(x, y)).collect()
}

#[test]
fn limits_are_inclusive() {
    let mut file = File::grid(2, 2, 128, 96);
    file.items[1].extents = [&[], &file.items[1].extents[0][..]].map(<[u8]>::to_vec).to_vec();
    let bytes = file.write();
    let exact = Limits {
        max_heif_items: 2,
        max_heif_tiles: 4,
        max_heif_extents: 2,
        max_heif_depth: 4,
        max_pixels: 128 * 96,
        max_side: 128,
        ..Limits::default()
    };
    assert!(probe(&bytes, &exact, &CpuTimer::default()).is_ok());
    let refused = |limits: Limits| probe(&bytes, &limits, &CpuTimer::default()).unwrap_err();
    let numbers = |limits: Limits| refused(limits).limit_and_actual().unwrap();
    assert_eq!(numbers(Limits { max_heif_items: 1, ..exact.clone() }), (1, 2));
    assert_eq!(numbers(Limits { max_heif_tiles: 3, ..exact.clone() }), (3, 4));
    assert_eq!(numbers(Limits { max_heif_extents: 1, ..exact.clone() }), (1, 2));
    assert_eq!(numbers(Limits { max_heif_depth: 3, ..exact.clone() }), (3, 4));
    assert_eq!(refused(Limits { max_pixels: 128 * 96 - 1, ..exact.clone() }).code(), "too_many_pixels");
    assert_eq!(refused(Limits { max_side: 127, ..exact }).code(), "too_many_pixels");
}

#[test]
fn derived_items_must_make_sense() {
    let with_inputs = |inputs: &[u16]| {
        let mut file = File::grid(2, 1, 128, 48);
        file.references[0].2 = inputs.to_vec();
        code(&file)
    };
    assert_eq!(with_inputs(&[2]), "malformed");
    assert_eq!(with_inputs(&[2, 2, 2]), "malformed");
    assert_eq!(with_inputs(&[2, 9]), "malformed");
    assert_eq!(with_inputs(&[1, 2]), "malformed");
    assert_eq!(with_inputs(&[]), "malformed");
    assert_eq!(code(&File::grid(2, 1, 129, 48)), "malformed");
    assert_eq!(code(&File::grid(2, 1, 64, 48)), "malformed");
}

#[test]
fn a_file_has_one_meta_box_and_what_follows_its_end_is_its_own() {
    let file = File::single();
    let (bytes, another) = (file.write(), File::grid(1, 1, 64, 48).write());
    let refused =
        |bytes: &[u8]| probe(bytes, &Limits::default(), &CpuTimer::default()).map_err(|error| error.code()).err();
    assert_eq!(refused(&[&bytes[..], &file.meta(0)].concat()), Some("malformed"));
    assert_eq!(refused(&[&bytes[..], &make_box(b"free", &[]), &file.meta(0)].concat()), Some("malformed"));
    assert_eq!(refused(&[&bytes[..], &another].concat()), None);
    assert_eq!(refused(&[&bytes[..], b"\0\0\0\x01", &file.meta(0)].concat()), None);
}

#[test]
fn circles_of_references_are_malformed() {
    let mut file = File::single();
    file.items = vec![Item { kind: *b"iden", properties: vec![], extents: vec![] }; 2];
    file.references = vec![(*b"dimg", 1, vec![2]), (*b"dimg", 2, vec![1])];
    assert_eq!(code(&file), "malformed");
}

#[test]
fn an_identity_adds_its_transformation() {
    let mut file = File::single().with(&[make_box(b"irot", &[&[3]])]);
    file.items.insert(0, Item { kind: *b"iden", properties: vec![], extents: vec![] });
    file.references = vec![(*b"dimg", 1, vec![2])];
    let file = file.with(&[make_box(b"imir", &[&[1]])]);
    let h = header(&file);
    assert_eq!((h.orientation, h.size()), (Orientation::Transpose, Size::new(48, 64)));
    assert_eq!(planes(&file.write()).size, Size::new(64, 48));
}

/// A file with an Exif item that describes the primary item.
fn with_exif(skipped: &[u8], tiff: &[u8]) -> File {
    let mut file = File::single();
    let data = [&u32::try_from(skipped.len()).unwrap().to_be_bytes(), skipped, tiff].concat();
    file.items.push(Item { kind: *b"Exif", properties: vec![], extents: vec![data] });
    file.references.push((*b"cdsc", 2, vec![1]));
    file
}

/// Orientation 6.
const TURNED: &[u8] = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

#[test]
fn a_turn_that_only_exif_asks_for_is_told_and_not_made() {
    let of = |bytes: &[u8]| {
        let h = probe(bytes, &Limits::default(), &CpuTimer::default()).unwrap();
        assert_eq!(h.orientation, Orientation::Upright);
        h.exif_orientation_ignored
    };
    let ignored = |file: &File| of(&file.write());
    for skipped in [&b""[..], b"Exif\0\0", b"what"] {
        assert_eq!(ignored(&with_exif(skipped, TURNED)), Some(6));
    }
    assert_eq!(ignored(&with_exif(b"", TURNED).with(&[make_box(b"irot", &[&[0]])])), None);
    let mut miaf = with_exif(b"", TURNED).write();
    miaf[16..20].copy_from_slice(b"miaf");
    assert_eq!(of(&miaf), None);
    let mut of_another = with_exif(b"", TURNED);
    of_another.references[0].2 = vec![2];
    assert_eq!(ignored(&of_another), None);
    for broken in [&b""[..], b"MM", &TURNED[..20]] {
        assert_eq!(ignored(&with_exif(b"", broken)), None);
    }
}

#[test]
fn what_is_not_hevc_is_unsupported_by_name() {
    let refusal = |file: &File| probe(&file.write(), &Limits::default(), &CpuTimer::default()).unwrap_err();
    let mut file = File::single();
    file.items[0].kind = *b"av01";
    assert_eq!((refusal(&file).code(), refusal(&file).to_string().contains("av01")), ("unsupported", true));
    let mut file = File::single();
    file.brand = *b"avis";
    assert_eq!((refusal(&file).code(), refusal(&file).to_string().contains("avis")), ("unsupported", true));
    assert_eq!(refusal(&File::single().with(&[make_box(b"what", &[])])).code(), "unsupported");
}

#[test]
fn colour_prefers_the_profile_and_keeps_the_signal_of_nclx() {
    let icc = make_box(b"colr", &[b"prof", b"not a profile"]);
    let file = File::single().with(&[nclx([9, 16, 9], false), icc]);
    assert_eq!(header(&file).color, ColorDescription::Icc(bytes::Bytes::from_static(b"not a profile")));
    let planes = planes(&file.write());
    assert_eq!(
        (planes.range, planes.matrix),
        (image_ingest_samples::Range::Limited, image_ingest_samples::Matrix::Bt2020)
    );
    let cicp = Cicp { primaries: 12, transfer: 13, matrix: 6, full_range: true };
    assert_eq!(header(&File::single().with(&[nclx([12, 13, 6], true)])).color, ColorDescription::Cicp(cicp));
    let large = vec![0; usize::try_from(ColorDescription::MAX_ICC_BYTES).unwrap() + 1];
    let file = File::single().with(&[nclx([9, 16, 9], false), make_box(b"colr", &[b"prof", &large])]);
    assert_eq!(header(&file).color.name(), "cicp");
}

#[test]
fn a_size_other_than_the_coded_one_is_malformed() {
    let mut file = File::single();
    file.properties[0] = ispe(64, 64);
    assert_eq!(code(&file), "malformed");
    file.properties[0] = ispe(0, 48);
    assert_eq!(code(&file), "malformed");
    file.properties[0] = ispe(40_000, 48);
    assert_eq!(code(&file), "too_many_pixels");
}
