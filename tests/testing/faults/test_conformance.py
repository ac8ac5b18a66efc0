"""A wrapper without faults is as good as what it wraps: it passes the same suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest.testing import (
    BulkSinkSuite,
    ProcessorSuite,
    SinkSuite,
    SourceSuite,
    StageSuite,
    StreamSourceSuite,
)
from tests.testing.broken import processors, sinks, sources, stages, streams

FAULTS = "beam_ingest.testing.faults"
FAULT = [{"at": 1000, "raise": "error"}]


class TestFaultySource(SourceSuite):
    component = f"{FAULTS}.FaultySource"
    config = {
        "wraps": "tests.testing.broken.sources.GoodSource",
        "config": {"token": "abc", "schemas": ["shop", "billing"]},
        "faults": FAULT,
    }
    source_config = {"includeViews": False}
    expected = sources.EXPECTED


class TestFaultyStreamSource(StreamSourceSuite):
    component = f"{FAULTS}.FaultyStreamSource"
    config = {"wraps": "tests.testing.broken.streams.GoodStream", "faults": FAULT}
    expected = streams.EXPECTED


class TestFaultyProcessor(ProcessorSuite):
    component = f"{FAULTS}.FaultyProcessor"
    config = {"wraps": "tests.testing.broken.processors.GoodProcessor", "faults": FAULT}
    records = processors.Suite.records


class TestFaultyStage(StageSuite):
    component = f"{FAULTS}.FaultyStage"
    config = {"wraps": "tests.testing.broken.stages.GoodStage", "faults": FAULT}
    records = stages.Suite.records


class TestFaultySink(SinkSuite):
    component = f"{FAULTS}.FaultySink"
    rejects = sinks.BAD

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        return {
            "wraps": "tests.testing.broken.sinks.GoodSink",
            "config": {"path": str(tmp_path)},
            "faults": FAULT,
        }

    def stored(self, sink: Any) -> Any:
        return [file.read_text() for file in Path(sink.config.config.path).glob("*.json")]


class TestFaultyBulkSink(BulkSinkSuite):
    component = f"{FAULTS}.FaultyBulkSink"
    retires = False

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        return {
            "wraps": "tests.testing.broken.bulk_sinks.GoodBulkSink",
            "config": {"path": str(tmp_path)},
            "faults": FAULT,
        }

    def stored(self, bulk_sink: Any) -> Any:
        files = Path(bulk_sink.config.config.path).glob("*")
        return [line for file in files for line in file.read_text().splitlines()]
