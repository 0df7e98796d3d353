"""Compares canonical samples with the oracle's and writes the table; fails where a bound is broken without a reason.

usage: compare.py TOOL WORK_FOLDER OUTPUT NAME=FOLDER...
"""

import fnmatch
import json
import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import chroma
import delta_e
import oracle
import report

FOLDERS = {"testdata": ["jpeg", "png", "gif", "webp", "heic", "same", "bad"], "corpus": ["perf", "orient", "color", "odd"]}


def main(tool, work, output, *roots):
    delta_e.self_check()
    roots = dict(root.split("=", 1) for root in roots)
    names = {str(path): name for key, root in roots.items() for name, path in files(key, Path(root))}
    lines = rendered(tool, Path(work) / "samples", list(names))
    reasons, kinds = listed("deliberate.toml")["difference"], listed("kinds.toml")["kind"]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        like = [likeness(line["path"], names, reasons) for line in lines]
        measured = list(pool.map(measure, lines, like, chunksize=4))
    rows = [judged(names[line["path"]], line, found, reasons) for line, found in zip(lines, measured)]
    unused = {pattern for r in reasons for pattern in r["files"]} - {row["pattern"] for row in rows}
    for pattern in sorted(p for p in unused if p.split("/")[0] in roots):
        rows.append(broken(pattern, "a deliberate difference that no file needs"))
    rows += list(missing_kinds(kinds, rows))
    report.write(Path(output), rows, list(roots), kinds)
    outside = [row for row in rows if row["verdict"] == "broken"]
    for row in outside:
        print(f"broken: {row['name']}: {row['note']}", file=sys.stderr)
    print(f"{len(rows)} files, {len(outside)} outside the bounds")
    return 1 if outside else 0


def listed(name):
    return tomllib.loads((Path(__file__).parent.parent / name).read_text())


def missing_kinds(kinds, rows):
    """A row for each pattern of a kind that no file has."""
    for pattern in (pattern for kind in kinds for pattern in kind["files"]):
        if not any(report.of_kind(row, {"files": [pattern]}) for row in rows):
            yield broken(f"testdata/{pattern}", "a kind without a file")


def broken(name, note):
    """A row of no file."""
    return {"name": name, "verdict": "broken", "note": note, "pattern": None, "taken": {}}


def files(key, root):
    for folder in FOLDERS[key]:
        for path in sorted(p for p in (root / folder).rglob("*") if p.is_file()):
            yield f"{key}/{path.relative_to(root)}", path


def rendered(tool, samples, paths):
    answer = subprocess.run([tool, samples], input="\n".join(paths), stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def likeness(path, names, reasons):
    """The file whose picture the oracle shows in place of one that it cannot read, where an entry names such a file."""
    like = (reason_of(names[path], reasons) or {}).get("like")
    return like and next((other for other, name in names.items() if name == like), None)


def measure(line, like):
    """What the oracle shows, against our samples: sizes, differences, best turn."""
    if "code" in line:
        return {}
    ours = np.fromfile(line["samples"], np.uint8).reshape(line["height"], line["width"], 3)
    os.remove(line["samples"])
    found = compared(ours, line, line["path"])
    return found | {"like": compared(ours, line, like)} if like else found


def compared(ours, line, path):
    try:
        theirs, size, way = oracle.show(Path(path).read_bytes())
    except Exception as error:  # The oracle refuses what we accept: a finding, whatever its exception.
        return {"refused": refusal(error)}
    found = {"way": way, "size": size}
    if ours.shape != theirs.shape:
        return found
    found |= difference(ours, theirs) | {"turn": best_turn(ours, theirs)}
    if found["mean"] > MEAN or found["p95"] > P95:
        found["against"] = {name: difference(ours, picture) for name, picture in chroma.variants(theirs, line)}
    return found


def refusal(error):
    """The same on every run: without the address of a stream."""
    return re.sub(r" at 0x[0-9a-f]+", "", f"{type(error).__name__}: {error}")


MEAN, P95 = 1.0, 3.0
CMYK_MEAN = 2.0


def difference(ours, theirs):
    differences = delta_e.between(ours, theirs)
    return {"mean": float(differences.mean()), "p95": float(np.percentile(differences, 95))}


def best_turn(ours, theirs):
    """0 where ours matches best as it is, or is so symmetric that a turn makes no difference."""
    small = lambda array: np.asarray(Image.fromarray(array).resize((64, 64), Image.Resampling.BOX))
    ours, theirs = small(ours), small(theirs)
    turns = [np.rot90(side, k) for side in (ours, ours[:, ::-1]) for k in range(4)]
    differences = [delta_e.between(np.ascontiguousarray(turn), theirs).mean() for turn in turns]
    best = int(np.argmin(differences))
    return best if differences[0] - differences[best] > 0.5 else 0


def judged(name, line, found, reasons):
    row = {"name": name, "line": line, **found, "pattern": None, "taken": found}
    reason = reason_of(name, reasons)
    wrong = fault(name, line, found, {})
    if wrong is None:
        return row | {"verdict": "within" if "code" not in line else "refused", "note": ""}
    if reason is not None and fault(name, line, found, reason) is None:
        taken = taken_by(reason, found)
        so_taken = "" if taken is found else f" So taken: {taken['mean']:.2f}, {taken['p95']:.2f}."
        note = reason["reason"] + so_taken
        return row | {"verdict": "deliberate", "note": note, "pattern": reason["pattern"], "taken": taken}
    return row | {"verdict": "broken", "note": wrong, "pattern": reason and reason["pattern"]}


def reason_of(name, reasons):
    return next((r | {"pattern": p} for r in reasons for p in r["files"] if fnmatch.fnmatchcase(name, p)), None)


def taken_by(allowed, found):
    """The differences that the bounds hold for."""
    found = found.get("like", found) if "like" in allowed else found
    return found.get("against", {}).get(allowed.get("against"), found)


def fault(name, line, found, allowed):
    """What breaks a bound, under what a deliberate difference allows."""
    if "code" in line:
        expected = name.split("/")[2] if name.startswith("testdata/bad/") else allowed.get("code")
        return None if line["code"] == expected else f"refused as {line['code']}: {line['message']}"
    if name.startswith("testdata/bad/") or "code" in allowed:
        return "accepted"
    if "like" in allowed:
        found = found.get("like", {"refused": f"no {allowed['like']}"})
    if "refused" in found:
        return f"the oracle refuses it: {found['refused']}"
    if tuple(found["size"]) != (line["width"], line["height"]):
        return f"size {line['width']}×{line['height']}, not {found['size'][0]}×{found['size'][1]}"
    if found["turn"] != 0:
        return "another turn or mirror matches better"
    ink = line["source"]["channels"] in ("cmyk", "ycck")
    mean, p95 = allowed.get("mean", CMYK_MEAN if ink else MEAN), allowed.get("p95", np.inf if ink else P95)
    taken = taken_by(allowed, found)
    if taken["mean"] > mean or taken["p95"] > p95:
        return f"ΔE mean {taken['mean']:.2f}, p95 {taken['p95']:.2f} ({allowed.get('against') or found['way']})"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
