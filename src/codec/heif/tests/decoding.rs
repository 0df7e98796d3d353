//! Samples are those of the coded pictures, on any number of threads.

use super::*;

#[test]
fn a_made_file_is_read() {
    let h = header(&File::single());
    assert_eq!((h.coded_size, h.bit_depth, h.channels), (Size::new(64, 48), 8, Channels::Ycbcr));
    assert_eq!((h.crop, h.orientation), (Rect::whole(h.coded_size), Orientation::Upright));
    let tile_size = Size::new(64, 48);
    let subsampling = Some((2, 2));
    assert_eq!(
        h.coding,
        Coding::Hevc { tiles: 1, item: "hvc1", tile_size, largest_layer: None, subsampling, joined_bytes: 0 }
    );
    assert_same_as_each_tile(&File::single().write());
}

#[test]
fn grids_and_deep_pictures_are_put_together() {
    assert_same_as_each_tile(&encode(700, 530, false));
    let deep = heifer::Image {
        width: 70,
        height: 50,
        bit_depth: 10,
        has_alpha: false,
        data: rgba(70, 50, false).into_iter().map(|v| u16::from(v) * 4 + 3).collect(),
    };
    let bytes = heifer::encode(&deep, &heifer::EncodeOptions::default()).unwrap();
    assert_eq!(planes(&bytes).bit_depth, 10);
    assert_same_as_each_tile(&bytes);
}

#[test]
fn alpha_comes_as_rgba() {
    let bytes = encode(600, 40, true);
    assert!(probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap().has_alpha);
    let raster = decoded(&bytes).into_raster(Size::new(600, 40));
    let Samples::U8(ours) = raster.samples else { panic!("deep") };
    assert_eq!((raster.layout, raster.size), (Layout::Rgba, Size::new(600, 40)));
    let theirs = heifer::decode_rgba8(&bytes, &heifer::Options::default()).unwrap().data;
    assert!(ours.iter().zip(&theirs).skip(3).step_by(4).all(|(a, b)| a == b), "alpha differs");
    // They take chroma to lie half a pixel further right.
    let difference: u64 = ours.iter().zip(&theirs).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(difference < 2 * ours.len() as u64, "mean difference over 2: {difference} in {}", ours.len());
}

#[test]
fn without_in_loop_filters_only_a_little_changes() {
    let bytes = encode(300, 200, false);
    let h = probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let decode = |in_loop_filters| {
        let plan = Plan { in_loop_filters, ..plan(&h, &Profile::default(), &CpuTimer::default()).unwrap() };
        decode_by(&bytes, &h, &plan, &Limits::default(), Workers::default()).unwrap()
    };
    let [smooth, rough] = [true, false].map(|filters| bytes_of(&decode(filters).planes[0]));
    let error: u64 = smooth.iter().zip(&rough).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(error > 0 && error < smooth.len() as u64, "{error} of {}", smooth.len());
}

#[test]
fn rows_of_tiles_reduce_as_the_whole_does() {
    let bytes = encode(1500, 1100, false);
    let h = probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    for max_edge in [64, 500, 999] {
        let profile = Profile { geometry: Geometry::Fit { max_edge }, ..Profile::default() };
        let to_reduce = plan(&h, &profile, &CpuTimer::default()).unwrap();
        let to_reduce = Plan { in_loop_filters: true, ..to_reduce };
        let rows = decode_by(&bytes, &h, &to_reduce, &Limits::default(), Workers::default()).unwrap();
        let whole = planes(&bytes);
        let grid = to_reduce.chroma_grid(8, whole.matrix);
        let whole = reduce_planes(whole, to_reduce.crop, to_reduce.target, grid, &CpuTimer::default()).unwrap();
        assert!(rows.into_planes(to_reduce.target, grid.factor()) == whole);
    }
}

#[test]
fn threads_change_neither_samples_nor_errors() {
    let bytes = encode(1500, 1100, false);
    let h = probe(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let picture = PrimaryPicture::read(&bytes, &Limits::default(), &CpuTimer::default()).unwrap();
    let leaves = &whole(&picture).leaves;
    assert!(leaves.len() >= 6);
    let mut damaged = bytes.clone();
    // One tile whose data ends early and, before it, one of another kind: two errors to choose from.
    for (tile, at) in [(2, 4), (4, 0)] {
        let data = picture.items.data(leaves[tile].item).unwrap()[0];
        let start = data.as_ptr() as usize - bytes.as_ptr() as usize;
        damaged[start + at] = if at == 0 { 0xff } else { 1 << 1 };
    }
    let alone = (decode_to_reduce(&bytes, &h, Workers::default()), decode_to_reduce(&damaged, &h, Workers::default()));
    assert_eq!(alone.1.as_ref().unwrap_err().code(), "unsupported");
    for threads in 1..=3 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let workers = Workers::of(Some(&pool));
        assert!(decode_to_reduce(&bytes, &h, workers).unwrap() == *alone.0.as_ref().unwrap());
        let error = decode_to_reduce(&damaged, &h, workers).unwrap_err();
        assert_eq!(error.to_string(), alone.1.as_ref().unwrap_err().to_string());
    }
}

#[test]
fn real_files_are_accepted() {
    let Some(corpus) = std::env::var_os("IMAGE_INGEST_CORPUS") else {
        eprintln!("skipped: IMAGE_INGEST_CORPUS is not set");
        return;
    };
    let mut found = Vec::new();
    for folder in ["perf", "orient", "color", "odd/heic"] {
        files(&Path::new(&corpus).join(folder), &mut found);
    }
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        let h = probe(&bytes, &Limits::default(), &CpuTimer::default())
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let reduced = plan(&h, &Profile::default(), &CpuTimer::default()).unwrap().target;
        let samples = decoded(&bytes).planes[0].len() as u64;
        assert!(samples.is_multiple_of(reduced.pixels()) && samples > 0, "{}", path.display());
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    found.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "heic" || e == "heif")));
}
