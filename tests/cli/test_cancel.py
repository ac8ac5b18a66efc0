"""``beam-ingest cancel``: what is under way is ended, its job too, and what it began taken back."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from beam_ingest.api.secrets import MASK
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.run_dir import RunDir
from tests.cli.conftest import Run
from tests.cli.scripted import a_report
from tests.engines.fakes import FakeFlink


def cancelled(flink: FakeFlink) -> bool:
    return ("PATCH", "/v1/jobs/a1?mode=cancel") in flink.asked


def test_a_run_that_has_ended_is_left_as_it_is(cli: Run, unended: RunDir, flink: FakeFlink) -> None:
    unended.store.write("report.json", a_report().to_json().encode())
    result = cli("cancel", "r1")
    assert result.exit_code == 0
    assert result.stderr == "The run has ended already: there is nothing to cancel.\n"
    assert not cancelled(flink)
    assert unended.stop() is None


@pytest.mark.parametrize("name", ["r1", "latest", "runs/r1"])
def test_a_job_is_cancelled_at_its_engine_and_the_run_gets_its_report(
    cli: Run, unended: RunDir, flink: FakeFlink, name: str
) -> None:
    result = cli("cancel", name, "--now")
    assert result.exit_code == 0
    assert cancelled(flink)
    assert "The run was stopped: cancelled." in result.stderr
    report = json.loads(unended.store.read("report.json") or b"")
    assert (report["status"], report["exitCode"]) == ("failed", 130)
    assert cli("status", name).exit_code == 130


def test_a_launcher_that_works_here_is_asked_to_stop_and_awaited(cli: Run, unended: RunDir) -> None:
    taken = threading.Event()

    def launcher() -> None:
        lock = RunLock(unended)
        lock.take()
        taken.set()
        while unended.stop() is None:
            threading.Event().wait(0.01)
        sentence = "The run was stopped: cancelled."
        report = a_report(status="failed", exit_code=130, sentence=sentence)
        unended.store.write("report.json", report.to_json().encode())
        lock.release()

    thread = threading.Thread(target=launcher)
    thread.start()
    assert taken.wait(20)
    result = cli("cancel", "r1")
    thread.join()
    assert result.exit_code == 0
    assert "The run was stopped: cancelled." in result.stderr


def test_a_dead_run_is_settled_without_an_engine(cli: Run, unended: RunDir) -> None:
    result = cli("cancel", "r1")
    assert result.exit_code == 0
    report = json.loads(unended.store.read("report.json") or b"")
    assert report["status"] == "failed"


def test_an_engine_that_does_not_answer_leaves_the_run_without_a_report(
    cli: Run, unended: RunDir, deaf_flink: str
) -> None:
    unended.store.write("heartbeats/w.json", json.dumps({"at": 9e9}).encode())
    result = cli("cancel", "r1", "--now")
    assert result.exit_code == 3
    assert deaf_flink.removeprefix("http://") in result.stderr
    assert unended.store.read("report.json") is None


def test_secrets_of_the_run_are_asked_for_before_what_it_began_is_taken_back(
    cli: Run, unended: RunDir, flink: FakeFlink
) -> None:
    said = json.loads(unended.store.read("run.json") or b"")
    said["workflow"]["sink"]["config"]["path"] = MASK
    unended.store.write("run.json", json.dumps(said).encode())
    result = cli("cancel", "r1", "--now")
    assert result.exit_code == 2
    assert "that needs its secrets" in result.stderr
    assert "beam-ingest cancel RUN -c FILE" in result.stderr
    assert cancelled(flink)


def test_a_savepoint_is_taken_instead_and_its_place_told(cli: Run, flink: FakeFlink) -> None:
    result = cli("cancel", "r1", "--savepoint", "/s")
    assert (result.exit_code, result.stderr) == (0, "savepoint: file:/s/savepoint-1\n")
    assert not cancelled(flink)


def test_only_a_job_on_flink_has_savepoints(cli: Run, unended: RunDir) -> None:
    result = cli("cancel", "r1", "--savepoint", "/s")
    assert result.exit_code == 2
    assert "only a job on a Flink cluster has savepoints" in result.stderr


def test_a_run_that_is_not_there_is_no_traceback(cli: Run, folder: Path) -> None:
    result = cli("cancel", "r1")
    assert result.exit_code == 2
    assert "there is no run 'r1'" in result.stderr
    assert list(folder.iterdir()) == []
