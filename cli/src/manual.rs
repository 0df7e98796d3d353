//! What packages are made with: completions for shells, and manual pages.

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::exit::{Fatal, Verdict};
use crate::lines::Lines;

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), NAME, &mut script);
    lines.text(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Verdict::AllAccepted)
}

/// Writes a page for the program and one for each command.
pub(crate) fn pages(args: &ManArgs) -> Result<Verdict, Fatal> {
    clap_mangen::generate_to(Args::command(), &args.folder).map_err(|e| Fatal::new(args.folder.display(), e))?;
    Ok(Verdict::AllAccepted)
}

const NAME: &str = "image-ingest";
