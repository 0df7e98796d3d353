//! Reads a manifest: which objects of the source a job is about.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use crate::exit::Fatal;
use crate::storage::{Place, local_path, parent};

/// One object of the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ManifestRow {
    /// Its key below the source.
    pub(crate) key: String,
    /// The version that is meant, where that is known.
    pub(crate) etag: Option<String>,
    /// Its length in bytes, where that is known.
    pub(crate) size: Option<u64>,
}

/// Reads the manifest at `url`, sorted by key. `source` is where its objects are. Both are absolute.
///
/// # Errors
///
/// Usage: what is no manifest, or has a key twice. Storage fails.
pub(crate) async fn read(url: &str, source: &str) -> Result<Vec<ManifestRow>, Fatal> {
    let wrong = |reason: String| Fatal::usage(format!("{url}: {reason}"));
    let mut rows = match url.rsplit_once('.').map(|(_, extension)| extension) {
        _ if url.ends_with('/') => list(url, source).await?,
        Some("parquet") => match open(url).await? {
            Opened::File(file) => parquet_rows(file),
            Opened::Bytes(bytes) => parquet_rows(bytes),
        }
        .map_err(wrong)?,
        Some("csv") => csv_rows(open(url).await?.reader()).map_err(wrong)?,
        Some("txt") => text_rows(open(url).await?.reader()).map_err(wrong)?,
        _ => {
            return Err(wrong(
                "a manifest ends in .parquet, .csv or .txt, or is a folder, with a / at its end".to_owned(),
            ));
        }
    };
    rows.sort_unstable();
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].key == pair[1].key) {
        return Err(wrong(format!("has the key {:?} twice", pair[0].key)));
    }
    Ok(rows)
}

