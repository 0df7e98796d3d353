"""What the tests share: the repository's test files, and their goldens."""

from pathlib import Path
from typing import NamedTuple

import pytest

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"


class Golden(NamedTuple):
    """A row of golden.tsv."""

    file: str
    source_id: str
    id: str
    size: str


def goldens() -> list[Golden]:
    """Every accepted file of the repository, with its ids."""
    rows = (TESTDATA / "golden.tsv").read_text().splitlines()[1:]
    return [Golden(*row.split("\t")) for row in rows]


@pytest.fixture(scope="session")
def picture() -> bytes:
    return (TESTDATA / "jpeg/orientation_6.jpg").read_bytes()


@pytest.fixture(scope="session")
def tiny() -> bytes:
    return (TESTDATA / "jpeg/size_1x1.jpg").read_bytes()


@pytest.fixture(scope="session")
def slow() -> bytes:
    """An upload that takes a good fraction of a second: gray pixels, deflated to little."""
    return gray_png(12_000, 12_000)


def gray_png(width: int, height: int) -> bytes:
    """A PNG of one gray."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    compressor = zlib.compressobj(1)
    rows = b"".join(compressor.compress(b"\0" + b"\x80" * width) for _ in range(height)) + compressor.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
