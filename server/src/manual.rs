//! What packages are made with: completions for shells, and manual pages.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::app::StartError;
use crate::args::Args;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, StartError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), NAME, &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the program and one for each command into `folder`.
pub(crate) fn pages(folder: &Path) -> Result<ExitCode, StartError> {
    clap_mangen::generate_to(Args::command().name(NAME), folder)?;
    Ok(ExitCode::SUCCESS)
}

const NAME: &str = "image-ingest-server";
