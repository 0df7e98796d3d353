"""Ray core tasks: one for each shard without results."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ._program import Job, Program


def run_on_ray(job: Job, retries: int = 3) -> Iterator[dict[str, Any]]:
    """Runs every shard without results as a task, and yields a line about each that ended.

    Ray must be initialised. A task that dies with its worker or node is tried again up to `retries` times; one that fails
    for good yields a line with `error`, and leaves its shard without results.
    """
    ray: Any = import_module("ray")
    task = ray.remote(num_cpus=job.jobs, max_retries=retries, retry_exceptions=True)(_work)
    todo = iter(Program.find().missing(job))
    waiting: dict[Any, int] = {}
    while True:
        # Twice as many as there are places: enough to keep all at work, few enough for a hundred thousand shards.
        places = int(ray.cluster_resources().get("CPU", 1)) // job.jobs
        while len(waiting) < 2 * max(places, 1) and (shard := next(todo, None)) is not None:
            waiting[task.remote(job, shard)] = shard
        if not waiting:
            return
        for ended in ray.wait(list(waiting), num_returns=1)[0]:
            shard = waiting.pop(ended)
            try:
                yield ray.get(ended)
            except ray.exceptions.RayError as error:
                yield {"shard": shard, "outcome": "failed", "error": str(error).strip().splitlines()[-1]}


def _work(job: Job, shard: int) -> dict[str, Any]:
    return Program.find().run(job, shard)
