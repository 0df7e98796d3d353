//! `image-ingest backfill`: hands over to the program `image-ingest-backfill`, which has the clients of object stores that this
//! program does without.

use std::env::{self, consts::EXE_SUFFIX};
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::args::BackfillArgs;
use crate::exit::tell;

/// Runs the program that lies beside this one, or else the first on PATH, and ends as it does.
pub(crate) fn run(args: &BackfillArgs) -> ExitCode {
    let Some(program) = program() else {
        tell(&format!("{PROGRAM} is neither beside this program nor on PATH; {HOW_TO_GET_IT}"));
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(&program);
    command.args(&args.arguments);
    match ended(&mut command) {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("cannot run {}: {error}", program.display()));
            ExitCode::FAILURE
        }
    }
}

fn program() -> Option<PathBuf> {
    let name = format!("{PROGRAM}{EXE_SUFFIX}");
    let beside = env::current_exe().ok().and_then(|ours| Some(ours.parent()?.to_owned()));
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    beside.into_iter().chain(on_path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// The other program takes the place of this one, so that signals reach it alone.
#[cfg(unix)]
fn ended(command: &mut Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn ended(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

const PROGRAM: &str = "image-ingest-backfill";
const HOW_TO_GET_IT: &str =
    "build it with `cargo install --path backfill` in the repository, or install the wheel of `make backfill-wheel`";
