"""Replays through the graph: every step, every writer, the same on every local way to run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.report import Report
from beam_ingest.flow.letters import find_letters
from beam_ingest.flow.replay import Replayed
from beam_ingest.workflow import Workflow
from tests.flow.workflows import RUNNERS, check, part, run, step, workflow

pytestmark = pytest.mark.slow


@pytest.fixture(params=list(RUNNERS))
def beam(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(RUNNERS[request.param])


def replay(config: dict[str, Any], report: Report, **options: Any) -> Replayed:
    replayed = Workflow.from_config(config).replay(report.run_dir, **options)
    if replayed.report is not None:
        check(replayed.report)
    return replayed


def left(report: Report) -> list[dict[str, Any]]:
    return [letter.value for letter in find_letters("runs", report.run_dir)]


def pile(path: str | Path, **config: Any) -> dict[str, Any]:
    return {
        "type": "tests.flow.replay_parts.Pile",
        "name": "pile",
        "config": {"path": str(path), **config},
    }


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.name[0] != "."}


def test_a_processors_letters_pass_on_every_runner(tmp_path: Path, beam: dict[str, Any]) -> None:
    def config(every: int) -> dict[str, Any]:
        return workflow(
            tmp_path,
            {"splits": 3, "records": 60, "parents": 1},
            processors=[part("Trace", label="a"), part("Faulty", every=every),
                        part("Trace", label="b")],
            sink=part("Folder", path=str(tmp_path / "out")),
            beam=beam,
        )  # fmt: skip

    first = run(config(3))
    assert len(left(first)) == 60
    replayed = replay(config(90), first)
    assert (replayed.passed, replayed.failed, replayed.lost) == (58, 2, 0)
    assert replayed.report is not None
    assert step(replayed.report, "Folder").out == 58
    records = [
        json.loads((tmp_path / "out" / name).read_text()) for name in names(tmp_path / "out")
    ]
    assert all(record["trace"] == ["a", "b"] for record in records)
    assert len(records) == 179
    assert [(x["attempts"], x["origin"]["line"] > 0) for x in left(replayed.report)] == [
        (2, True)
    ] * 2
    again = replay(config(90), replayed.report)
    assert again.report is not None
    assert [letter["attempts"] for letter in left(again.report)] == [3, 3]


def test_of_two_records_made_of_one_both_have_to_pass(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def config(bad: list[str], rejects: list[str]) -> dict[str, Any]:
        twins = {"type": "tests.flow.replay_parts.Twins", "config": {"bad": bad}}
        return workflow(
            tmp_path, {"splits": 1, "records": 3}, processors=[twins],
            sink=part("Folder", path=str(out), rejects=rejects),
        )  # fmt: skip

    first = run(config(["r0-0", "r0-1", "r0-2"], []))
    replayed = replay(config([], ["r0-1.y"]), first)
    assert (replayed.passed, replayed.failed) == (2, 1)
    assert names(out) == {"r0-0.x", "r0-0.y", "r0-1.x", "r0-2.x", "r0-2.y"}
    assert [letter["name"] for letter in left(first)] == ["r0-1"]


def test_what_one_writer_has_written_is_not_written_again_for_the_other(tmp_path: Path) -> None:
    out, heap = tmp_path / "out", tmp_path / "heap"

    def config(sink: list[str], bulk: list[str]) -> dict[str, Any]:
        return workflow(
            tmp_path, {"splits": 1, "records": 10},
            sink=part("Folder", path=str(out), rejects=sink),
            stage={"type": "file"}, bulkSink=pile(heap, rejects=bulk),
        )  # fmt: skip

    first = run(config(["r0-1"], ["r0-2", "r0-3"]))
    assert len(left(first)) == 3
    for folder in (out, heap):
        for file in folder.iterdir():
            file.unlink()
    replayed = replay(config([], ["r0-3"]), first)
    assert (replayed.passed, replayed.failed) == (2, 1)
    assert (names(out), names(heap)) == ({"r0-1"}, {"r0-2"})
    assert [letter["name"] for letter in left(first)] == ["r0-3"]


def test_what_a_bulk_sink_rejected_is_staged_as_it_is(tmp_path: Path, beam: dict[str, Any]) -> None:
    heap = tmp_path / "heap"

    def config(rejects: list[str]) -> dict[str, Any]:
        return workflow(
            tmp_path, {"splits": 4, "records": 50}, beam=beam,
            stage=part("Tally"), bulkSink=pile(heap, rejects=rejects),
        )  # fmt: skip

    first = run(config(["digit-3", "digit-4"]))
    whole = json.loads((heap / "digit-5").read_text())
    assert whole["count"] == 20
    replayed = replay(config(["digit-4"]), first)
    assert (replayed.passed, replayed.failed) == (1, 1)
    # The sum of the run before, neither keyed nor combined again.
    assert json.loads((heap / "digit-3").read_text()) == {**whole, "name": "digit-3", "sum": 1960}
    assert replayed.report is not None
    assert [letter["attempts"] for letter in left(replayed.report)] == [2]
    assert replay(config([]), first).passed == 1
    assert left(first) == []


def test_a_file_that_is_not_published_has_not_passed(tmp_path: Path) -> None:
    def config(**bulk: Any) -> dict[str, Any]:
        return workflow(
            tmp_path, {"splits": 1, "records": 5}, stage={"type": "file"},
            bulkSink=pile(tmp_path / "heap", **bulk),
        )  # fmt: skip

    first = run(config(rejects=["r0-1", "r0-2"]))
    failed = replay(config(fail=True), first)
    assert failed.report is not None
    assert (failed.passed, failed.failed, failed.report.exit_code) == (0, 2, 1)
    assert replay(config(), first).passed == 2


def test_what_a_sink_puts_off_again_is_followed_to_its_end(tmp_path: Path) -> None:
    def config(defer: dict[str, str], rejects: list[str]) -> dict[str, Any]:
        sink = part("Folder", path=str(tmp_path / "out"), defer=defer, rejects=rejects)
        return workflow(tmp_path, {"splits": 1, "records": 6}, sink=sink)

    needs = {"r0-1": "never", "r0-2": "r0-4", "r0-3": "r0-2"}
    first = run(config(needs, ["r0-4"]))
    assert sorted(letter["name"] for letter in left(first)) == ["r0-1", "r0-2", "r0-3", "r0-4"]
    replayed = replay(config(needs, []), first)
    # Two waits follow each other; the third is for nothing that ever comes.
    assert (replayed.passed, replayed.failed) == (3, 1)
    assert [letter["name"] for letter in left(first)] == ["r0-1"]
    assert replayed.report is not None
    (again,) = left(replayed.report)
    assert (again["step"].endswith("(deferred)"), again["attempts"]) == (True, 2)


def test_a_replay_that_is_stopped_notes_nothing(tmp_path: Path) -> None:
    def config(**sink: Any) -> dict[str, Any]:
        out = part("Folder", path=str(tmp_path / "out"), **sink)
        return workflow(tmp_path, {"splits": 2, "records": 5}, sink=out)

    first = run(config(rejects=["r0-1", "r1-1"]))
    stopped = replay(config(raises=["r1-1"], error="fatal"), first)
    assert stopped.report is not None
    assert (stopped.report.exit_code, stopped.passed, stopped.failed) == (3, 0, 2)
    assert len(left(first)) == 2
    assert replay(config(), first).passed == 2


def test_only_the_letters_of_one_step(tmp_path: Path) -> None:
    def config(every: int, rejects: list[str]) -> dict[str, Any]:
        return workflow(
            tmp_path, {"splits": 1, "records": 10}, processors=[part("Faulty", every=every)],
            sink={**part("Folder", path=str(tmp_path / "out"), rejects=rejects), "name": "out"},
        )  # fmt: skip

    first = run(config(5, ["r0-1"]))
    replayed = replay(config(5, []), first, step="out")
    assert (replayed.passed, replayed.failed) == (1, 0)
    assert [letter["name"] for letter in left(first)] == ["r0-0", "r0-5"]


def test_a_replay_leaves_nothing_out_as_unchanged(tmp_path: Path) -> None:
    def config(processor: dict[str, Any]) -> dict[str, Any]:
        return workflow(
            tmp_path, {"splits": 1, "records": 1}, processors=[{**processor, "name": "p"}],
            sink=part("Folder", path=str(tmp_path / "out")), beam={"skipUnchanged": "local"},
        )  # fmt: skip

    first = run(config(part("Faulty", every=1)))
    assert replay(config({"type": "tests.flow.replay_parts.Settings"}), first).passed == 1
    record = json.loads((tmp_path / "out" / "r0-0").read_text())
    assert record["skipUnchanged"] == "off"


def test_what_a_bulk_sink_puts_off_comes_after_all_files(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    def config(rejects: list[str]) -> dict[str, Any]:
        needs = {"r0-1": "r3-2", "r1-0": "r0-1", "r2-2": "never", "r3-1": "r1-1"}
        return workflow(
            tmp_path, {"splits": 4, "records": 20, "parents": 1}, beam=beam,
            stage={"type": "file"}, bulkSink=pile(tmp_path / "heap", defer=needs, rejects=rejects),
        )  # fmt: skip

    first = run(config(["r1-1"]))
    assert sorted(letter["name"] for letter in left(first)) == ["r1-1", "r2-2", "r3-1"]
    put_off = step(first, "pile (deferred)")
    assert put_off.failed == 2
    assert (put_off.kind, put_off.in_ - put_off.failed) == ("deferred", put_off.passed)
    replayed = replay(config([]), first)
    assert (replayed.passed, replayed.failed) == (2, 1)
    assert len(names(tmp_path / "heap")) == 80
