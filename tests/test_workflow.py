"""What a workflow hands to its components, whatever the graph is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Processor
from tests.flow.workflows import run, workflow

pytestmark = pytest.mark.slow


class ShowsSettings(Processor):
    """Leaves on the record what the context says."""

    def process(self, record: Any) -> Any:
        settings = self.context.settings
        return {**record, "limit": settings.max_connections, "run": self.context.run_id}


@pytest.mark.parametrize(("workers", "written", "each"), [(1, 5, 5), (2, 5, 2), (2, 2, 1)])
def test_a_limit_of_connections_is_shared_over_the_workers(
    tmp_path: Path, workers: int, written: int, each: int
) -> None:
    out = tmp_path / "out.jsonl"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 2},
        processors=[{"type": "tests.test_workflow.ShowsSettings"}],
        sink={"type": "file", "config": {"path": str(out)}},
        beam={"workers": workers, "maxConnections": written},
    )
    report = run(config)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {record["limit"] for record in records} == {each}
    assert {record["run"] for record in records} == {report.run_id}
