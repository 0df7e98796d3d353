//! Marks an attempt on a shard before any work on it, so that whoever comes after a death knows of it.

use chrono::Utc;
use object_store::Result;
use serde_json::json;

use crate::job::Planned;
use crate::layout::number;

/// A marked attempt on a shard.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) shard: u32,
    /// 0 for the first. A later one follows a death, or runs beside another.
    pub(crate) number: u32,
}

impl Attempt {
    /// Marks the next attempt.
    ///
    /// # Errors
    ///
    /// Storage fails.
    pub(crate) async fn claim(planned: &Planned, shard: u32, worker: &str) -> Result<Self> {
        let names = planned.state.names(&planned.layout.attempts(shard)).await?;
        let mut next = names.iter().filter_map(|name| number(name)).max().map_or(0, |last| last + 1);
        let mark = json!({ "worker": worker, "started_at": Utc::now().to_rfc3339() }).to_string();
        while !planned.state.create(&planned.layout.attempt(shard, next), mark.clone().into()).await? {
            next += 1;
        }
        Ok(Self { shard, number: next })
    }

    /// Whether every file is decoded in a child process. An earlier attempt may have died of one.
    pub(crate) fn is_isolated(&self) -> bool {
        self.number > 0
    }

    /// Takes the mark back: the attempt was stopped, and nothing died. If this fails, the next attempt is more careful than
    /// it needs to be.
    pub(crate) async fn release(&self, planned: &Planned) {
        let _ = planned.state.delete(&planned.layout.attempt(self.shard, self.number)).await;
    }
}
