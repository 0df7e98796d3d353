//! The results of a shard, as a Parquet file: one row for each row of the manifest, in the manifest's order.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;

use crate::outcome::Outcome;
use crate::rendition_column;
use crate::verdict::{ImageObject, Verdict};

/// The results of shard `shard` as a file.
///
/// # Errors
///
/// Parquet's own, of which none is expected.
pub(crate) fn encode(rows: &[Outcome], shard: u32, fingerprint: &str) -> Result<Bytes> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns(rows, shard, fingerprint)?)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties()))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?.into())
}

type Column = (&'static str, ArrayRef, bool);

fn columns(rows: &[Outcome], shard: u32, fingerprint: &str) -> Result<Vec<Column>> {
    let always = |name, of: fn(&Outcome) -> &str| -> Column {
        (name, Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>()), false)
    };
    let maybe = |name, of: fn(&Outcome) -> Option<&str>| -> Column {
        (name, Arc::new(rows.iter().map(of).collect::<StringArray>()), true)
    };
    let long = |name, of: fn(&Outcome) -> Option<u64>| -> Column {
        let values = rows.iter().map(|row| of(row).map(|value| i64::try_from(value).unwrap_or(i64::MAX)));
        (name, Arc::new(values.collect::<Int64Array>()), true)
    };
    let int = |name, of: fn(&Outcome) -> Option<u32>| -> Column {
        let values = rows.iter().map(|row| of(row).map(|value| i32::try_from(value).unwrap_or(i32::MAX)));
        (name, Arc::new(values.collect::<Int32Array>()), true)
    };
    let same = i32::try_from(shard).unwrap_or(i32::MAX);
    let finished = rows.iter().map(|row| row.finished_at).collect::<Vec<_>>();
    let retryable = rows.iter().map(|row| Some(row.verdict.retryable)).collect::<BooleanArray>();
    let cpu_ms = rows.iter().map(|row| row.verdict.cpu_ms).collect::<Float64Array>();
    Ok(vec![
        always("source_key", |row| &row.source_key),
        maybe("source_etag", |row| row.source_etag.as_deref()),
        long("source_bytes", |row| row.source_bytes),
        always("code", |row| &row.verdict.code),
        ("retryable", Arc::new(retryable), false),
        maybe("message", |row| row.verdict.message.as_deref()),
        long("limit", |row| row.verdict.limit),
        long("actual", |row| row.verdict.actual),
        maybe("source_id", |row| row.verdict.source_id.as_deref()),
        maybe("id", |row| image(row).map(|image| image.id.as_str())),
        maybe("object_key", |row| image(row).map(|image| image.key.as_str())),
        long("size", |row| image(row).map(|image| image.size)),
        int("width", |row| image(row).map(|image| image.width)),
        int("height", |row| image(row).map(|image| image.height)),
        maybe("receipt", |row| row.verdict.receipt.as_deref()),
        ("fingerprint", Arc::new(StringArray::from(vec![fingerprint; rows.len()])), false),
        ("shard", Arc::new(Int32Array::from(vec![same; rows.len()])), false),
        int("attempt", |row| Some(row.attempt)),
        always("worker", |row| &row.worker),
        ("cpu_ms", Arc::new(cpu_ms), false),
        ("finished_at", Arc::new(TimestampMicrosecondArray::from(finished).with_timezone("UTC")), false),
        (rendition_column::NAME, rendition_column::array(rows)?, false),
    ])
}

fn image(row: &Outcome) -> Option<&ImageObject> {
    row.verdict.image.as_ref()
}

/// Reads the rows of a results file.
///
/// # Errors
///
/// What is no results file, in words.
pub(crate) fn decode(file: Bytes) -> std::result::Result<Vec<Outcome>, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
    let mut rows = Vec::new();
    for batch in reader.map_err(|e| e.to_string())? {
        let batch = batch.map_err(|e| e.to_string())?;
        take_batch(&batch, &mut rows).ok_or("the results file has other columns than those of this program")?;
    }
    Ok(rows)
}

/// `None` where a column is missing or of another type.
fn take_batch(batch: &RecordBatch, rows: &mut Vec<Outcome>) -> Option<()> {
    let text = |name| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let long = |name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let int = |name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int32Type>());
    let retryable = batch.column_by_name("retryable")?.as_boolean_opt()?;
    let cpu_ms = batch.column_by_name("cpu_ms")?.as_primitive_opt::<Float64Type>()?;
    let finished = batch.column_by_name("finished_at")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let present = |column: &dyn Array, at: usize| !column.is_null(at);
    for at in 0..batch.num_rows() {
        let text = |name| text(name).map(|column| present(column, at).then(|| column.value(at).to_owned()));
        let long = |name| long(name).map(|column| present(column, at).then(|| column.value(at).unsigned_abs()));
        let int = |name| int(name).map(|column| present(column, at).then(|| column.value(at).unsigned_abs()));
        let image = match text("id")? {
            Some(id) => Some(ImageObject {
                id,
                key: text("object_key")??,
                size: long("size")??,
                width: int("width")??,
                height: int("height")??,
            }),
            None => None,
        };
        let verdict = Verdict {
            code: text("code")??,
            retryable: retryable.value(at),
            message: text("message")?,
            limit: long("limit")?,
            actual: long("actual")?,
            source_id: text("source_id")?,
            image,
            renditions: rendition_column::take(batch, at)?,
            receipt: text("receipt")?,
            cpu_ms: cpu_ms.value(at),
        };
        rows.push(Outcome {
            source_key: text("source_key")??,
            source_etag: text("source_etag")?,
            source_bytes: long("source_bytes")?,
            verdict,
            attempt: int("attempt")??,
            worker: text("worker")??,
            finished_at: finished.value(at),
        });
    }
    Some(())
}

/// How all files of a job are written.
pub(crate) fn properties() -> WriterProperties {
    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_their_file() {
        let object =
            |id: &str, width| ImageObject { id: id.to_owned(), key: format!("{id}.jpg"), size: 7, width, height: 1536 };
        let renditions = [("card", 640), ("thumb", 256)].map(|(name, width)| (name.to_owned(), object(name, width)));
        let verdict = Verdict {
            code: "ok".to_owned(),
            image: Some(object("obj_1", 2048)),
            renditions: renditions.into(),
            receipt: Some("{}".to_owned()),
            cpu_ms: 1.5,
            ..Verdict::default()
        };
        let accepted = Outcome {
            source_key: "a.jpg".to_owned(),
            source_bytes: Some(5),
            verdict,
            attempt: 3,
            worker: "host:1".to_owned(),
            finished_at: 1_700_000_000_000_000,
            ..Outcome::default()
        };
        let refused = Outcome { source_key: "b".to_owned(), ..Outcome::default() }.refused("io", "gone");
        let rows = vec![accepted, refused];
        assert_eq!(decode(encode(&rows, 7, "v1").unwrap()).unwrap(), rows);
        assert_eq!(decode(encode(&[], 7, "v1").unwrap()).unwrap(), []);
        assert!(decode(Bytes::from_static(b"PAR1")).is_err());
    }
}
