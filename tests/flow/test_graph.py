"""What the graph does with records, the same on every local way to run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.workflows import RUNNERS, part, run, step, workflow

pytestmark = pytest.mark.slow


@pytest.fixture(params=list(RUNNERS))
def beam(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(RUNNERS[request.param])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def dead_letters(report: Any) -> list[dict[str, Any]]:
    return [
        letter
        for file in report.dead_letters.files
        for letter in lines(Path(report.run_dir) / file)
    ]


def test_records_pass_through_the_processors_in_order(tmp_path: Path, beam: dict[str, Any]) -> None:
    out = tmp_path / "out.jsonl"
    labels = ["first", "second", "third"]
    config = workflow(
        tmp_path,
        {"splits": 4, "records": 300, "parents": 3},
        processors=[part("Trace", label=label) for label in labels],
        sink={"type": "file", "config": {"path": str(out)}},
        beam=beam,
    )
    report = run(config)
    assert (report.status, report.exit_code) == ("success", 0)
    written = lines(out)
    assert all(record["trace"] == labels for record in written)
    # Parents first, then the splits as they were listed, each in its order.
    names = [record["name"] for record in written]
    assert names[:3] == ["parent-0", "parent-1", "parent-2"]
    assert names[3:] == [f"r{index}-{number}" for index in range(4) for number in range(300)]
    assert report.splits.done == report.splits.total == 5


def test_a_processor_that_raises_on_every_second_record_loses_none(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    out = tmp_path / "out.jsonl"
    config = workflow(
        tmp_path,
        {"splits": 4, "records": 500},
        processors=[part("Trace", label="a"), part("Faulty", every=2), part("Trace", label="b")],
        sink={"type": "file", "config": {"path": str(out)}},
        beam=beam,
    )
    report = run(config)
    assert (report.status, report.exit_code) == ("failed", 1)
    assert len(lines(out)) == 1000
    letters = dead_letters(report)
    assert len(letters) == report.dead_letters.count == 1000
    assert {letter["step"] for letter in letters} == {"tests.flow.parts.Faulty"}
    assert {letter["reason"] for letter in letters} == {"RuntimeError: it broke"}
    everything = [record["n"] for record in lines(out)] + [x["record"]["n"] for x in letters]
    assert sorted(everything) == list(range(2000))
    faulty = step(report, "Faulty")
    assert (faulty.in_, faulty.passed, faulty.filtered, faulty.failed) == (2000, 1000, 0, 1000)


def test_dropping_is_filtering_and_one_record_may_become_two(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    out = tmp_path / "out.jsonl"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 100},
        processors=[
            {"name": "drop", **part("Faulty", every=5, drop=True)},
            {"name": "double", **part("Faulty", every=2, double=True)},
        ],
        sink={"type": "file", "config": {"path": str(out)}},
        beam=beam,
    )
    report = run(config)
    assert report.status == "success"
    drop, double = step(report, "drop"), step(report, "double")
    assert (drop.in_, drop.passed, drop.filtered, drop.out) == (200, 160, 40, 160)
    assert (double.in_, double.passed, double.out) == (160, 160, 240)
    assert [(item.reason, item.count) for item in report.filtered] == [("not wanted", 40)]
    assert len(lines(out)) == 240


def test_one_bad_record_in_a_batch_costs_one_record(tmp_path: Path, beam: dict[str, Any]) -> None:
    stored = tmp_path / "stored"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 600},
        sink=part("Folder", path=str(stored), raises=["r1-77"]),
        beam=beam,
    )
    report = run(config)
    assert report.exit_code == 1
    names = {file.name for file in stored.iterdir() if file.name[0] != "."}
    assert names == {f"r{i}-{n}" for i in range(2) for n in range(600)} - {"r1-77"}
    (letter,) = dead_letters(report)
    assert (letter["record"]["name"], letter["reason"]) == ("r1-77", "RuntimeError: it broke")
    assert letter["split"] == "part/1"


def test_aggregates_are_the_same_however_they_were_split(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    shelf = tmp_path / "shelf"
    config = workflow(
        tmp_path,
        {"splits": 7, "records": 150},
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(shelf)),
        beam=beam,
    )
    report = run(config)
    assert report.status == "success"
    records = [record for file in (shelf / "current").iterdir() for record in lines(file)]
    totals = {r["name"]: (r["count"], r["sum"]) for r in records if "count" in r}
    expected = {
        f"digit-{digit}": (105, sum(n for n in range(1050) if n % 10 == digit))
        for digit in range(10)
    }
    assert totals == expected
    assert sorted(r["n"] for r in records if "n" in r) == list(range(1050))
    assert step(report, "Shelf").in_ == 1060


def test_a_sink_and_a_stage_both_get_every_record(tmp_path: Path, beam: dict[str, Any]) -> None:
    stored, shelf = tmp_path / "stored", tmp_path / "shelf"
    config = workflow(
        tmp_path,
        {"splits": 3, "records": 100, "parents": 2},
        processors=[part("Faulty", every=3)],
        sink=part("Folder", path=str(stored)),
        stage=part("Tally"),
        bulkSink=part("Shelf", path=str(shelf)),
        beam=beam,
    )
    report = run(config)
    assert step(report, "Faulty").failed == 100 == report.dead_letters.count
    assert len([f for f in stored.iterdir() if f.name[0] != "."]) == 202
    # The run failed by its records, so the shelf was not made visible.
    assert not (shelf / "current").exists()
    assert step(report, "Tally").in_ == step(report, "Folder").in_ == 202


def test_deferred_records_are_written_in_waves_and_cycles_become_dead_letters(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    stored = tmp_path / "stored"
    needs = {"r0-0": "r0-1", "r0-1": "r1-5", "r0-2": "r0-3", "r0-3": "r0-2"}
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 10},
        sink=part("Folder", path=str(stored), defer=needs),
        beam=beam,
    )
    report = run(config)
    deferred = step(report, "(deferred)")
    # Whether r0-1 waits depends on which split came first; the cycle always does.
    assert deferred.failed == 2
    assert deferred.in_ == deferred.passed + 2
    assert {x["record"]["name"] for x in dead_letters(report)} == {"r0-2", "r0-3"}
    assert {x["reason"] for x in dead_letters(report)} == {"needs r0-2", "needs r0-3"}
    assert (stored / "r0-0").exists()
    assert (stored / "r0-1").exists()
    assert report.exit_code == 1


def test_what_the_parents_staged_is_published_before_anything_else(
    tmp_path: Path, beam: dict[str, Any]
) -> None:
    shelf, order = tmp_path / "shelf", tmp_path / "order"
    config = workflow(
        tmp_path,
        {"splits": 5, "records": 20, "parents": 3},
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(shelf), order=str(order)),
        beam=beam,
    )
    report = run(config)
    assert report.status == "success"
    published = order.read_text().splitlines()
    assert published[0].startswith("0000000-")
    assert len(published) > 5
    # The parents' share of an aggregate is merged with the records'.
    records = [record for file in (shelf / "current").iterdir() for record in lines(file)]
    assert sum(record["count"] for record in records if "count" in record) == 103
