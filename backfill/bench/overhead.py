"""What the backfill costs beside `image-ingest ingest` on the same files, and what its bookkeeping costs for each shard.

Usage: overhead.py IMAGE-INGEST IMAGE-INGEST-BACKFILL TESTDATA [pairs] [ray]

Runs both programs over the same files in turn, with as many jobs, and prints the medians of the ratios of wall time and of CPU
time. With `ray`, the backfill runs as tasks of a Ray cluster on this machine, and the start of Ray is not counted.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

JOBS = str(os.cpu_count() or 1)


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
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    command_line, program, testdata = sys.argv[1:4]
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    on_ray = "ray" in sys.argv[5:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "source", Path(testdata), 2200)
        plan = [program, "plan", "--manifest", f"{folder}/source/", "--source", f"{folder}/source", "--state", f"{folder}/state"]
        walls, cpus = [], []
        for pair in range(pairs):
            out, target = folder / f"out{pair}", folder / f"target{pair}"
            call(*plan, "--target", str(target), "--name", f"n{pair}", "--rows-per-shard", "200")
            usual = measured(lambda: call(command_line, "ingest", "--jobs", JOBS, "--out", str(out), str(folder / "source")))  # noqa: B023
            if on_ray:
                ours = ray_seconds(program, folder, f"n{pair}"), 0.0
            else:
                run = [program, "run", "--state", f"{folder}/state", "--name", f"n{pair}", "--jobs", JOBS]
                ours = measured(lambda: call(*run))  # noqa: B023
            stored = sum(1 for path in target.rglob("*.jpg"))
            assert stored == len(list(out.iterdir())) > 300, "both store the same images"
            walls.append(ours[0] / usual[0])
            cpus.append(ours[1] / usual[1])
            print(f"pair {pair}: ingest {usual[0]:.2f} s, {usual[1]:.2f} s CPU; backfill {ours[0]:.2f} s, {ours[1]:.2f} s CPU")
        print(f"backfill / ingest: wall {statistics.median(walls):.3f}, CPU {statistics.median(cpus):.3f}, {pairs} pairs")
        if not on_ray:
            bookkeeping(program, folder)


def ray_seconds(program: str, folder: Path, name: str) -> float:
    os.environ["IMAGE_INGEST_BACKFILL"] = program
    import ray
    from image_ingest_backfill import Job, run_on_ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False, runtime_env={"env_vars": {"IMAGE_INGEST_BACKFILL": program}})
        warm = ray.remote(num_cpus=1)(time.sleep)
        ray.get([warm.remote(1) for _ in range(int(JOBS))])
    started = time.perf_counter()
    assert all("error" not in line for line in run_on_ray(Job(f"{folder}/state", name)))
    return time.perf_counter() - started


def bookkeeping(program: str, folder: Path) -> None:
    """A thousand shards of one row each that has no source: nothing is decoded, and all CPU time is bookkeeping."""
    (folder / "none.txt").write_text("".join(f"none{number}\n" for number in range(1000)))
    places = ["--source", f"{folder}/source", "--target", f"{folder}/target", "--state", f"{folder}/state", "--name", "none"]
    call(program, "plan", "--manifest", f"{folder}/none.txt", *places, "--rows-per-shard", "1")
    _, cpu = measured(lambda: call(program, "run", "--state", f"{folder}/state", "--name", "none"))
    print(f"bookkeeping: {cpu:.2f} s CPU for 1000 shards; a shard of 1000 pictures of 45 ms takes 45 s, so {cpu / 1000 / 45:.4%}")


if __name__ == "__main__":
    main()
