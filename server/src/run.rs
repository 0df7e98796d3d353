//! Starts the server, and shuts it down gracefully.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::app::{App, StartError, check_embedded};
use crate::config::{Config, Times};
use crate::http::{self, BASE_PATH, Listeners, new_key};
use crate::state::{EMBEDDED, NumberRow, StateStore};
use crate::{listen, repair, telemetry};

/// Serves until SIGTERM or SIGINT, then waits for work in progress.
pub(crate) async fn serve(config: Config, demo: bool) -> Result<(), StartError> {
    telemetry::start(config.log, config.log_level)?;
    allow_connections();
    let mut terminate = signal(SignalKind::terminate())?;
    let listeners = Listeners::bind(&config)?;
    let (address, operations) = listeners.addresses()?;
    let public_url = config.public_url(address);
    let (app, ended) = App::open(config, public_url).await?;
    if demo || app.state.has_route(EMBEDDED).await? {
        check_embedded(&app.config, &app.state)?;
    }
    app.objects.probe().await?;
    app.import_spool().await.map_err(|refusal| format!("the spool was not imported: {}", refusal.code()))?;
    println!("listening on http://{address}");
    if let Some(operations) = operations {
        println!("health and metrics on http://{operations}");
    }
    if demo {
        print_demo(&add_demo(&app.state).await?, &format!("http://{address}{BASE_PATH}"));
    }
    let mut tasks = repair::start(&app);
    tasks.extend(listen::start(&app));
    let stopping = app.stopping.clone();
    let stop = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping");
        stopping.send_replace(true);
    });
    http::serve(&app, listeners).await;
    stop.abort();
    tasks.iter().for_each(|task| task.abort());
    if let Err(error) = app.state.write_key_uses().await {
        tracing::error!(%error, "when keys were used last was not written");
    }
    finish(app, ended).await;
    Ok(())
}

/// Raises the soft limit of open files, often 1024, to the hard one: each connection is a file.
fn allow_connections() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Waits for changes in progress whose clients have disconnected.
async fn finish(app: Arc<App>, mut ended: mpsc::Receiver<()>) {
    let timeout = Times::of(app.config.times.stop_ms);
    let state = app.state.clone();
    // `app` holds a work guard. After this, only tasks in progress hold one.
    drop(app);
    if tokio::time::timeout(timeout, ended.recv()).await.is_err() {
        tracing::warn!("changes were in work when the time to stop was over; they are finished after the next start");
    }
    state.close().await;
}

/// Adds an account for demonstrations, with a number of the embedded device, and returns a new key for it.
async fn add_demo(state: &StateStore) -> Result<String, StartError> {
    let number = NumberRow { number: "+15550000001".into(), account: "demo".into(), route: EMBEDDED.into() };
    // One that was given an agent since keeps it.
    if !state.numbers().await?.iter().any(|row| row.number == number.number) {
        state.add_number(&number).await?;
    }
    let (id, key, hash) = new_key();
    state.add_key(&id, &number.account, &hash, "demo", None).await?;
    Ok(key)
}

fn print_demo(key: &str, base: &str) {
    println!("demo key {key}");
    println!();
    println!("curl -X PUT \"{base}/chats/%2B15551234567/background\" \\");
    println!("  -H \"Authorization: Bearer {key}\" \\");
    println!("  -F \"background=@testdata/jpeg/orientation_6.jpg\"");
    println!();
    println!("or open {base}/try");
}
