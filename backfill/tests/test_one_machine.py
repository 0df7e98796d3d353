"""The protocol on one machine: over folders, and over S3."""

import io
import json
import os
import signal
import subprocess
import threading

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3
from conftest import COMMAND_LINE, EXPECTED, MISSING_KEY, PROGRAM, TESTDATA, Bucket, Folders, Job, Storage, files, until


def test_every_row_of_the_manifest_is_one_row_of_the_results(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files())
    planned = job.plan([*EXPECTED, MISSING_KEY], rows_per_shard=100)
    assert (planned["rows"], planned["shards"]) == (len(EXPECTED) + 1, -(-(len(EXPECTED) + 1) // 100))
    assert len(EXPECTED) >= 400
    status = job.status()
    assert (status["done"], len(status["missing"])) == (0, planned["shards"])
    lines = job.run()
    assert [line["outcome"] for line in lines[:-1]] == ["committed"] * planned["shards"]
    assert lines[-1]["missing"] == []
    rows = job.check()
    assert rows[MISSING_KEY]["code"] == "not_found" and not rows[MISSING_KEY]["retryable"]
    assert {row["attempt"] for row in rows.values()} == {0}
    assert all(row["source_etag"] and row["source_bytes"] >= 0 for key, row in rows.items() if key != MISSING_KEY)
    codes = job.status("--codes")
    assert codes["codes"]["ok"] == sum(code == "ok" for code, _ in EXPECTED.values())
    assert codes["retryable"] == 0

    assert [line["missing"] for line in job.run()] == [[]], "a second run has nothing to do"
    committed = job.call("commit")
    assert committed.returncode == 0, committed.stderr
    manifest = json.loads(storage.get("state/job/manifest.json"))
    assert sum(file["rows"] for file in manifest["results"]) == len(rows)
    for file in manifest["results"]:
        data = storage.get(f"state/job/{file['file']}")
        assert (len(data), blake3(data).hexdigest()) == (file["bytes"], file["blake3"])
    assert json.loads(job.call("commit").stdout)["outcome"] == "already"
    assert job.call("retry").returncode == 2, "a committed job stands"


def test_duckdb_and_pandas_read_the_results(local: Folders) -> None:
    job = Job(local)
    job.fill(files(60))
    job.plan(rows_per_shard=20)
    job.run()
    job.check()
    results = f"{local.folder}/state/job/results"
    query = f"select code, count(*), sum(size), max(finished_at) from '{results}/*.parquet' group by code"
    counted = {code: count for code, count, _, _ in duckdb.sql(query).fetchall()}
    frame = pandas.read_parquet(results)
    assert counted == frame["code"].value_counts().to_dict()
    assert list(frame.columns) == [
        "source_key", "source_etag", "source_bytes", "code", "retryable", "message", "limit", "actual", "source_id", "id",
        "object_key", "size", "width", "height", "receipt", "fingerprint", "shard", "attempt", "worker", "cpu_ms", "finished_at",
        "renditions",
    ]  # fmt: skip
    assert str(frame["finished_at"].dtype).startswith("datetime64[us, UTC")


RENDITIONS = ["thumb=cover:64x64@0.5,0.3:jpeg82", "card=fit:640"]


def test_every_accepted_row_has_its_renditions_under_the_ids_of_the_command_line(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files())
    planned = job.plan(rows_per_shard=100, rendition=RENDITIONS)
    assert planned["rendition_fingerprints"] == {"card": "r1-fit640-jpeg85", "thumb": "r1-cover64x64@0.5,0.3-jpeg82"}
    assert job.run()[-1]["missing"] == []
    rows = job.check()
    for row in rows.values():
        names = [rendition["name"] for rendition in row["renditions"]]
        assert names == (["card", "thumb"] if row["code"] == "ok" else []), row
    shared = [row for row in rows.values() if row["object_key"] in [rendition["object_key"] for rendition in row["renditions"]]]
    assert shared, "what is smaller than its rendition is one object with it"
    if not COMMAND_LINE:
        pytest.skip("IMAGE_INGEST_CLI names no command line to compare with")
    flags = [flag for rendition in RENDITIONS for flag in ("--rendition", rendition)]
    done = subprocess.run([COMMAND_LINE, "ingest", str(TESTDATA), *flags], capture_output=True, text=True, check=False)
    lines = {os.path.relpath(line["path"], TESTDATA): line for line in map(json.loads, done.stdout.splitlines())}
    for key, row in rows.items():
        ours = {made["name"]: [made["id"], made["width"], made["height"], made["size"]] for made in row["renditions"]}
        theirs = lines[key].get("renditions", {})
        assert ours == {name: [made[field] for field in ("id", "width", "height", "bytes")] for name, made in theirs.items()}


def test_duckdb_and_pandas_read_renditions(local: Folders) -> None:
    job = Job(local)
    job.fill(files(60))
    job.plan(rows_per_shard=20, rendition=RENDITIONS)
    job.run()
    rows = job.check()
    results = f"{local.folder}/state/job/results"
    query = f"""select made.name, count(*), sum(made.size), max(made.width)
        from (select unnest(renditions) as made from '{results}/*.parquet') group by 1 order by 1"""
    frame = pandas.read_parquet(results)
    flat = pandas.json_normalize([made for renditions in frame["renditions"] for made in renditions])
    by_name = flat.groupby("name").agg(count=("id", "count"), size=("size", "sum"), width=("width", "max"))
    assert duckdb.sql(query).fetchall() == [(name, *map(int, values)) for name, *values in by_name.itertuples()]
    assert by_name["count"].to_dict() == dict.fromkeys(["card", "thumb"], sum(row["code"] == "ok" for row in rows.values()))


def test_a_job_is_of_its_renditions(local: Folders) -> None:
    job = Job(local)
    job.fill(files(10))
    job.plan(rendition=RENDITIONS)
    source = f"{local.folder}/source/"
    again = job.call_plan(source, rendition=RENDITIONS[::-1])
    assert json.loads(again.stdout)["outcome"] == "already", "the order of the flags decides nothing"
    for other in ([], RENDITIONS[:1], [RENDITIONS[0], "card=fit:320"], [RENDITIONS[0], "small=fit:640"]):
        refused = job.call_plan(source, rendition=other)
        assert refused.returncode == 2 and "differs in canonical, rendition_fingerprints" in refused.stderr, refused.stderr
    for wrong in (["card"], ["card=640"], ["Card=fit:640"], ["card=fit:0"], ["card=fit:5", "card=fit:6"]):
        refused = job.call_plan(source, rendition=wrong)
        assert refused.returncode == 2 and "card" in refused.stderr.lower(), wrong
    text = json.loads(local.get("state/job/job.json"))
    newer = {**text["rendition_fingerprints"], "card": "r2-fit640-jpeg85"}
    local.put("state/job/job.json", json.dumps({**text, "rendition_fingerprints": newer}).encode())
    refused = job.call("run")
    assert refused.returncode == 2 and "card=r2-fit640-jpeg85" in refused.stderr


@pytest.mark.parametrize("point", ["after_attempt", "after_object", "after_rendition", "before_result", "after_result"])
def test_a_crash_at_any_point_loses_and_doubles_nothing(storage: Storage, point: str) -> None:
    job = Job(storage)
    job.fill({key: data for key, data in files(150).items() if EXPECTED[key][0] == "ok"})
    job.plan(rows_per_shard=20, rendition=RENDITIONS)
    crashed = job.call("run", IMAGE_INGEST_CRASH_AT=point)
    assert crashed.returncode == -signal.SIGABRT
    assert job.status()["done"] == (1 if point == "after_result" else 0)
    assert job.call("commit").returncode == 3
    job.run()
    rows = job.check()
    attempts = [0] if point == "after_result" else [0, 1]
    assert sorted({row["attempt"] for row in rows.values()}) == attempts
    assert job.attempts(0) == [str(attempt) for attempt in attempts]


def test_a_file_that_kills_its_decoder_is_tried_twice_and_costs_no_other_row(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files(40))
    job.plan(rows_per_shard=20, rendition=RENDITIONS)
    key = sorted(job.manifest)[5]
    job.environment["IMAGE_INGEST_POISON"] = "src_" + blake3(storage.get(f"source/{key}")).hexdigest()
    assert job.call("run").returncode == -signal.SIGABRT, "the first attempt has no child process"
    lines = job.run()
    assert lines[-1]["missing"] == []
    rows = job.check(**{key.replace("/", "__"): "worker_failed"})
    assert "signal: 6" in rows[key]["message"] and not rows[key]["retryable"]
    assert job.attempts(0) == ["0", "1"] and job.attempts(1) == ["0"]
    assert json.loads(job.call("retry").stdout.splitlines()[0])["reopened"] == []
    assert job.attempts(0) == ["0", "1"], "it is not tried a third time"


def test_of_four_racers_on_a_shard_one_is_first_and_the_others_drop_their_rows(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files(60))
    job.plan(rows_per_shard=60)
    racers = [job.start("--shard", "0") for _ in range(4)]
    lines = [json.loads(racer.communicate(timeout=120)[0].splitlines()[0]) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    outcomes = sorted(line["outcome"] for line in lines)
    assert outcomes.count("committed") == 1 and set(outcomes) <= {"committed", "lost", "already"}
    rows = job.check()
    winner = next(line for line in lines if line["outcome"] == "committed")
    assert {row["attempt"] for row in rows.values()} == {winner["attempt"]}


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_killed_or_stopped_leaves_nothing_half(storage: Storage, kind: signal.Signals) -> None:
    job = Job(storage)
    job.fill(files())
    job.plan(rows_per_shard=20)
    run = job.start("--jobs", "1")
    assert json.loads(run.stdout.readline())["outcome"] == "committed"  # type: ignore[union-attr]
    run.send_signal(kind)
    run.communicate(timeout=30)
    assert run.returncode == (-signal.SIGKILL if kind == signal.SIGKILL else 130)
    left = job.status()["missing"]
    assert left
    for shard in left:
        assert job.attempts(shard) in ([], ["0"] if kind == signal.SIGKILL else [])
    job.run()
    job.check()


def test_a_run_stops_with_its_standard_input_where_it_is_told_to(local: Folders) -> None:
    job = Job(local)
    job.fill(files())
    job.plan(rows_per_shard=1000)
    command = job.command("run", "--stop-with-stdin", "--jobs", "1")
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=local.environment)
    until(lambda: job.attempts(0))
    assert run.poll() is None
    run.communicate(timeout=30)
    assert run.returncode == 130
    assert job.attempts(0) == [], "nothing died, so the next attempt is the first"


def test_a_source_that_changed_since_the_manifest_is_named(storage: Storage) -> None:
    job = Job(storage)
    pictures = files(30)
    job.fill(pictures)
    job.plan(rows_per_shard=10)
    changed, gone, *_ = (key for key in sorted(pictures) if EXPECTED[key][0] == "ok")
    storage.put(f"source/{changed}", pictures[gone] + b"more")
    (storage.folder / "source" / gone).unlink() if isinstance(storage, Folders) else storage.client.delete_object(  # type: ignore[attr-defined]
        Bucket=storage.bucket, Key=f"source/{gone}"  # type: ignore[attr-defined]
    )
    job.run()
    names = {changed.replace("/", "__"): "source_changed", gone.replace("/", "__"): "not_found"}
    rows = job.check(**names)
    assert not rows[changed]["retryable"] and rows[changed]["source_etag"]


def test_a_manifest_s_etags_are_asked_for_with_and_without_quotes(bucket: Bucket) -> None:
    job = Job(bucket)
    pictures = files(10)
    job.fill(pictures)
    listed = bucket.client.list_objects_v2(Bucket=bucket.bucket, Prefix="source/")["Contents"]
    etags = {item["Key"][7:]: item["ETag"].strip('"') for item in listed}
    lines = [f"{key},{etag},{len(pictures[key])}" for key, etag in etags.items()]
    bucket.put("manifest.csv", "\n".join(["key,etag,size", *lines]).encode())
    job.manifest = dict.fromkeys(pictures)
    assert job.call_plan(f"{bucket.url}/manifest.csv").returncode == 0
    job.run()
    job.check()


def test_what_cannot_be_read_or_is_too_large_is_a_row(local: Folders) -> None:
    job = Job(local)
    job.fill(files(20))
    job.fill({"large.jpg": b"\xff\xd8\xff" + bytes(30_000)})
    odd = ["a//b.jpg", "../up.jpg", "large.jpg"]
    job.plan([*files(20), *odd], max_bytes="20000")
    job.run()
    rows = {row["source_key"]: row for row in job.results().to_pylist()}
    assert rows.keys() == job.manifest.keys()
    assert [rows[key]["code"] for key in odd] == ["invalid_key", "invalid_key", "too_large"]
    assert (rows["large.jpg"]["limit"], rows["large.jpg"]["actual"]) == (20_000, 30_003)


def test_every_kind_of_manifest_of_the_same_rows_is_the_same_job(local: Folders) -> None:
    job = Job(local)
    keys = sorted(files(30))
    job.fill(files(30))
    first = job.plan(list(reversed(keys)))
    assert first["outcome"] == "planned"
    table = pa.table({"other": [1] * 30, "key": pa.array(keys).dictionary_encode(), "size": pa.nulls(30, pa.int32())})
    out = io.BytesIO()
    pq.write_table(table, out, compression="gzip")
    local.put("m2.parquet", out.getvalue())
    local.put("m.csv", ("key\n" + "\n".join(keys)).encode())
    local.put("m.txt", "\n".join(keys).encode())
    for name in ("m2.parquet", "m.csv", "m.txt"):
        again = job.call_plan(f"{local.folder}/{name}")
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout) == {**first, "outcome": "already", "shards_written": 0}
    local.put("m.txt", "\n".join(keys[1:]).encode())
    other = job.call_plan(f"{local.folder}/m.txt")
    assert other.returncode == 2 and "manifest_blake3, rows" in other.stderr
    other = job.call_plan(f"{local.folder}/m.csv", quality="70")
    assert other.returncode == 2 and "canonical, fingerprint" in other.stderr


def test_an_unfinished_plan_is_finished_by_the_same_plan(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files(30))
    job.plan(rows_per_shard=10)
    if isinstance(storage, Folders):
        (storage.folder / "state/job/shards/00001.parquet").unlink()
    else:
        storage.client.delete_object(Bucket=storage.bucket, Key="state/job/shards/00001.parquet")  # type: ignore[attr-defined]
    run = job.call("run")
    assert run.returncode == 1 and "plan again" in run.stderr
    assert job.plan(rows_per_shard=10)["shards_written"] == 1
    job.run()
    job.check()


def test_runs_share_shards_by_index(local: Folders) -> None:
    job = Job(local)
    job.fill(files(60))
    job.plan(rows_per_shard=10)
    second = job.run("--index", "1", "--of", "3")
    assert [line["shard"] for line in second[:-1]] == [1, 4]
    assert job.call("status").returncode == 3
    for index in ("0", "2"):
        job.run("--index", index, "--of", "3")
    assert job.call("status").returncode == 0
    job.check()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--shard", "9"],
        ["run", "--index", "2", "--of", "2"],
        ["run", "--index", "0"],
        ["run", "--jobs", "0"],
        ["run", "--memory", "1"],
        ["run", "--unknown"],
        ["nothing"],
    ],
)
def test_arguments_that_make_no_sense_end_with_2(local: Folders, arguments: list[str]) -> None:
    job = Job(local)
    job.fill(files(5))
    job.plan()
    done = job.call(*arguments)
    assert done.returncode == 2 and done.stderr


