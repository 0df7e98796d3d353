"""Scores our encoded pictures, and those of a plain way to make them, against a linear-light reference; writes the table.

usage: quality.py IMAGE_INGEST SCORE WORK_FOLDER OUTPUT HEADING=FOLDER...
"""

import hashlib
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import lanczos
import oracle
import quality_report

BAR = -0.5


def main(ingest, score, work, output, *folders):
    folders = dict(folder.split("=", 1) for folder in folders)
    sections = {heading: sorted(p for p in Path(folder).iterdir() if p.is_file()) for heading, folder in folders.items()}
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    compare = lambda path: compared(path, ingest, score, work)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        rows = {heading: list(pool.map(compare, paths)) for heading, paths in sections.items()}
    quality_report.write(Path(output), rows, BAR)
    worse = [row for row in rows.get(quality_report.CORPUS, []) if row["ours"] - row["plain"] < BAR]
    for row in worse:
        print(f"worse: {row['name']}: {row['ours'] - row['plain']:+.2f}", file=sys.stderr)
    print(f"{sum(map(len, rows.values()))} files, {len(worse)} below the bar")
    return 1 if worse else 0


def compared(path, ingest, score, work):
    receipt, ours = ingested(path, ingest, work)
    size = receipt["width"], receipt["height"]
    folder = work / f"{path.name}-{size[0]}x{size[1]}-{fingerprint(path)}"
    if not (folder / "plain.json").exists():
        make(path, size, folder, score)
    row = {"name": path.name, "size": size, "scale": receipt["dct_scale_divisor"], "ours_bytes": len(ours)}
    row |= json.loads((folder / "plain.json").read_text())
    return row | {"ours": scored(score, folder, ours, size)}


def ingested(path, ingest, work):
    out = work / "canonical"
    answer = subprocess.run([ingest, "ingest", "--out", out, path], stdout=subprocess.PIPE, text=True)
    receipt = json.loads(answer.stdout)
    if "error" in receipt:
        raise SystemExit(f"{path.name}: {receipt['error']['message']}")
    return receipt, Path(receipt["output"]).read_bytes()


def fingerprint(path):
    """Of all that decides the reference and the plain way: a changed oracle makes them anew."""
    parts = [path, *(Path(__file__).parent / f"{name}.py" for name in ("oracle", "colour", "png", "lanczos", "quality"))]
    return hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in parts)).hexdigest()[:16]


def make(path, size, folder, score):
    """The reference, and the plain way: all of the picture decoded, Catmull-Rom, libjpeg-turbo with standard tables."""
    folder.mkdir(exist_ok=True)
    whole, _ = oracle.upright(path.read_bytes())
    (folder / "reference.rgb").write_bytes(lanczos.reduce(np.asarray(whole), size).tobytes())
    plain = io.BytesIO()
    reduced = whole if whole.size == size else whole.resize(size, Image.Resampling.BICUBIC)
    reduced.save(plain, "JPEG", quality=85, subsampling="4:2:0")
    found = {"plain": scored(score, folder, plain.getvalue(), size), "plain_bytes": len(plain.getvalue())}
    (folder / "plain.json").write_text(json.dumps(found))


def scored(score, folder, jpeg, size):
    picture = folder / "picture.rgb"
    picture.write_bytes(Image.open(io.BytesIO(jpeg)).convert("RGB").tobytes())
    line = "\t".join(map(str, (folder / "reference.rgb", picture, *size)))
    return float(subprocess.run([score], input=line, stdout=subprocess.PIPE, text=True, check=True).stdout)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
