"""Compares ThumbHash and PDQ of canonical samples with their reference implementations, which get the same samples.

usage: compare.py TOOL WORK_FOLDER EXPECTED NAME=FOLDER...

EXPECTED gets what the references say of testdata/, which `make test` compares as well. Then every photo is encoded anew as
JPEG, WebP and HEIC of quality 75, and its hash may change by no more bits than PDQ takes for the same picture. Fails where a
bound is broken.
"""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pdqhash
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

FOLDERS = {"testdata": ["jpeg", "png", "gif", "webp", "heic", "same"], "corpus": ["perf", "orient", "color", "odd"]}
MAX_BITS = 10
MAX_STEPS = 1
# What PDQ's authors take for the same picture.
SAME_BITS = 31
# PDQ's authors advise against comparing hashes of a lower quality.
MIN_QUALITY = 50


def main(tool, work, expected, *roots):
    roots = dict(root.split("=", 1) for root in roots)
    names = {str(path): name for key, root in roots.items() for name, path in files(key, Path(root))}
    work = Path(work)
    lines = [line for line in answers(tool, work / "samples", names) if "facts" in line]
    rows = [row(names[line["path"]], line, thumbhash) for line, thumbhash in zip(lines, thumbhashes(lines, work))]
    write(Path(expected), rows)
    wrong = judged(rows)
    photos = [line for line in lines if names[line["path"]].startswith("corpus/perf/") and line["facts"]["pdq_quality"] >= MIN_QUALITY]
    return wrong | same_in_every_format(tool, work, photos)


def answers(tool, samples, paths):
    answer = subprocess.run([tool, samples], input="\n".join(paths), stdout=subprocess.PIPE, text=True, check=True)
    return map(json.loads, answer.stdout.splitlines())


def same_in_every_format(tool, work, photos):
    """1 where the hash of a photo changes too much in another format, else 0."""
    if not photos:
        print("photos in other formats: skipped without the corpus")
        return 0
    folder = work / "formats"
    folder.mkdir(exist_ok=True)
    hashes = {}
    for number, line in enumerate(photos):
        picture = Image.fromarray(pixels(line))
        for kind in ("jpeg", "webp", "heif"):
            data = io.BytesIO()
            picture.save(data, kind, quality=75)
            path = folder / f"{number}.{kind}"
            path.write_bytes(data.getvalue())
            hashes[str(path)] = int(line["facts"]["pdq"], 16)
    bits = [(line["path"], (int(line["facts"]["pdq"], 16) ^ hashes[line["path"]]).bit_count())
            for line in answers(tool, work / "formats-samples", hashes)]
    worst = {kind: max((b for path, b in bits if path.endswith(kind)), default=0) for kind in ("jpeg", "webp", "heif")}
    print(f"{len(photos)} photos at quality 75: " + ", ".join(f"{kind} within {b} bits" for kind, b in worst.items()))
    return int(any(b > SAME_BITS for _, b in bits))


def files(key, root):
    for folder in FOLDERS[key]:
        for path in sorted(p for p in (root / folder).rglob("*") if p.is_file()):
            yield f"{key}/{path.relative_to(root)}", path


def pixels(line):
    rgb = np.fromfile(line["samples"], np.uint8)
    return rgb.reshape(line["height"], line["width"], 3)


