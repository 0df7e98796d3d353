"""What the backfill costs beside `image-ingest ingest` on the same files, and what its bookkeeping costs for each shard.

Usage: overhead.py IMAGE-INGEST IMAGE-INGEST-BACKFILL TESTDATA [pairs] [one-machine] [ray] [spark]

Runs `image-ingest ingest` and each named engine (one-machine, where none is named) over the same 2200 files in turn, with as many
jobs, and prints the medians of the ratios of their wall times, and of CPU times for one-machine. Ray and Spark run on this
machine, each with a task at a time for every CPU, from `image_ingest_backfill`, which PYTHONPATH finds in backfill/package; their
start is not counted.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from image_ingest_backfill import Job, run_on_ray, run_on_spark

FILES = 2200
JOBS = str(os.cpu_count() or 1)
# Four shards for every job. A shard of 275 of these files is less than a second of work; one of 1000 photos is most of a minute.
ROWS_PER_SHARD = str(FILES // (4 * int(JOBS)))
Run = Callable[[Job], None]


def fill(source: Path, testdata: Path, count: int) -> None:
    """Copies of the accepted test files, each its own file, until there are `count`."""
    names = [line.split("\t")[0] for line in (testdata / "golden.tsv").read_text().splitlines()[1:]]
    for number in range(count):
        name = names[number % len(names)]
        path = source / f"{number // len(names)}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(testdata / name, path)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time, and of CPU time of child processes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def call(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    command_line, program, testdata = (str(Path(name).resolve()) for name in sys.argv[1:4])
    os.environ["IMAGE_INGEST_BACKFILL"] = program
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    engines = {name: ENGINES[name](program) for name in sys.argv[5:] or ["one-machine"]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "source", Path(testdata), FILES)
        ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
        for pair in range(pairs):
            out = folder / f"out{pair}"
            usual = measured(lambda: call(command_line, "ingest", "--jobs", JOBS, "--out", str(out), str(folder / "source")))  # noqa: B023
            stored = len(list(out.iterdir()))
            print(f"pair {pair}: ingest {usual[0]:.2f} s, {usual[1]:.2f} s CPU", flush=True)
            for engine, run in engines.items():
                job, target = Job(f"{folder}/state", f"{engine}{pair}"), folder / f"target-{engine}{pair}"
                places = ["--source", f"{folder}/source", "--target", str(target), "--state", job.state, "--name", job.name]
                call(program, "plan", "--manifest", f"{folder}/source/", *places, "--rows-per-shard", ROWS_PER_SHARD)
                ours = measured(lambda: run(job))  # noqa: B023
                objects = sum(1 for _ in target.rglob("*.jpg"))
                assert objects == stored > 100, f"{objects} images, and {stored}"
                ratios[engine].append((ours[0] / usual[0], ours[1] / usual[1]))
                print(f"pair {pair}: {engine} {ours[0]:.2f} s, {ours[1]:.2f} s CPU of its children", flush=True)
                shutil.rmtree(target)
            shutil.rmtree(out)
        for engine, of in ratios.items():
            wall, cpu = (statistics.median(ratio[which] for ratio in of) for which in (0, 1))
            shown = f", CPU {cpu:.3f}" if engine == "one-machine" else ""
            print(f"{engine} / ingest, {FILES} files, {JOBS} jobs: wall {wall:.3f}{shown}, median of {pairs} pairs")
        if "one-machine" in engines:
            bookkeeping(program, folder)


def one_machine(program: str) -> Run:
    def run(job: Job) -> None:
        call(program, "run", "--state", job.state, "--name", job.name, "--jobs", JOBS)

    return run


def on_ray(program: str) -> Run:
    import ray

    ray.init(num_cpus=int(JOBS), log_to_driver=False, include_dashboard=False, runtime_env={"env_vars": {"IMAGE_INGEST_BACKFILL": program}})
    warm = ray.remote(num_cpus=1)(lambda: time.sleep(1))
    ray.get([warm.remote() for _ in range(int(JOBS))])
    return lambda job: all_have_results(run_on_ray(job))


def on_spark(program: str) -> Run:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{JOBS}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.executorEnv.IMAGE_INGEST_BACKFILL", program).getOrCreate()
    # The first tasks start Python's workers, which stay.
    session.range(0, 4 * int(JOBS), 1, 2 * int(JOBS)).mapInArrow(lambda batches: batches, "id long").collect()
    return lambda job: all_have_results(run_on_spark(job, session))


def all_have_results(lines: Iterator[dict[str, Any]]) -> None:
    assert all("error" not in line for line in lines)


ENGINES: dict[str, Callable[[str], Run]] = {"one-machine": one_machine, "ray": on_ray, "spark": on_spark}


def bookkeeping(program: str, folder: Path) -> None:
    """A thousand shards of one row each that has no source: nothing is decoded, and all CPU time is bookkeeping."""
    (folder / "none.txt").write_text("".join(f"none{number}\n" for number in range(1000)))
    places = ["--source", f"{folder}/source", "--target", f"{folder}/target", "--state", f"{folder}/state", "--name", "none"]
    call(program, "plan", "--manifest", f"{folder}/none.txt", *places, "--rows-per-shard", "1")
    _, cpu = measured(lambda: call(program, "run", "--state", f"{folder}/state", "--name", "none"))
    print(f"bookkeeping: {cpu:.2f} s CPU for 1000 shards; a shard of 1000 pictures of 45 ms takes 45 s, so {cpu / 1000 / 45:.4%}")


if __name__ == "__main__":
    main()
