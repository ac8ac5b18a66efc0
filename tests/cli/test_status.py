"""``beam-ingest status``: where a run is, by its directory and its engine, and its exit code."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from beam_ingest.api.source import Split
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.journal import Journal, Tally, partition_id, write_end
from beam_ingest.flow.stream.read import Cursor
from tests.cli.conftest import Run
from tests.cli.scripted import a_report
from tests.engines.fakes import FakeFlink


@pytest.fixture
def run(unended: RunDir) -> RunDir:
    """Of which one of three splits is done."""
    unended.store.write("splits.json", json.dumps({"splits": [["a", {}], ["b", {}]]}).encode())
    unended.store.write("marks/0000.json", b"{}")
    return unended


@pytest.mark.parametrize("name", ["r1", "latest", "runs/r1"])
def test_a_run_that_has_ended_shows_its_report_and_answers_with_its_code(
    cli: Run, run: RunDir, name: str
) -> None:
    report = a_report(status="failed", exit_code=1, sentence="The run failed: it broke.")
    run.store.write("report.json", report.to_json().encode())
    result = cli("status", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The run failed: it broke." in result.stderr


def test_a_run_whose_launcher_works_is_under_way(cli: Run, run: RunDir) -> None:
    lock = RunLock(run)
    lock.take()
    try:
        result = cli("status", "r1")
    finally:
        lock.release()
    assert result.exit_code == 0
    assert result.stderr == "The run r1 is under way: 1 of 3 splits done.\n"


def test_a_run_nobody_works_in_has_died_and_says_how_to_go_on(cli: Run, run: RunDir) -> None:
    result = cli("status", "r1")
    assert result.exit_code == 1
    assert result.stderr == (
        "The run r1 has died: 1 of 3 splits done.\n"
        "beam-ingest run -c WORKFLOW --resume runs/r1 goes on with it\n"
    )


def test_a_run_that_has_listed_nothing_yet_has_no_number_of_splits(cli: Run, run: RunDir) -> None:
    run.store.remove(["splits.json", "marks/0000.json"])
    assert "0 of an unknown number of splits done" in cli("status", "r1").stderr


def test_a_run_without_end_tells_how_many_messages_are_settled(cli: Run, unended: RunDir) -> None:
    run = unended
    known = json.loads(run.store.read("run.json") or b"")
    run.store.write("run.json", json.dumps({**known, "unbounded": True}).encode())
    assert ": its partitions are not listed yet.\n" in cli("status", "r1").stderr
    run.store.write("splits.json", json.dumps({"splits": [["a", {}], ["b", {}]]}).encode())
    tally = Tally(dead_letters=1)
    tally.ledger.step("kafka").in_ = 1_234
    tally.ledger.step("set").in_ = 1_500
    for key in "ab":
        journal = Journal(partition_id(key), Split(key), None, tally=tally)
        journal.settled.add(0, 2_000)
        journal.write(run)
    said = "2,468 messages of 2 partitions settled"
    assert f"{said}, with 2 dead letters.\n" in cli("status", "r1").stderr
    write_end(run, partition_id("a"), Cursor(None, 2_000))
    assert f"{said} (1 drained), with 2 dead letters.\n" in cli("status", "r1").stderr
    found = json.loads(cli("status", "r1", "--json").stdout)
    assert (found["splits"], found["stream"]) == (
        None, {"partitions": 2, "drained": 1, "settled": 2_468, "deadLetters": 2},
    )  # fmt: skip


@pytest.mark.usefixtures("flink")
def test_a_run_that_was_stopped_and_whose_job_goes_on_says_why_and_what_to_do(
    cli: Run, run: RunDir
) -> None:
    run.request_stop("no space left", 1)
    said = cli("status", "r1").stderr
    assert "it was asked to stop: no space left\n" in said
    assert "beam-ingest cancel runs/r1 ends its job, if it does not end by itself\n" in said


def test_the_engine_says_where_its_job_is_and_workers_when_they_lived(
    cli: Run, run: RunDir, flink: FakeFlink
) -> None:
    run.store.write("heartbeats/w.json", json.dumps({"at": time.time() - 30}).encode())
    result = cli("status", "r1")
    assert result.exit_code == 0
    first, job, life = result.stderr.splitlines()
    assert first == "The run r1 is under way: 1 of 3 splits done."
    assert job == f"job: the Flink job a1 ({flink.url}/#/job/running/a1), running"
    assert life.startswith("last sign of life of a worker: 3")


def test_a_job_that_failed_leaves_a_dead_run(cli: Run, flink: FakeFlink) -> None:
    flink.jobs["a1"]["state"] = "FAILED"
    result = cli("status", "latest", "--wait")
    assert result.exit_code == 1
    assert "has died" in result.stderr
    assert ", failed\n" in result.stderr


@pytest.mark.usefixtures("deaf_flink")
def test_an_engine_that_does_not_answer_is_told(cli: Run) -> None:
    result = cli("status", "r1")
    assert result.exit_code == 1
    assert ", unknown: " in result.stderr


def test_json_goes_to_stdout_alone(cli: Run, run: RunDir, flink: FakeFlink) -> None:
    result = cli("status", "r1", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found == {
        "runId": "r1",
        "runDir": "runs/r1",
        "phase": "running",
        "stopping": None,
        "job": f"the Flink job a1 ({flink.url}/#/job/running/a1)",
        "jobState": "running",
        "trouble": None,
        "splits": {"total": 3, "done": 1},
        "stream": None,
        "silence": None,
        "status": None,
        "exitCode": None,
    }


def test_the_workflow_says_where_runs_are(cli: Run, folder: Path) -> None:
    run = RunDir(str(folder / "elsewhere" / "r9"))
    run.store.write("run.json", json.dumps({"runId": "r9"}).encode())
    run.store.write("report.json", a_report(run_id="r9").to_json().encode())
    (folder / "w.json").write_text(
        json.dumps(
            {
                "source": {"type": "file", "serviceName": "s", "config": {"path": "in.jsonl"}},
                "sink": {"type": "file", "config": {"path": "out.jsonl"}},
                "beam": {"workDir": "elsewhere"},
            }
        )
    )
    missing = cli("status", "r9")
    assert missing.exit_code == 2
    assert "there is no run 'r9'" in missing.stderr
    assert cli("status", "r9", "-c", "w.json").exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("status", "w.yaml"),
        ("status", "w.yaml", "--wait"),
        ("cancel", "w.yaml"),
        ("status", "w.yaml/r1"),
        ("dead-letters", "w.yaml/r1"),
        ("replay", "w.yaml/r1", "-c", "w.yaml"),
        ("run", "--resume", "w.yaml", "-c", "w.yaml"),
    ],
)
def test_a_file_is_no_run(cli: Run, folder: Path, args: tuple[str, ...]) -> None:
    (folder / "w.yaml").write_text(
        "source: {type: file, serviceName: s, config: {path: in.jsonl}}\n"
        "sink: {type: file, config: {path: out.jsonl}}\n"
    )
    result = cli(*args)
    assert result.exit_code == 2
    assert "error: there is no run 'w.yaml" in result.stderr
