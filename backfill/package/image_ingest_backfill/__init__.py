"""Runs `image-ingest-backfill` on an engine's workers.

The engine carries numbers of shards and nothing else: every guarantee is in what the program writes to storage. A worker that
dies, runs twice or outlives its engine changes no result.
"""

from ._program import Job, Program, ShardFailed
from ._ray import run_on_ray
from ._spark import run_on_spark

__all__ = ["Job", "Program", "ShardFailed", "run_on_ray", "run_on_spark"]
