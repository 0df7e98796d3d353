"""The examples run: what they answer to a picture and to what is none."""

import os
from pathlib import Path

import celery_app
import django_app
import fastapi_app
import from_pillow
import pytest
from celery.contrib.testing.worker import start_worker
from conftest import TESTDATA
from django.core.files.uploadedfile import SimpleUploadedFile
from fastapi.testclient import TestClient
from image_ingest import Ingest


def test_pillow_s_code_and_ours_show_the_same_picture(picture: bytes) -> None:
    name, data = from_pillow.with_image_ingest(picture)
    assert name == Ingest().ingest(picture).id and data == Ingest().ingest(picture).bytes
    _, pillows = from_pillow.with_pillow(picture)
    assert pillows[:2] == b"\xff\xd8"
    assert from_pillow.opened(picture).size == (480, 360)


def test_fastapi_takes_bodies_and_forms(picture: bytes) -> None:
    client = TestClient(fastapi_app.app)
    expected = {"id": Ingest().ingest(picture).id, "width": 480, "height": 360}
    assert client.put("/background", content=picture).json() == expected
    answer = client.post("/background", files={"file": ("p.jpg", picture)})
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 422, "empty"), (b"%PDF-1.7", 422, "unknown_format"), (b"GIF89a" + b"\0" * 10_485_755, 413, "too_large")],
)
def test_fastapi_answers_a_refusal_with_its_code(body: bytes, status: int, code: str) -> None:
    answer = TestClient(fastapi_app.app).put("/background", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_django_recognises_while_it_reads(picture: bytes) -> None:
    import django
    from django.test import Client

    django.setup()
    client = Client()
    answer = client.post("/background", {"background": SimpleUploadedFile("p.jpg", picture)})
    assert (answer.status_code, answer.json()["id"]) == (200, Ingest().ingest(picture).id)
    answer = client.post("/background", {"background": SimpleUploadedFile("p.pdf", b"%PDF-1.7")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown_format")
    damaged = (TESTDATA / "bad/truncated").glob("*.jpg")
    answer = client.post("/background", {"background": SimpleUploadedFile("p.jpg", next(damaged).read_bytes())})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "truncated")
    answer = client.post("/background", {"other": "field"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "missing")


def test_celery_passes_ids_alone(picture: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_app, "UPLOADS", tmp_path / "uploads")
    monkeypatch.setattr(celery_app, "BACKGROUNDS", tmp_path / "backgrounds")
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads/one").write_bytes(picture)
    (tmp_path / "uploads/two").write_bytes(b"no picture")
    with start_worker(celery_app.app, perform_ping_check=False, pool="solo"):
        one = celery_app.make_canonical.delay("one").get(timeout=30)
        two = celery_app.make_canonical.delay("two").get(timeout=30)
    assert one == {"upload": "one", "code": "ok", "id": Ingest().ingest(picture).id}
    assert two == {"upload": "two", "code": "unknown_format"}
    assert os.listdir(tmp_path / "backgrounds") == [f"{one['id']}.jpg"]
