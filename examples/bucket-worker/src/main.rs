//! A worker that reads keys of uploads from standard input, one a line, as a queue hands them out, and puts the canonical
//! picture of each into a bucket under its content id. It prints one line of JSON for each, in order of completion.
//!
//! ```sh
//! printf 'a.heic\nb.png\n' | cargo run --release -- s3://uploads/ s3://canonical/
//! find photos -type f -printf '%P\n' | cargo run --release -- file:///tmp/photos/ file:///tmp/canonical/
//! ```
//!
//! A key may come twice, as queues deliver at least once: the same upload gives the same id, and an object that is there is
//! left as it is. The rest of a backfill (shards, retries, results, poison files) is what `image-ingest backfill` does.

use std::error::Error;
use std::io::{self, BufRead};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use image_ingest::{Background, Ingest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde_json::{Value, json};
use url::Url;

/// Where uploads are, and where pictures go.
struct Places {
    uploads: (Box<dyn ObjectStore>, Path),
    canonical: (Box<dyn ObjectStore>, Path),
    ingest: Ingest,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut urls = std::env::args().skip(1).map(|url| Url::parse(&url));
    let (Some(uploads), Some(canonical)) = (urls.next().transpose()?, urls.next().transpose()?) else {
        return Err("usage: bucket-worker UPLOADS_URL CANONICAL_URL < keys".into());
    };
    // Credentials and the region come from the environment: AWS_ACCESS_KEY_ID and so on.
    let store = |url: &Url| object_store::parse_url_opts(url, std::env::vars().map(|(k, v)| (k.to_lowercase(), v)));
    let places = Arc::new(Places { uploads: store(&uploads)?, canonical: store(&canonical)?, ingest: Ingest::default() });
    // Twice as many as CPUs: one waits for the network while the other works.
    let at_once = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    let keys = stream::iter(io::stdin().lock().lines().map_while(Result::ok));
    let mut results = keys.map(|key| done(Arc::clone(&places), key)).buffer_unordered(at_once);
    while let Some(line) = results.next().await {
        println!("{line}");
    }
    Ok(())
}

async fn done(places: Arc<Places>, key: String) -> Value {
    match stored(&places, &key).await {
        Ok(background) => json!({
            "key": key,
            "id": background.id.to_string(),
            "source_id": background.source_id.to_string(),
            "width": background.size.width,
            "height": background.size.height,
        }),
        Err(error) => {
            let code = error.downcast_ref::<image_ingest::Error>().map_or("io", image_ingest::Error::code);
            json!({ "key": key, "code": code, "message": error.to_string() })
        }
    }
}

async fn stored(places: &Places, key: &str) -> Result<Background, Box<dyn Error + Send + Sync>> {
    let (store, folder) = &places.uploads;
    let mut upload = places.ingest.upload();
    let mut chunks = store.get(&Path::parse(format!("{folder}/{key}"))?).await?.into_stream();
    while let Some(chunk) = chunks.next().await {
        upload.push(chunk?)?;
    }
    let (ingest, source) = (places.ingest.clone(), upload.finish()?);
    let background = tokio::task::spawn_blocking(move || ingest.ingest(source)).await??;
    let (store, folder) = &places.canonical;
    let path = Path::parse(format!("{folder}/{}.jpg", background.id))?;
    let only_new = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(&path, background.bytes.clone().into(), only_new).await {
        // The name says what the bytes are, so an object of that name is the same.
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(background),
        Err(error) => Err(error.into()),
    }
}
