//! The input files: the project's test data and bombs, and the real and hostile files of a corpus if there is one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use testdata_generator::bombs;

use super::answer::ACCEPTED;
use super::args::Args;
use super::case::Random;

/// Every input, in a fixed order.
pub(super) struct Inputs {
    pub(super) all: Vec<Input>,
}

/// One file.
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// The name in reports.
    pub(super) name: String,
    pub(super) group: Group,
    /// The expected outcome, if it is known.
    pub(super) expected: Option<String>,
    /// A bomb whose cost has a fixed bound.
    pub(super) is_cheap: bool,
}

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Testdata,
    Bad,
    Bombs,
    Corpus,
    Archive,
}

impl Group {
    pub(super) const ALL: [Self; 5] = [Self::Testdata, Self::Bad, Self::Bombs, Self::Corpus, Self::Archive];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Testdata => "testdata/",
            Self::Bad => "testdata/bad/",
            Self::Bombs => "bombs",
            Self::Corpus => "corpus of real files",
            Self::Archive => "archive of hostile files",
        }
    }

    /// Whether accepted files of this group are also cut and changed.
    pub(super) fn is_mutated(self) -> bool {
        matches!(self, Self::Testdata | Self::Corpus)
    }
}

impl Inputs {
    pub(super) fn gather(args: &Args) -> io::Result<Self> {
        let mut all = Vec::new();
        for folder in ["jpeg", "png", "gif", "webp", "heic", "same"] {
            all.extend(below(&args.testdata.join(folder), &args.testdata, Group::Testdata)?);
        }
        all.extend(below(&args.testdata.join("bad"), &args.testdata, Group::Bad)?);
        all.extend(bombs(&args.work.join("bombs"))?);
        if let Some(corpus) = &args.corpus {
            for folder in ["perf", "orient", "color", "odd"] {
                all.extend(below(&corpus.join(folder), corpus, Group::Corpus)?);
            }
            all.extend(archive(&corpus.join("malformed.tar.xz"), &args.work)?);
        } else {
            eprintln!("robustness: IMAGE_INGEST_CORPUS is not set: testdata/ and bombs alone");
        }
        if args.short {
            let mut random = Random::seeded("short");
            all.retain(|input| match input.group {
                Group::Archive => random.below(10) == 0,
                Group::Corpus => random.below(6) == 0,
                _ => true,
            });
        }
        Ok(Self { all })
    }
}

fn bombs(folder: &Path) -> io::Result<Vec<Input>> {
    let written = bombs::write(folder)?;
    let input = |(bomb, path): (bombs::Bomb, PathBuf)| Input {
        path,
        name: format!("bombs/{}", bomb.name),
        group: Group::Bombs,
        expected: Some(bomb.outcome.into()),
        is_cheap: bomb.is_cheap,
    };
    Ok(written.into_iter().map(input).collect())
}

/// The files of the archive, which is unpacked once.
fn archive(archive: &Path, work: &Path) -> io::Result<Vec<Input>> {
    let (folder, done) = (work.join("archive"), work.join("archive.done"));
    if !done.exists() {
        fs::create_dir_all(&folder)?;
        let status = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(&folder).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("tar cannot unpack {}", archive.display())));
        }
        fs::write(&done, [])?;
    }
    below(&folder, &folder, Group::Archive)
}

fn below(folder: &Path, root: &Path, group: Group) -> io::Result<Vec<Input>> {
    let at = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", folder.display()));
    let (mut paths, mut inputs) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(at)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            inputs.extend(below(&path, root, group)?);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let expected = expected(&name, group);
            inputs.push(Input { path, name, group, expected, is_cheap: false });
        }
    }
    Ok(inputs)
}

/// The expected outcome by a file's folder: folders of `testdata/bad/` are named after the code, and of the corpus only
/// `odd/` may have files that are refused.
fn expected(name: &str, group: Group) -> Option<String> {
    match group {
        Group::Testdata => Some(ACCEPTED.into()),
        Group::Bad => name.split('/').nth(1).map(Into::into),
        Group::Corpus if !name.starts_with("odd/") => Some(ACCEPTED.into()),
        _ => None,
    }
}
