"""Prints the line coverage of the library's own parsers from an LCOV file.

Lines of unit tests do not count, nor those of private `const fn`s, which make tables while the library is compiled.
"""

import pathlib
import re
import sys

PARSERS = [
    "src/exif.rs",
    "src/format.rs",
    "src/upload.rs",
    "src/codec/gif/blocks.rs",
    "src/codec/gif/probe.rs",
    "src/codec/heif/bits.rs",
    "src/codec/heif/boxes.rs",
    "src/codec/heif/grid.rs",
    "src/codec/heif/hevc.rs",
    "src/codec/heif/image.rs",
    "src/codec/heif/items.rs",
    "src/codec/heif/nal.rs",
    "src/codec/heif/properties.rs",
    "src/codec/heif/transform.rs",
    "src/codec/heif/intra/",
    "src/codec/jpeg/app.rs",
    "src/codec/jpeg/probe.rs",
    "src/codec/jpeg/huffman/",
    "src/codec/png/chunks.rs",
    "src/codec/png/decode.rs",
    "src/codec/png/inflate.rs",
    "src/codec/png/probe.rs",
    "src/codec/png/unfilter.rs",
    "src/codec/webp/container.rs",
    "src/codec/webp/probe.rs",
    "src/codec/webp/vp8l/",
    "src/color/curve.rs",
    "src/color/icc.rs",
    "src/color/lut.rs",
    "src/color/pipeline.rs",
    "src/color/profile.rs",
    "src/color/shaper.rs",
]


def main() -> None:
    root = pathlib.Path.cwd()
    lines: dict[str, dict[int, int]] = {}
    for record in pathlib.Path(sys.argv[1]).read_text().split("end_of_record"):
        source = re.search(r"^SF:(.*)$", record, re.M)
        if not source or not source[1].startswith(f"{root}/"):
            continue
        name = source[1][len(str(root)) + 1 :]
        if any(name.startswith(parser) for parser in PARSERS) and not name.endswith("tests.rs"):
            counts = lines.setdefault(name, {})
            for line, count in re.findall(r"^DA:(\d+),(\d+)", record, re.M):
                counts[int(line)] = counts.get(int(line), 0) + int(count)
    print("| file | lines | run | % |\n|---|--:|--:|--:|")
    all_lines = all_run = 0
    for name, counts in sorted(lines.items()):
        left_out = unrun_by_design((root / name).read_text().splitlines())
        of_parser = {line: count for line, count in counts.items() if line not in left_out}
        missed = sorted(line for line, count in of_parser.items() if count == 0)
        total, run = len(of_parser), len(of_parser) - len(missed)
        all_lines, all_run = all_lines + total, all_run + run
        print(f"| `{name}` | {total} | {run} | {100 * run / max(total, 1):.1f} |")
        if missed:
            print(f"{name}: not run: {missed}", file=sys.stderr)
    print(f"| all | {all_lines} | {all_run} | {100 * all_run / max(all_lines, 1):.1f} |")


def unrun_by_design(source: list[str]) -> set[int]:
    """The numbers of lines in unit tests and in private const functions."""
    found: set[int] = set()
    end = None
    for number, line in enumerate(source, 1):
        if end is None and re.match(r" *const fn ", line):
            end = line[: len(line) - len(line.lstrip())] + "}"
        if end is not None:
            found.add(number)
            if line == end:
                end = None
        if line == "mod tests {" or line.endswith(" mod tests {"):
            found.update(range(number, len(source) + 1))
            break
    return found


main()
