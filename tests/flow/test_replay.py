"""What is replayed, what is refused, and what counts as passed: without a pipeline."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.letters import Letters, find_letters
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.mark import Chunk, LineFile, Mark, Published
from beam_ingest.flow.origin import Entry, Origin
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.replay import Replay, entries_of, locked, passed, replay_of
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import (
    KeyedStage,
    ScriptedBulk,
    ScriptedProcessor,
    ScriptedSink,
    plan_of,
    sink,
    spec,
    staged,
)

FILE = "dead/a.jsonl"


class Upserting(ScriptedSink):
    def replaces(self) -> str | None:
        return None


class UpsertingBulk(ScriptedBulk):
    def replaces(self) -> str | None:
        return None


BOTH = (sink("out", Upserting), staged("bulk", bulk=UpsertingBulk))


def workflow(root: Path, *writers: Any) -> Plan:
    processors = tuple(spec(ScriptedProcessor, "processor", name) for name in ("one", "two"))
    return plan_of(root / "again", *(writers or BOTH), processors=processors)


def letters(root: Path, *steps: str) -> Letters:
    run = RunDir(str(root / "before"))
    run.store.write("run.json", b"{}")
    run.store.write("report.json", json.dumps({"deadLetters": {"files": [FILE]}}).encode())
    made = [DeadLetter.of(step, "no", {"n": n}) for n, step in enumerate(steps)]
    run.store.write(FILE, b"".join(letter.to_line("part") for letter in made))
    return find_letters(str(root), "before")


def replayed(root: Path, *steps: str, writers: Any = (), step: str | None = None) -> Replay:
    return replay_of(workflow(root, *writers), letters(root, *steps), step)


def test_every_step_but_the_source_has_an_entry(tmp_path: Path) -> None:
    assert entries_of(workflow(tmp_path)) == {
        "one": Entry(0),
        "two": Entry(1),
        "out": Entry(2, "out"),
        "out (deferred)": Entry(2, "out"),
        "bulk (stage)": Entry(2, "bulk"),
        "bulk": Entry(2, "bulk", staged=True),
        "bulk (deferred)": Entry(2, "bulk", staged=True),
    }


def test_the_plan_reads_letters_in_place_of_the_source(tmp_path: Path) -> None:
    replay = replayed(tmp_path, "one", "two", "two")
    assert replay.plan is not None
    assert replay.count == 3
    assert replay.plan.replays == str(tmp_path / "before")
    assert replay.plan.source.step == "(dead letters)"
    assert [split.payload["lines"] for split in replay.plan.source.build().splits()] == [
        [1],
        [2, 3],
    ]


@pytest.mark.parametrize(
    ("steps", "writers"),
    [(["out"], ["out"]), (["bulk"], ["bulk"]), (["bulk", "out (deferred)"], ["out", "bulk"]),
     (["one"], ["out", "bulk"])],
)  # fmt: skip
def test_writers_that_have_nothing_to_write_are_left_out(
    tmp_path: Path, steps: list[str], writers: list[str]
) -> None:
    replay = replayed(tmp_path, *steps)
    assert replay.plan is not None
    assert [writer.name for writer in replay.plan.writers] == writers


def test_a_step_that_the_workflow_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="steps that the workflow does not have: gone, other"):
        replayed(tmp_path, "gone", "one", "other")
    assert replayed(tmp_path, "gone", "one", step="one").count == 1


@pytest.mark.parametrize(
    "writers", [(sink("out", ScriptedSink),), (staged("out", bulk=ScriptedBulk),)]
)
def test_what_a_commit_would_replace_is_not_replaced(tmp_path: Path, writers: Any) -> None:
    with pytest.raises(CannotStart, match="alone would replace what earlier runs have written"):
        replayed(tmp_path, "one", writers=writers)


def test_a_writer_that_is_not_written_to_may_be_of_that_kind(tmp_path: Path) -> None:
    writers = (sink("out", Upserting), staged("bulk", bulk=ScriptedBulk))
    assert replayed(tmp_path, "out", writers=writers).count == 1


def test_a_stage_that_combines_is_refused_but_not_what_its_bulk_sink_rejected(
    tmp_path: Path,
) -> None:
    writers = (staged("bulk", stage=KeyedStage, bulk=UpsertingBulk),)
    for step in ("one", "bulk (stage)"):
        with pytest.raises(CannotStart, match="combines records by key") as refused:
            replayed(tmp_path, step, "bulk", writers=writers)
        assert "--step 'bulk'" in str(refused.value.hint)
    assert replayed(tmp_path, "one", "bulk", writers=writers, step="bulk").count == 1


def test_the_lock_keeps_two_replays_of_one_run_apart(tmp_path: Path) -> None:
    found = letters(tmp_path, "one")
    assert found.run is not None
    with locked(found), pytest.raises(CannotStart, match="another run works in"), locked(found):
        raise AssertionError("two replays of one run")
    RunLock(found.run).take()  # it is free again


def test_a_run_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(lock: RunLock) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(RunLock, "take", take)
    with (
        pytest.raises(CannotStart, match="cannot be written, so what passes cannot be noted"),
        locked(letters(tmp_path, "one")),
    ):
        raise AssertionError("went on")


class Ended:
    """The run directory of a replay of three letters by the sink ``out`` and the stage ``bulk``."""

    def __init__(self, root: Path) -> None:
        self.plan = replace(workflow(root), replays="before")
        self.run = RunDir(self.plan.run_dir)
        payload = {"file": FILE, "offset": 0, "entry": [2, None, False],
                   "lines": [2, 4, 5], "attempts": [1, 1, 1]}  # fmt: skip
        listing = {"error": None, "splits": [["x", payload]], "scopes": []}
        self.run.store.write("splits.json", json.dumps(listing).encode())
        for writer in self.plan.writers:
            self.run.write_token(writer.name, "committed", None)
        chunk = Chunk("c", "staged/c", 3, 9)
        self.mark("out")
        self.mark("bulk", chunks=[chunk])
        self.run.write_published(Published(chunk.id, chunk.file, "bulk", "done"))

    def mark(self, writer: str, **changes: Any) -> None:
        _, ref = self.run.splits()
        given: dict[str, Any] = {"attempt": 0, "state": "done"}
        self.run.write_mark(ref, Mark(ref.key, ref.index, writer, **(given | changes)))

    @property
    def passed(self) -> dict[str, list[int]]:
        return passed(self.plan, self.run)


def test_what_was_written_and_published_has_passed(tmp_path: Path) -> None:
    assert Ended(tmp_path).passed == {FILE: [2, 4, 5]}


def test_a_letter_that_failed_again_has_not(tmp_path: Path) -> None:
    ended = Ended(tmp_path)
    letter = DeadLetter.of("out", "no", {"n": 4}).again(Origin(FILE, 4, 1))
    ended.run.store.write("dead/b.jsonl", letter.to_line("x"))
    ended.mark("out", dead=LineFile("dead/b.jsonl", 1))
    assert ended.passed == {FILE: [2, 5]}


@pytest.mark.parametrize("state", ["begun", "aborted"])
def test_nothing_has_passed_that_was_not_committed(tmp_path: Path, state: str) -> None:
    ended = Ended(tmp_path)
    ended.run.write_token("bulk", state, None)
    assert ended.passed == {}


def test_a_split_that_failed_has_not_passed(tmp_path: Path) -> None:
    ended = Ended(tmp_path)
    ended.mark("out", state="failed", error="it broke")
    assert ended.passed == {}


def test_a_split_that_one_writer_has_not_settled_has_not_passed(tmp_path: Path) -> None:
    ended = Ended(tmp_path)
    ended.run.store.remove([f"marks/{name}" for name in ended.run.store.names("marks")])
    ended.mark("out")
    assert ended.passed == {}


@pytest.mark.parametrize(
    "published",
    [Published("c", "staged/c", "bulk", "failed"), Published("c", "staged/other", "bulk", "done")],
)
def test_a_file_that_is_not_published_has_not_passed(tmp_path: Path, published: Published) -> None:
    ended = Ended(tmp_path)
    ended.run.write_published(published)
    assert ended.passed == {}
