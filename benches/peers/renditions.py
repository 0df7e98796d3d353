"""Sets what renditions and facts cost beside the canonical image alone, and the same four files by sharp and pyvips.

usage: renditions.py IMAGE_INGEST PEERS_FOLDER FILE...

Prints a table in Markdown. Every run is a process on one CPU, and rounds go over all of them again, so that a disturbance meets
everyone; figures are the least CPU time of the rounds. PEERS_RUNS and PEERS_ROUNDS (3 and 9) say how often.
"""

import json
import os
import sys
from pathlib import Path

import run

RUNS, ROUNDS = (int(os.environ.get(name, default)) for name, default in (("PEERS_RUNS", 3), ("PEERS_ROUNDS", 9)))
THREE = [part for spec in ("device=cover:1170x2532", "card=fit:640", "thumb=cover:256x256") for part in ("--rendition", spec)]


def main(ingest, home, *files):
    run.pin()
    home = Path(home).resolve()
    print("| file | canonical alone, ms | three renditions and facts | more | sharp, the four files | ÷ ours | pyvips | ÷ ours |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for file in files:
        print(row(Path(file), measured(file, ingest, home)), flush=True)


def measured(file, ingest, home):
    """The least CPU time of each way, in ms; `None` where it cannot be run or refuses the file."""
    receipt = json.loads(run.output([ingest, "ingest", *THREE, file]))
    made = [receipt, *receipt["renditions"].values()]
    sizes = [f"{one['width']}x{one['height']}" for one in made]
    bench = [ingest, "bench", "--runs", str(RUNS)]
    ways = {"alone": [*bench, file], "files": [*bench, *THREE, file], "all": [*bench, *THREE, "--facts", file]}
    ready = run.peers(home)
    scripts = {"sharp": run.HERE / "sharp" / "renditions.js", "pyvips": run.HERE / "pyvips_renditions.py"}
    for name in scripts.keys() & ready.keys():
        ways[name] = [ready[name][0], scripts[name], str(RUNS), file, *sizes]
    lines = [{name: run.run(way, home) for name, way in ways.items()} for _ in range(ROUNDS)]
    least = lambda name: min((line[name]["cpu_ms_median"] for line in lines if "cpu_ms_median" in line[name]), default=None)
    return {name: least(name) if name in ways else None for name in ("alone", "files", "all", "sharp", "pyvips")}


def row(file, ms):
    peers = []
    for name in ("sharp", "pyvips"):
        peers += [f"{ms[name]:.0f}", f"{ms[name] / ms['files']:.1f}"] if ms[name] else ["—", "—"]
    more = f"+{100 * (ms['all'] / ms['alone'] - 1):.0f} %"
    return "| " + " | ".join([file.name, f"{ms['alone']:.1f}", f"{ms['all']:.1f}", more, *peers]) + " |"


if __name__ == "__main__":
    main(*sys.argv[1:])
