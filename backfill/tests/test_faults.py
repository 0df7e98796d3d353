"""Storage that fails: answers of 503, connections that break, answers that never come. A proxy on loopback stands before the S3
server and makes the faults."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from conftest import EXPECTED, Bucket, Job, files

Fault = Callable[[str, str], str | None]


class Proxy:
    """Passes requests on, but those for which `fault` names a fault: `503`, `reset`, `late` or `after`."""

    def __init__(self, endpoint: str) -> None:
        self.fault: Fault = lambda method, path: None
        self.faults: list[str] = []
        upstream = urlsplit(endpoint).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                fault = proxy.fault(self.command, self.path)
                if fault is not None:
                    proxy.faults.append(fault)
                if fault == "reset":
                    self.connection.close()
                    self.close_connection = True
                    return
                if fault == "late":
                    time.sleep(4)
                    self.close_connection = True
                    return
                if fault == "503":
                    return self.answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                client = http.client.HTTPConnection(upstream, timeout=30)
                client.request(self.command, self.path, body, dict(self.headers))
                answer = client.getresponse()
                data = answer.read()
                if fault == "after":
                    # What was asked for is done, and the answer is lost.
                    self.connection.close()
                    self.close_connection = True
                    return
                self.answer(answer.status, dict(answer.getheaders()), data)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                        self.send_header(name, value)
                length = next((v for n, v in headers.items() if n.lower() == "content-length"), str(len(body)))
                self.send_header("content-length", length if self.command == "HEAD" else str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[Proxy]:
    proxy = Proxy(s3_endpoint)
    yield proxy
    proxy.server.shutdown()


@pytest.mark.parametrize("fault", ["503", "reset", "late", "after"])
def test_faults_that_pass_change_no_result(bucket: Bucket, proxy: Proxy, fault: str) -> None:
    job = Job(bucket)
    job.fill(files(60))
    job.plan(rows_per_shard=20)
    job.environment["AWS_ENDPOINT_URL"] = proxy.url
    job.environment["IMAGE_INGEST_BACKFILL_TIMEOUT"] = "2"
    chance = random.Random(5)
    lock = threading.Lock()

    def sometimes(method: str, path: str) -> str | None:
        with lock:
            return fault if chance.random() < (0.03 if fault == "late" else 0.15) else None

    proxy.fault = sometimes
    job.run()
    proxy.fault = lambda method, path: None
    assert len(proxy.faults) > 3
    rows = job.check()
    assert not any(row["retryable"] for row in rows.values())


def test_a_row_whose_storage_fails_for_long_is_retried_later(bucket: Bucket, proxy: Proxy) -> None:
    job = Job(bucket)
    job.fill(files(30))
    job.plan(rows_per_shard=10)
    job.environment["AWS_ENDPOINT_URL"] = proxy.url
    keys = sorted(job.manifest)
    unread, unstored = (key for key in keys[:10] if EXPECTED[key][0] == "ok") if False else (keys[3], None)
    accepted = [key for key in keys if EXPECTED[key][0] == "ok" and key != unread]
    unstored = accepted[-1]
    target = EXPECTED[unstored][1]

    def bad(method: str, path: str) -> str | None:
        return "reset" if path.endswith(unread) or (method == "PUT" and str(target) in path) else None

    proxy.fault = bad
    job.run(IMAGE_INGEST_BACKFILL_TRIES="2")
    rows = {row["source_key"]: row for row in job.results().to_pylist()}
    failed = {key for key, row in rows.items() if row["code"] == "io"}
    assert {unread, unstored} <= failed and all(rows[key]["retryable"] and rows[key]["id"] is None for key in failed)
    assert job.status("--codes")["retryable"] == len(failed)
    proxy.fault = lambda method, path: None
    before = {key: row["finished_at"] for key, row in rows.items() if key not in failed}

    reopened = job.call("retry", "--reopen")
    assert reopened.returncode == 3
    shards = json.loads(reopened.stdout)["reopened"]
    assert shards == sorted({rows[key]["shard"] for key in failed}) and job.status()["missing"] == shards
    done = job.call("retry")
    assert done.returncode == 0, done.stderr
    rows = job.check()
    assert {key: rows[key]["finished_at"] for key in before} == before, "rows that stand are carried over"
    assert job.call("commit").returncode == 0


def test_a_store_that_is_down_fails_the_run_and_leaves_its_shards(bucket: Bucket, proxy: Proxy) -> None:
    job = Job(bucket)
    job.fill(files(20))
    job.plan(rows_per_shard=10)
    proxy.fault = lambda method, path: "reset"
    down = job.call("run", AWS_ENDPOINT_URL=proxy.url, IMAGE_INGEST_BACKFILL_TRIES="1")
    assert down.returncode == 1 and down.stderr
    job.run()
    job.check()


def test_credentials_that_are_refused_fail_the_run_and_no_row(bucket: Bucket) -> None:
    job = Job(bucket)
    job.fill(files(20))
    assert bucket.url.startswith("s3://")
    planned = job.call("plan", "--manifest", f"{bucket.url}/source/", "--source", f"{bucket.url}/source",
                       "--target", "s3://no-such-bucket-anywhere/t")  # fmt: skip
    assert planned.returncode == 0
    run = job.call("run")
    assert run.returncode == 1
    assert job.status()["done"] == 0 and job.attempts(0) == []
