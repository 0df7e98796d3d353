"""PySpark: `mapInArrow` over the numbers of the shards without results."""

import json
from collections.abc import Iterator
from typing import Any

from ._program import Job, Program


def run_on_spark(job: Job, session: Any) -> Iterator[dict[str, Any]]:
    """Runs every shard without results as a task of its own, and yields a line about each that ended.

    Spark tries a task again as often as `spark.task.maxFailures` says. Where one fails for good, Spark stops the rest and
    raises; what has results by then has them.
    """
    missing = Program.find().missing(job)
    if not missing:
        return
    rows = session.sparkContext.parallelize([(shard,) for shard in missing], len(missing))
    lines = session.createDataFrame(rows, "shard long").mapInArrow(_work_on(job), "line string")
    for row in lines.toLocalIterator() if len(missing) > 10_000 else lines.collect():
        yield json.loads(row.line)


def _work_on(job: Job) -> Any:
    def work(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            for shard in batch.column("shard").to_pylist():
                line = json.dumps(Program.find().run(job, shard))
                yield pyarrow.RecordBatch.from_pydict({"line": [line]})

    return work
