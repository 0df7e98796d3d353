//! Keeps the files that cost most, and tells the fuzzer of each new height.
//!
//! The counters lie in a section that libFuzzer reads as coverage: each measure of each kind has one for every step of a
//! scale on which eight steps double a cost. A file that reaches a step first is a new feature, so the fuzzer keeps it and
//! goes on from there.
#![expect(unsafe_code, reason = "a section of the linker's")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::{env, fs};

use image_ingest::Ingest;

use super::{Cost, KINDS, MEASURES, measure};

const STEPS: usize = 128;

// SAFETY: libFuzzer takes what lies in the section for bytes, and atomics of 8 bits are laid out like them.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static REACHED: [AtomicU8; KINDS.len() * MEASURES.len() * STEPS] = [const { AtomicU8::new(0) }; _];

/// The worst so far of each kind and measure.
static WORST: Mutex<BTreeMap<(usize, usize), f64>> = Mutex::new(BTreeMap::new());

/// Measures a file. Where it costs more than all before it, it is measured twice more, printed, and kept in the folder
/// that `COSTLY_FILES` names.
pub fn note(ingest: &Ingest, file: &[u8]) {
    let Some(mut cost) = measure(ingest, file) else { return };
    let Some(kind) = KINDS.iter().position(|name| *name == cost.kind) else { return };
    let mut worst = WORST.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let is_worse = |worst: &BTreeMap<_, _>, cost: &Cost, index| {
        cost.measures()[index] > 1.02 * worst.get(&(kind, index)).copied().unwrap_or(0.0)
    };
    if (0..MEASURES.len()).any(|index| is_worse(&worst, &cost, index)) {
        for again in [measure(ingest, file), measure(ingest, file)].into_iter().flatten() {
            cost = cost.least(again);
        }
    }
    for (index, value) in cost.measures().into_iter().enumerate() {
        REACHED[(kind * MEASURES.len() + index) * STEPS + step(value)].store(1, Relaxed);
        if is_worse(&worst, &cost, index) {
            worst.insert((kind, index), value);
            keep(file, &cost, index);
        }
    }
}

/// Eight steps double a value. Step 64 is of 1.
fn step(value: f64) -> usize {
    let at = 64.0 + 8.0 * value.max(f64::MIN_POSITIVE).log2();
    at.clamp(0.0, (STEPS - 1) as f64) as usize
}

fn keep(file: &[u8], cost: &Cost, index: usize) {
    let measure = MEASURES[index];
    eprintln!("worst {measure} of {}: {:.4} ({} bytes)", cost.kind, cost.measures()[index], file.len());
    if let Some(folder) = env::var_os("COSTLY_FILES").map(PathBuf::from) {
        let name = format!("{} {measure}", cost.kind).replace(' ', "_").replace(',', "");
        if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), file)) {
            eprintln!("{}: {error}", folder.display());
        }
    }
}
