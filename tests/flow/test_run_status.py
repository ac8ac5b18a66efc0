"""Where a run is follows from its directory and its engine; what is at work is not resumed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.source import Split
from beam_ingest.engines.job import FILE, Job, State
from beam_ingest.flow import under_way
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.resume import DRAIN
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.run_status import Phase, cancel, drain, status_of, wait_for_end
from beam_ingest.flow.stream.journal import Journal, partition_id, write_end
from beam_ingest.flow.stream.read import Cursor
from beam_ingest.flow.under_way import at_work
from tests.cli.scripted import a_report
from tests.engines.fakes import ScriptedJob

JOB = Job("flink", "beam-ingest-r1", "http://flink:8081", "a1")


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir(str(tmp_path))
    run.store.write("run.json", json.dumps({"runId": "r1"}).encode())
    run.store.write(FILE, JOB.to_bytes())
    return run


def beat(run: RunDir, ago: float) -> None:
    run.store.write("heartbeats/w.json", json.dumps({"at": time.time() - ago}).encode())


def test_the_job_is_written_as_it_is_read(run: RunDir) -> None:
    assert run.store.read(FILE) == (
        b'{\n  "engine": "flink",\n  "name": "beam-ingest-r1",\n'
        b'  "endpoint": "http://flink:8081",\n  "id": "a1",\n  "project": "",\n  "region": ""\n}'
    )
    assert under_way.job_of(run) == JOB


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        (State.RUNNING, Phase.RUNNING),
        (State.FAILED, Phase.DEAD),
        (State.DONE, Phase.DEAD),
        (State.GONE, Phase.DEAD),
        (None, Phase.DEAD),
    ],
)
def test_a_run_without_a_report_is_where_its_job_is(
    run: RunDir, state: State | None, phase: Phase
) -> None:
    status = status_of(run.store.root, client=ScriptedJob(state))
    assert (status.run_id, status.phase, status.job, status.job_state) == (
        "r1",
        phase,
        "the job j1",
        state,
    )


def test_workers_that_live_are_at_work_though_their_engine_does_not_answer(run: RunDir) -> None:
    beat(run, ago=5)
    assert status_of(run.store.root, client=ScriptedJob(None)).phase is Phase.RUNNING
    beat(run, ago=500)
    assert status_of(run.store.root, client=ScriptedJob(None)).phase is Phase.DEAD


def test_a_run_with_a_report_has_ended_whatever_its_engine_says(run: RunDir) -> None:
    run.store.write("report.json", a_report().to_json().encode())
    status = status_of(run.store.root, client=ScriptedJob(None))
    assert status.phase is Phase.ENDED
    assert status.to_json()["status"] == "success"


def test_a_launcher_that_holds_the_lock_is_at_work(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    lock = RunLock(run)
    lock.take()
    assert status_of(str(tmp_path)).phase is Phase.RUNNING
    lock.release()
    assert status_of(str(tmp_path)).phase is Phase.DEAD


def test_a_job_at_work_keeps_others_out_of_its_run(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults: Any = at_work.__kwdefaults__
    monkeypatch.setitem(defaults, "client", ScriptedJob(State.RUNNING))
    with pytest.raises(CannotStart) as caught:
        RunLock(run).take()
    assert caught.value.message.endswith("the job j1 is still running")
    assert "beam-ingest status" in str(caught.value.hint)
    monkeypatch.setitem(defaults, "client", ScriptedJob(State.FAILED))
    lock = RunLock(run)
    lock.take()
    lock.release()


def test_waiting_ends_with_the_run_or_its_time(run: RunDir) -> None:
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING, State.RUNNING, State.FAILED)

    def look(path: str) -> Any:
        return status_of(path, client=job)

    assert wait_for_end(run.store.root, sleep=slept.append, look=look).phase is Phase.DEAD
    assert slept == [1.0, 1.0]
    job = ScriptedJob(State.RUNNING)
    assert wait_for_end(run.store.root, 3, sleep=slept.append, look=look).phase is Phase.RUNNING
    assert len(slept) == 5


def test_a_run_is_asked_to_stop_before_its_job_is_cancelled(run: RunDir) -> None:
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING)
    status = cancel(run.store.root, sleep=slept.append, client=job)
    assert (job.cancelled, len(slept), status.phase) == (1, 60, Phase.DEAD)
    stop = run.stop()
    assert stop is not None
    assert (stop["reason"], stop["exitCode"]) == ("cancelled", 130)


def test_a_run_that_ends_by_itself_keeps_its_job(run: RunDir) -> None:
    job = ScriptedJob(State.RUNNING)

    def ends(seconds: float) -> None:
        run.store.write("report.json", a_report().to_json().encode())

    assert cancel(run.store.root, sleep=ends, client=job).phase is Phase.ENDED
    assert job.cancelled == 0


def stream(run: RunDir, *keys: str) -> list[Journal]:
    """Make it a run without end that reads these partitions."""
    run.store.write("run.json", json.dumps({"runId": "r1", "unbounded": True}).encode())
    journals = [Journal(partition_id(key), Split(key), None) for key in keys]
    for journal in journals:
        journal.write(run)
    run.write_listing([journal.split for journal in journals], [], None)
    return journals


def settle(run: RunDir, journal: Journal) -> None:
    journal.settled.add(0, 7)
    journal.write(run)
    write_end(run, journal.id, Cursor(None, 7, ended=True))


def test_the_job_of_a_run_without_end_is_not_waited_for_long(run: RunDir) -> None:
    stream(run, "p0")
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING)
    status = cancel(run.store.root, sleep=slept.append, client=job)
    assert (job.cancelled, len(slept), status.phase) == (1, 10, Phase.DEAD)


def test_draining_waits_until_all_that_was_read_is_settled_and_then_ends_the_job(
    run: RunDir,
) -> None:
    journals = stream(run, "p0", "p1")
    Journal(partition_id("gone"), Split("gone"), None).write(run)  # of an attempt before
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING)

    def settles(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) in (100, 200):
            assert (run.store.read(DRAIN), run.stop(), job.cancelled) == (
                b"cancel --drain",
                None,
                0,
            )
            settle(run, journals[len(slept) // 100 - 1])

    status = drain(run.store.root, sleep=settles, client=job)
    assert (job.cancelled, len(slept), status.phase) == (1, 210, Phase.DEAD)
    assert run.stop() is None  # it was not stopped: it counts as a success


def test_draining_ends_with_a_run_that_was_stopped_and_settles_no_more(run: RunDir) -> None:
    stream(run, "p0")
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING)

    def stops(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 5:
            run.request_stop("no space left", 1)

    status = drain(run.store.root, sleep=stops, client=job)
    assert (job.cancelled, len(slept), status.phase) == (1, 15, Phase.DEAD)
    assert status.stopping == "no space left"


def test_a_run_without_end_is_drained_before_its_partitions_are_listed(run: RunDir) -> None:
    run.store.write("run.json", json.dumps({"runId": "r1", "unbounded": True}).encode())
    job = ScriptedJob(State.RUNNING)

    def lists(seconds: float) -> None:
        if run.listing() is None:
            (journal,) = stream(run, "p0")
            settle(run, journal)

    status = drain(run.store.root, sleep=lists, client=job)
    assert (job.cancelled, run.store.read(DRAIN)) == (1, b"cancel --drain")
    assert status.stream is not None
    assert status.stream.is_drained


def test_a_run_that_has_an_end_is_not_drained(run: RunDir) -> None:
    with pytest.raises(CannotStart, match="only a run without end is drained"):
        drain(run.store.root, client=ScriptedJob(State.RUNNING))
    assert drain(run.store.root, client=ScriptedJob(State.FAILED)).phase is Phase.DEAD
    assert run.store.read(DRAIN) is None


def test_at_once_means_at_once(run: RunDir) -> None:
    slept: list[float] = []
    job = ScriptedJob(State.RUNNING)
    cancel(run.store.root, at_once=True, sleep=slept.append, client=job)
    assert (job.cancelled, slept) == (1, [])
