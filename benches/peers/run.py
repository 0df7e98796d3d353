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
    pin()
    home, docs = Path(home).resolve(), Path(docs)
    commands = {report.OURS: [ingest, "bench", "--runs"]} | peers(home)
    sections = {}
    for heading, folder in (folder.split("=", 1) for folder in folders):
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        sections[heading] = [measured(path, ingest, commands, home) for path in files]
    (home / "results.json").write_text(json.dumps(sections, indent=1))
    facts = report.Facts(list(commands), version(ingest), RUNS, ROUNDS, os.getloadavg()[1])
    (docs / "peers.md").write_text(report.markdown(sections, facts))
    (docs / "peers.svg").write_text(chart.svg(*list(sections.items())[-1], facts))


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
