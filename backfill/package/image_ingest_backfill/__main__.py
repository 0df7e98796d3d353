"""`python -m image_ingest_backfill run --engine ray|spark …`: the command line of the adapters."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from ._program import Job, Program
from ._ray import run_on_ray
from ._spark import run_on_spark


def main(arguments: list[str] | None = None) -> int:
    """Runs the job's shards, prints a line about each, and returns 0 if all have results, else 3."""
    args = parser().parse_args(arguments)
    job = Job(args.state, args.name, args.jobs, args.io, args.memory)
    program = Program.find()
    if args.retry:
        program.reopen(job)
    with own_output() as output:
        for line in on_ray(job, args) if args.engine == "ray" else on_spark(job):
            print(json.dumps(line), file=output)
        missing = program.missing(job)
        print(json.dumps({"missing": missing}), file=output)
    return 3 if missing else 0


def own_output() -> TextIO:
    """Standard output for our lines alone: what an engine writes there goes to standard error from now on."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return output


def on_ray(job: Job, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    import ray

    ray.init(address=args.address, log_to_driver=False, runtime_env={"env_vars": environment()})
    yield from run_on_ray(job, args.retries)


def on_spark(job: Job) -> Iterator[dict[str, Any]]:
    from pyspark.sql import SparkSession

    # Workers are to run this interpreter, which has the wheel, and not the first `python3` on their PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"image-ingest-backfill {job.name}")
    for name, value in environment().items():
        builder = builder.config(f"spark.executorEnv.{name}", value)
    session = builder.getOrCreate()
    yield from run_on_spark(job, session)
    session.stop()


def environment() -> dict[str, str]:
    """What workers need of this process's environment: the way to storage, and to the program."""
    wanted = ("AWS_", "GOOGLE_", "AZURE_", "IMAGE_INGEST_")
    return {name: value for name, value in os.environ.items() if name.startswith(wanted) or name == "PYTHONPATH"}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m image_ingest_backfill", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="run")
    run = commands.add_parser("run", help="work on all shards without results")
    run.add_argument("--engine", required=True, choices=["ray", "spark"])
    run.add_argument("--state", required=True, metavar="URL", help="where jobs keep their files")
    run.add_argument("--name", required=True, metavar="N", help="name of the job")
    run.add_argument("--jobs", type=int, default=1, metavar="N", help="pictures that one task decodes at a time, and its CPUs [1]")
    run.add_argument("--io", type=int, metavar="N", help="pictures that one task fetches and stores at a time")
    run.add_argument("--memory", type=int, metavar="MiB", help="memory of one task for pictures in work")
    run.add_argument("--retry", action="store_true", help="first take back results with rows that may succeed now")
    run.add_argument("--retries", type=int, default=3, metavar="N", help="of a task that died, on Ray [3]; Spark has its own setting")
    run.add_argument("--address", default=None, help="of a Ray cluster that runs [a new one on this machine]")
    return parser


if __name__ == "__main__":
    sys.exit(main())
