"""What the tests of engines share: drivers in processes of their own, and workers to kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from conftest import Job, until

PACKAGE = Path(__file__).resolve().parents[1] / "package"


def environment(job: Job) -> dict[str, str]:
    """A driver's environment; PYTHONPATH lets a driver run from the sources, too."""
    return {**job.storage.environment, **job.environment, "PYTHONPATH": str(PACKAGE)}


def driver(job: Job, engine: str, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "image_ingest_backfill", "run", "--engine", engine]
    command += ["--state", f"{job.storage.url}/state", "--name", job.name, *arguments]
    return subprocess.Popen(command, env={**environment(job), **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def processes(*words: str) -> list[int]:
    """The processes whose arguments hold all of these words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if all(word.encode() in arguments for word in words):
                found.append(int(folder.name))
    return found


def programs(job: Job) -> list[int]:
    """The processes that run a shard of this job now."""
    return processes("--stop-with-stdin", f"{job.storage.url}/state")


def parent(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def ancestors(process: int) -> list[int]:
    """The parents of a process, up to the first."""
    found = []
    while process > 1:
        try:
            process = parent(process)
        except OSError:
            break
        found.append(process)
    return found


def kill_a_worker(job: Job) -> None:
    """Kills the engine's process that runs a shard, not the program: the engine has lost a worker."""
    until(lambda: programs(job), 120)
    for process in programs(job):
        try:
            os.kill(parent(process), signal.SIGKILL)
            return
        except (OSError, ValueError):
            continue
