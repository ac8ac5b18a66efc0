"""The workflow that reads Kafka, into a fake server of OpenMetadata."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from beam_ingest import Workflow
from tests.servers.kafka import KafkaServer
from tests.servers.openmetadata import FakeOpenMetadata

_LIMIT = 60.0


@pytest.mark.server
@pytest.mark.slow
def test_entities_that_come_as_messages_arrive(
    quickstart: Path,
    fake: FakeOpenMetadata,
    kafka: KafkaServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Workflow.from_config("pipelines/quickstart.yaml").run().raise_for_status()
    lines = (quickstart / "out" / "tables.jsonl").read_bytes().splitlines()
    topic = kafka.topic(1)
    kafka.send(topic, [(0, 1_000_000.0, line) for line in lines])
    monkeypatch.setenv("KAFKA", f"127.0.0.1:{kafka.port}")
    monkeypatch.setenv("TOPIC", topic)
    run_dir = quickstart / "run"

    def drain_when_done() -> None:
        limit = time.monotonic() + _LIMIT
        while kafka.committed(topic, "catalogue", 1) != [len(lines)] and time.monotonic() < limit:
            time.sleep(0.2)
        (run_dir / "drain").touch()

    watcher = threading.Thread(target=drain_when_done, daemon=True)
    watcher.start()
    report = Workflow.from_config(
        "pipelines/kafka-to-openmetadata.yaml", sets=["beam.window.fixed=1s"]
    ).run(run_dir=str(run_dir))
    watcher.join(_LIMIT)
    assert report.status == "success", report.sentence
    assert report.steps[0].in_ == len(lines)
    assert "shop.default.main.orders" in fake.store.entities["table"]