/// BLAKE3 of sorted rows, in hex.
pub(crate) fn digest(rows: &[ManifestRow]) -> String {
    let mut hasher = blake3::Hasher::new();
    for row in rows {
        for text in [Some(&row.key), row.etag.as_ref()] {
            hasher.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            hasher.update(text.map_or(b"", |text| text.as_bytes()));
        }
        hasher.update(&row.size.unwrap_or(u64::MAX).to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Reads rows from a Parquet file with the column `key`, and `etag` and `size` where it has them.
///
/// # Errors
///
/// What is no such file, in words.
pub(crate) fn parquet_rows(file: impl ChunkReader + 'static) -> Result<Vec<ManifestRow>, String> {
    // What Arrow's writers note about their own types is left out: texts are texts, in whatever form they were in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| e.to_string())?;
    let fields = builder.schema().fields();
    let wanted: Vec<usize> = (0..fields.len()).filter(|i| COLUMNS.contains(&fields[*i].name().as_str())).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader = builder.with_projection(mask).build().map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    for batch in reader {
        take_batch(&batch.map_err(|e| e.to_string())?, &mut rows)?;
    }
    Ok(rows)
}

fn take_batch(batch: &RecordBatch, rows: &mut Vec<ManifestRow>) -> Result<(), String> {
    let keys = batch.column_by_name("key").ok_or("has no column key")?;
    let (etags, sizes) = (batch.column_by_name("etag"), batch.column_by_name("size"));
    for row in 0..batch.num_rows() {
        rows.push(ManifestRow {
            key: text(keys, row)?.filter(|key| !key.is_empty()).ok_or("has a row without a key")?,
            etag: etags.map(|etags| text(etags, row)).transpose()?.flatten().filter(|etag| !etag.is_empty()),
            size: sizes.map(|sizes| number(sizes, row)).transpose()?.flatten(),
        });
    }
    Ok(())
}

fn text(column: &dyn Array, row: usize) -> Result<Option<String>, String> {
    if column.is_null(row) {
        return Ok(None);
    }
    match column.data_type() {
        DataType::Utf8 => Ok(Some(column.as_string::<i32>().value(row).to_owned())),
        DataType::LargeUtf8 => Ok(Some(column.as_string::<i64>().value(row).to_owned())),
        DataType::Binary => {
            let bytes = column.as_binary::<i32>().value(row).to_vec();
            String::from_utf8(bytes).map(Some).map_err(|_| "has a text that is not UTF-8".to_owned())
        }
        other => Err(format!("has texts of the type {other}")),
    }
}

fn number(column: &dyn Array, row: usize) -> Result<Option<u64>, String> {
    if column.is_null(row) {
        return Ok(None);
    }
    let value = match column.data_type() {
        DataType::Int64 => u64::try_from(column.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => u64::try_from(column.as_primitive::<Int32Type>().value(row)),
        DataType::UInt64 => Ok(column.as_primitive::<UInt64Type>().value(row)),
        other => return Err(format!("has sizes of the type {other}")),
    };
    value.map(Some).map_err(|_| "has a negative size".to_owned())
}

fn csv_rows(file: impl Read) -> Result<Vec<ManifestRow>, String> {
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    // Some programs begin a file with a byte order mark.
    let column = |name: &str| header.iter().position(|field| field.trim_start_matches('\u{feff}').trim() == name);
    let key = column("key").ok_or("has no column key in its header")?;
    let (etag, size) = (column("etag"), column("size"));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|field| !field.is_empty());
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(ManifestRow {
            key: field(Some(key)).ok_or_else(|| format!("line {line} has no key"))?.to_owned(),
            etag: field(etag).map(str::to_owned),
            size: field(size)
                .map(|size| size.parse().map_err(|_| format!("line {line}: size {size:?}")))
                .transpose()?,
        });
    }
    Ok(rows)
}

fn text_rows(file: impl Read) -> Result<Vec<ManifestRow>, String> {
    let mut rows = Vec::new();
    for line in BufReader::new(file).lines() {
        let key = line.map_err(|e| e.to_string())?;
        if !key.is_empty() {
            rows.push(ManifestRow { key, etag: None, size: None });
        }
    }
    Ok(rows)
}

/// Lists a folder at or below the source.
async fn list(url: &str, source: &str) -> Result<Vec<ManifestRow>, Fatal> {
    let below = url.strip_prefix(source).and_then(|rest| Path::from_url_path(rest).ok());
    let below = below
        .ok_or_else(|| Fatal::usage(format!("{url}: a folder as a manifest is at or below the source {source}")))?;
    let prefix = below.parts().next().is_some().then_some(&below);
    let listed = Place::open(source)?.list(prefix).map_ok(|meta| ManifestRow {
        key: meta.location.to_string(),
        etag: meta.e_tag,
        size: Some(meta.size),
    });
    listed.try_collect().await.map_err(|error| Fatal::failed(format!("cannot list {url}"), error))
}

/// A manifest's file.
enum Opened {
    File(File),
    Bytes(Bytes),
}

impl Opened {
    fn reader(self) -> Box<dyn Read> {
        match self {
            Self::File(file) => Box::new(file),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
        }
    }
}

async fn open(url: &str) -> Result<Opened, Fatal> {
    let wrong = |error: &dyn std::fmt::Display| Fatal::usage(format!("{url}: {error}"));
    if let Some(path) = local_path(url) {
        return File::open(path).map(Opened::File).map_err(|error| wrong(&error));
    }
    let (folder, name) = parent(url)?;
    let bytes = Place::open(&folder)?.read(&name).await;
    bytes.map(Opened::Bytes).map_err(|error| wrong(&error))
}

const COLUMNS: [&str; 3] = ["key", "etag", "size"];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, etag: Option<&str>, size: Option<u64>) -> ManifestRow {
        ManifestRow { key: key.to_owned(), etag: etag.map(str::to_owned), size }
    }

    #[test]
    fn csv_has_a_header_and_any_order_of_columns() {
        let rows = csv_rows(&b"\xef\xbb\xbfsize,other,key\n5,x,a.jpg\n,,\"b,c\"\n"[..]).unwrap();
        assert_eq!(rows, [row("a.jpg", None, Some(5)), row("b,c", None, None)]);
        let rows = csv_rows(&b"key,etag\na,\"\"\"1\"\"\"\nb,\n"[..]).unwrap();
        assert_eq!(rows, [row("a", Some("\"1\""), None), row("b", None, None)]);
        for wrong in ["a,b\n1,2\n", "key,size\na,many\n", "key,size\n,5\n", "key\na,b\n", "key,size\na,-1\n"] {
            assert!(csv_rows(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn text_has_a_key_in_each_line() {
        assert_eq!(text_rows(&b"a\r\n\nb c\n"[..]).unwrap(), [row("a", None, None), row("b c", None, None)]);
        assert!(text_rows(&b"\xff\n"[..]).is_err());
    }

    #[test]
    fn the_digest_tells_every_field_from_its_neighbours() {
        let variants = [
            vec![row("ab", None, None)],
            vec![row("a", Some("b"), None)],
            vec![row("a", None, None), row("b", None, None)],
            vec![row("ab", Some(""), None)],
            vec![row("ab", None, Some(0))],
            vec![],
        ];
        let digests: std::collections::BTreeSet<String> = variants.iter().map(|rows| digest(rows)).collect();
        assert_eq!(digests.len(), variants.len());
    }
}
