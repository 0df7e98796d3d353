//! Tries work on storage again that failed for a reason that may pass.

use std::env;
use std::sync::LazyLock;
use std::time::Duration;

use object_store::{Error, Result};

/// Does `work` up to [`tries`] times, with growing pauses, until it succeeds or fails for good.
///
/// The client repeats what is safe to repeat by itself. A conditional write is not, for a client that does not know what its
/// loss means; here it is, since whoever is first has written the same.
///
/// # Errors
///
/// The last error.
pub(crate) async fn retrying<T, F: Future<Output = Result<T>>>(mut work: impl FnMut() -> F) -> Result<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..tries() {
        match work().await {
            Err(error) if may_pass(&error) => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause *= 2;
    }
    work().await
}

fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Generic { .. } | Error::JoinError { .. })
}

/// How often work on storage is tried: `IMAGE_INGEST_BACKFILL_TRIES`, or 6.
pub(crate) fn tries() -> u32 {
    static TRIES: LazyLock<u32> = LazyLock::new(|| from_environment("IMAGE_INGEST_BACKFILL_TRIES").unwrap_or(6));
    *TRIES
}

/// How long one request may take: `IMAGE_INGEST_BACKFILL_TIMEOUT` seconds, or 60.
pub(crate) fn request_timeout() -> Duration {
    Duration::from_secs(from_environment("IMAGE_INGEST_BACKFILL_TIMEOUT").unwrap_or(60).into())
}

/// A number of at least 1.
fn from_environment(name: &str) -> Option<u32> {
    env::var(name).ok()?.parse().ok().filter(|number| *number > 0)
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_nothing_else() {
        let calls = Cell::new(0);
        let result = retrying(|| async {
            calls.set(calls.get() + 1);
            if calls.get() < 4 { Err(Error::Generic { store: "test", source: "busy".into() }) } else { Ok(7) }
        });
        assert_eq!((result.await.unwrap(), calls.get()), (7, 4));
        let calls = Cell::new(0);
        let missing = retrying::<(), _>(|| async {
            calls.set(calls.get() + 1);
            Err(Error::NotImplemented { operation: "put".into(), implementer: "test".into() })
        });
        assert!(missing.await.is_err());
        assert_eq!(calls.get(), 1);
    }
}
