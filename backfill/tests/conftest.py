"""What the tests share: a job over the repository's test files, local folders or an S3 server on loopback as its storage, and
the check that every result must pass.

The program is a debug build, which has the named points at which a test ends it. `IMAGE_INGEST_BACKFILL` names it, and
`IMAGE_INGEST_CLI` the command line whose ids are compared.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3

PROGRAM = os.environ.get("IMAGE_INGEST_BACKFILL", "image-ingest-backfill")
COMMAND_LINE = os.environ.get("IMAGE_INGEST_CLI")
TESTDATA = Path(__file__).resolve().parents[2] / "testdata"
MISSING_KEY = "missing/none.jpg"


def expected() -> dict[str, tuple[str, str | None]]:
    """Code and content id of every file of testdata, by its key."""
    rows = (line.split("\t") for line in (TESTDATA / "golden.tsv").read_text().splitlines()[1:])
    accepted = {file: ("ok", id) for file, _, id, _ in rows}
    refused = {str(path.relative_to(TESTDATA)): (path.parent.name, None) for path in (TESTDATA / "bad").glob("*/*")}
    return accepted | refused


EXPECTED = expected()


class Storage:
    """Where a job's four places are: folders below one, or prefixes of one bucket."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self.url = url
        self.environment = {**os.environ, **environment}

    def put(self, key: str, data: bytes) -> None:
        raise NotImplementedError

    def get(self, key: str) -> bytes:
        raise NotImplementedError

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, without it."""
        raise NotImplementedError


class Folders(Storage):
    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), {})
        self.folder = folder

    def put(self, key: str, data: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def keys(self, prefix: str) -> list[str]:
        root = self.folder / prefix
        found = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        # A write that a kill cut short may leave its temporary file, which the store's own listing hides, too.
        return sorted(key for key in found if "#" not in key)


class Bucket(Storage):
    def __init__(self, endpoint: str, bucket: str) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        super().__init__(f"s3://{bucket}", {**keys, "AWS_ENDPOINT_URL": endpoint})
        self.bucket = bucket
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.client.create_bucket(Bucket=bucket)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{prefix}/")
        return sorted(item["Key"][len(prefix) + 1 :] for page in pages for item in page.get("Contents", []))


class Job:
    """One job, and the program that works on it."""

    def __init__(self, storage: Storage, name: str = "job") -> None:
        self.storage, self.name = storage, name
        self.environment: dict[str, str] = {}
        self.manifest: dict[str, str | None] = {}

    def fill(self, files: dict[str, bytes]) -> None:
        for key, data in files.items():
            self.storage.put(f"source/{key}", data)

    def plan(self, keys: list[str] | None = None, rows_per_shard: int = 50, **flags: str | list[str]) -> dict[str, Any]:
        """Plans over these keys, with a Parquet manifest, or over the listing of the source.

        `flags` are those of the command; a list gives one several times.
        """
        if keys is None:
            self.manifest = dict.fromkeys(self.storage.keys("source"))
            url = f"{self.storage.url}/source/"
        else:
            self.manifest = dict.fromkeys(keys)
            table = pa.table({"key": keys})
            out = io.BytesIO()
            pq.write_table(table, out)
            self.storage.put("manifest.parquet", out.getvalue())
            url = f"{self.storage.url}/manifest.parquet"
        done = self.call_plan(url, rows_per_shard, **flags)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def call_plan(self, manifest: str, rows_per_shard: int = 50, **flags: str | list[str]) -> subprocess.CompletedProcess[str]:
        places = ["--source", f"{self.storage.url}/source", "--target", f"{self.storage.url}/target"]
        extra = []
        for name, given in flags.items():
            for value in [given] if isinstance(given, str) else given:
                extra += [f"--{name.replace('_', '-')}", value]
        return self.call("plan", "--manifest", manifest, *places, "--rows-per-shard", str(rows_per_shard), *extra)

    def command(self, command: str, *arguments: str) -> list[str]:
        return [PROGRAM, command, "--state", f"{self.storage.url}/state", "--name", self.name, *arguments]

    def call(self, command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.storage.environment, **self.environment, **environment}
        command_line = self.command(command, *arguments)
        return subprocess.run(command_line, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        environment = {**self.storage.environment, **self.environment, **environment}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(self.command("run", *arguments), env=environment, **pipes)  # type: ignore[call-overload]

    def run(self, *arguments: str, **environment: str) -> list[dict[str, Any]]:
        done = self.call("run", *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.call("status", *arguments).stdout)

    def attempts(self, shard: int) -> list[str]:
        return self.storage.keys(f"state/{self.name}/attempts/{shard:05}")

    def results(self) -> pa.Table:
        files = self.storage.keys(f"state/{self.name}/results")
        tables = [pq.read_table(io.BytesIO(self.storage.get(f"state/{self.name}/results/{file}"))) for file in files]
        return pa.concat_tables(tables)

    def check(self, **exceptions: str) -> dict[str, dict[str, Any]]:
        """Every result must pass: rows are the manifest's, ids and codes are right, objects are those that rows name.

        `exceptions` are keys, with `/` as `__`, whose code is another than testdata's. Returns the rows by key.
        """
        others = {key.replace("__", "/"): code for key, code in exceptions.items()}
        table = self.results()
        rows = {row["source_key"]: row for row in table.to_pylist()}
        assert table.num_rows == len(rows), "a row is there twice"
        assert rows.keys() == self.manifest.keys(), "rows are not the manifest's"
        for key, row in rows.items():
            code, id = EXPECTED.get(key, ("not_found", None))
            code = others.get(key, code)
            assert row["code"] == code, row
            if code == "ok":
                assert row["id"] == id and row["object_key"].endswith(f"/{id}.jpg"), row
                assert json.loads(row["receipt"])["memory_bytes"] > 0
            else:
                assert row["id"] is row["object_key"] is None and row["message"], row
            assert row["fingerprint"] == "v1-fit2048-jpeg85-ffffff" and row["finished_at"] is not None
        self.check_objects(rows)
        return rows

    def check_objects(self, rows: dict[str, dict[str, Any]]) -> None:
        """The target has the images that rows name, renditions included, and no others; each is what its key says."""
        named = {row["object_key"]: row["size"] for row in rows.values() if row["code"] == "ok"}
        for row in rows.values():
            for rendition in row["renditions"]:
                assert rendition["object_key"].endswith(f"/{rendition['id']}.jpg"), row
                named[rendition["object_key"]] = rendition["size"]
        objects = self.storage.keys("target")
        assert set(objects) == named.keys(), "an object is missing or an orphan"
        for key in objects:
            data = self.storage.get(f"target/{key}")
            assert key.endswith(f"obj_{blake3(data).hexdigest()}.jpg") and len(data) == named[key]


def files(count: int | None = None) -> dict[str, bytes]:
    """Test files by key: the small ones first where a count is given."""
    keys = sorted(EXPECTED)
    if count is not None:
        keys = sorted(keys, key=lambda key: ((TESTDATA / key).stat().st_size, key))[:count]
    return {key: (TESTDATA / key).read_bytes() for key in keys}


@pytest.fixture
def local(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "storage")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    moto = shutil.which("moto_server", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    assert moto is not None, "moto is not installed"
    port = free_port()
    server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: accepts(port), 60)
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture
def bucket(s3_endpoint: str, request: pytest.FixtureRequest) -> Bucket:
    name = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())
    return Bucket(s3_endpoint, f"b-{abs(hash(name)) % 10**8}-{name[:40].strip('-')}")


@pytest.fixture(params=["local", "bucket"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each kind of storage in turn."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
