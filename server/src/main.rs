//! `image-ingest-server`: the HTTP endpoint that sets a chat's background, and its administration.
#![forbid(unsafe_code)]

mod admin;
mod admission;
mod answer;
mod app;
mod args;
mod background;
mod bounded_counts;
mod breaker;
mod canonical;
mod change_request;
mod chat_id;
mod chat_locks;
mod check;
mod config;
mod crash;
mod deliver;
mod embedded;
#[cfg(test)]
mod example;
mod expiry;
mod gauges;
mod health;
mod http;
mod listen;
mod listing;
mod made_image;
mod manual;
mod measured_store;
mod named_renditions;
mod object_stream;
mod objects;
mod page;
mod pixels;
mod preconditions;
mod rate_limits;
mod readers;
mod refusal;
mod rendition_settings;
mod renew_renditions;
mod repair;
mod run;
mod state;
mod storing;
mod telemetry;
mod token;
mod wakeups;

use std::process::ExitCode;

use clap::Parser as _;

use crate::app::StartError;
use crate::args::{Args, Command, ConfigCommand};
use crate::check::CheckScope;
use crate::config::Config;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("image-ingest-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<ExitCode, StartError> {
    match &args.command {
        Command::Completions { shell } => return manual::completions(*shell),
        Command::Man { folder } => return manual::pages(folder),
        _ => {}
    }
    // For the clients of devices and of the bucket; nothing was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // What the process creates is its own: folders 0700, files 0600.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.command {
            Command::Serve { demo } => run::serve(config, demo).await.map(|()| ExitCode::SUCCESS),
            Command::Keys { command } => admin::keys(&config, command).await,
            Command::Numbers { command } => admin::numbers(&config, command).await,
            Command::Agents { command } => admin::agents(&config, command).await,
            Command::Accounts { command } => admin::accounts(&config, command).await,
            Command::Check { deep, devices, repair } => {
                admin::check(config, CheckScope { devices, deep }, repair).await
            }
            Command::Migrate => admin::migrate(&config).await,
            Command::Config { command: ConfigCommand::Check } => {
                print!("{}", config.in_force());
                Ok(ExitCode::SUCCESS)
            }
            Command::Health { address, ask } => health::ask(&config, address, &ask).await,
            Command::Completions { .. } | Command::Man { .. } => Ok(ExitCode::SUCCESS),
        }
    })
}
