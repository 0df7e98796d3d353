"""Values never change, compare, and pickle; arguments are checked."""

import copy
import dataclasses
import json
import pickle

import pytest
from image_ingest import (
    CancellationToken,
    Ingest,
    IngestError,
    Known,
    ServiceError,
    Unchanged,
    Upload,
    UploadError,
)


def test_a_background_pickles_and_compares(picture: bytes) -> None:
    background = Ingest().ingest(picture)
    assert pickle.loads(pickle.dumps(background)) == background
    assert Ingest().ingest(picture) == background, "timings do not count"
    assert Ingest(max_edge=8).ingest(picture) != background
    assert background.id.startswith("obj_") and background.source_id.startswith("src_")
    assert background.bytes[:2] == b"\xff\xd8"
    assert b"\xff" not in repr(background).encode()
    with pytest.raises(dataclasses.FrozenInstanceError):
        background.width = 5  # type: ignore[misc]


def test_a_receipt_is_json_as_a_dict(picture: bytes) -> None:
    receipt = dataclasses.asdict(Ingest().ingest(picture).receipt)
    assert json.loads(json.dumps(receipt))["source"]["orientation"] == 6
    assert receipt["memory_bytes"] > 100_000
    assert all(value >= 0 for value in receipt["timings"].values())


def test_an_ingest_pickles_with_its_arguments() -> None:
    given = Ingest(
        cover=(10, 20), quality=75, matte=(1, 2, 3), max_bytes=5, max_pixels=6, max_memory_bytes=1 << 20, deadline=0.5
    )
    for ingest in (Ingest(), Ingest(7), given):
        for other in (pickle.loads(pickle.dumps(ingest)), copy.deepcopy(ingest), eval(repr(ingest))):
            assert (other, hash(other), repr(other)) == (ingest, hash(ingest), repr(ingest))
            assert other.fingerprint == ingest.fingerprint
    assert len({Ingest(), Ingest(7), given, Ingest(7)}) == 3
    with pytest.raises(AttributeError):
        given.fingerprint = "other"  # type: ignore[misc]
    with pytest.raises(UploadError, match="over the limit of 5"):
        pickle.loads(pickle.dumps(given)).ingest(b"GIF89a")


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_edge": 0},
        {"max_edge": 16_384},
        {"cover": (0, 5)},
        {"quality": 0},
        {"quality": 101},
        {"encoding": "png"},
        {"encoding": "webp"},
        {"deadline": -1.0},
        {"deadline": float("nan")},
    ],
)
def test_a_profile_or_limit_out_of_range_is_a_value_error(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Ingest(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [{"max_edge": -1}, {"quality": 256}, {"max_bytes": -1}, {"matte": (0, 0, 256)}])
def test_a_number_that_no_argument_holds_is_an_overflow_error(arguments: dict[str, object]) -> None:
    with pytest.raises(OverflowError):
        Ingest(**arguments)  # type: ignore[arg-type]


def test_errors_say_who_must_act_and_pickle(picture: bytes, slow: bytes) -> None:
    with pytest.raises(UploadError) as refused:
        Ingest(max_pixels=1000).ingest(picture)
    error = refused.value
    assert isinstance(error, IngestError) and not isinstance(error, ServiceError)
    assert (error.code, error.blame, error.limit, error.actual) == ("too_many_pixels", "upload", 1000, 172_800)
    assert str(error) == "pixels of 172800 is over the limit of 1000"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code, again.limit) == (UploadError, str(error), error.code, error.limit)

    with pytest.raises(UploadError) as late:
        Ingest(deadline=0.02).ingest(slow)
    assert late.value.code == "deadline" and late.value.limit == 20
    assert late.value.actual is not None and 20 <= late.value.actual < 500

    with pytest.raises(UploadError) as empty:
        Ingest().ingest(b"")
    assert (empty.value.code, empty.value.limit, empty.value.actual) == ("empty", None, None)


def test_a_cancelled_job_is_the_service_s(picture: bytes) -> None:
    token = CancellationToken()
    assert Ingest().ingest(picture, cancellation=token).width == 480
    token.cancel()
    with pytest.raises(ServiceError) as caught:
        Ingest().ingest(picture, cancellation=token)
    assert (caught.value.code, caught.value.blame) == ("cancelled", "service")
    with pytest.raises(ServiceError):
        Ingest().ingest_if_changed(picture, Known("obj_" + "0" * 64, ""), cancellation=token)


def test_what_is_known_is_unchanged(picture: bytes) -> None:
    ingest = Ingest()
    first = ingest.ingest(picture)
    known = Known(first.id, first.fingerprint, first.source_id)
    assert ingest.ingest_if_changed(picture, known) == Unchanged(first.source_id)
    assert isinstance(ingest.ingest_if_changed(first.bytes, Known(first.id, first.fingerprint)), Unchanged)
    upload = Upload()
    upload.push(picture)
    assert isinstance(ingest.ingest_if_changed(upload.finish(), known), Unchanged)
    assert Ingest(max_edge=50).ingest_if_changed(picture, known) == Ingest(max_edge=50).ingest(picture)
    for wrong in ("", "obj_", first.source_id):
        with pytest.raises(ValueError, match="64 hex digits"):
            ingest.ingest_if_changed(picture, Known(wrong, ""))


def test_an_inspection_says_what_ingesting_would_give(picture: bytes) -> None:
    inspection = Ingest(max_edge=100).inspect(picture)
    background = Ingest(max_edge=100).ingest(picture)
    assert inspection.canonical_size == (background.width, background.height)
    assert (inspection.source_id, inspection.bytes) == (background.source_id, len(picture))
    assert (inspection.memory_bytes, inspection.coding) == (background.receipt.memory_bytes, "sequential")
    assert inspection.coded_size == background.receipt.source.coded_size == (360, 480)
    with pytest.raises(UploadError):
        Ingest().inspect(b"%PDF-1.7")
