"""Kafka to files while brokers, workers and task managers die: every message counts once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Project, wait_for
from tests.connectors.kafka.stream import Trouble, upgraded
from tests.servers.flink import JobServer
from tests.servers.flink_cluster import FlinkCluster
from tests.servers.kafka import KafkaServer, kafka_server

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[KafkaServer]:
    """One that may be killed."""
    yield from kafka_server()


def meanwhile(trouble: Trouble, *faults: Callable[[], None]) -> threading.Thread:
    """Each fault after more has been committed, then the rest of the messages."""

    def run() -> None:
        limit, done = time.monotonic() + 200, 0
        for fault in faults:
            while sum(trouble.committed()) <= done and time.monotonic() < limit:
                time.sleep(0.2)
            done = sum(trouble.committed())
            fault()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.timeout(400)
def test_a_broker_that_crashes_and_comes_back(own_kafka: KafkaServer, tmp_path: Path) -> None:
    trouble = Trouble(own_kafka, tmp_path, partitions=2, each=600)
    trouble.send(end=400)

    def crash() -> None:
        own_kafka.stop(signal.SIGKILL)
        own_kafka.start()
        trouble.send(start=400)

    faults = meanwhile(trouble, crash)
    report = trouble.run(trouble.workflow({}))
    faults.join()
    trouble.check(report)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_a_hundred_thousand_messages_on_flink_and_a_broker_that_crashes_twice(
    own_kafka: KafkaServer, flink: JobServer, tmp_path: Path
) -> None:
    # No partition counts as idle, which closes its windows, until the second half has come.
    trouble = Trouble(own_kafka, tmp_path, partitions=8, each=12_500, idle_after=60, limit=600)
    trouble.send(end=6_250)

    def crash() -> None:
        own_kafka.stop(signal.SIGKILL)
        own_kafka.start()

    faults = meanwhile(trouble, crash, lambda: trouble.send(start=6_250), crash)
    report = trouble.run(trouble.workflow(flink.beam(workers=4, checkpointing_interval=1000)))
    faults.join()
    trouble.check(report)


@pytest.mark.torture
@pytest.mark.timeout(500)
def test_a_worker_and_a_task_manager_that_are_killed(
    kafka: KafkaServer, cluster: FlinkCluster, tmp_path: Path
) -> None:
    trouble = Trouble(kafka, tmp_path, partitions=4, each=600)
    trouble.send(end=200)

    def kill_worker() -> None:
        os.kill(cluster.workers()[0], signal.SIGKILL)
        trouble.send(start=200, end=400)

    def kill_task_manager() -> None:
        os.killpg(cluster.task_managers[0].pid, signal.SIGKILL)
        cluster.add_task_manager()
        trouble.send(start=400)

    faults = meanwhile(trouble, kill_worker, kill_task_manager)
    report = trouble.run(trouble.workflow(cluster.beam(workers=2, checkpointing_interval=1000)))
    faults.join()
    trouble.check(report)


@pytest.mark.torture
@pytest.mark.timeout(500)
def test_a_run_that_ends_with_a_savepoint_goes_on_with_another_workflow(
    kafka: KafkaServer, cluster: FlinkCluster, tmp_path: Path
) -> None:
    trouble = Trouble(kafka, tmp_path, partitions=4, each=600)
    trouble.send(end=300)
    project = Project(tmp_path)
    workflow = trouble.workflow(cluster.beam(workers=2, checkpointing_interval=1000))
    project.write(workflow)
    launcher = project.start("run", "-c", "workflow.yaml", "--run-dir", str(trouble.run_dir))
    wait_for(lambda: sum(trouble.committed()) > 0, launcher)
    status = project.run("status", str(trouble.run_dir), "--json")
    assert json.loads(status.stdout)["jobState"] == "running", status.stderr
    folder = tmp_path / "savepoints"
    taken = project.run(
        "cancel", str(trouble.run_dir), "--savepoint", f"file://{folder}", limit=120
    )
    assert taken.returncode == 0, taken.stderr
    assert [file.name for file in folder.glob("*/_metadata")]
    launcher.communicate(timeout=60)
    trouble.send(start=300)
    workflow["processors"] = [{"type": f"{upgraded.__module__}.upgraded"}]
    report = trouble.run(workflow, resume=str(trouble.run_dir))
    # What is late is counted from where the run goes on: of that it has seen no time yet.
    names = trouble.names()
    late = set(names) - set(trouble.good)
    assert len(names) == len(set(names)) == len(trouble.good) + len(late)
    assert len(names) + report.dead_letters.count == report.steps[0].in_ == 4 * 600
    assert trouble.committed() == [600] * 4
    lines = [line for file in trouble.out.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert len(lines) / 3 < sum("upgraded" in line for line in lines) < len(lines)
