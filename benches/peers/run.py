"""Runs the public peers beside this library on the same files and writes docs/peers.md and docs/peers.svg.

usage: run.py IMAGE_INGEST PEERS_FOLDER DOCS_FOLDER HEADING=FOLDER...

Every (peer, file) is a process of its own on one CPU; rounds go over all of them again, so that a disturbance meets
everyone. PEERS_RUNS and PEERS_ROUNDS (7 and 3) say how often.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import chart
import report

HERE = Path(__file__).parent
RUNS, ROUNDS = (int(os.environ.get(name, default)) for name, default in (("PEERS_RUNS", 7), ("PEERS_ROUNDS", 3)))


def main(ingest, home, docs, *folders):
    home, docs = Path(home).resolve(), Path(docs)
    commands = {report.OURS: [ingest, "bench", "--runs"]} | peers(home)
    paths = [path for folder in folders for path in files(folder.split("=", 1)[1])]
    # Before the process is pinned to one CPU.
    mixed = throughput(ingest, home, paths)
    pin()
    sections = {}
    for heading, folder in (folder.split("=", 1) for folder in folders):
        sections[heading] = [measured(path, ingest, commands, home) for path in files(folder)]
    (home / "results.json").write_text(json.dumps(sections | {"mixed": mixed}, indent=1))
    facts = report.Facts(list(commands), version(ingest), RUNS, ROUNDS, os.getloadavg()[1])
    (docs / "peers.md").write_text(report.markdown(sections, mixed, facts))
    (docs / "peers.svg").write_text(chart.svg(*list(sections.items())[-1], mixed, facts))


def files(folder):
    return sorted(path for path in Path(folder).iterdir() if path.is_file())


def throughput(ingest, home, paths):
    """What each program makes of the same mix on one CPU's worth of jobs and on all: medians over the rounds."""
    mix = [path for path in paths if path.suffix not in (".heic", ".heif")]
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    ready = peers(home)
    commands = {
        report.OURS: lambda jobs: [ingest, "bench", "--mixed", "--jobs", str(jobs), "--runs", str(RUNS), *mix],
        "sharp": lambda jobs: [*ready["sharp"], "mixed", str(jobs), str(RUNS), *mix],
        "oximg": lambda jobs: [*ready["oximg"], "mixed", str(jobs), str(RUNS), *mix],
    }
    commands = {name: command for name, command in commands.items() if name == report.OURS or name in ready}
    lines = {(name, jobs): [] for name in commands for jobs in sorted({1, cpus})}
    for _ in range(ROUNDS):
        for name, jobs in lines:
            print(f"peers: {len(mix)} files at once, {name}, {jobs} jobs", file=sys.stderr)
            lines[name, jobs].append(run(commands[name](jobs), home))
    return [
        {
            "peer": name,
            "jobs": jobs,
            "images": len(mix),
            "images_per_s": statistics.median(line["images_per_s"] for line in answers),
            "peak_rss_kb": max(line["peak_rss_kb"] for line in answers),
        }
        for (name, jobs), answers in lines.items()
        if all("error" not in line for line in answers)
    ]


def pin():
    """To the last CPU, which children inherit; the first has most interrupts to serve."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def peers(home):
    python = home / "venv" / "bin" / "python"
    commands = {
        "sharp": ["node", HERE / "sharp" / "peer.js"],
        "Pillow": [python, HERE / "pillow_peer.py"],
        "pyvips": [python, HERE / "pyvips_peer.py"],
        "oximg": [home / "oximg" / "release" / "image-ingest-peer-oximg"],
    }
    ready = (home / "ready").read_text().split()
    return {name: command for name, command in commands.items() if name in ready}


def measured(path, ingest, commands, home):
    """The figures of every peer on a file: medians over the rounds, the highest memory."""
    print(f"peers: {path.name}", file=sys.stderr)
    rounds = [{name: run([*command, str(RUNS), path], home) for name, command in commands.items()} for _ in range(ROUNDS)]
    return {
        "file": path.name,
        "receipt": json.loads(output([ingest, "ingest", path])),
        "figures": {name: merged([lines[name] for lines in rounds]) for name in commands},
    }


def run(command, home):
    answer = output(command, NODE_PATH=str(home / "sharp" / "node_modules")).splitlines()
    return json.loads(answer[-1]) if answer else {"error": "ended without an answer"}


def output(command, **variables):
    environment = os.environ | variables
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment).stdout


def merged(lines):
    refused = next((line for line in lines if "error" in line), None)
    if refused:
        return refused
    medians = {key: statistics.median(line[key] for line in lines) for key in ("ms_median", "cpu_ms_median")}
    return lines[0] | medians | {"peak_rss_kb": max(line["peak_rss_kb"] for line in lines)}


def version(ingest):
    commit = output(["git", "-C", str(HERE), "describe", "--always", "--dirty"]).strip()
    return output([ingest, "--version"]).strip() + (f" ({commit})" if commit else "")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
