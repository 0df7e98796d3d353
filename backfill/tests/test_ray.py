"""The job on a Ray cluster of two nodes on loopback, over S3."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from blake3 import blake3
from conftest import EXPECTED, MISSING_KEY, Bucket, Job, files, until
from engines import driver, kill_a_worker, programs

pytest.importorskip("ray", reason="Ray is not installed")


@pytest.fixture
def cluster() -> Iterator[Any]:
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "1"
    from ray.cluster_utils import Cluster

    # A node on 127.0.0.1 waits for ever for itself.
    head = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False, "node_ip_address": "127.0.0.2"}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.second = cluster.add_node(num_cpus=1, object_store_memory=100 << 20, node_ip_address="127.0.0.3")
    yield cluster
    cluster.shutdown()


def test_poison_a_killed_worker_and_a_lost_node_cost_no_row(cluster: Any, bucket: Bucket) -> None:
    job = Job(bucket)
    job.fill(files())
    job.plan([*EXPECTED, MISSING_KEY], rows_per_shard=20)
    poison = sorted(job.manifest)[150]
    job.environment["IMAGE_INGEST_POISON"] = "src_" + blake3(bucket.get(f"source/{poison}")).hexdigest()
    running = driver(job, "ray", "--address", cluster.address)
    until(lambda: job.status()["done"] >= 2, 120)
    kill_a_worker(job)
    until(lambda: job.status()["done"] >= 5, 120)
    cluster.remove_node(cluster.second, allow_graceful=False)
    out, err = running.communicate(timeout=400)
    assert running.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1] == {"missing": []}
    rows = job.check(**{poison.replace("/", "__"): "worker_failed"})
    assert len(rows) == len(EXPECTED) + 1 >= 400
    assert len(job.attempts(rows[poison]["shard"])) == 2, "poison is tried twice"
    assert job.call("commit").returncode == 0


def test_a_killed_driver_is_followed_by_another(cluster: Any, bucket: Bucket) -> None:
    job = Job(bucket)
    job.fill(files())
    job.plan(rows_per_shard=20)
    first = driver(job, "ray", "--address", cluster.address)
    until(lambda: job.status()["done"] >= 3, 120)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = job.status()["done"]
    assert done < job.status()["shards"]
    second = driver(job, "ray", "--address", cluster.address)
    out, err = second.communicate(timeout=400)
    assert second.returncode == 0, err
    assert len(out.splitlines()) - 1 <= job.status()["shards"] - done
    job.check()
    until(lambda: not programs(job), 30)
