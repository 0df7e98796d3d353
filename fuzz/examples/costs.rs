//! Measures files and tells the worst of each kind: those that a search kept, beside honest ones.
//!
//! `costs REPORT FOUND HONEST...` writes a table in Markdown to the file REPORT. FOUND is a folder of found files, and each
//! HONEST a folder of others; below a folder named `bad` or `malformed` there are no honest files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use image_ingest::Ingest;
use image_ingest_fuzz::cost::heap::CountingHeap;
use image_ingest_fuzz::cost::{Cost, KINDS, MEASURES, measure};

#[global_allocator]
static HEAP: CountingHeap = CountingHeap;

/// The worst value of each kind and measure, and its file.
type Worst = BTreeMap<(&'static str, usize), (f64, PathBuf)>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let (Some(report), Some(found)) = (args.next(), args.next()) else {
        return Err("usage: costs REPORT FOUND HONEST...".into());
    };
    let mut honest = Vec::new();
    args.for_each(|root| files_below(&root, &mut honest));
    let mut costly = Vec::new();
    files_below(&found, &mut costly);
    let (mut honest, mut found) = (worst_of(&honest), worst_of(&costly));
    measure_in_turn(&mut honest, &mut found);
    fs::write(report, table(&honest, &found))?;
    for (whose, worst) in [("honest", &honest), ("found", &found)] {
        for ((kind, index), (value, path)) in worst {
            println!("{whose}, {kind}, {}: {value:.3}, {}", MEASURES[*index], path.display());
        }
    }
    Ok(())
}

fn files_below(root: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(root) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_hostile = matches!(path.file_name().and_then(|name| name.to_str()), Some("bad" | "malformed"));
        match path.is_dir() {
            true if !is_hostile => files_below(&path, into),
            true => {}
            false => into.push(path),
        }
    }
}

fn worst_of(paths: &[PathBuf]) -> Worst {
    let ingest = Ingest::default();
    let mut worst = Worst::new();
    for path in paths {
        let Ok(file) = fs::read(path) else { continue };
        let Some(cost) = (0..5).filter_map(|_| measure(&ingest, &file)).reduce(Cost::least) else { continue };
        for (index, value) in cost.measures().into_iter().enumerate() {
            let entry = worst.entry((cost.kind, index)).or_insert_with(|| (value, path.clone()));
            if value > entry.0 {
                *entry = (value, path.clone());
            }
        }
    }
    worst
}

/// Measures once more what takes most CPU time of each kind, honest and found in turn: machines change their speed, and
/// their ratio should not.
fn measure_in_turn(honest: &mut Worst, found: &mut Worst) {
    let ingest = Ingest::default();
    for (key, found) in found.iter_mut().filter(|((_, index), _)| *index == CPU) {
        let Some(honest) = honest.get_mut(key) else { continue };
        let mut least = [f64::INFINITY; 2];
        for _ in 0..9 {
            for (least, (_, path)) in least.iter_mut().zip([&*honest, &*found]) {
                let cost = fs::read(path).ok().and_then(|file| measure(&ingest, &file));
                *least = cost.map_or(*least, |cost| least.min(cost.measures()[CPU]));
            }
        }
        [honest.0, found.0] = least;
    }
}

/// The place of CPU time in [`MEASURES`].
const CPU: usize = 1;

fn table(honest: &Worst, found: &Worst) -> String {
    let mut out = String::from(INTRODUCTION);
    let value = |worst: &Worst, kind, index| worst.get(&(kind, index)).map(|(value, _)| *value);
    let cell = |value: Option<f64>, places: usize| value.map_or("–".to_owned(), |value| format!("{value:.places$}"));
    for kind in KINDS {
        let of = |index, places| {
            let (honest, found) = (value(honest, kind, index), value(found, kind, index));
            format!("{} | {}", cell(honest, places), cell(found, places))
        };
        let ratio = value(found, kind, CPU).zip(value(honest, kind, CPU)).map(|(found, honest)| found / honest);
        let row = [of(0, 3), of(CPU, 1), cell(ratio, 2), of(2, 2)].join(" | ");
        writeln!(out, "| {kind} | {row} |").expect("strings take all");
    }
    out
}

const INTRODUCTION: &str = "\
# What files cost

Written by `make search`. The fuzz targets `cost_…` look for the files that cost most, by coverage and by cost: a file that
costs more than all before it is kept and changed further, as plain bytes and part by part. Beside each worst file that was
found stands the worst honest one, of `testdata/`, of the benches' inputs and, where `IMAGE_INGEST_CORPUS` names them, of real
files.

- **Memory**: the peak of the heap ÷ the estimate. It may not be above 1.
- **CPU**: nanoseconds ÷ bytes and pixels, 1 048 576 of them at least, on one thread. A found file may cost three times what the
  worst honest file of its kind does.
- **Stretch**: the longest CPU time in milliseconds without a look at the budget. It may not be above 5.

The least of five runs counts; of CPU, the least of nine in which the two files take turns. Found files have at most 256 KiB
and four million pixels, or are bombs of the robustness suite (docs/robustness.md).

| kind | memory: honest | found | CPU: honest | found | ratio | stretch: honest | found |
|---|--:|--:|--:|--:|--:|--:|--:|
";
