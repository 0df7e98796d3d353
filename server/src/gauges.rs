//! Measures what is not counted where it happens: the pools and the store of this node, and what all nodes share.
//!
//! What is shared (pending changes, agents, the spool) is in the database, and every node exports the same figures: of
//! several, take the greatest and never the sum. Its queries read an index or a bounded number of rows, four times a
//! minute and node, whoever asks for the metrics.

use std::time::Duration;

use crate::app::{App, pixel_threads};
use crate::refusal::Refusal;
use crate::state::now;

/// How often what the database knows is measured.
pub(crate) const MEASURED_EVERY: Duration = Duration::from_secs(15);

impl App {
    /// Measures this node; costs nothing.
    pub(crate) fn measure_node(&self) {
        let (waiting, bytes) = self.admission.load();
        metrics::gauge!("ingest_uploads_waiting").set(count(waiting));
        metrics::gauge!("ingest_upload_bytes").set(bytes as f64);
        let (threads, idle) = (pixel_threads(&self.config), self.admission.idle());
        metrics::gauge!("ingest_pixel_threads", "state" => "busy").set(count(threads.saturating_sub(idle)));
        metrics::gauge!("ingest_pixel_threads", "state" => "idle").set(count(idle.min(threads)));
        let connections = self.state.connections();
        metrics::gauge!("ingest_database_connections", "state" => "busy").set(f64::from(connections.busy));
        let idle = connections.open.saturating_sub(connections.busy);
        metrics::gauge!("ingest_database_connections", "state" => "idle").set(f64::from(idle));
        metrics::gauge!("ingest_database_connections_limit").set(f64::from(connections.limit));
        metrics::gauge!("ingest_store_paused").set(if self.objects.is_paused() { 1.0 } else { 0.0 });
    }

    /// Measures what all nodes share.
    pub(crate) async fn measure_shared(&self) -> Result<(), Refusal> {
        let (images, bytes) = self.state.spool_size().await?;
        metrics::gauge!("ingest_spool_images").set(images as f64);
        metrics::gauge!("ingest_spool_bytes").set(bytes as f64);
        metrics::gauge!("ingest_spool_bytes_limit").set(self.config.objects.spool_bytes as f64);
        for agent in self.state.agent_loads().await? {
            let pending = metrics::gauge!("ingest_agent_pending_changes", "agent" => agent.id.clone());
            pending.set(if agent.is_revoked { 0.0 } else { agent.pending as f64 });
            if let Some(at) = agent.polled_at {
                // Of one that was revoked nothing is expected any more.
                let seconds = if agent.is_revoked { 0.0 } else { (now() - at).max(0) as f64 / 1e3 };
                metrics::gauge!("ingest_agent_silent_seconds", "agent" => agent.id).set(seconds);
            }
        }
        Ok(())
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
