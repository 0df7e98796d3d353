"""Many uploads: order, tags, refusals, what the iterable raises, and how a batch ends."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import TESTDATA, goldens
from image_ingest import Background, CancellationToken, Ingest, ServiceError, Source, Upload, UploadError
from typing_extensions import Buffer


def test_results_come_in_order_with_the_ids_of_single_calls() -> None:
    rows = goldens()[:60]
    uploads = ((row.file, (TESTDATA / row.file).read_bytes()) for row in rows)
    results = list(Ingest().batch(uploads, jobs=3, memory_budget=1 << 28))
    assert [tag for tag, _ in results] == [row.file for row in rows]
    assert [result.id for _, result in results if isinstance(result, Background)] == [row.id for row in rows]


def test_a_refusal_is_a_result_and_stops_nothing(picture: bytes) -> None:
    upload = Upload()
    upload.push(picture)
    uploads: list[Buffer | Source] = [picture, b"%PDF", bytearray(100), upload.finish(), b""]
    results = list(Ingest(max_bytes=50_000).batch(uploads, jobs=2))
    assert [getattr(result, "code", "ok") for result in results] == ["ok", "unknown_format", "unknown_format", "ok", "empty"]
    assert isinstance(results[1], UploadError)
    large = list(Ingest(max_bytes=50).batch([bytearray(100), picture, b"GIF"], jobs=1))
    assert [getattr(result, "code", "ok") for result in large] == ["too_large", "too_large", "unknown_format"]
    budget = list(Ingest().batch([picture], memory_budget=1000))
    assert [getattr(result, "code", "ok") for result in budget] == ["limit_exceeded"]


def test_what_the_iterable_raises_is_raised_in_its_place(picture: bytes) -> None:
    def uploads() -> Iterator[bytes]:
        yield picture
        yield b"no picture"
        raise OSError("the disk is gone")

    batch = Ingest().batch(uploads(), jobs=2)
    assert isinstance(next(batch), Background)
    assert isinstance(next(batch), UploadError)
    with pytest.raises(OSError, match="disk"):
        next(batch)
    assert list(batch) == []

    mixed: list[Any] = [picture, "text", picture]
    batch = Ingest().batch(mixed, jobs=1)
    assert isinstance(next(batch), Background)
    with pytest.raises(TypeError, match="'str'"):
        next(batch)
    assert list(batch) == []
    with pytest.raises(TypeError):
        Ingest().batch(5)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="length"):
        triple: list[Any] = [(1, picture, 3)]
        next(Ingest().batch(triple))


def test_uploads_are_asked_for_when_a_thread_is_free(picture: bytes) -> None:
    asked = 0

    def uploads() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield picture

    with Ingest().batch(uploads(), jobs=2) as batch:
        assert asked == 0
        next(batch)
        assert asked < 100
    assert list(batch) == []


def test_other_threads_run_while_a_batch_waits(slow: bytes) -> None:
    beats = 0
    ended = threading.Event()

    def beat() -> None:
        nonlocal beats
        while not ended.is_set():
            beats += 1
            time.sleep(0.001)

    thread = threading.Thread(target=beat)
    thread.start()
    results = list(Ingest().batch([slow, slow], jobs=1))
    ended.set()
    thread.join()
    assert all(isinstance(result, Background) for result in results)
    assert beats > 20


def test_closing_or_cancelling_a_batch_stops_its_jobs(slow: bytes) -> None:
    started = time.monotonic()
    batch = Ingest().batch([slow] * 100, jobs=2)
    next(batch)
    batch.close()
    assert list(batch) == []
    token = CancellationToken()
    batch = Ingest().batch([slow] * 100, jobs=2, cancellation=token)
    next(batch)
    token.cancel()
    rest = list(batch)
    assert len(rest) == 99 and all(isinstance(result, (ServiceError, Background)) for result in rest)
    assert sum(isinstance(result, ServiceError) for result in rest) > 90
    assert time.monotonic() - started < 30


def test_a_batch_cannot_be_entered_from_its_own_iterable(picture: bytes) -> None:
    def uploads() -> Iterator[bytes]:
        next(batch)
        yield picture

    batch = Ingest().batch(uploads(), jobs=1)
    with pytest.raises(RuntimeError, match="at work"):
        next(batch)


@pytest.mark.parametrize("jobs", [0, 4097])
def test_jobs_are_at_least_one(jobs: int) -> None:
    with pytest.raises(ValueError, match="jobs"):
        Ingest().batch([], jobs=jobs)
    assert list(Ingest().batch([], jobs=1)) == []
