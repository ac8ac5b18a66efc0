"""No report, no success: what an engine lost is named, whatever the engine itself says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.workflows import part, run, workflow

pytestmark = pytest.mark.slow


def beam(name: str) -> dict[str, object]:
    return {"runner": f"tests.runners.lossy.{name}", "options": {"environment_type": "LOOPBACK"}}


def test_a_bundle_that_the_engine_dropped_is_named(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    report = run(
        workflow(
            tmp_path,
            {"splits": 4, "records": 10},
            sink=part("Folder", path=str(stored)),
            beam=beam("LosesOneSplit"),
        )
    )
    assert (report.status, report.exit_code) == ("failed", 1)
    assert report.sentence == "The run failed: 1 splits were not settled."
    assert (report.splits.total, report.splits.done, report.splits.not_read) == (5, 4, 1)
    (failure,) = report.failures
    assert (failure.step, failure.examples) == ("(splits)", ["part/2"])
    assert len(list(stored.glob("r*"))) == 30


def test_an_engine_that_never_came_to_the_report_has_failed(tmp_path: Path) -> None:
    report = run(
        workflow(
            tmp_path,
            {"splits": 2, "records": 10},
            sink={"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
            beam=beam("LosesTheEnd"),
        )
    )
    assert report.status == "failed"
    assert "the engine ended without the last step of the graph" in report.sentence
    written = json.loads((Path(report.run_dir) / "report.json").read_text())
    assert written["status"] == "failed"
