"""The job on a Spark cluster of two executors on loopback, over S3."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from blake3 import blake3
from conftest import EXPECTED, MISSING_KEY, Bucket, Job, files, until
from engines import ancestors, driver, kill_a_worker, processes

pytest.importorskip("pyspark", reason="PySpark is not installed")

CLUSTER = {
    "spark.master": "local-cluster[2,1,1024]",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executorEnv.SPARK_LOCAL_IP": "127.0.0.1",
    "spark.executor.memory": "512m",
    "spark.ui.enabled": "false",
    "spark.task.maxFailures": "4",
}


def started(job: Job, folder: Path) -> "subprocess.Popen[str]":
    """A driver whose Spark keeps its files in `folder`, and on whose PATH no `python3` works."""
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf/spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in CLUSTER.items()))
    places = {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_DIRS": str(folder / "local")}
    broken = folder / "bin/python3"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return driver(job, "spark", **places, SPARK_LOCAL_IP="127.0.0.1", PATH=path)


def executors(running: "subprocess.Popen[str]") -> list[int]:
    """The executors' processes below this driver."""
    found = processes("org.apache.spark.executor.CoarseGrainedExecutorBackend")
    return [process for process in found if running.pid in ancestors(process)]


def test_poison_a_killed_worker_and_a_lost_executor_cost_no_row(bucket: Bucket, tmp_path: Path) -> None:
    job = Job(bucket)
    job.fill(files())
    job.plan([*EXPECTED, MISSING_KEY], rows_per_shard=10)
    poison = sorted(job.manifest)[150]
    job.environment["IMAGE_INGEST_POISON"] = "src_" + blake3(bucket.get(f"source/{poison}")).hexdigest()
    running = started(job, tmp_path)
    until(lambda: job.status()["done"] >= 2, 300)
    kill_a_worker(job)
    os.kill(executors(running)[0], signal.SIGKILL)
    out, err = running.communicate(timeout=400)
    assert running.returncode == 0, err[-3000:]
    assert json.loads(out.splitlines()[-1]) == {"missing": []}
    rows = job.check(**{poison.replace("/", "__"): "worker_failed"})
    assert len(rows) >= 400
    assert len(job.attempts(rows[poison]["shard"])) == 2, "poison is tried twice"


def test_a_killed_driver_is_followed_by_another(bucket: Bucket, tmp_path: Path) -> None:
    job = Job(bucket)
    job.fill(files())
    job.plan(rows_per_shard=20)
    first = started(job, tmp_path)
    until(lambda: job.status()["done"] >= 3, 300)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = started(job, tmp_path)
    _, err = second.communicate(timeout=400)
    assert second.returncode == 0, err[-3000:]
    job.check()
