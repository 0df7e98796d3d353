"""How long a Python peer takes for the job, from bytes to bytes, as the line that `image-ingest bench` prints."""

import json
import statistics
import sys
import time
from pathlib import Path


def main(peer, versions, job):
    """Arguments: RUNS FILE. `job` takes bytes and returns (bytes, (width, height))."""
    runs, path = int(sys.argv[1]), Path(sys.argv[2])
    data = path.read_bytes()
    line = {"peer": peer, "versions": versions, "file": path.name}
    try:
        encoded, (width, height) = job(data)
        wall, cpu = zip(*(timed(job, data) for _ in range(runs)))
        line |= {"ms_median": statistics.median(wall), "cpu_ms_median": statistics.median(cpu)}
        line |= {"out_bytes": len(encoded), "w": width, "h": height}
    except Exception as error:  # What the peer refuses, whatever its exception, is a result.
        line["error"] = f"{type(error).__name__}: {error}"[:100]
    print(json.dumps(line | {"peak_rss_kb": peak_rss_kb()}))


def timed(job, data):
    wall, cpu = time.perf_counter(), time.process_time()
    job(data)
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def peak_rss_kb():
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
