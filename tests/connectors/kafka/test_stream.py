"""Kafka to files, window by window, for real: on this machine and on Flink."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.kafka.stream import Trouble
from tests.servers.flink import JobServer
from tests.servers.kafka import KafkaServer

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def trouble(kafka: KafkaServer, tmp_path: Path) -> Trouble:
    return Trouble(kafka, tmp_path, partitions=4, each=600)


@pytest.mark.timeout(300)
def test_every_message_counts_once_on_this_machine(trouble: Trouble) -> None:
    trouble.send()
    report = trouble.run(trouble.workflow({}))
    trouble.check(report)


@pytest.mark.timeout(300)
def test_every_message_counts_once_on_flink(trouble: Trouble, flink: JobServer) -> None:
    trouble.send()
    beam: dict[str, Any] = flink.beam(workers=2)
    report = trouble.run(trouble.workflow(beam))
    trouble.check(report)
