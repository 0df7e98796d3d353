//! `CREDITS.md`: a line for each file, generated from the catalogue.

use std::fmt::Write;

use crate::catalogue::Entry;

pub(crate) fn text(entries: &[Entry]) -> String {
    let mut out = String::from(INTRODUCTION);
    let mut folder = "";
    for entry in entries {
        let (parent, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        if parent != folder {
            folder = parent;
            write!(out, "\n## {parent}/\n\n| file | shows |\n|---|---|\n").expect("writing to a string does not fail");
        }
        writeln!(out, "| {name} | {} |", entry.shows).expect("writing to a string does not fail");
    }
    out
}

const INTRODUCTION: &str = "\
# Credits

Every file here is made by this project's generator (`cargo run --release -p testdata-generator -- testdata`) from nothing:
no photograph, font, profile or file of anyone else is in it. The licence is the project's, MIT OR Apache-2.0. This list is
written by the generator too. Names, positions and serial numbers in metadata are made up.

`same/<group>_*` are the same samples in several containers, so each group has one content id. `bad/<code>/` holds what is
refused with that code.
";
