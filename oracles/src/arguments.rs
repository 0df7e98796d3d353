//! The command line that the programs share.

use std::path::{Path, PathBuf};

/// What a program is asked to do.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Files, and folders that are walked.
    pub paths: Vec<PathBuf>,
    /// `--random SECONDS`: compares generated and changed input for so long.
    pub random: Option<u64>,
    /// `--seed N` of the random input; 1 where it is not given.
    pub seed: u64,
    /// `--time`: measures both sides on each file.
    pub time: bool,
    /// `--hashes`: prints the lines of hashes that the engine's tests compare, and nothing else.
    pub hashes: bool,
    /// `--keep FOLDER`: where to write generated and changed input that differs.
    pub keep: Option<PathBuf>,
}

impl Arguments {
    /// Reads the program's own arguments. What is no number where one belongs counts as 0.
    #[must_use]
    pub fn read() -> Self {
        let mut arguments = Self { seed: 1, ..Self::default() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            match word.as_str() {
                "--random" => arguments.random = Some(number()),
                "--seed" => arguments.seed = number(),
                "--time" => arguments.time = true,
                "--hashes" => arguments.hashes = true,
                "--keep" => arguments.keep = words.next().map(PathBuf::from),
                path => arguments.paths.push(path.into()),
            }
        }
        arguments
    }

    /// All files among the paths and in their folders, in order.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        self.paths.iter().for_each(|path| walk(path, &mut files));
        files
    }
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries.iter().for_each(|path| walk(path, files));
}
