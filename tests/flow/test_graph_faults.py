"""What the graph does when parts of it fail: every record is accounted for, nothing is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.report import RunFailed
from tests.flow.workflows import part, run, step, workflow


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def stored_names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.name[0] != "."}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def to_file(out: Path) -> dict[str, Any]:
    return {"type": "file", "config": {"path": str(out)}}


def test_a_split_that_fails_half_way_keeps_what_it_read(tmp_path: Path, out: Path) -> None:
    source = {"splits": 3, "records": 800, "fail_split": 1, "fail_after": 500, "scope": True}
    report = run(workflow(tmp_path, camel(source), sink=to_file(out)))
    assert (report.status, report.exit_code) == ("failed", 1)
    assert (report.splits.done, report.splits.failed) == (3, 1)
    assert len(lines(out)) == 800 + 500 + 800
    assert step(report, "Numbers").in_ == 2100
    (failure,) = report.failures
    assert (failure.reason, failure.examples) == ("RuntimeError: it broke", ["part/1"])
    mark = next(Path(report.run_dir, "marks").glob("0000002-*.json"))
    assert json.loads(mark.read_text())["state"] == "failed"


def test_a_failed_split_lets_no_scope_retire_anything(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    (stored / "old").touch()
    source = {"splits": 2, "records": 10, "fail_split": 1, "fail_after": 5, "scope": True}
    report = run(workflow(tmp_path, camel(source), sink=part("Folder", path=str(stored))))
    assert "old" in stored_names(stored)
    assert report.retired.skipped == "nothing is retired after an incomplete run"


def test_a_transient_error_in_reading_starts_the_split_again(tmp_path: Path, out: Path) -> None:
    source = {
        "splits": 2, "records": 700, "fail_split": 0, "fail_after": 650,
        "error": "transient", "once": str(tmp_path / "fired"),
    }  # fmt: skip
    report = run(workflow(tmp_path, camel(source), sink=to_file(out)))
    assert report.status == "success"
    assert report.attempts == 1
    assert sorted(record["n"] for record in lines(out)) == list(range(1400))


def test_a_wrong_password_stops_the_run_with_three(tmp_path: Path, out: Path) -> None:
    out.write_text("as it was\n")
    source = {"splits": 3, "records": 50, "fail_split": 0, "fail_after": 20, "error": "fatal"}
    report = run(workflow(tmp_path, camel(source), sink=to_file(out)))
    assert report.exit_code == 3
    assert report.stopped == "wrong password for user x"
    assert report.splits.not_read == 2
    # The run did not come to its end, so its output is not put in place.
    assert out.read_text() == "as it was\n"


@pytest.mark.parametrize("where", ["processor", "sink"])
def test_a_fatal_error_anywhere_stops_the_run(tmp_path: Path, where: str) -> None:
    stored = tmp_path / "stored"
    blocks: dict[str, Any] = {"sink": part("Folder", path=str(stored))}
    if where == "processor":
        blocks["processors"] = [part("Faulty", every=7, error="fatal")]
    else:
        blocks["sink"] = part("Folder", path=str(stored), raises=["r0-3"], error="fatal")
    report = run(workflow(tmp_path, {"splits": 5, "records": 2000}, **blocks))
    assert report.exit_code == 3
    assert report.sentence == "The run was stopped: wrong password for user x."
    assert report.splits.not_read >= 3


def test_a_sink_that_cannot_begin_stops_the_run_before_it_reads(tmp_path: Path) -> None:
    sink = part("Folder", path=str(tmp_path / "stored"), beginError="fatal")
    report = run(workflow(tmp_path, {"splits": 2}, sink=sink))
    assert report.exit_code == 3
    assert step(report, "Numbers").in_ == 0
    assert len(report.failures) == 1


def test_a_listing_that_breaks_off_is_a_failure_and_retires_nothing(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    (stored / "old").touch()
    source = {"splits": 4, "records": 10, "list_fails_after": 2, "scope": True}
    report = run(workflow(tmp_path, camel(source), sink=part("Folder", path=str(stored))))
    assert report.exit_code == 1
    assert report.splits.total is None
    assert stored_names(stored) == {f"r{i}-{n}" for i in range(2) for n in range(10)} | {"old"}
    assert report.failures[0].reason == "ConnectionError: the catalogue went away"


def test_a_scope_that_cannot_be_listed_is_a_failure_of_its_own(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    (stored / "old").touch()
    source = {"splits": 1, "records": 10, "scope": True, "failed_scope": True}
    report = run(workflow(tmp_path, camel(source), sink=part("Folder", path=str(stored))))
    # The scope that was listed retires; the one that was not is reported, not read as empty.
    assert report.retired.names == 1
    assert "old" not in stored_names(stored)
    assert report.exit_code == 1
    assert report.failures[0].reason == "hidden cannot be listed: permission denied"


def test_what_a_filter_a_processor_or_the_sink_left_out_stays(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    for name in ("excluded", "r0-0", "r0-3", "gone"):
        (stored / name).write_text("{}")
    source = {"splits": 1, "records": 6, "scope": True, "excluded": ["excluded"]}
    config = workflow(
        tmp_path,
        source,
        processors=[part("Faulty", every=6, drop=True)],
        sink=part("Folder", path=str(stored), rejects=["r0-3"]),
    )
    report = run(config)
    assert report.retired.names == 1
    assert {"excluded", "r0-0", "r0-3"} <= stored_names(stored)
    assert "gone" not in stored_names(stored)


def test_retiring_too_much_is_refused_until_it_is_allowed_once(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    for number in range(30):
        (stored / f"old-{number}").touch()
    config = workflow(
        tmp_path,
        {"splits": 1, "records": 10, "scope": True},
        sink=part("Folder", path=str(stored)),
    )
    refused = run(config)
    assert (refused.retired.names, refused.exit_code) == (0, 1)
    assert "30 of 40 names would be retired" in refused.retired.refused[0]
    assert "--allow-retire" in refused.retired.refused[0]
    assert len(stored_names(stored)) == 40
    allowed = run(config, allow_retire=True)
    assert (allowed.retired.names, allowed.exit_code) == (30, 0)
    assert len(stored_names(stored)) == 10


def test_too_few_outcomes_fail_the_batch(tmp_path: Path) -> None:
    sink = part("Folder", path=str(tmp_path / "stored"), short=True)
    report = run(workflow(tmp_path, {"splits": 1, "records": 3}, sink=sink))
    assert step(report, "Folder").failed == 3
    assert "2 outcomes for 3 records" in report.failures[0].reason


def test_a_hopeless_run_stops_after_max_failures(tmp_path: Path, out: Path) -> None:
    config = workflow(
        tmp_path,
        {"splits": 10, "records": 500},
        processors=[part("Faulty", every=1)],
        sink=to_file(out),
        beam={"maxFailures": 600},
    )
    report = run(config)
    assert report.exit_code == 1
    assert report.stopped == "more than 600 records have failed"
    assert 600 < report.dead_letters.count < 2000
    assert report.splits.not_read > 5


def test_a_success_threshold_forgives_records(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 500},
        processors=[part("Faulty", every=50)],
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(shelf)),
        workflowConfig={"successThreshold": 95},
    )
    report = run(config)
    assert (report.status, report.exit_code) == ("partialSuccess", 0)
    report.raise_for_status()
    assert (shelf / "current").exists()


def test_a_success_threshold_never_forgives_a_file(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    config = workflow(
        tmp_path,
        {"splits": 1, "records": 5},
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(shelf), error="error"),
        workflowConfig={"successThreshold": 0},
    )
    report = run(config)
    assert (report.status, report.exit_code) == ("failed", 1)
    assert report.files is not None
    assert report.files.failed == report.files.total
    assert not (shelf / "current").exists()
    # What was staged stays, to be published by another attempt.
    assert list(Path(report.run_dir, "staged").rglob("*.jsonl"))
    with pytest.raises(RunFailed, match="files were not published"):
        report.raise_for_status()


def test_a_rejected_line_of_a_staged_file_is_one_dead_letter(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 40},
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(shelf), rejects=["r1-7", "digit-3"]),
    )
    report = run(config)
    assert report.exit_code == 1
    assert step(report, "Shelf").failed == 2 == report.dead_letters.count
    letters = [
        json.loads(line)
        for file in report.dead_letters.files
        for line in Path(report.run_dir, file).read_text().splitlines()
    ]
    assert sorted(letter["name"] for letter in letters) == ["digit-3", "r1-7"]
    assert not (shelf / "current").exists()


def test_a_dry_run_reads_and_processes_and_writes_nothing(tmp_path: Path, out: Path) -> None:
    out.write_text("as it was\n")
    before = out.stat().st_mtime_ns
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 30},
        processors=[part("Trace", label="a")],
        sink=to_file(out),
    )
    report = run(config, dry_run=True)
    assert step(report, "Trace").out == 60
    assert (out.read_text(), out.stat().st_mtime_ns) == ("as it was\n", before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl"]


def test_a_run_directory_serves_one_run(tmp_path: Path, out: Path) -> None:
    config = workflow(tmp_path, {"splits": 1, "records": 3}, sink=to_file(out))
    run(config, run_dir=str(tmp_path / "here"))
    with pytest.raises(CannotStart, match="holds a run already"):
        run(config, run_dir=str(tmp_path / "here"))


def test_an_option_beam_does_not_know_is_named_with_the_nearest(tmp_path: Path, out: Path) -> None:
    beam = {"options": {"direct_runner_bundle_repeated": 1}}
    config = workflow(tmp_path, {}, sink=to_file(out), beam=beam)
    with pytest.raises(CannotStart, match="did you mean 'direct_runner_bundle_repeat'"):
        run(config)
    assert not (tmp_path / "runs").exists()


def camel(source: dict[str, Any]) -> dict[str, Any]:
    """The keys as YAML has them."""
    return {
        "".join(w if i == 0 else w.title() for i, w in enumerate(key.split("_"))): value
        for key, value in source.items()
    }
