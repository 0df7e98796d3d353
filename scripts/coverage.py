"""Prints the line coverage of the library's own parsers from an LCOV file.

Lines of unit tests do not count, nor those of private `const fn`s, which make tables while the library is compiled.
"""

import pathlib
import re
import sys

PARSERS = [
    "crates/color/src/",
    "crates/gif/src/",
    "crates/heif/src/",
    "crates/hevc/src/",
    "crates/jpeg/src/",
    "crates/png/src/",
    "crates/webp/src/",
    "src/codec/gif/",
    "src/codec/heif/",
    "src/codec/jpeg/",
    "src/codec/png/",
    "src/codec/webp/",
    "src/codec/exif.rs",
    "src/upload/",
]


def main() -> None:
    root = pathlib.Path.cwd()
    lines: dict[str, dict[int, int]] = {}
    for record in pathlib.Path(sys.argv[1]).read_text().split("end_of_record"):
        source = re.search(r"^SF:(.*)$", record, re.M)
        if not source or not source[1].startswith(f"{root}/"):
            continue
        name = source[1][len(str(root)) + 1 :]
        if any(name.startswith(parser) for parser in PARSERS) and "tests" not in name:
            counts = lines.setdefault(name, {})
            for line, count in re.findall(r"^DA:(\d+),(\d+)", record, re.M):
                counts[int(line)] = counts.get(int(line), 0) + int(count)
    print("| part | lines | run | % |\n|---|--:|--:|--:|")
    parts: dict[str, list[int]] = {}
    for name, counts in sorted(lines.items()):
        left_out = unrun_by_design((root / name).read_text().splitlines())
        of_parser = {line: count for line, count in counts.items() if line not in left_out}
        missed = sorted(line for line, count in of_parser.items() if count == 0)
        total, run = len(of_parser), len(of_parser) - len(missed)
        part = parts.setdefault(next(parser for parser in PARSERS if name.startswith(parser)), [0, 0])
        part[0], part[1] = part[0] + total, part[1] + run
        if missed:
            print(f"{name}: not run: {missed}", file=sys.stderr)
    for part, (total, run) in sorted(parts.items()):
        print(f"| `{part}` | {total} | {run} | {100 * run / max(total, 1):.1f} |")
    total, run = (sum(part[i] for part in parts.values()) for i in (0, 1))
    print(f"| all | {total} | {run} | {100 * run / max(total, 1):.1f} |")


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
