"""The source of a replay: splits of one file and one step, read line by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context, Split, Unreadable
from beam_ingest.api.entities import Database
from beam_ingest.flow import dead_letter_source
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.dead_letter_source import DeadLetterSource
from beam_ingest.flow.letters import note_passed
from beam_ingest.flow.run_dir import RunDir

ENTRIES: dict[str, tuple[int, str | None, bool]] = {
    "one": (0, None, False),
    "two": (1, None, False),
    "bulk": (2, "bulk", True),
}


def letter(step: str, record: Any, attempts: int = 1) -> DeadLetter:
    return DeadLetter.of(step, "no", record, attempts=attempts)


def source(run: RunDir, files: dict[str, list[DeadLetter]], **config: Any) -> DeadLetterSource:
    for name, letters in files.items():
        run.store.write(name, b"".join(each.to_line("part") for each in letters))
    given = {
        "root": run.store.root, "files": list(files), "whole_run": True, "entries": ENTRIES,
    }  # fmt: skip
    return DeadLetterSource(DeadLetterSource.Config(**(given | config)), Context())


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(str(tmp_path))


def read(made: DeadLetterSource) -> list[list[Any]]:
    return [list(made.read(split)) for split in made.splits()]


def test_letters_are_gathered_by_file_and_step(run: RunDir) -> None:
    made = source(run, {
        "dead/a.jsonl": [letter("one", {"n": 1}), letter("two", {"n": 2}, 3),
                         letter("one", {"n": 3}), letter("one", {"n": 4}, 2)],
        "dead/b.jsonl": [letter("one", {"n": 5})],
    })  # fmt: skip
    splits = list(made.splits())
    keys = ("lines", "attempts", "entry")
    assert [tuple(list(split.payload[key]) for key in keys) for split in splits] == [
        ([1, 3, 4], [1, 1, 2], [0, None, False]),
        ([2], [3], [1, None, False]),
        ([1], [1], [0, None, False]),
    ]  # fmt: skip
    assert len({split.key for split in splits}) == 3
    assert read(made) == [[{"n": 1}, {"n": 3}, {"n": 4}], [{"n": 2}], [{"n": 5}]]
    assert list(made.parents()) == []


def test_a_large_file_is_many_splits(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_source, "SPLIT_LETTERS", 2)
    made = source(run, {"dead/a.jsonl": [letter("one", {"n": n}) for n in range(5)]})
    assert [s.payload["lines"] for s in made.splits()] == [[1, 2], [3, 4], [5]]
    assert read(made) == [[{"n": 0}, {"n": 1}], [{"n": 2}, {"n": 3}], [{"n": 4}]]


def test_what_has_passed_or_is_no_record_is_left_out(run: RunDir) -> None:
    raw = DeadLetter.of_raw("src", "no JSON", "in.jsonl:1", b"{")
    letters = [letter("one", {"n": 1}), raw, letter("one", {"n": 2}), letter("two", {"n": 3})]
    made = source(run, {"dead/a.jsonl": letters})
    note_passed(run, "r2", "runs/r2", {"dead/a.jsonl": [1]})
    assert read(made) == [[{"n": 2}], [{"n": 3}]]


def test_one_step_may_be_asked_for(run: RunDir) -> None:
    letters = [letter("one", {"n": 1}), letter("two", {"n": 2})]
    assert read(source(run, {"dead/a.jsonl": letters}, step="two")) == [[{"n": 2}]]


def test_entities_are_entities_again_but_for_what_a_stage_made_of_them(run: RunDir) -> None:
    database = Database(name="d", service="s")
    letters = [letter("one", database), letter("bulk", database)]
    (entity,), (line,) = read(source(run, {"dead/a.jsonl": letters}))
    assert isinstance(entity, Database)
    assert line["entityType"] == "database"
    assert line["entity"]["name"] == "d"


def test_what_is_no_valid_entity_any_more_is_unreadable_in_its_place(run: RunDir) -> None:
    bad = {"entityType": "database", "fullyQualifiedName": "x", "entity": {"name": 7}}
    letters = [letter("one", {"n": 1}), letter("one", bad), letter("one", {"n": 2})]
    ((first, second, third),) = read(source(run, {"dead/a.jsonl": letters}))
    assert (first, third) == ({"n": 1}, {"n": 2})
    assert isinstance(second, Unreadable)
    assert second.where == "dead/a.jsonl, line 2"
    assert "not a valid database" in second.why


def test_a_split_can_be_read_twice(run: RunDir) -> None:
    made = source(run, {"dead/a.jsonl": [letter("one", {"n": n}) for n in range(3)]})
    (split,) = made.splits()
    again = Split(split.key, split.payload)
    assert list(made.read(split)) == list(made.read(again))
