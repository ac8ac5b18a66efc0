"""What a workflow remembers: read before a run, advanced by one step at its very end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import BulkSink, Sink, Source
from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.prepare import write_run
from beam_ingest.flow.remembered import StateFolder, advance, recalled
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import ScriptedSource, plan_of, sink, spec, staged

DOCUMENT = {"source": {"type": "x"}, "sink": {"type": "y"}}


class Log(Source):
    def remembers(self) -> bool:
        return True


class Upserts(Sink):
    pass


class Replaces(BulkSink):
    def replaces(self) -> str:
        return "the index of everything"


def plan(tmp_path: Path, run_id: str = "r1", *writers: Writer, cls: type = Log) -> Plan:
    writers = writers or (sink(cls=Upserts),)
    source = spec(cls, "source", "src", run_id)
    return plan_of(tmp_path / "runs" / run_id, *writers, run_id=run_id, source=source)


def recall(made: Plan, tmp_path: Path, document: Any = DOCUMENT, how: Any = "go on") -> Plan:
    with recalled(made, str(tmp_path), "the log", document, how) as told:
        write_run(RunDir(told.run_dir), told, document)
        return told


def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(str(tmp_path), "the log")


def test_a_source_that_remembers_nothing_has_no_state(tmp_path: Path) -> None:
    told = recall(plan(tmp_path, cls=ScriptedSource), tmp_path)
    assert told.state is None
    assert not (tmp_path / "state").exists()


def test_what_one_run_remembers_the_next_is_told(tmp_path: Path) -> None:
    first = recall(plan(tmp_path), tmp_path)
    assert first.source.state == {}
    assert advance(first, {"a": 1, "b": [2]}, "now").advanced
    second = recall(plan(tmp_path, "r2"), tmp_path)
    assert second.source.state == {"a": 1, "b": [2]}
    assert second.source.build().context.state == {"a": 1, "b": [2]}
    assert advance(second, {"b": None, "c": 3}, "later").advanced
    assert folder(tmp_path).read().state == {"a": 1, "c": 3}


def test_the_file_is_as_documented(tmp_path: Path) -> None:
    advance(recall(plan(tmp_path), tmp_path), {"a": 1}, "2026-01-01T00:00:00.000Z")
    (file,) = (tmp_path / "state").glob("the-log-*/state.json")
    assert json.loads(file.read_bytes()) == {
        "name": "the log", "runId": "r1", "at": "2026-01-01T00:00:00.000Z",
        "state": {"a": 1}, "workflow": DOCUMENT, "server": None,
    }  # fmt: skip
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_run_may_advance_twice_and_another_one_not_over_it(tmp_path: Path) -> None:
    first, second = recall(plan(tmp_path), tmp_path), recall(plan(tmp_path, "r2"), tmp_path)
    assert advance(second, {"a": 2}, "now").advanced
    assert advance(second, {"a": 2}, "again").advanced
    told = advance(first, {"a": 1}, "late")
    assert (told.advanced, told.why) == (False, "the run r2 has changed it meanwhile")
    assert folder(tmp_path).read().state == {"a": 2}


def test_a_resumed_run_goes_on_from_what_its_first_attempt_did(tmp_path: Path) -> None:
    advance(recall(plan(tmp_path), tmp_path), {"a": 1}, "now")
    recall(plan(tmp_path, "r2"), tmp_path)
    resumed = recall(replace(plan(tmp_path, "r2"), attempt=2), tmp_path)
    assert resumed.source.state == {"a": 1}
    assert advance(resumed, {"a": 2}, "now").advanced
    # Overtaken by a whole run: what that has remembered is not taken back.
    third = recall(plan(tmp_path, "r3"), tmp_path)
    advance(recall(plan(tmp_path, "r4"), tmp_path), {"a": 4}, "now")
    assert not advance(recall(replace(third, attempt=2), tmp_path), {"a": 3}, "now").advanced


def test_a_changed_workflow_is_refused_and_the_change_named(tmp_path: Path) -> None:
    advance(recall(plan(tmp_path), tmp_path), {"a": 1}, "now")
    changed = {**DOCUMENT, "sink": {"type": "z"}, "beam": {"workers": 2}}
    with pytest.raises(CannotStart, match=r"sink\.type changed since r1") as caught:
        recall(plan(tmp_path, "r2"), tmp_path, changed)
    assert "--from-start" in (caught.value.hint or "")
    assert recall(plan(tmp_path, "r3"), tmp_path, changed, "keep").source.state == {"a": 1}
    anew = recall(plan(tmp_path, "r4"), tmp_path, changed, "start")
    assert anew.source.state == {}
    assert advance(anew, {"b": 1}, "now").advanced
    assert folder(tmp_path).read().state == {"b": 1}


def test_what_is_new_does_not_replace_the_whole(tmp_path: Path) -> None:
    out = staged(bulk=Replaces)
    advance(recall(plan(tmp_path, "r1", out), tmp_path), {"a": 1}, "now")
    with pytest.raises(CannotStart, match="alone would replace the index of everything"):
        recall(plan(tmp_path, "r2", out), tmp_path)
    assert recall(plan(tmp_path, "r3", out), tmp_path, how="start").source.state == {}


def test_two_runs_do_not_go_on_from_the_same_state_at_once(tmp_path: Path) -> None:
    with recalled(plan(tmp_path), str(tmp_path), "the log", DOCUMENT, "go on"):
        with pytest.raises(CannotStart, match="the state of 'the log' is in use: process"):
            recall(plan(tmp_path, "r2"), tmp_path)
        with pytest.raises(CannotStart, match="in use"):
            folder(tmp_path).forget()
        dry = replace(plan(tmp_path, "r3"), dry_run=True)
        assert recall(dry, tmp_path).state is not None
    recall(plan(tmp_path, "r4"), tmp_path)


def test_it_can_be_forgotten(tmp_path: Path) -> None:
    late = recall(plan(tmp_path, "r0"), tmp_path)
    advance(recall(plan(tmp_path), tmp_path), {"a": 1}, "now")
    other = recall(plan(tmp_path, "r2"), tmp_path)
    assert folder(tmp_path).forget().run_id == "r1"
    assert folder(tmp_path).read().state == {}
    told = advance(other, {"a": 2}, "now")
    assert told.why == "the run (none: it was reset) has changed it meanwhile"
    assert advance(late, {"a": 0}, "now").advanced  # read from the start: that holds all the same


def test_names_keep_states_apart(tmp_path: Path) -> None:
    advance(recall(plan(tmp_path), tmp_path), {"a": 1}, "now")
    assert StateFolder(str(tmp_path), "the-log").read().run_id == ""
    assert StateFolder(str(tmp_path), "../../../etc").run.store.root.startswith(str(tmp_path))