def reduced(rgb):
    """The picture at most 100 pixels a side, each the mean of its area."""
    height, width, _ = rgb.shape
    longer = max(width, height)
    if longer <= 100:
        return rgb
    scaled = lambda side: max(1, (200 * side + longer) // (2 * longer))
    mean = areas(height, scaled(height)) @ rgb.reshape(height, -1).astype(float)
    mean = areas(width, scaled(width)) @ mean.reshape(-1, width, 3)
    return np.floor(mean + 0.5).astype(np.uint8)


def areas(length, points):
    """A matrix of how much of each pixel lies in each of the even stretches, as parts of a stretch."""
    ends = np.arange(points + 1) * length / points
    pixel = np.arange(length)
    overlap = np.minimum(ends[1:, None], pixel + 1) - np.maximum(ends[:-1, None], pixel)
    return np.maximum(overlap, 0) * points / length


def thumbhashes(lines, work):
    def request(line):
        small = reduced(pixels(line))
        return json.dumps({"width": small.shape[1], "height": small.shape[0], "rgb": base64.b64encode(small.tobytes()).decode()})

    script = work / "thumbhash.mjs"
    script.write_text((Path(__file__).parent / "thumbhash.mjs").read_text())
    requests = "\n".join(map(request, lines))
    return subprocess.run(["node", script], input=requests, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def row(name, line, thumbhash):
    pdq, quality = hashed(pixels(line))
    facts = line["facts"]
    steps = max(abs(a - b) for a, b in zip(values(facts["thumbhash"]), values(thumbhash), strict=True))
    return {"name": name, "thumbhash": thumbhash, "pdq": pdq, "quality": quality, "steps": steps,
            "bits": (int(facts["pdq"], 16) ^ pdq).bit_count(), "quality_off": abs(quality - facts["pdq_quality"])}


def hashed(rgb):
    """(the hash as a number of 256 bits, the quality)."""
    if min(rgb.shape[:2]) < 5:
        # What the reference does where it is not called from Python.
        return 0, 0
    bits, quality = pdqhash.compute(rgb)
    return int("".join(str(int(bit)) for bit in bits), 2), quality


def values(text):
    """The numbers in an opaque ThumbHash. The varying terms of a channel whose scale is 0 show nothing, and count as 0."""
    data = base64.b64decode(text)
    header = int.from_bytes(data[:5], "little")
    field = lambda start, bits: header >> start & (1 << bits) - 1
    lx, ly = 7, 7
    if field(39, 1):
        ly = field(24, 3)
    else:
        lx = field(24, 3)
    constant = [field(0, 6), field(6, 6), field(12, 6), field(18, 5), field(24, 3), field(27, 6), field(33, 6), field(39, 1)]
    nibbles = [nibble for byte in data[5:] for nibble in (byte & 15, byte >> 4)]
    counts = [sum(cx * ny < nx * (ny - cy) for cy in range(ny) for cx in range(nx)) - 1
              for nx, ny in [(max(3, lx), max(3, ly)), (3, 3), (3, 3)]]
    varying = []
    for count, scale in zip(counts, [constant[3], constant[5], constant[6]]):
        varying += [nibble if scale else 0 for nibble in nibbles[:count]]
        nibbles = nibbles[count:]
    return constant + varying


def write(path, rows):
    text = ["file\tthumbhash\tpdq\tpdq_quality"]
    for row in rows:
        if row["name"].startswith("testdata/"):
            name = row["name"].removeprefix("testdata/")
            text.append(f"{name}\t{row['thumbhash']}\t{row['pdq']:064x}\t{row['quality']}")
    path.write_text("\n".join(text) + "\n")


def judged(rows):
    telling = [row for row in rows if row["quality"] >= MIN_QUALITY]
    far = [row for row in telling if row["bits"] > MAX_BITS]
    steps = [row for row in rows if row["steps"] > MAX_STEPS]
    for row in far + steps:
        print(f"{row['name']}: {row['bits']} bits of PDQ at quality {row['quality']}, {row['steps']} steps of ThumbHash",
              file=sys.stderr)
    worst = lambda key, rows: max((row[key] for row in rows), default=0)
    print(f"{len(rows)} files: ThumbHash within {worst('steps', rows)} steps of the reference")
    print(f"{len(telling)} files of a PDQ quality of {MIN_QUALITY} or more: within {worst('bits', telling)} bits of the "
          f"reference, quality within {worst('quality_off', telling)}")
    return 1 if steps or len(far) > len(telling) / 100 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
