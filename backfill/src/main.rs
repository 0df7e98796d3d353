//! `image-ingest-backfill`: makes stored pictures canonical, on any number of machines at once.
//!
//! All that machines agree on is in storage: `plan` cuts a manifest into shards, and a shard is done when its results exist.
//! A run needs nothing but a shard's number, so that whatever starts it is not trusted with the result. `docs/backfill.md`
//! has the protocol with its invariants.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::{Fatal, tell};

mod args;
mod attempt;
mod backoff;
mod canonical;
mod commit;
mod crash;
mod decoder;
mod exit;
mod isolated;
mod job;
mod layout;
mod lines;
mod manifest;
mod memory;
mod outcome;
mod plan;
mod progress;
mod rendition_column;
mod results;
mod retry;
mod run;
mod shard;
mod status;
mod storage;
mod verdict;
mod work;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Command::Decode = args.command {
        return isolated::serve();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(command(args.command));
            // Jobs that were cancelled end soon, and nobody waits for them.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Fatal::failed("cannot start threads", error)),
    };
    match result {
        Ok(code) => code.into(),
        Err(fatal) => {
            tell(&fatal.to_string());
            ExitCode::from(fatal.exit_code)
        }
    }
}

async fn command(command: Command) -> Result<exit::Ended, Fatal> {
    match command {
        Command::Plan(args) => plan::plan(&args).await,
        Command::Run(args) => run::run(&args).await,
        Command::Status(args) => status::status(&args).await,
        Command::Retry(args) => retry::retry(&args).await,
        Command::Commit(args) => commit::commit(&args).await,
        Command::Decode => Err(Fatal::usage("decode is for the program's own children")),
    }
}
