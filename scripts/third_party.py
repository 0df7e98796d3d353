"""Prints one notice from what cargo-about says of each program: python third_party.py FOLDER GLIBC RUST

FOLDER has a file PROGRAM.json for each program. GLIBC and RUST are the versions of what is linked and no crate.
"""

import collections
import json
import pathlib
import sys

OTHERS = """\
Besides crates, the programs have in them:

- Rust's standard library ({rust}), MIT OR Apache-2.0.
- SQLite, in image-ingest-server: dedicated to the public domain by its authors.
- Zstandard, in image-ingest-backfill: BSD-3-Clause, Copyright (c) Meta Platforms, Inc. and affiliates.
- In static programs for Linux, the GNU C Library ({glibc}), LGPL-2.1-or-later, and GCC's support code, GPL-3.0 with the GCC
  Runtime Library Exception. Who wants another version of the C library in them builds them from their source, which is
  published under MIT OR Apache-2.0: `make dist`.
"""


def main(folder, glibc, rust):
    texts = collections.defaultdict(lambda: ("", set()))
    crates = set()
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        for licence in json.loads(file.read_text())["licenses"]:
            users = {used_by(used["crate"]) for used in licence["used_by"]}
            users = {user for user in users if not user.startswith("image-ingest")}
            if users:
                name, known = texts[licence["text"].strip()]
                texts[licence["text"].strip()] = (name or licence["name"], known | users)
                crates |= users
    assert len(crates) > 100, f"{len(crates)} crates"
    print(f"The programs of image-ingest are MIT OR Apache-2.0. They contain the work of others: {len(crates)} crates of Rust,")
    print(f"whose {len(texts)} licences follow.\n")
    print(OTHERS.format(glibc=glibc or "of the machine that built them", rust=rust))
    for text, (name, users) in sorted(texts.items(), key=lambda item: (item[1][0], -len(item[1][1]), sorted(item[1][1]))):
        print("=" * 100)
        print(f"{name}\nof {', '.join(sorted(users))}\n")
        print(text + "\n")


def used_by(crate):
    return f"{crate['name']} {crate['version']}"


main(*sys.argv[1:])
