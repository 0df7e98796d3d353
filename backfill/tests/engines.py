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


def programs(job: Job) -> list[int]:
    """The processes that run a shard of this job now."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--stop-with-stdin" in command and f"{job.storage.url}/state".encode() in command:
                found.append(int(folder.name))
    return found


def parent(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def ancestors(process: int) -> list[int]:
    """The parents of a process, up to the first."""
    found = []
    while process > 1:
        process = parent(process)
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
