"""Faults in a workflow, by dotted path: what can be tried again leaves no trace in the output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Workflow

FAULTS = "beam_ingest.testing.faults"
COUNT = 40


@pytest.fixture
def workflow(tmp_path: Path) -> dict[str, Any]:
    lines = (json.dumps({"name": f"r{number}"}) for number in range(COUNT))
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {
        "source": {
            "type": f"{FAULTS}.FaultySource",
            "serviceName": "files",
            "serviceConnection": {
                "config": {
                    "wraps": "file",
                    "config": {"path": str(tmp_path / "in.jsonl")},
                    "faults": [{"at": 20, "raise": "transient", "retryAfter": 0}],
                    "counter": str(tmp_path / "source-counter"),
                }
            },
        },
        "processors": [],
        "stage": {"type": "file", "config": {}},
        "bulkSink": {"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
        "beam": {"workDir": str(tmp_path / "runs")},
    }


def names(path: Path) -> list[str]:
    return [json.loads(line)["name"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_reading_that_failed_once_loses_and_doubles_nothing(
    workflow: dict[str, Any], tmp_path: Path
) -> None:
    report = Workflow.from_config(workflow).run()
    report.raise_for_status()
    assert names(tmp_path / "out.jsonl") == [f"r{number}" for number in range(COUNT)]
    assert [file.name for file in (tmp_path / "source-counter").iterdir()] == ["0-0"]


def test_every_second_record_can_be_made_to_fail(workflow: dict[str, Any], tmp_path: Path) -> None:
    fault = {"every": 2, "times": None, "raise": "record", "message": "every second"}
    workflow["processors"] = [
        {
            "type": f"{FAULTS}.FaultyProcessor",
            "config": {
                "wraps": "tests.testing.broken.processors.PassesTables",
                "faults": [fault],
            },
        }
    ]
    report = Workflow.from_config(workflow).run()
    assert report.status == "failed"
    assert report.dead_letters.count == COUNT // 2
    assert [failure.reason for failure in report.failures] == ["every second"]
    assert len(names(tmp_path / "out.jsonl")) == COUNT // 2
