//! The layer rule of ARCHITECTURE.md: a module uses only modules below it.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up; a module may use those of lower layers and its own folder.
const LAYERS: &[&[&str]] = &[
    &["error", "format", "size", "tile"],
    &["header", "id", "limits", "pixels", "profile", "watch"],
    &["workers"],
    &["exif", "color", "orient", "reduce"],
    &["memory", "plan"],
    &["canonical", "codec"],
    &["encode", "receipt", "render", "upload"],
    &["ingest"],
    &["batch", "self_test", "stages"],
    &["lib"],
];

/// Pairs inside one layer, or upwards, that are what they are for a reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("error", "format", "errors name the container"),
    ("memory", "plan", "the plan carries its own estimate"),
    ("plan", "memory", "the plan carries its own estimate"),
];

#[test]
fn modules_use_only_lower_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&src) {
        let module = module_of(&src, &file);
        let text = fs::read_to_string(&file).unwrap();
        for used in uses(&text) {
            let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == module && *to == used);
            if used != module && !excepted && layer(&used) >= layer(&module) {
                wrong.push(format!("{} uses crate::{used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "upward edges:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in sources(&src) {
        let module = module_of(&src, &file);
        assert!(LAYERS.iter().flat_map(|l| l.iter()).any(|m| *m == module), "{module} is in no layer");
    }
}

fn layer(module: &str) -> usize {
    LAYERS.iter().position(|l| l.contains(&module)).unwrap_or(usize::MAX)
}

/// The modules after `crate::`, inline tests aside: they may look anywhere.
fn uses(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let names = code.split("crate::").skip(1).map(|rest| {
        rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_' || c.is_ascii_digit()).collect::<String>()
    });
    names.filter(|n| !n.is_empty()).collect()
}

fn module_of(src: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(src).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests = path.file_name().is_some_and(|n| n == "tests.rs" || n == "tests");
        match path.is_dir() {
            true => files.extend(sources(&path)),
            false if path.extension().is_some_and(|e| e == "rs") && !is_tests => files.push(path),
            false => {}
        }
    }
    files
}
