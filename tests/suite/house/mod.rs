//! The rules of the house, as ARCHITECTURE.md states them: which crate and which module may use which, and how large each
//! may be. Computed from the sources.

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use self::source::{Sources, rust_files, without_tests};

/// The modules of the pipeline from the bottom up. A file may use its own layer and those below.
const LAYERS: &[&[&str]] = &[
    &["upload/format", "upload/text"],
    &["error"],
    &["header", "pixels", "upload"],
    &["plan"],
    &["codec"],
    &["canonical"],
    &["run"],
    &["facts", "rendition"],
    &["stages"],
    &["lib"],
];

/// The crates from the bottom up: a crate may depend on those of lower layers.
const CRATES: &[&[&str]] = &[
    &["samples"],
    &["color", "facts", "gif", "heif", "hevc", "jpeg", "png", "resize", "webp", "webp-encode"],
    &["encode"],
    &["image-ingest"],
];

/// Renditions and facts are a tenth of it.
const MAX_PIPELINE_LINES: usize = 6_000;
const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 80;
const MAX_ROOT_NAMES: usize = 34;

#[test]
fn a_module_uses_only_its_own_layer_and_lower_ones() {
    let sources = Sources::read(&root().join("src"));
    let mut wrong = Vec::new();
    for file in sources.files.keys() {
        for used in sources.uses(file) {
            if layer(&used) > layer(file) {
                wrong.push(format!("src/{file} uses src/{used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "upward uses:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_in_a_circle() {
    let circles = source_folders().into_iter().filter_map(|folder| {
        let circle = Sources::read(&folder).circle()?;
        Some(format!("{}: {}", folder.strip_prefix(root()).unwrap().display(), circle.join(" -> ")))
    });
    let circles: Vec<_> = circles.collect();
    assert!(circles.is_empty(), "circles of files:\n{}", circles.join("\n"));
}

#[test]
fn a_crate_depends_only_on_lower_ones() {
    for (layer, names) in CRATES.iter().enumerate() {
        for name in *names {
            let folder = if *name == "image-ingest" { root() } else { root().join("crates").join(name) };
            let below: Vec<String> =
                CRATES[..layer].iter().copied().flatten().map(|n| format!("image-ingest-{n}")).collect();
            for used in own_dependencies(&fs::read_to_string(folder.join("Cargo.toml")).unwrap()) {
                assert!(below.contains(&used), "{name} depends on {used}");
            }
        }
    }
    let engines = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().file_name());
    for engine in engines {
        let name = engine.to_string_lossy().into_owned();
        assert!(CRATES.iter().any(|layer| layer.contains(&name.as_str())), "{name} is in no layer");
    }
}

#[test]
fn the_pipeline_stays_small() {
    let lines: usize = rust_files(&root().join("src")).iter().map(|file| code_lines(file)).sum();
    assert!(lines <= MAX_PIPELINE_LINES, "src/ has {lines} lines without its tests");
}

#[test]
fn no_file_and_no_function_is_long() {
    let mut long = Vec::new();
    for file in source_folders().iter().flat_map(|folder| rust_files(folder)) {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let source = without_tests(&fs::read_to_string(&file).unwrap());
        if source.lines().count() > MAX_FILE_LINES {
            long.push(format!("{name} has {} lines", source.lines().count()));
        }
        let functions = functions(&source).into_iter().filter(|(_, lines)| *lines > MAX_FUNCTION_LINES);
        long.extend(functions.map(|(function, lines)| format!("{name}: {function} has {lines} lines")));
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

#[test]
fn the_root_has_few_names() {
    let names = root_names(&fs::read_to_string(root().join("src/lib.rs")).unwrap());
    assert!(names.len() <= MAX_ROOT_NAMES, "{} public names: {}", names.len(), names.join(", "));
}

/// The call into code for other instruction sets, one file to an engine, and the call into libwebp's encoder.
#[test]
fn unsafe_is_in_few_files() {
    for folder in library_folders() {
        let root = fs::read_to_string(folder.join("lib.rs")).unwrap();
        if folder.ends_with("webp-encode/src") || root.contains("#![forbid(unsafe_code)]") {
            continue;
        }
        assert!(root.contains("#![deny(unsafe_code)]"), "{}", folder.display());
        let lifts = |file: &PathBuf| fs::read_to_string(file).unwrap().contains("expect(unsafe_code");
        let lifting: Vec<_> = rust_files(&folder).into_iter().filter(lifts).collect();
        assert_eq!(lifting, [folder.join("dispatch.rs")]);
    }
}

#[test]
fn a_type_name_means_one_thing() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in library_folders().iter().flat_map(|folder| rust_files(folder)) {
        let source = without_tests(&fs::read_to_string(&file).unwrap());
        for name in source.lines().filter_map(type_name) {
            places.entry(name).or_default().push(file.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    let shared = places.iter().filter(|(_, files)| files.len() > 1);
    let shared: Vec<_> = shared.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert!(shared.is_empty(), "names of several types:\n{}", shared.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of the library: the pipeline and the engines.
fn library_folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    folders.push(root().join("src"));
    folders.sort();
    folders
}

/// The sources of all members, and of the packages beside them.
fn source_folders() -> Vec<PathBuf> {
    let members = ["agent", "backfill", "cli", "conformance", "python", "robustness", "server", "testdata/generator"];
    let members = members.iter().map(|member| root().join(member).join("src"));
    library_folders().into_iter().chain(members).collect()
}

fn layer(file: &str) -> usize {
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let holds = |prefix: &str| module == prefix || module.starts_with(&format!("{prefix}/"));
    let deepest = LAYERS.iter().enumerate().flat_map(|(layer, prefixes)| prefixes.iter().map(move |p| (layer, *p)));
    let (layer, _) = deepest
        .filter(|(_, prefix)| holds(prefix))
        .max_by_key(|(_, prefix)| prefix.len())
        .unwrap_or_else(|| panic!("src/{file} is in no layer"));
    layer
}

/// The packages of this workspace that a manifest depends on, for its library.
fn own_dependencies(manifest: &str) -> Vec<String> {
    let tables = manifest.split("\n[").filter(|table| table.starts_with("dependencies]"));
    let lines = tables.flat_map(str::lines).filter_map(|line| line.split_once(" = ").map(|(name, _)| name.to_owned()));
    lines.filter(|name| name.starts_with("image-ingest")).collect()
}

fn code_lines(file: &Path) -> usize {
    without_tests(&fs::read_to_string(file).unwrap()).lines().count()
}

/// The functions of a formatted source, and their lines from signature to closing brace.
fn functions(source: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = source.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let closing = format!("{}}}", " ".repeat(indent(line)));
        let has_body = |line: &&&str| line.ends_with('{') || line.ends_with(';') || line.ends_with('}');
        let first = lines[start..].iter().find(has_body);
        if first.is_some_and(|line| line.ends_with('{')) {
            let len = lines[start..].iter().position(|line| *line == closing).map_or(0, |at| at + 1);
            found.push((name, len));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "fn")?;
    let is_qualifier =
        |word: &&str| word.starts_with("pub") || ["const", "unsafe", "extern", "\"C\"", "async"].contains(word);
    let name = words.get(at + 1).filter(|_| words[..at].iter().all(is_qualifier))?;
    Some(name.split(['(', '<']).next()?.to_owned())
}

/// The names that `lib.rs` makes public, what is hidden from the documentation aside.
fn root_names(lib: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut hidden = false;
    for item in lib.replace("{\n", "{").split(";\n") {
        let lines: Vec<&str> = item.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        hidden |= lines.iter().any(|line| line.contains("#[doc(hidden)]"));
        let text = lines.join(" ");
        if let Some(at) = text.find("pub mod ").filter(|_| !hidden) {
            names.push(text[at + 8..].trim().to_owned());
        } else if let Some(at) = text.find("pub use ") {
            let path = &text[at + 8..];
            let list = path.split_once('{').map_or_else(|| path.rsplit("::").next().unwrap_or(path), |(_, list)| list);
            names.extend(
                list.trim_end_matches('}').split(',').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()),
            );
        }
        hidden = false;
    }
    names
}

/// The type that a line of a formatted source declares.
fn type_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if !["struct", "enum", "trait"].contains(&words.next()?) {
        return None;
    }
    let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric()).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_to_their_closing_brace() {
        let source =
            "fn a() {\n    b();\n}\n\nimpl A {\n    pub(crate) fn b(\n        c: u8,\n    ) {\n    }\n    fn d();\n}\n";
        assert_eq!(functions(source), [("a".to_owned(), 3), ("b".to_owned(), 4)]);
    }

    #[test]
    fn root_names_are_counted_one_by_one() {
        let lib = "mod a;\n#[doc(hidden)]\npub mod b;\npub mod c;\npub use a::{A, B};\npub use d::E;\n";
        assert_eq!(root_names(lib), ["c", "A", "B", "E"]);
    }
}
