//! Counts the calls to an object store, with their results and times.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// A store whose calls are counted.
#[derive(Debug)]
pub(crate) struct MeasuredStore(pub(crate) Arc<dyn ObjectStore>);

impl fmt::Display for MeasuredStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for MeasuredStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        measured("put", self.0.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        measured("put", self.0.put_multipart_opts(location, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let call = if options.head { "head" } else { "get" };
        measured(call, self.0.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        measured("get", self.0.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // Many are erased by one request, which has no time of its own here.
        self.0.delete_stream(locations).inspect(|result| count("erase", outcome(result))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        measured("list", self.0.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        measured("copy", self.0.copy_opts(from, to, options)).await
    }
}

async fn measured<T>(call: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
    // A caller that gives up drops this call, which is then one without an answer in time.
    let mut unanswered = Unanswered(Some(call));
    let started = Instant::now();
    let result = work.await;
    unanswered.0 = None;
    count(call, outcome(&result));
    metrics::histogram!("ingest_store_seconds", "call" => call).record(started.elapsed());
    result
}

/// Counts a call that is dropped before its answer.
struct Unanswered(Option<&'static str>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(call) = self.0 {
            count(call, "timeout");
        }
    }
}

/// That an object exists or does not is an answer.
fn outcome<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::NotFound { .. }) => "missing",
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => "exists",
        Err(_) => "failed",
    }
}

fn count(call: &'static str, result: &'static str) {
    metrics::counter!("ingest_store_calls_total", "call" => call, "result" => result).increment(1);
}
