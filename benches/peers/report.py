"""docs/peers.md: the job, the machine, and a table each of CPU time, memory and bytes."""

import math
import os
import platform
import statistics
from dataclasses import dataclass
from datetime import date
from pathlib import Path

OURS = "image-ingest"


@dataclass
class Facts:
    names: list[str]
    version: str
    runs: int
    rounds: int
    load: float


def markdown(sections, mixed, facts):
    versions = [facts.version, *(v for name in facts.names[1:] if (v := peer_version(sections, name)))]
    known = {"machine": machine(), "versions": "; ".join(versions), "date": date.today().isoformat()}
    parts = [INTRODUCTION.format(**known, runs=facts.runs, rounds=facts.rounds, load=facts.load)]
    parts.append(throughput(mixed))
    parts += [section(heading, rows, facts.names) for heading, rows in sections.items()]
    return "\n".join(parts)


def throughput(mixed):
    """A table of the programs that take many files at a time."""
    jobs = sorted({line["jobs"] for line in mixed})
    found = {(line["peer"], line["jobs"]): line for line in mixed}
    names = list(dict.fromkeys(line["peer"] for line in mixed))
    head = ["", *(f"{what}, {n} {'job' if n == 1 else 'jobs'}" for n in jobs for what in ("images/s", "memory, MB"))]
    lines = ["## Many at a time", "", MIXED.format(images=mixed[0]["images"]), "| " + " | ".join(head) + " |"]
    lines.append("|---|" + "--:|" * (len(head) - 1))
    for name in names:
        of = [found.get((name, n)) for n in jobs]
        cells = [c for line in of for c in ((f"{line['images_per_s']:.1f}", f"{line['peak_rss_kb'] / 1024:.0f}") if line else ("–", "–"))]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    ours = [found.get((OURS, n)) for n in jobs]
    if len(jobs) > 1 and all(ours):
        times = ours[-1]["images_per_s"] / ours[0]["images_per_s"]
        lines += ["", f"Ours makes {times:.2f} × as many with {jobs[-1]} jobs as with one."]
    return "\n".join(lines) + "\n"


MIXED = """\
All {images} files below that are no HEIC, whose bytes are in memory before, in one process on all CPUs: `image-ingest bench
--mixed --jobs N`, sharp with N files under way and as many threads as it takes by itself, oximg on N threads. Memory is the
most that the process held, all uploads included.
"""


def peer_version(sections, name):
    lines = (row["figures"][name] for rows in sections.values() for row in rows)
    return next((line["versions"] for line in lines if "versions" in line), None)


def machine():
    return f"{processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"


def processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor() or "CPU")


def section(heading, rows, names):
    tables = [
        table("CPU time, ms", "cpu_ms_median", rows, names, 1, "{:.1f}"),
        table("Peak memory of the process, MB", "peak_rss_kb", rows, names, 1024, "{:.0f}"),
        table("Output, KB", "out_bytes", rows, names, 1000, "{:.0f}", compare=False),
    ]
    return "\n".join([f"## {heading}", "", *tables])


def table(title, key, rows, names, unit, form, compare=True):
    head = ["file", *names] + (["best peer ÷ ours"] if compare else ["size (of others)"])
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for row in rows:
        cells = [cell(row, name, key, unit, form) for name in names]
        cells.append(ratio_text(ratio(row, key)) if compare else sizes(row))
        lines.append(f"| {row['file']} | " + " | ".join(cells) + " |")
    ratios = [r for row in rows if (r := ratio(row, key))]
    if compare and ratios:
        mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
        lines += ["", f"Geometric mean **{mean:.2f}**, worst {min(ratios):.2f}, over {len(ratios)} files that a peer reads."]
    return "\n".join(lines) + "\n"


def cell(row, name, key, unit, form):
    line = row["figures"][name]
    if "error" in line:
        return refusal(row, name)
    return form.format(line[key] / unit) + (" ¹" if does_less(row, name) else "")


def refusal(row, name):
    heic = row["receipt"].get("source", {}).get("format") == "heic"
    return "no HEIC" if heic and name in WITHOUT_HEIC else "refused"


WITHOUT_HEIC = ("sharp", "pyvips", "oximg")


def does_less(row, name):
    """oximg passes a profile on; where ours converts, its picture keeps the source's colours."""
    return name == "oximg" and row["receipt"].get("color_conversion", "none") != "none"


def ratio(row, key):
    """The best peer's figure over ours, where both have one."""
    found = {name: line[key] for name, line in row["figures"].items() if "error" not in line}
    ours = found.pop(OURS, None)
    return min(found.values()) / ours if ours and found else None


def ratio_text(value):
    return f"{value:.2f}" if value else "–"


def sizes(row):
    found = {name: f"{line['w']}×{line['h']}" for name, line in row["figures"].items() if "error" not in line}
    ours = found.pop(OURS, "refused")
    others = sorted(set(found.values()) - {ours})
    return ours + (f" ({', '.join(others)})" if others else "")


INTRODUCTION = """\
# Beside public libraries

The job: bytes of an upload → upright, sRGB, at most 2048 pixels on the longer side, opaque, no metadata → bytes of a JPEG
of quality 85, 4:2:0. One thread. Made by `make peers`; with the corpus, by `IMAGE_INGEST_CORPUS=… make peers`.

- **Machine**: {machine}; {date}. Load average at the end, 1 of it this run: {load:.1f}.
- **Versions**: {versions}.
- **Method**: every file and peer in a process of its own on one CPU; one run that is not counted, then the median CPU time
  of {runs}; of {rounds} such processes, in turns with the others, the median. Memory is the most that a process held, its
  language's runtime included.
- **Ratio**: the best peer's figure over ours; above 1, ours is less.

Where a peer does less: sharp and pyvips, as their packages come, read no HEIC. oximg reads no HEIC, and passes a colour
profile on instead of converting (¹, where the picture's colours are not sRGB). Where ours does less: a side that an exact
half or quarter brings within an eighth of 2048 stays there, so 4032×3024 becomes 2016×1512, and up to 23 % fewer pixels
are encoded than by the others; a profile that equals sRGB is recognised and not applied. What else differs: sharp and oximg
optimise Huffman tables, which costs time and saves bytes. Pillow is used with `draft`, Lanczos and its usual reducing gap,
pyvips with `thumbnail_buffer`, oximg with its fast encoder and without linear light.
"""
