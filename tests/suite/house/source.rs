//! Reads Rust sources as far as the rules of the house need: which files there are, and which of their crate they use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The sources of one crate, tests aside, by their path below its `src`.
pub(crate) struct Sources {
    pub(crate) files: BTreeMap<String, String>,
}

impl Sources {
    /// Reads `folder`, such as `crates/png/src`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        for path in rust_files(folder) {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            files.insert(name, without_tests(&without_comments(&fs::read_to_string(&path).unwrap())));
        }
        Self { files }
    }

    /// The files that a file uses, itself aside.
    pub(crate) fn uses(&self, file: &str) -> BTreeSet<String> {
        let module = module_of(file);
        let paths = paths(&tokens(&self.files[file]));
        let used = paths.iter().filter_map(|path| self.resolve(&module, path));
        used.filter(|used| used != file).collect()
    }

    /// The file that a path leads to: the deepest module on it.
    fn resolve(&self, module: &[String], path: &[String]) -> Option<String> {
        let mut at = module.to_vec();
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => break,
            }
            rest = after;
        }
        let is_relative = rest.len() == path.len();
        let start = at.len();
        for name in rest {
            let mut deeper = at.clone();
            deeper.push(name.clone());
            if self.file_of(&deeper).is_none() {
                break;
            }
            at = deeper;
        }
        // A path without `crate`, `self` or `super` means another crate, or a name of this file, unless it names a module.
        if is_relative && at.len() == start { None } else { self.file_of(&at) }
    }

    fn file_of(&self, module: &[String]) -> Option<String> {
        let name = module.join("/");
        let candidates = match module {
            [] => vec!["lib.rs".to_owned(), "main.rs".to_owned()],
            _ => vec![format!("{name}.rs"), format!("{name}/mod.rs")],
        };
        candidates.into_iter().find(|name| self.files.contains_key(name))
    }

    /// A circle of files, if there is one.
    pub(crate) fn circle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.files.keys().find_map(|file| self.circle_from(file, &mut Vec::new(), &mut done))
    }

    fn circle_from(&self, file: &str, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|known| known == file) {
            return Some(path[start..].to_vec());
        }
        if !done.insert(file.to_owned()) && !path.iter().any(|known| known == file) {
            return None;
        }
        path.push(file.to_owned());
        let found = self.uses(file).iter().find_map(|used| self.circle_from(used, path, done));
        path.pop();
        found
    }
}

/// All Rust files below a folder, `tests.rs` and `tests/` aside.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let is_tests = path.file_name().is_some_and(|name| name == "tests.rs" || name == "tests");
        if path.is_dir() && !is_tests {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests {
            files.push(path);
        }
    }
    files
}

/// The source up to its unit tests, which come last.
pub(crate) fn without_tests(source: &str) -> String {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn without_comments(source: &str) -> String {
    let code = |line: &str| line.find("//").map_or(line.to_owned(), |at| line[..at].to_owned());
    source.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The module path of a file: `codec/png/mod.rs` is `codec::png`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Names, `::`, and single other characters.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut name = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                name.push(c);
            }
            tokens.push(name);
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            tokens.push("::".to_owned());
        } else if !c.is_whitespace() {
            tokens.push(c.into());
        }
    }
    tokens
}

/// The paths of `use` declarations, and those in expressions that begin with `crate`, `self` or `super`.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_rooted = matches!(tokens[at].as_str(), "crate" | "self" | "super")
            && tokens.get(at + 1).is_some_and(|next| next == "::");
        let is_path = is_name(&tokens[at])
            && tokens.get(at + 1).is_some_and(|next| next == "::")
            && (at == 0 || tokens[at - 1] != "::");
        let start = at;
        if tokens[at] == "use" {
            at = tree(tokens, at + 1, &[], &mut found);
        } else if is_rooted || is_path {
            at = tree(tokens, at, &[], &mut found);
        }
        at = at.max(start + 1);
    }
    found
}

fn is_name(token: &str) -> bool {
    token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Reads one tree of a path from `at` on. Returns where it ends.
fn tree(tokens: &[String], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let start = at;
                    at = tree(tokens, at, &path, found);
                    if at == start || tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some(name) if is_name(name) => path.push(name.to_owned()),
            _ => break,
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
    }
    if path.len() > before.len() || !path.is_empty() {
        found.push(path);
    }
    // A renamed import.
    if tokens.get(at).is_some_and(|token| token == "as") { at + 2 } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Sources {
        Sources { files: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
    }

    #[test]
    fn paths_lead_to_the_deepest_module() {
        let sources = sources(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod c; pub use c::C;"),
            ("a/c.rs", "use super::super::b::{self, B}; use std::fmt;"),
            ("b.rs", "fn f() { crate::a::c::g(); other::b::h(); }"),
        ]);
        let uses = |file| sources.uses(file).into_iter().collect::<Vec<_>>();
        assert_eq!(uses("a/mod.rs"), ["a/c.rs"]);
        assert_eq!(uses("a/c.rs"), ["b.rs"]);
        assert_eq!(uses("b.rs"), ["a/c.rs"]);
    }

    #[test]
    fn a_circle_is_found_and_named() {
        let circle = sources(&[("lib.rs", "use a::A;"), ("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")]);
        assert_eq!(circle.circle().unwrap(), ["a.rs", "b.rs"]);
        let line = sources(&[("lib.rs", "use a::A; use b::B;"), ("a.rs", "use crate::b::B;"), ("b.rs", "")]);
        assert_eq!(line.circle(), None);
    }
}
