//! Tests of the built program.

mod measured;
mod renditions;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const ENCODINGS: &[&str] = if cfg!(feature = "webp-encode") { &["jpeg", "webp"] } else { &["jpeg"] };

#[test]
fn every_input_is_one_line_in_order_and_refusals_name_their_reason() {
    let dir = pictures(&["b.jpg", "a.jpg"]);
    fs::write(dir.path().join("note.txt"), b"%PDF-1.7 and so on").unwrap();
    fs::write(dir.path().join("empty.jpg"), b"").unwrap();
    let paths = ["b.jpg", "note.txt", "missing.jpg", "a.jpg", "empty.jpg"].map(|n| dir.path().join(n));
    let output = run(&["ingest"], &paths);
    assert_eq!(output.status.code(), Some(1));
    let lines = json(&output);
    let seen: Vec<_> = lines.iter().map(|l| l["path"].as_str().unwrap()).collect();
    assert_eq!(seen, paths.each_ref().map(|p| p.to_str().unwrap()));
    let codes: Vec<_> = lines.iter().map(|l| l["error"]["code"].as_str().unwrap_or("accepted")).collect();
    assert_eq!(codes, ["accepted", "unknown_format", "io", "accepted", "empty"]);
    let blames: Vec<_> = lines.iter().map(|l| l["error"]["blame"].as_str().unwrap_or("none")).collect();
    assert_eq!(blames, ["none", "upload", "service", "none", "upload"]);
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef image-ingest"), ("fish", "complete -c image-ingest")]
    {
        let output = run(&["completions", shell], &[]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains(word) && script.contains("self-test"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert!(run(&["man"], &[dir.path().to_owned()]).status.success());
    let page = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(
        page("image-ingest.1").contains("image\\-ingest\\-inspect(1)")
            && page("image-ingest-ingest.1").contains("rendition")
    );
    assert_eq!(run(&["man"], &[dir.path().join("none")]).status.code(), Some(1));
}

#[test]
fn an_accepted_line_carries_ids_sizes_facts_and_timings() {
    let dir = pictures(&["a.jpg"]);
    let output = run(&["ingest", "--max-edge", "32"], &[dir.path().join("a.jpg")]);
    assert_eq!(output.status.code(), Some(0));
    let line = &json(&output)[0];
    assert_eq!((line["width"].as_u64(), line["height"].as_u64()), (Some(32), Some(24)));
    assert_eq!((line["format"].as_str(), line["output"].as_str()), (Some("jpeg"), None));
    assert!(line["id"].as_str().unwrap().starts_with("obj_"));
    let upload = fs::read(dir.path().join("a.jpg")).unwrap();
    assert_eq!(line["source_id"].as_str().unwrap(), format!("src_{}", blake3::hash(&upload).to_hex()));
    let source = &line["source"];
    assert_eq!((source["width"].as_u64(), source["height"].as_u64()), (Some(64), Some(48)));
    assert_eq!((source["format"].as_str(), source["orientation"].as_u64()), (Some("jpeg"), Some(1)));
    assert_eq!((source["color"].as_str(), source["bytes"].as_u64()), (Some("srgb"), Some(upload.len() as u64)));
    assert!(line["timings_ms"]["total"].as_f64().unwrap() >= 0.0);
}

#[test]
fn stored_files_are_named_by_their_content() {
    let dir = pictures(&["photos/a.jpg", "photos/deep/er/b.jpg", "photos/copy_of_a.jpg"]);
    fs::copy(dir.path().join("photos/a.jpg"), dir.path().join("photos/copy_of_a.jpg")).unwrap();
    let out = dir.path().join("new/out");
    for encoding in ENCODINGS {
        let args = ["ingest", "--encoding", encoding, "--out", out.to_str().unwrap()];
        let output = run(&args, &[dir.path().join("photos")]);
        let lines = json(&output);
        assert_eq!((output.status.code(), lines.len()), (Some(0), 3), "{encoding}");
        for line in &lines {
            let stored = PathBuf::from(line["output"].as_str().unwrap());
            assert_eq!(stored.parent(), Some(&*out));
            assert_eq!(stored.file_stem().unwrap().to_str(), line["id"].as_str());
            assert_eq!(fs::read(&stored).unwrap().len() as u64, line["bytes"].as_u64().unwrap());
        }
        assert_eq!(lines[0]["output"], lines[1]["output"], "a copy has the same name");
    }
    let stored = names(&out);
    assert_eq!(stored.len(), 2 * ENCODINGS.len(), "{stored:?}");
    assert_eq!(stored.iter().filter(|n| n.ends_with(".jpg")).count(), 2);
    stored.iter().for_each(|name| assert_named_by_content(&out, name));
}

#[test]
fn the_number_of_jobs_changes_nothing_but_timings() {
    let many: Vec<String> = (0..12).map(|i| format!("{i}.jpg")).collect();
    let dir = pictures(&many.iter().map(String::as_str).collect::<Vec<_>>());
    fs::write(dir.path().join("5.jpg"), b"\xff\xd8\xff").unwrap();
    let lines = |jobs: &str| {
        let mut lines = json(&run(&["ingest", "--jobs", jobs], &[dir.path().to_owned()]));
        lines.iter_mut().for_each(|line| {
            line.as_object_mut().unwrap().remove("timings_ms");
        });
        lines
    };
    let one = lines("1");
    assert_eq!(one.len(), 12);
    assert_eq!(one, lines("2"));
    assert_eq!(one, lines("7"));
}

#[test]
fn standard_input_is_an_input() {
    let dir = pictures(&["a.jpg"]);
    let bytes = fs::read(dir.path().join("a.jpg")).unwrap();
    for command in ["ingest", "inspect", "bench"] {
        let mut child = program(&[command, "-"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert_eq!(json(&output).len(), 1);
    }
    assert_eq!(run(&["ingest", "-", "-"], &[]).status.code(), Some(2));
}

#[test]
fn limits_refuse_with_both_numbers() {
    let dir = pictures(&["a.jpg"]);
    let a = dir.path().join("a.jpg");
    let length = fs::metadata(&a).unwrap().len();
    for (args, code, limit, actual) in [
        (["ingest", "--max-pixels", "3071"], "too_many_pixels", 3071, 64 * 48),
        (["inspect", "--max-pixels", "100"], "too_many_pixels", 100, 64 * 48),
        (["ingest", "--max-bytes", "10"], "too_large", 10, length),
    ] {
        let output = run(&args, std::slice::from_ref(&a));
        let error = &json(&output)[0]["error"];
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(error["code"].as_str(), Some(code));
        assert_eq!((error["limit"].as_u64(), error["actual"].as_u64()), (Some(limit), Some(actual)));
    }
}

#[test]
fn inspecting_tells_the_header() {
    let dir = pictures(&["a.jpg"]);
    let output = run(&["inspect", "--max-edge", "16"], &[dir.path().to_owned()]);
    assert_eq!(output.status.code(), Some(0));
    let line = &json(&output)[0];
    assert_eq!((line["width"].as_u64(), line["format"].as_str()), (Some(64), Some("jpeg")));
    assert_eq!(line["canonical_size"], serde_json::json!({ "width": 16, "height": 12 }));
    assert_eq!((line["coding"].as_str(), line["coding_details"]["scans"].as_u64()), (Some("sequential"), Some(1)));
}

#[test]
fn covering_and_quality_reach_the_result() {
    let dir = pictures(&["a.jpg"]);
    let a = [dir.path().join("a.jpg")];
    let covered = json(&run(&["ingest", "--cover", "20x20"], &a));
    assert_eq!((covered[0]["width"].as_u64(), covered[0]["height"].as_u64()), (Some(20), Some(20)));
    let bytes = |quality: &str| json(&run(&["ingest", "--quality", quality], &a))[0]["bytes"].as_u64().unwrap();
    assert!(bytes("30") < bytes("95"));
}

#[cfg(not(feature = "webp-encode"))]
#[test]
fn webp_without_its_encoder_is_a_usage_error() {
    let dir = pictures(&["a.jpg"]);
    for command in ["ingest", "inspect", "bench"] {
        let output = run(&[command, "--encoding", "webp"], &[dir.path().to_owned()]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("built without the feature webp-encode"), "{command}: {message}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_usage_errors() {
    let bad: &[&[&str]] = &[
        &[],
        &["ingest"],
        &["nonsense"],
        &["ingest", "x", "--max-edge", "0"],
        &["ingest", "x", "--max-edge", "16384"],
        &["ingest", "x", "--quality", "0"],
        &["ingest", "x", "--quality", "101"],
        &["ingest", "x", "--jobs", "0"],
        &["ingest", "x", "--encoding", "png"],
        &["ingest", "x", "--cover", "10x"],
        &["ingest", "x", "--cover", "10x10", "--max-edge", "10"],
        &["ingest", "x", "--matte", "white"],
        &["bench", "x", "--runs", "0"],
    ];
    for args in bad {
        let output = run(args, &[]);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn help_shows_every_option_and_examples() {
    let options: &[(&str, &[&str])] = &[
        ("ingest", &["--out", "--jobs", "--memory-budget", "--summary"]),
        ("inspect", &[]),
        ("bench", &["--runs", "--jobs"]),
    ];
    let shared = ["PATH", "--max-edge", "--cover", "--encoding", "--quality", "--matte", "--max-pixels", "--max-bytes"];
    for (command, own) in options {
        let output = run(&[command, "--help"], &[]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        own.iter().chain(&shared).for_each(|option| assert!(help.contains(option), "{command} {option}"));
        assert!(help.contains("Examples:"), "{command}");
    }
    let top = String::from_utf8(run(&["--help"], &[]).stdout).unwrap();
    ["ingest", "inspect", "bench", "self-test"].iter().for_each(|c| assert!(top.contains(c), "{c}"));
    let version = String::from_utf8(run(&["--version"], &[]).stdout).unwrap();
    assert_eq!(version.trim(), concat!("image-ingest ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_self_test_passes() {
    let output = run(&["self-test"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.starts_with(b"ok"));
}

#[test]
fn the_summary_counts() {
    let dir = pictures(&["a.jpg", "b.jpg"]);
    fs::write(dir.path().join("c.txt"), b"%PDF").unwrap();
    let output = run(&["ingest", "--summary"], &[dir.path().to_owned()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("accepted         2") && text.contains("unknown_format         1"), "{text}");
    assert!(run(&["ingest"], &[dir.path().to_owned()]).stderr.is_empty());
}

#[test]
fn an_output_folder_that_is_a_file_is_an_error_before_any_work() {
    let dir = pictures(&["a.jpg"]);
    let a = dir.path().join("a.jpg");
    let output = run(&["ingest", "--out", a.to_str().unwrap()], std::slice::from_ref(&a));
    assert_failed_politely(&output);
    assert!(output.stdout.is_empty());
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_full_device_as_output_is_an_error() {
        let dir = pictures(&["a.jpg"]);
        let a = dir.path().join("a.jpg");
        for command in ["ingest", "inspect", "bench"] {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let output = program(&[command]).arg(&a).stdout(full).output().unwrap();
            assert_failed_politely(&output);
        }
        let full = || File::options().write(true).open("/dev/full").unwrap();
        assert_failed_politely(&program(&["self-test"]).stdout(full()).output().unwrap());
        let deaf = program(&["ingest"]).arg(&a).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(deaf.code(), Some(1));
        assert_eq!(program(&["--help"]).stdout(full()).status().unwrap().code(), Some(1));
    }

    #[test]
    fn a_reader_that_leaves_ends_the_program_quietly() {
        let dir = pictures(&["a.jpg"]);
        let paths = vec![dir.path().join("a.jpg"); 50];
        let mut child = program(&["ingest"]).args(&paths).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let dir = pictures(&["a.jpg"]);
        let output = run(&["ingest", "--out", "/proc/image-ingest/out"], &[dir.path().join("a.jpg")]);
        assert_failed_politely(&output);
    }

    #[test]
    fn a_name_that_is_not_unicode_is_an_input() {
        use std::os::unix::ffi::OsStrExt;
        let dir = pictures(&["a.jpg"]);
        let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff\n.jpg"));
        fs::rename(dir.path().join("a.jpg"), &odd).unwrap();
        let lines = json(&run(&["ingest"], &[dir.path().to_owned()]));
        assert!(lines[0]["path"].as_str().unwrap().ends_with("\u{fffd}\n.jpg"));
        assert!(lines[0]["id"].is_string());
    }

    #[test]
    fn an_interruption_leaves_only_whole_files() {
        let dir = pictures(&["a.jpg"]);
        let bytes = picture(1200, 900, 1);
        fs::write(dir.path().join("a.jpg"), &bytes).unwrap();
        let paths = vec![dir.path().join("a.jpg"); 3000];
        for (round, signal) in ["INT", "TERM", "INT", "INT"].into_iter().enumerate() {
            let out = dir.path().join(format!("out{round}"));
            let mut command = program(&["ingest", "--jobs", "2", "--out", out.to_str().unwrap()]);
            let mut child = command.args(&paths).stdout(Stdio::null()).spawn().unwrap();
            let deadline = Instant::now() + Duration::from_secs(30);
            while !out.is_dir() || names(&out).iter().all(|n| n.starts_with('.')) {
                assert!(Instant::now() < deadline, "nothing was stored");
                sleep(Duration::from_millis(5));
            }
            sleep(Duration::from_micros(700 * round as u64));
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(130), "SIG{signal}");
            names(&out).iter().for_each(|name| assert_named_by_content(&out, name));
        }
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-ingest"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str], paths: &[PathBuf]) -> Output {
    program(args).args(paths).output().unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder with a different small picture under each name.
fn pictures(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (seed, name) in names.iter().enumerate() {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, picture(64, 48, u32::try_from(seed).unwrap())).unwrap();
    }
    dir
}

fn picture(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let sample = |x: u32, y: u32, n: u32| ((x * (n + 2) + y * (seed + 3)) % 256).to_le_bytes()[0];
    let pixels = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([0, 1, 2].map(|n| sample(x, y, n))));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn assert_named_by_content(dir: &Path, name: &str) {
    let hash = blake3::hash(&fs::read(dir.join(name)).unwrap()).to_hex();
    assert_eq!(name.rsplit_once('.').unwrap().0, format!("obj_{hash}"));
}

/// Exit code 1 and one line about it, no panic.
fn assert_failed_politely(output: &Output) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("image-ingest: cannot") && text.lines().count() == 1, "{text}");
}

/// The program is found on PATH or beside the command line, and gets all arguments as they are.
#[cfg(unix)]
#[test]
fn backfill_is_handed_over_with_its_arguments_and_exit_code() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let program = dir.path().join("image-ingest-backfill");
    fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$@\"\nexit 3\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let call = |command_line: &Path, path: &Path| {
        let mut command = Command::new(command_line);
        command.args(["backfill", "run", "--help", "--state", "a b", "-x"]).env("PATH", path).output().unwrap()
    };
    let (ours, nowhere) = (Path::new(env!("CARGO_BIN_EXE_image-ingest")), Path::new("/nonexistent"));
    let beside = dir.path().join("image-ingest");
    fs::copy(ours, &beside).unwrap();
    for (command_line, path) in [(ours, dir.path()), (&beside, nowhere)] {
        let handed_over = call(command_line, path);
        assert_eq!(String::from_utf8_lossy(&handed_over.stdout), "run|--help|--state|a b|-x|");
        assert_eq!(handed_over.status.code(), Some(3));
    }
    let alone = call(ours, nowhere);
    assert_eq!(alone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("cargo install"), "{alone:?}");
}