def test_what_is_no_manifest_ends_with_2(local: Folders) -> None:
    job = Job(local)
    job.fill(files(5))
    local.put("twice.txt", b"a\nb\na\n")
    local.put("none.csv", b"name\na\n")
    local.put("broken.parquet", b"PAR1")
    local.put("other.json", b"{}")
    for name in ("twice.txt", "none.csv", "broken.parquet", "other.json", "missing.csv", "target/"):
        done = job.call_plan(f"{local.folder}/{name}")
        assert done.returncode == 2 and name.rstrip("/") in done.stderr, name
    assert job.call("run").returncode == 2, "there is no job"


def test_small_memory_and_many_fetches_change_no_result(local: Folders) -> None:
    job = Job(local)
    job.fill(files())
    job.plan(rows_per_shard=1000)
    job.run("--memory", "64", "--io", "200", "--jobs", "3")
    job.check()


def test_an_empty_manifest_is_a_job_without_shards(local: Folders) -> None:
    job = Job(local)
    local.put("m.txt", b"")
    (local.folder / "source").mkdir()
    assert json.loads(job.call_plan(f"{local.folder}/m.txt").stdout)["shards"] == 0
    assert job.run()[-1]["missing"] == []
    assert job.call("commit").returncode == 0


def test_many_plans_at_once_are_one(storage: Storage) -> None:
    job = Job(storage)
    job.fill(files(30))
    lines: list[str] = []
    plan = lambda: lines.append(job.call_plan(f"{storage.url}/source/", rows_per_shard=5).stdout)  # noqa: E731
    threads = [threading.Thread(target=plan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = [json.loads(line)["outcome"] for line in lines]
    assert sorted(outcomes) == ["already", "already", "already", "planned"]
    assert sum(json.loads(line)["shards_written"] for line in lines) == 6


def test_a_newer_program_s_job_is_refused(local: Folders) -> None:
    job = Job(local)
    job.fill(files(5))
    job.plan()
    text = json.loads(local.get("state/job/job.json"))
    for change in ({"protocol": 2}, {"fingerprint": "v2-fit2048-jpeg85-ffffff"}, {"unknown": 1}):
        local.put("state/job/job.json", json.dumps({**text, **change}).encode())
        assert job.call("run").returncode == 2


def test_release_builds_have_no_named_points() -> None:
    release = os.environ.get("IMAGE_INGEST_BACKFILL_RELEASE")
    if not release:
        pytest.skip("IMAGE_INGEST_BACKFILL_RELEASE names no release build")
    assert b"IMAGE_INGEST_CRASH_AT" not in open(release, "rb").read()
    assert b"IMAGE_INGEST_CRASH_AT" in open(PROGRAM, "rb").read()
