"""What is taken as an upload, and what of it is copied."""

import array
import mmap
import sys
from pathlib import Path

import pytest
from image_ingest import Ingest, Upload, UploadError
from typing_extensions import Buffer


def test_every_buffer_of_bytes_is_an_upload(picture: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(picture)
    with open(tmp_path / "picture", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        buffers: list[Buffer] = [picture, bytearray(picture), memoryview(picture), array.array("B", picture), mapped]
        assert {Ingest().ingest(buffer).id for buffer in buffers} == {Ingest().ingest(picture).id}


def test_a_view_is_its_part_of_the_bytes(picture: bytes) -> None:
    padded = b"before" + picture + b"behind"
    view = memoryview(padded)[6:-6]
    assert Ingest().ingest(view).source_id == Ingest().ingest(picture).source_id
    assert Ingest().ingest(view[:]).source_id == Ingest().ingest(picture).source_id
    with pytest.raises(UploadError, match="empty"):
        Ingest().ingest(view[:0])
    backwards = memoryview(padded[::-1])[::-1][6:-6]
    assert Ingest().ingest(backwards).source_id == Ingest().ingest(picture).source_id


@pytest.mark.parametrize("data", [None, "text", 5, [255, 216], object(), memoryview(b"12345678").cast("d")])
def test_what_holds_no_bytes_is_a_type_error(data: object) -> None:
    with pytest.raises(TypeError):
        Ingest().ingest(data)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Upload().push(data)  # type: ignore[arg-type]


def test_bytes_and_their_views_are_shared_and_other_buffers_are_copied(picture: bytes) -> None:
    data = picture + bytes(300_000)
    references = sys.getrefcount(data)
    upload = Upload()
    upload.push(memoryview(data)[:30_000])
    assert sys.getrefcount(data) == references, "a small piece is copied"
    upload.push(memoryview(data)[30_000:150_000])
    upload.push(memoryview(data)[150_000:])
    source = upload.finish()
    assert sys.getrefcount(data) == references + 2
    assert Ingest().ingest(source).source_id == Ingest().ingest(data).source_id
    del source
    Ingest().ingest(picture)
    assert sys.getrefcount(data) == references

    changing = bytearray(picture)
    upload = Upload()
    upload.push(changing)
    changing[:] = b"changed"
    assert Ingest().ingest(upload.finish()).source_id == Ingest().ingest(picture).source_id


def test_an_oversized_buffer_is_refused_before_it_is_copied() -> None:
    with pytest.raises(UploadError) as caught:
        Ingest(max_bytes=9).ingest(bytearray(10))
    assert (caught.value.code, caught.value.limit, caught.value.actual) == ("too_large", 9, 10)


def test_chunking_does_not_change_the_id(picture: bytes) -> None:
    for length in (1, 7, 4096, 10_000, len(picture)):
        upload = Ingest().upload()
        for start in range(0, len(picture), length):
            upload.push(picture[start : start + length])
        assert len(upload) == len(picture)
        source = upload.finish()
        assert (source.format, len(source)) == ("jpeg", len(picture))
        assert source.id == Ingest().ingest(picture).source_id
        assert source.id in repr(source)


def test_an_upload_is_finished_once_and_stays_refused(picture: bytes) -> None:
    upload = Upload()
    upload.push(picture)
    upload.finish()
    for call in (upload.finish, lambda: upload.push(b""), lambda: len(upload)):
        with pytest.raises(ValueError, match="finished"):
            call()
    refused = Upload(max_bytes=5)
    for _ in range(2):
        with pytest.raises(UploadError, match="6 bytes"):
            refused.push(b"GIF89a")
    with pytest.raises(UploadError, match="6 bytes"):
        refused.finish()
    with pytest.raises(UploadError, match="empty"):
        Upload().finish()


def test_a_source_of_wider_limits_is_checked_again(picture: bytes) -> None:
    upload = Upload()
    upload.push(picture)
    with pytest.raises(UploadError) as caught:
        Ingest(max_bytes=1000).ingest(upload.finish())
    assert caught.value.code == "too_large"
