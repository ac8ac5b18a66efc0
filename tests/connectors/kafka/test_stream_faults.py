"""Kafka to files while brokers, workers and task managers die: every message counts once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.connectors.kafka.stream import Trouble
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
