//! The column `renditions` of the results: in each row a list, in the order of their names.

use std::sync::Arc;

use arrow_array::builder::OffsetBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields};
use parquet::errors::Result;

use crate::outcome::Outcome;
use crate::verdict::ImageObject;

pub(crate) const NAME: &str = "renditions";

/// The column of these rows.
///
/// # Errors
///
/// Arrow's own, of which none is expected.
pub(crate) fn array(rows: &[Outcome]) -> Result<ArrayRef> {
    let all = || rows.iter().flat_map(|row| &row.verdict.renditions);
    let text = |of: fn(&(String, ImageObject)) -> &str| -> ArrayRef {
        Arc::new(all().map(|rendition| Some(of(rendition))).collect::<StringArray>())
    };
    let side = |of: fn(&ImageObject) -> u32| -> ArrayRef {
        Arc::new(all().map(|(_, object)| i32::try_from(of(object)).unwrap_or(i32::MAX)).collect::<Int32Array>())
    };
    let sizes = all().map(|(_, object)| i64::try_from(object.size).unwrap_or(i64::MAX)).collect::<Int64Array>();
    let columns: Vec<ArrayRef> = vec![
        text(|(name, _)| name),
        text(|(_, object)| &object.id),
        text(|(_, object)| &object.key),
        Arc::new(sizes),
        side(|object| object.width),
        side(|object| object.height),
    ];
    let values = StructArray::try_new(fields(), columns, None)?;
    let mut offsets = OffsetBufferBuilder::new(rows.len());
    rows.iter().for_each(|row| offsets.push_length(row.verdict.renditions.len()));
    let element = Arc::new(Field::new_struct("element", fields(), false));
    Ok(Arc::new(ListArray::try_new(element, offsets.finish(), Arc::new(values), None)?))
}

/// The renditions of a row. `None` where the column is missing or of another type.
pub(crate) fn take(batch: &RecordBatch, row: usize) -> Option<Vec<(String, ImageObject)>> {
    let list = batch.column_by_name(NAME)?.as_list_opt::<i32>()?.value(row);
    let list = list.as_struct_opt()?;
    let text = |name| list.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let side = |name| list.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int32Type>());
    let (names, ids, keys) = (text("name")?, text("id")?, text("object_key")?);
    let sizes = list.column_by_name("size")?.as_primitive_opt::<Int64Type>()?;
    let (widths, heights) = (side("width")?, side("height")?);
    let object = |at| ImageObject {
        id: ids.value(at).to_owned(),
        key: keys.value(at).to_owned(),
        size: sizes.value(at).unsigned_abs(),
        width: widths.value(at).unsigned_abs(),
        height: heights.value(at).unsigned_abs(),
    };
    Some((0..list.len()).map(|at| (names.value(at).to_owned(), object(at))).collect())
}

/// What a rendition has, in the words of the canonical image's columns.
fn fields() -> Fields {
    let (text, long, int) = (DataType::Utf8, DataType::Int64, DataType::Int32);
    let fields = [
        ("name", text.clone()),
        ("id", text.clone()),
        ("object_key", text),
        ("size", long),
        ("width", int.clone()),
        ("height", int),
    ];
    fields.into_iter().map(|(name, kind)| Field::new(name, kind, false)).collect()
}
