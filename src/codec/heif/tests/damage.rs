//! What is damaged, too much, or no HEVC is refused, and nothing is left over from other pictures.

use super::*;

#[test]
fn no_prefix_is_accepted_and_none_panics() {
    let bytes = File::grid(2, 1, 120, 48).write();
    for len in 0..bytes.len() {
        let code = probe(&bytes[..len], &Limits::default(), &CpuTimer::default()).unwrap_err().code();
        assert!(["truncated", "malformed"].contains(&code), "{code} at {len}");
    }
    let long = [&bytes[..], b"trailing bytes"].concat();
    assert!(probe(&long, &Limits::default(), &CpuTimer::default()).is_ok());
}

#[test]
fn no_changed_byte_panics() {
    let limits = Limits::default();
    let bytes = File::grid(2, 1, 120, 48).with(&[clap([60, 40, 0, 0]), nclx([1, 13, 6], true)]).write();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, bytes[at] ^ 0x10] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(h) = probe(&changed, &limits, &CpuTimer::default()) {
                drop(decode(&changed, &h, &limits));
            }
        }
    }
}

#[test]
fn damaged_pictures_are_refused() {
    let bytes = encode(512, 512, false);
    let limits = Limits::default();
    let h = probe(&bytes, &limits, &CpuTimer::default()).unwrap();
    let end = bytes.len();
    let start = end
        - PrimaryPicture::read(&bytes, &limits, &CpuTimer::default()).unwrap().items.data(1).unwrap().concat().len();
    for cut in [20, 50, 90].map(|percent| start + (end - start) * percent / 100) {
        let mut damaged = bytes.clone();
        damaged[cut..].fill(0);
        assert_eq!(decode(&damaged, &h, &limits).unwrap_err().code(), "malformed");
        assert_eq!(decode_to_reduce(&damaged, &h, Workers::default()).unwrap_err().code(), "malformed");
    }
}

#[test]
fn a_tile_may_be_zero_where_its_grid_does_not_show_it() {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/heic/grid_zero_padded.heic")).unwrap();
    assert_same_as_each_tile(&bytes);
}

#[test]
fn what_was_decoded_before_decides_nothing() {
    let bytes = encode(200, 136, false);
    let h = probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let data = PrimaryPicture::read(&bytes, &Limits::default(), &CpuTimer::default())
        .unwrap()
        .items
        .data(1)
        .unwrap()
        .concat()
        .len();
    let alone = |bytes: &[u8]| decode(bytes, &h, &Limits::default()).map_err(|e| e.to_string());
    let other = encode(640, 480, true);
    let other_header = probe(&other, &Limits::default(), &CpuTimer::default()).unwrap();
    for step in 0..60 {
        let mut damaged = bytes.clone();
        let at = bytes.len() - data + data / 8 + step * data / 70;
        damaged[at] ^= 0x10;
        let first = alone(&damaged);
        decode(&other, &other_header, &Limits::default()).unwrap();
        assert!(alone(&damaged) == first, "step {step}");
    }
}

#[test]
fn nothing_in_an_item_makes_the_decoder_hold_more_than_its_picture() {
    let refused = |change: fn(&mut Vec<u8>)| {
        let mut file = File::single();
        change(&mut file.items[0].extents[0]);
        let bytes = file.write();
        decode(&bytes, &probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap(), &Limits::default())
            .unwrap_err()
            .code()
    };
    assert_eq!(refused(|data| data[4] = 1 << 1), "unsupported");
    // The slice header of a clean random access picture has more fields.
    assert_eq!(refused(|data| data[4] = 21 << 1), "malformed");
    assert_eq!(refused(|data| data[4] = 22 << 1), "unsupported");
    assert_eq!(refused(|data| drop(data.splice(..0, [0, 0, 0, 3, 33 << 1, 1, 1]))), "unsupported");
}

#[test]
fn parameter_sets_may_be_repeated() {
    let mut file = File::single();
    let (config, _) = coded_picture();
    let sets = DecoderConfiguration::read(&config).unwrap().parameter_sets().unwrap().into_iter();
    let sets = sets.flat_map(|set| [&u32::try_from(set.len()).unwrap().to_be_bytes(), set].concat());
    let sets: Vec<u8> = sets.collect();
    file.items[0].extents[0].splice(..0, sets);
    assert_same_as_each_tile(&file.write());
}

#[test]
fn work_out_of_proportion_is_refused() {
    let file = File::grid(1, 3, 64, 48);
    let limits = Limits { max_pixels: 64 * 48, ..Limits::default() };
    let error = probe(&file.write(), &limits, &CpuTimer::default()).unwrap_err();
    assert_eq!(error.limit_and_actual(), Some((2 * 64 * 48, 3 * 64 * 48)));
    let mut file = File::single();
    file.items[0].extents = vec![coded_picture().1.repeat(2)];
    let (bytes, h) = (file.write(), header(&file));
    assert_eq!(decode(&bytes, &h, &Limits::default()).unwrap_err().code(), "unsupported");
}

#[test]
fn a_slice_among_the_parameter_sets_is_malformed() {
    let mut file = File::single();
    let (mut config, _) = coded_picture();
    let sets = config[22];
    config[22] += 1;
    config.extend([1, 0, 1, 0, 3, 1 << 1, 1, 0x80]);
    file.properties[1] = make_box(b"hvcC", &[&config]);
    assert_eq!((sets, code(&file)), (3, "malformed"));
}
