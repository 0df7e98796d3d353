//! Hears the notices of other nodes, where the configuration names a connection for that.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::wakeups::Wakeup;

/// Starts to listen. While the connection is broken, what waits looks at the state every second.
pub(crate) fn start(app: &Arc<App>) -> Option<JoinHandle<()>> {
    let url = app.config.database.listen_url.clone()?;
    let app = Arc::clone(app);
    Some(tokio::spawn(async move {
        loop {
            if let Err(error) = listen(&app, url.expose()).await {
                tracing::error!(%error, "notices of other nodes are not heard");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }))
}

async fn listen(app: &App, url: &str) -> sqlx::Result<()> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen("image_ingest").await?;
    loop {
        let notice = listener.recv().await?;
        app.wakeups.send(notice.payload(), Wakeup::Look);
    }
}
