//! A shard's part of the manifest, as a Parquet file.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::errors::Result;

use crate::job::Planned;
use crate::manifest::{ManifestRow, parquet_rows};
use crate::results::properties;

/// The rows as a file.
///
/// # Errors
///
/// Parquet's own, of which none is expected.
pub(crate) fn encode(rows: &[ManifestRow]) -> Result<Bytes> {
    let size = |row: &ManifestRow| row.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("key", Arc::new(rows.iter().map(|row| Some(&row.key)).collect::<StringArray>()), false),
        ("etag", Arc::new(rows.iter().map(|row| row.etag.as_ref()).collect::<StringArray>()), true),
        ("size", Arc::new(rows.iter().map(size).collect::<Int64Array>()), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties()))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?.into())
}

/// The rows of a shard.
///
/// # Errors
///
/// Storage fails, or the plan is unfinished; in words.
pub(crate) async fn read(planned: &Planned, shard: u32) -> std::result::Result<Vec<ManifestRow>, String> {
    let bytes = planned.state.read(&planned.layout.shard(shard)).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => "the plan is unfinished; plan again".to_owned(),
        error => error.to_string(),
    })?;
    parquet_rows(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_their_file() {
        let rows = vec![
            ManifestRow { key: "a".to_owned(), etag: Some("\"1\"".to_owned()), size: Some(5) },
            ManifestRow { key: "ä b".to_owned(), etag: None, size: None },
        ];
        assert_eq!(parquet_rows(encode(&rows).unwrap()).unwrap(), rows);
        assert_eq!(parquet_rows(encode(&[]).unwrap()).unwrap(), []);
    }
}
