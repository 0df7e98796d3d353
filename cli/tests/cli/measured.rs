//! `bench`, and what jobs hold in memory.

use super::*;

#[test]
fn a_mixed_bench_prints_one_line_for_all_that_is_accepted() {
    let dir = pictures(&["a.jpg", "b.jpg"]);
    fs::write(dir.path().join("c.txt"), b"%PDF").unwrap();
    let output = run(&["bench", "--mixed", "--runs", "2", "--jobs", "2"], &[dir.path().to_owned()]);
    assert_eq!(output.status.code(), Some(1), "a refusal counts");
    let [line] = &json(&output)[..] else { panic!("more than a line") };
    assert_eq!((line["images"].as_u64(), line["jobs"].as_u64()), (Some(2), Some(2)));
    let figures = ["ms_median", "ms_min", "cpu_ms_median", "images_per_s", "out_bytes", "peak_rss_kb"];
    assert!(figures.iter().all(|f| line[f].as_f64().is_some_and(|v| v > 0.0)), "{line}");
}

#[test]
fn bench_prints_what_the_peers_print() {
    let dir = pictures(&["a.jpg"]);
    fs::write(dir.path().join("b.txt"), b"%PDF").unwrap();
    for (jobs, encoding) in [("1", "jpeg"), ("2", ENCODINGS[ENCODINGS.len() - 1])] {
        let args = ["bench", "--runs", "2", "--jobs", jobs, "--encoding", encoding];
        let output = run(&args, &[dir.path().to_owned()]);
        assert_eq!(output.status.code(), Some(1), "a refusal counts");
        let lines = json(&output);
        for line in &lines {
            assert_eq!((line["peer"].as_str(), line["fmt"].as_str()), (Some("image-ingest"), Some(encoding)));
            assert!(line["peak_rss_kb"].is_u64());
        }
        let figures = ["ms_median", "ms_min", "cpu_ms_median", "out_bytes", "w", "h"];
        assert_eq!(lines[0]["file"].as_str(), Some("a.jpg"));
        assert!(figures.iter().all(|f| lines[0][f].as_f64().is_some_and(|v| v >= 0.0)), "{}", lines[0]);
        assert_eq!(lines[0]["images_per_s"].is_number(), jobs != "1");
        assert_eq!((lines[1]["file"].as_str(), lines[1]["error"].as_str()), (Some("b.txt"), Some("unknown_format")));
        assert!(figures.iter().all(|f| lines[1][f].is_null()), "{}", lines[1]);
    }
}

/// What is made beside the canonical image is made of its rows, so it takes little memory.
#[cfg(target_os = "linux")]
#[test]
fn three_renditions_and_facts_take_a_third_more_memory_at_most() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    for file in ["jpeg/size_4032x3024.jpg", "webp/lossy_2304x1728.webp", "heic/grid_phone_12mp.heic"] {
        let peak = |args: &[&str]| {
            let output = run(&[&["bench", "--runs", "1"], args].concat(), &[testdata.join(file)]);
            json(&output)[0]["peak_rss_kb"].as_f64().unwrap()
        };
        let ratio = peak(&EVERYTHING) / peak(&[]);
        assert!(ratio <= 1.3, "{file}: {ratio}");
    }
}

/// A batch admits jobs by their estimates, so a job that needs more than its estimate would exceed the budget.
#[cfg(target_os = "linux")]
#[test]
fn no_job_needs_more_memory_than_estimated() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let files = [
        "jpeg/size_4032x3024.jpg",
        "jpeg/progressive_444_restart.jpg",
        "jpeg/cmyk_icc.jpg",
        "png/diagram_2560x1600.png",
        "png/rgba16.png",
        "gif/animated.gif",
        "webp/lossy_2304x1728.webp",
        "webp/lossless_alpha.webp",
        "heic/grid_phone_12mp.heic",
        "heic/alpha.heic",
    ];
    let files = files.map(|f| testdata.join(f));
    let peak = |args: &[&str], file: &PathBuf| {
        let output = run(&[&["bench", "--runs", "1"], args].concat(), std::slice::from_ref(file));
        json(&output)[0]["peak_rss_kb"].as_u64().unwrap() * 1024
    };
    let smallest = testdata.join("gif/size_1x1.gif");
    for encoding in ENCODINGS {
        let canonical = ["--encoding", encoding];
        for args in [canonical.to_vec(), [&canonical[..], &EVERYTHING].concat()] {
            let program = peak(&args, &smallest);
            for file in &files {
                let output = run(&[&["ingest"], &args[..]].concat(), std::slice::from_ref(file));
                let estimate = json(&output)[0]["memory_bytes"].as_u64().unwrap();
                let real = peak(&args, file).saturating_sub(program);
                assert!(
                    real <= estimate,
                    "{} by {args:?}: {real} bytes over an estimate of {estimate}",
                    file.display()
                );
            }
        }
    }
}

/// Three renditions and facts.
const EVERYTHING: [&str; 7] = [
    "--facts",
    "--rendition",
    "device=cover:1170x2532",
    "--rendition",
    "card=fit:640",
    "--rendition",
    "thumb=cover:256x256",
];
