"""Records that are made to break something cost one dead letter each, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest import Processor
from tests.cli.conftest import Run

pytestmark = pytest.mark.slow

UP = "../" * 12 + "tmp/planted"
FINE = {
    "a name that climbs out": {"name": UP},
    "a NUL": {"name": "a\0b", "text": "\0" * 1000},
    "a huge text": {"name": "huge", "text": "x" * 5_000_000},
    "many keys": {"name": "keys", **{f"key{n}": n for n in range(20_000)}},
    "odd keys": {"name": "odd", "": 1, "\0": 2, "__class__": 3, "../x": 4},
    "an entity's name": {"entityType": "../x", "fullyQualifiedName": UP, "entity": {}},
}
"""JSON objects: odd, and records all the same."""
BAD = {
    "a lone surrogate": b'{"name": "\\ud800"}',
    "bytes that are no text": b'{"name": "\xff\xfe"}',
    "nested too deeply": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no object": b"[1, 2, 3]",
    "not finished": b'{"name": "a',
    "an entity that is none": b'{"entityType": "table", "entity": {"name": 5}}',
    "a number without end": b'{"name": ' + b"9" * 100_000 + b"e999999999999}",
}


class Rejecting(Processor):
    def process(self, record: Any) -> Any:
        raise ValueError(record["name"])


def write(folder: Path, lines: list[bytes], *processors: str) -> None:
    (folder / "in.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    config = {
        "source": {"type": "file", "config": {"path": "in.jsonl"}},
        "processors": [{"type": name} for name in processors],
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        "workflowConfig": {"successThreshold": 1},
    }
    (folder / "w.yaml").write_text(yaml.safe_dump(config))


def test_each_costs_one_dead_letter(cli: Run, folder: Path) -> None:
    good = [json.dumps(record).encode() for record in FINE.values()]
    write(folder, [*good, *BAD.values(), b'{"name": "the last"}'])
    result = cli("run", "-c", "w.yaml", "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    counts = report["steps"][0]
    assert (counts["in"], counts["failed"]) == (len(FINE) + len(BAD) + 1, len(BAD))
    assert report["deadLetters"]["count"] == len(BAD)
    written = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    assert written == [*FINE.values(), {"name": "the last"}]
    assert cli("dead-letters", "latest").exit_code == 0


def test_no_name_of_a_record_becomes_the_name_of_a_file(cli: Run, folder: Path) -> None:
    lines = [json.dumps({"name": name}).encode() for name in (UP, "/etc/x", "a/../b")]
    write(folder, lines, "tests.cli.test_malicious.Rejecting")
    before = {path for path in folder.rglob("*") if "runs" not in path.parts}
    assert cli("run", "-c", "w.yaml").exit_code == 1
    after = {path for path in folder.rglob("*") if "runs" not in path.parts}
    assert {path.name for path in after - before} <= {"out.jsonl"}
    assert not Path("/tmp/planted").exists()
    for path in (folder / "runs").rglob("*"):
        assert "planted" not in path.name
        assert "etc" not in path.name
