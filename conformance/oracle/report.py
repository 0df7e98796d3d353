"""docs/conformance.md: what was compared, with what, and the table."""

import fnmatch
import platform
from importlib.metadata import version
from pathlib import Path

from PIL import features


def write(path, rows, roots, kinds):
    """Without a corpus, its section of the table that stands is kept."""
    parts = [INTRODUCTION.format(versions=versions()), section_of_kinds(kinds, rows)]
    for root, heading in (("testdata", TESTDATA), ("corpus", CORPUS)):
        if root in roots:
            parts.append(section(heading, [row for row in rows if row["name"].startswith(root + "/")]))
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts) + kept(path, CORPUS, "corpus" in roots))


def kept(path, heading, renewed):
    """The last section, from `heading` on, of the report that stands."""
    if renewed or not path.exists():
        return ""
    _, mark, rest = path.read_text().partition(heading)
    return "\n" + mark + rest if mark else ""


def versions():
    names = [f"{name} {version(name)}" for name in ("pillow", "pillow_heif", "numpy")]
    import pillow_heif

    libraries = [
        f"LittleCMS {features.version('littlecms2')}",
        f"libjpeg-turbo {features.version('libjpeg_turbo')}",
        f"libwebp {features.version('webp')}",
        f"libheif {pillow_heif.libheif_version()}",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(names + libraries)


def section(heading, rows):
    count = lambda verdict: sum(row["verdict"] == verdict for row in rows)
    within = [row for row in rows if row["verdict"] == "within"]
    lines = [heading, "", f"| {len(rows)} files | |", "|---|--:|"]
    lines += [f"| inside the bounds | {count('within')} |", f"| outside, deliberately | {count('deliberate')} |"]
    lines += [f"| refused with the code that their folder names | {count('refused')} |", f"| broken | {count('broken')} |"]
    if within:
        lines += [f"| median of the means inside the bounds | {sorted(r['mean'] for r in within)[len(within) // 2]:.2f} |"]
    lines += ["", "| file | size or code | ΔE mean | ΔE p95 | our conversion | oracle | remark |", "|---|---|--:|--:|---|---|---|"]
    lines += map(line, rows)
    return "\n".join(lines) + "\n"


def section_of_kinds(kinds, rows):
    head = "| kind | files | inside the bounds | deliberate | worst ΔE mean | worst p95 |"
    lines = [KINDS, "", head, "|---|--:|--:|--:|--:|--:|"]
    for kind in kinds:
        of = [row for row in rows if of_kind(row, kind)]
        count = lambda verdict: sum(row["verdict"] == verdict for row in of)
        taken = [row["taken"] for row in of if "mean" in row["taken"]]
        worst = lambda key: f"{max((t[key] for t in taken), default=0):.2f}"
        cells = [len(of), count("within"), count("deliberate"), worst("mean"), worst("p95")]
        lines.append(f"| {kind['name']} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def of_kind(row, kind):
    return any(fnmatch.fnmatchcase(row["name"], f"testdata/{pattern}") for pattern in kind["files"])


def line(row):
    name, ours = row["name"].split("/", 1)[1], row.get("line", {})
    if "code" in ours:
        cells = [f"`{ours['code']}`", "", "", "", "", ours["message"]]
    else:
        number = lambda key: f"{row[key]:.2f}" if key in row else ""
        size = f"{ours['width']}×{ours['height']}" if ours else ""
        cells = [size, number("mean"), number("p95"), ours.get("conversion", ""), row.get("way", ""), ""]
    if row["note"]:
        cells[-1] = ("**broken** " if row["verdict"] == "broken" else "") + row["note"]
    return f"| {name} | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


INTRODUCTION = """\
# Conformance

Every picture as a colour-managed viewer shows it: our canonical samples, before their encoding, against an independent
oracle at the same size. Made by `make conformance`; with the corpus, by `IMAGE_INGEST_CORPUS=… make conformance`.

- **Oracle**: Pillow opens the first frame at full size, LittleCMS converts an ICC profile to sRGB (perceptual), alpha is
  composed over white, Exif turns (HEIF: pillow-heif by `irot` and `imir`), BICUBIC without a reducing gap reduces. What Pillow
  does not apply is worked out in floating point from the standards: `gAMA` and `cHRM`, `cICP` and `nclx` primaries and
  transfer functions, narrow range in PNG, PQ and HLG with this library's documented curve, Exif Interoperability R03. 16-bit
  PNG, of which Pillow keeps the high byte, and gray of less than 8 bits with one transparent level, are decoded by the oracle
  itself, which also reads Exif in raw profiles of PNG's text. Code: `conformance/oracle/`.
- **Damage outside the picture**: the oracle leaves out PNG chunks whose CRC is wrong, and sizes and flags of a WebP that
  promise more than is there. Where Pillow takes a missing end for missing samples, it is asked again for what came ("end
  missing" in the table): where samples are missing, that is gray. A file that it cannot read, or shows otherwise, is
  compared with its picture of the same file without the oddity where `deliberate.toml` says so.
- **Difference**: CIEDE2000 of each pixel, checked against the 34 published pairs on each run. Chroma of our 4:2:0 planes is
  enlarged by libjpeg's triangle filter.
- **Bounds**: mean ≤ 1.0 and 95th percentile ≤ 3.0; mean ≤ 2.0 for CMYK; the size exact, computed anew from the displayed
  size; of the eight turns and mirrors, none matches better than the picture as it is.
- **Deliberate differences** are listed in `conformance/deliberate.toml` with a reason and a bound of their own.

With {versions}.
"""
KINDS = """\
## Kinds

What devices and tools write beside the plain forms: `conformance/kinds.toml` names the files of `testdata/` that show it, and
`conformance/deliberate.toml` says why the oracle shows another picture of some, or none."""
TESTDATA = "## testdata/"
CORPUS = "## Corpus"
