//! Reads an object piece by piece, so that it is never in memory as a whole.

use std::fs::File;
use std::io::Read as _;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::{GetResult, GetResultPayload};

use crate::objects::{Objects, StoreFailed};

/// An object that is being read.
pub(crate) struct ObjectStream {
    /// The length of the whole object.
    pub(crate) bytes: u64,
    /// The first bytes of it.
    pub(crate) first: Bytes,
    /// The bytes after `first`.
    pub(crate) rest: Pieces,
}

/// Pieces of an object, of at most [`PIECE_BYTES`] each.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, StoreFailed>> + Send>>;

/// The most bytes of a piece.
pub(crate) const PIECE_BYTES: usize = 32 * 1024;

impl Objects {
    /// Begins to read an object; `None` if there is no such object.
    pub(crate) async fn read(&self, token: &str) -> Result<Option<ObjectStream>, StoreFailed> {
        let Some(result) = self.begin_get(token).await? else {
            return Ok(None);
        };
        let bytes = result.meta.size;
        let mut rest = pieces(result, self.timeout());
        let first = rest.next().await.transpose()?.unwrap_or_default();
        Ok(Some(ObjectStream { bytes, first, rest }))
    }
}

fn pieces(result: GetResult, timeout: Duration) -> Pieces {
    let pieces: Pieces = match result.payload {
        GetResultPayload::File(file, _) => Box::pin(pieces_of(file)),
        GetResultPayload::Stream(stream) => {
            let cut = stream.map_err(|error| StoreFailed::of(&error)).map_ok(|chunk| {
                let pieces = (0..chunk.len()).step_by(PIECE_BYTES);
                let piece = move |from: usize| Ok(chunk.slice(from..chunk.len().min(from + PIECE_BYTES)));
                futures_util::stream::iter(pieces.map(piece))
            });
            Box::pin(cut.try_flatten())
        }
    };
    // A store that stalls must not keep a reader for ever.
    let in_time = try_unfold(pieces, move |mut pieces| async move {
        let next = tokio::time::timeout(timeout, pieces.next()).await;
        let next = next.map_err(|_| StoreFailed::of(&"no piece in time"))?;
        Ok(next.transpose()?.map(|piece| (piece, pieces)))
    });
    Box::pin(in_time)
}

/// Reads a file on threads that may block.
fn pieces_of(file: File) -> impl Stream<Item = Result<Bytes, StoreFailed>> + Send {
    try_unfold(file, |file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let read = (&file).take(PIECE_BYTES as u64).read_to_end(&mut piece);
            read.map(|_| (Bytes::from(piece), file))
        });
        let (piece, file) = read.await.map_err(|e| StoreFailed::of(&e))?.map_err(|e| StoreFailed::of(&e))?;
        Ok(if piece.is_empty() { None } else { Some((piece, file)) })
    })
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_stores_stream_is_cut_into_pieces() {
        let (store, path) = (InMemory::new(), Path::from("object"));
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        store.put(&path, bytes.clone().into()).await.unwrap();
        let result = store.get(&path).await.unwrap();
        assert!(matches!(result.payload, GetResultPayload::Stream(_)));
        let read: Vec<Bytes> = pieces(result, Duration::from_secs(5)).try_collect().await.unwrap();
        assert!(read.iter().all(|piece| piece.len() <= PIECE_BYTES));
        assert_eq!((read.len(), read.concat()), (4, bytes));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stalls_is_an_error() {
        let (store, path) = (InMemory::new(), Path::from("object"));
        store.put(&path, Bytes::from_static(b"bytes").into()).await.unwrap();
        let mut result = store.get(&path).await.unwrap();
        result.payload = GetResultPayload::Stream(futures_util::stream::pending().boxed());
        assert!(pieces(result, Duration::from_secs(5)).next().await.unwrap().is_err());
    }
}
