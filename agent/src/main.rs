//! `image-ingest-agent`: runs next to a device and applies the backgrounds that the server sends.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use image_ingest_agent::{AgentConfig, router};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Puts backgrounds on a device: fetches, verifies, crops and writes what the server asks for.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Folder of the device's backgrounds.
    #[arg(long)]
    root: PathBuf,
    /// File with the secret shared with the server; at least 32 bytes.
    #[arg(long)]
    secret_file: PathBuf,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:7080")]
    listen: SocketAddr,
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
    let secret = std::fs::read(&args.secret_file).map_err(|e| format!("{}: {e}", args.secret_file.display()))?;
    let secret = secret.trim_ascii().to_vec();
    if secret.len() < 32 {
        return Err("the secret has fewer than 32 bytes".into());
    }
    let config = AgentConfig { width: args.width, height: args.height, ..AgentConfig::new(args.root, secret) };
    let router = router(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen).await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, router).with_graceful_shutdown(stopped()).await
    })?;
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
