"""The program `image-ingest-backfill`, which this wheel carries."""

import json
import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "image-ingest-backfill"


class ShardFailed(RuntimeError):
    """The program died or failed on a shard. An engine may try again: the next attempt knows of this one."""


@dataclass(frozen=True)
class Job:
    """Where a job is, and what one worker may use. It travels to workers by pickle."""

    state: str
    name: str
    jobs: int = 1
    io: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        # A plain path means the same for workers in other folders.
        if "://" not in self.state:
            object.__setattr__(self, "state", os.path.abspath(self.state))


@dataclass(frozen=True)
class Program:
    """The program on this machine."""

    path: str

    @classmethod
    def find(cls) -> "Program":
        """The one that `IMAGE_INGEST_BACKFILL` names, or that of this environment, or the first on PATH."""
        named = os.environ.get("IMAGE_INGEST_BACKFILL")
        beside = Path(sysconfig.get_path("scripts")) / NAME
        path = named or (str(beside) if beside.exists() else shutil.which(NAME))
        if path is None:
            raise FileNotFoundError(f"{NAME} is neither in this environment nor on PATH")
        return cls(path)

    def missing(self, job: Job) -> list[int]:
        """The shards without results."""
        command = [self.path, "status", "--state", job.state, "--name", job.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"status ended with {done.returncode}")
        missing: list[int] = json.loads(done.stdout)["missing"]
        return missing

    def reopen(self, job: Job) -> None:
        """Takes back the results of shards with rows to try again."""
        command = [self.path, "retry", "--reopen", "--state", job.state, "--name", job.name]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"retry ended with {done.returncode}")

    def run(self, job: Job, shard: int) -> dict[str, Any]:
        """Works on one shard, and returns the program's line about it.

        The program stops when its standard input ends, which it does when this process dies.
        """
        command = [self.path, "run", "--stop-with-stdin", "--state", job.state, "--name", job.name]
        command += ["--shard", str(shard), "--jobs", str(job.jobs)]
        command += ["--io", str(job.io)] if job.io else []
        command += ["--memory", str(job.memory)] if job.memory else []
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            lines = program.stdout.read().splitlines()
            code = program.wait()
        if code != 0:
            raise ShardFailed(f"shard {shard}: the program ended with {code}")
        line: dict[str, Any] = json.loads(lines[0])
        return line
