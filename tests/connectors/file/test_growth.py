"""Files that only grow: whole lines, each once, over many runs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context, Remember, Split
from beam_ingest.connectors.file import growth
from beam_ingest.connectors.file.source import FileSource
from beam_ingest.testing import SourceSuite


def a_run(
    path: object, state: Mapping[str, Any] | None = None, **options: Any
) -> tuple[list[Any], dict[str, Any]]:
    """What a run reads that goes on from ``state``, and the state after it."""
    config = FileSource.Config.model_validate({"path": str(path), "appended": True, **options})
    source = FileSource(config, Context(state=state or {}))
    assert source.remembers()
    listed = list(source.splits())
    rows = [row for split in listed if isinstance(split, Split) for row in source.read(split)]
    found = {item.key: item.value for item in listed if isinstance(item, Remember)}
    after = {**(state or {}), **found}
    return rows, json.loads(json.dumps({k: v for k, v in after.items() if v is not None}))


def append(path: Path, *rows: Any, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("\n".join(json.dumps(row) for row in rows) + end)


def test_each_run_reads_what_was_appended_since(tmp_path: Path) -> None:
    log, state, seen = tmp_path / "log.jsonl", None, []
    for number in range(4):
        append(log, *({"n": number * 10 + n} for n in range(3)))
        rows, state = a_run(log, state)
        seen += rows
        assert a_run(log, state)[0] == []
    assert [row["n"] for row in seen] == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]


def test_a_line_that_is_being_written_is_left_to_the_next_run(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, {"n": 1}, {"n": 2}, end="")
    rows, state = a_run(log)
    assert rows == [{"n": 1}]
    append(log, end="\n")
    append(log, {"n": 3})
    rows, state = a_run(log, state)
    assert rows == [{"n": 2}, {"n": 3}]
    log.write_text('{"n": 1')  # shorter: another file, and not one whole line yet
    rows, state = a_run(log, state)
    assert rows == []
    append(log, end="}\n")
    assert a_run(log, state)[0] == [{"n": 1}]


@pytest.mark.parametrize("size", [5, 9, 18, 100])
def test_what_was_appended_is_split_too(tmp_path: Path, size: int) -> None:
    log = tmp_path / "log.jsonl"
    append(log, {"n": 1}, {"n": 2})
    _, state = a_run(log, splitSize=size)
    append(log, *({"n": n} for n in range(3, 20)))
    rows, _ = a_run(log, state, splitSize=size)
    assert [row["n"] for row in rows] == list(range(3, 20))


def test_a_file_may_grow_while_it_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, {"n": 1})
    source = FileSource(FileSource.Config(path=str(log), appended=True), Context())
    (split, remember) = list(source.splits())
    append(log, {"n": 2})
    assert isinstance(split, Split)
    assert list(source.read(split)) == [{"n": 1}]
    assert a_run(log, {remember.key: remember.value})[0] == [{"n": 2}]  # type: ignore[union-attr]


def test_a_file_that_was_replaced_is_read_whole(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, {"n": 1})
    _, state = a_run(log)
    log.unlink()
    append(log, {"n": 7}, {"n": 8}, {"n": 9})  # longer than the one before
    assert [row["n"] for row in a_run(log, state)[0]] == [7, 8, 9]
    log.unlink()
    append(log, {"n": 7})
    (tmp_path / "other.jsonl").touch()
    assert [row["n"] for row in a_run(log, state)[0]] == [7]


def test_each_file_is_remembered_and_one_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    for name in ("a", "b"):
        append(tmp_path / f"{name}.jsonl", {"n": name})
    _, state = a_run(tmp_path)
    assert [Path(path).name for path in state] == ["a.jsonl", "b.jsonl"]
    (tmp_path / "a.jsonl").unlink()
    append(tmp_path / "c.jsonl", {"n": "c"})
    rows, state = a_run(tmp_path, state)
    assert rows == [{"n": "c"}]
    assert [Path(path).name for path in state] == ["b.jsonl", "c.jsonl"]


def test_a_compressed_file_is_read_again_as_a_whole_when_it_has_changed(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(gzip.compress(b'{"n": 1}\n'))
    rows, state = a_run(log)
    assert rows == [{"n": 1}]
    assert a_run(log, state)[0] == []
    log.write_bytes(log.read_bytes() + gzip.compress(b'{"n": 2}\n'))
    assert a_run(log, state)[0] == [{"n": 1}, {"n": 2}]


def test_a_long_line_is_looked_through_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "_BLOCK", 16)
    log = tmp_path / "log.jsonl"
    append(log, {"n": 1})
    append(log, {"n": "x" * 100}, end="")
    rows, state = a_run(log)
    assert rows == [{"n": 1}]
    append(log, end="\n")
    assert a_run(log, state)[0] == [{"n": "x" * 100}]


class TestAppended(SourceSuite):
    component = "file"

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        append(tmp_path / "log.jsonl", *({"n": n} for n in range(20)))
        return {"path": str(tmp_path / "log.jsonl"), "appended": True, "splitSize": 50}
