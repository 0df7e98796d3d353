"""docs/quality.md: what was scored, against what, and the tables."""

import report


def write(path, sections, bar):
    """Without a corpus, its section of the table that stands is kept."""
    parts = [INTRODUCTION.format(versions=report.versions(), bar=f"{bar:+.1f}".replace("-", "−"))]
    parts += [section(heading, rows) for heading, rows in sections.items()]
    path.write_text("\n".join(parts) + report.kept(path, "## " + CORPUS, CORPUS in sections))


def section(heading, rows):
    lines = [f"## {heading}", "", "| file | size | DCT scale | ours | plain | difference | ours, KB | plain, KB |"]
    lines += ["|---|---|--:|--:|--:|--:|--:|--:|"]
    lines += [line(row) for row in rows]
    return "\n".join(lines) + "\n"


def line(row):
    scale = "1" if row["scale"] == 1 else f"1/{row['scale']}"
    difference = f"{row['ours'] - row['plain']:+.2f}".replace("-", "−")
    cells = ["×".join(map(str, row["size"])), scale, f"{row['ours']:.2f}", f"{row['plain']:.2f}", difference]
    cells += [f"{row[key] / 1000:.0f}" for key in ("ours_bytes", "plain_bytes")]
    return f"| {row['name']} | " + " | ".join(cells) + " |"


CORPUS = "Corpus"
INTRODUCTION = """\
# Quality

SSIMULACRA2 of encoded pictures (100: no difference seen; 70: high quality). Made by `make quality`; with the corpus, by
`IMAGE_INGEST_CORPUS=… make quality`.

- **Reference**: the whole picture, decoded and colour-managed as in [conformance.md](conformance.md), reduced to our size
  in linear light by Lanczos with three lobes, in floating point. It favours its own kernel, so two ways are compared:
- **ours**: what the library returns, an encoded JPEG; "DCT scale" is what it asked the decoder for.
- **plain**: the same whole picture, reduced to the same size by Catmull-Rom (Pillow's BICUBIC, no reducing gap), encoded by
  libjpeg-turbo at quality 85, 4:2:0, standard tables.
- **Bar**: ours minus plain is at least {bar} on every photo of the corpus. Generated pictures are noisy to the last pixel,
  where light and kernel decide the score: they are shown, not judged.

With {versions}.
"""
