"""A run whose directory is on an object store: nothing needs a local folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow.memory_files import OBJECTS
from tests.flow.workflows import part, run, step, workflow


@pytest.fixture
def beam() -> Iterator[dict[str, Any]]:
    yield {"workDir": "mem://bucket/runs"}
    OBJECTS.clear()


def test_records_are_staged_and_published_from_there(tmp_path: Path, beam: dict[str, Any]) -> None:
    out = tmp_path / "out.jsonl"
    report = run(
        workflow(
            tmp_path,
            {"splits": 3, "records": 40, "parents": 2},
            processors=[part("Faulty", every=10)],
            sink={"type": "file", "config": {"path": str(out)}},
            beam=beam,
        )
    )
    assert report.run_dir.startswith("mem://bucket/runs/")
    assert (report.splits.done, report.dead_letters.count) == (4, 12)
    assert len(out.read_text().splitlines()) == 2 + 120 - 12
    written = {path.removeprefix(report.run_dir).split("/")[1] for path in OBJECTS}
    assert {"run.json", "splits.json", "marks", "staged", "dead", "report.json"} <= written
    assert json.loads(OBJECTS[f"{report.run_dir}/report.json"])["runId"] == report.run_id
    assert f"{report.run_dir}/lock" not in OBJECTS


def test_deferred_records_and_retiring_work_from_there(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    (stored / "old").touch()
    defer = {"r0-0": "r1-1", "r0-1": "never"}
    report = run(
        workflow(
            tmp_path,
            {"splits": 2, "records": 10, "scope": True},
            sink=part("Folder", path=str(stored), defer=defer),
            beam=beam,
        )
    )
    assert step(report, "(deferred)").failed == 1
    assert (stored / "r0-0").exists()
    assert report.retired.names == 1
