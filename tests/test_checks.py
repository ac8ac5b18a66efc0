"""The checks of a workflow are those of all its components."""

from __future__ import annotations

from pathlib import Path

from beam_ingest.workflow import Workflow


def test_a_staged_sink_is_checked_by_what_is_underneath(tmp_path: Path) -> None:
    source = {"type": "File", "path": str(tmp_path)}
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    document = {
        "source": {"type": "file", "serviceConnection": {"config": source}},
        "sink": {"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
    }
    checks = [(step, check.name) for step, check in Workflow.from_config(document).checks()]
    assert checks == [("file", "files"), ("file-2", "target")]
