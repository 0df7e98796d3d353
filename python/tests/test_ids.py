"""Ids are those of every other build: the goldens, and the command line where there is one."""

import json
import os
import subprocess

import image_ingest
import pytest
from conftest import TESTDATA, goldens
from image_ingest import Ingest, IngestError


def test_every_golden_has_its_ids() -> None:
    ingest = Ingest()
    rows = goldens()
    made = [ingest.ingest((TESTDATA / row.file).read_bytes()) for row in rows]
    assert len(rows) > 300
    assert [(b.source_id, b.id, f"{b.width}x{b.height}") for b in made] == [(r.source_id, r.id, r.size) for r in rows]


def test_the_command_line_gives_the_same_ids_and_codes_for_all_of_testdata() -> None:
    command = os.environ.get("IMAGE_INGEST_CLI")
    if not command:
        pytest.skip("IMAGE_INGEST_CLI names no command line")
    output = subprocess.run([command, "ingest", str(TESTDATA)], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in output.stdout.splitlines()]
    assert len(lines) > 400
    for line in lines:
        with open(line["path"], "rb") as file:
            data = file.read()
        seen: tuple[str | None, str | None, str | None]
        try:
            background = Ingest().ingest(data)
            seen = (background.id, background.source_id, None)
        except IngestError as error:
            seen = (None, None, error.code)
        expected = (line.get("id"), line.get("source_id"), line.get("error", {}).get("code"))
        assert seen == expected, line["path"]


def test_a_folder_of_bad_files_is_named_by_their_code() -> None:
    files = sorted(path for path in (TESTDATA / "bad").glob("*/*") if path.is_file())
    assert len(files) > 80
    for path in files:
        with pytest.raises(image_ingest.UploadError) as caught:
            Ingest().ingest(path.read_bytes())
        assert caught.value.code == path.parent.name, path


def test_a_profile_gives_other_bytes_and_says_so_in_its_fingerprint(picture: bytes) -> None:
    profiles = [Ingest(), Ingest(max_edge=100), Ingest(cover=(100, 200)), Ingest(quality=75)]
    assert len({ingest.ingest(picture).id for ingest in profiles}) == 4
    assert Ingest(cover=(100, 200), quality=75, matte=(0, 16, 255)).fingerprint == "v1-cover100x200-jpeg75-0010ff"
    background = Ingest(100).ingest(picture)
    assert (background.width, background.height, background.fingerprint) == (100, 75, "v1-fit100-jpeg85-ffffff")


def test_the_self_test_passes() -> None:
    image_ingest.self_test()
    assert image_ingest.CANONICAL_VERSION == 1
    assert image_ingest.__version__.count(".") == 2
