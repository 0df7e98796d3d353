//! `image-ingest-agent`: runs next to a device and applies the backgrounds that it gets from the server.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use image_ingest_agent::{Agent, AgentConfig};
use tokio::signal::unix::{SignalKind, signal};

/// Puts backgrounds on a device: asks the server for changes, and fetches, verifies, crops and writes them.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The server's address, such as https://backgrounds.example.
    #[arg(long)]
    server: String,
    /// File with this agent's credential, as `image-ingest-server agents add` prints it.
    #[arg(long)]
    credential_file: PathBuf,
    /// Folder of the device's backgrounds.
    #[arg(long)]
    root: PathBuf,
    /// Width of the screen in pixels.
    #[arg(long, default_value_t = 1170)]
    width: u32,
    /// Height of the screen in pixels.
    #[arg(long, default_value_t = 2532)]
    height: u32,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("image-ingest-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let file = &args.credential_file;
    let credential = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let credential = credential.trim();
    if !credential.starts_with("bl_agent_") || !credential.is_ascii() {
        return Err(format!("{} holds no agent's credential", file.display()).into());
    }
    if !args.server.starts_with("http://") && !args.server.starts_with("https://") {
        return Err("--server is no http or https URL".into());
    }
    let config =
        AgentConfig { width: args.width, height: args.height, ..AgentConfig::new(args.server, credential, args.root) };
    let agent = Agent::open(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            () = agent.run() => {}
            () = stopped() => {}
        }
    });
    Ok(())
}

async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
