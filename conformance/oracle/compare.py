"""Compares canonical samples with the oracle's and writes the table; fails where a bound is broken without a reason.

usage: compare.py TOOL WORK_FOLDER OUTPUT NAME=FOLDER...
"""

import fnmatch
import json
import os
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
    reasons = tomllib.loads((Path(__file__).parent.parent / "deliberate.toml").read_text())["difference"]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        measured = list(pool.map(measure, lines, chunksize=4))
    rows = [judged(names[line["path"]], line, found, reasons) for line, found in zip(lines, measured)]
    unused = {pattern for r in reasons for pattern in r["files"]} - {row["pattern"] for row in rows}
    for pattern in sorted(p for p in unused if p.split("/")[0] in roots):
        rows.append({"name": pattern, "verdict": "broken", "note": "a deliberate difference that no file needs", "pattern": pattern})
    report.write(Path(output), rows, list(roots))
    broken = [row for row in rows if row["verdict"] == "broken"]
    for row in broken:
        print(f"broken: {row['name']}: {row['note']}", file=sys.stderr)
    print(f"{len(rows)} files, {len(broken)} outside the bounds")
    return 1 if broken else 0


def files(key, root):
    for folder in FOLDERS[key]:
        for path in sorted(p for p in (root / folder).rglob("*") if p.is_file()):
            yield f"{key}/{path.relative_to(root)}", path


def rendered(tool, samples, paths):
    answer = subprocess.run([tool, samples], input="\n".join(paths), stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def measure(line):
    """What the oracle shows, against our samples: sizes, differences, best turn."""
    if "code" in line:
        return {}
    try:
        theirs, size, way = oracle.show(Path(line["path"]).read_bytes())
    except Exception as error:  # The oracle refuses what we accept: a finding, whatever its exception.
        return {"refused": f"{type(error).__name__}: {error}".replace(line["path"], "the file")}
    ours = np.fromfile(line["samples"], np.uint8).reshape(line["height"], line["width"], 3)
    os.remove(line["samples"])
    found = {"way": way, "size": size}
    if ours.shape != theirs.shape:
        return found
    found |= difference(ours, theirs) | {"turn": best_turn(ours, theirs)}
    if found["mean"] > MEAN or found["p95"] > P95:
        found["against"] = {name: difference(ours, picture) for name, picture in chroma.variants(theirs, line)}
    return found


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
    row = {"name": name, "line": line, **found, "pattern": None}
    reason = next((r | {"pattern": p} for r in reasons for p in r["files"] if fnmatch.fnmatchcase(name, p)), None)
    wrong = fault(name, line, found, {})
    if wrong is None:
        return row | {"verdict": "within" if "code" not in line else "refused", "note": ""}
    if reason is not None and fault(name, line, found, reason) is None:
        return row | {"verdict": "deliberate", "note": remark(reason, found), "pattern": reason["pattern"]}
    return row | {"verdict": "broken", "note": wrong, "pattern": reason and reason["pattern"]}


def remark(reason, found):
    if "against" not in reason:
        return reason["reason"]
    compared = found["against"][reason["against"]]
    return f"{reason['reason']} So taken: {compared['mean']:.2f}, {compared['p95']:.2f}."


def fault(name, line, found, allowed):
    """What breaks a bound, under what a deliberate difference allows."""
    if "code" in line:
        expected = name.split("/")[2] if name.startswith("testdata/bad/") else allowed.get("code")
        return None if line["code"] == expected else f"refused as {line['code']}: {line['message']}"
    if name.startswith("testdata/bad/") or "code" in allowed:
        return "accepted"
    if "refused" in found:
        return None if allowed.get("oracle") == "refuses" else f"the oracle refuses it: {found['refused']}"
    if tuple(found["size"]) != (line["width"], line["height"]):
        return f"size {line['width']}×{line['height']}, not {found['size'][0]}×{found['size'][1]}"
    if found["turn"] != 0:
        return "another turn or mirror matches better"
    ink = line["source"]["channels"] in ("cmyk", "ycck")
    mean, p95 = allowed.get("mean", CMYK_MEAN if ink else MEAN), allowed.get("p95", np.inf if ink else P95)
    against = allowed.get("against")
    compared = found["against"].get(against, found) if against else found
    if compared["mean"] > mean or compared["p95"] > p95:
        return f"ΔE mean {compared['mean']:.2f}, p95 {compared['p95']:.2f} ({against or found['way']})"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
