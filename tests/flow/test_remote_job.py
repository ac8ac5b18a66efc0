"""A job is noted before it is there, followed to its end, and not given up for a short silence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from beam_ingest.engines.job import Job, State
from beam_ingest.flow import remote_job
from beam_ingest.flow.remote_job import RemoteJob
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.under_way import job_of
from tests.engines.fakes import ScriptedJob

RESULT = SimpleNamespace(state="DONE")


def remote(run: RunDir, job: ScriptedJob, monkeypatch: pytest.MonkeyPatch) -> RemoteJob:
    monkeypatch.setattr(remote_job, "client_of", job)
    return RemoteJob(run, Job("flink", "n", "http://f"), lambda result: "a1")


def test_it_is_noted_by_its_name_and_then_by_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDir(str(tmp_path))
    made = remote(run, ScriptedJob(State.RUNNING), monkeypatch)
    made.submitting()
    assert job_of(run) == Job("flink", "n", "http://f")
    made.submitted(RESULT)
    assert job_of(run) == Job("flink", "n", "http://f", "a1")


def test_it_is_followed_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    job = ScriptedJob(State.RUNNING, State.RUNNING, State.DONE)
    remote(RunDir(str(tmp_path)), job, monkeypatch).follow(RESULT, waited.append)
    assert len(waited) == 3


def test_a_failure_is_told_with_its_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = remote(RunDir(str(tmp_path)), ScriptedJob(State.FAILED), monkeypatch)
    with pytest.raises(RuntimeError, match="the job j1 is failed: it broke"):
        made.follow(RESULT, lambda seconds: None)


def test_an_engine_that_is_silent_is_waited_for_while_its_workers_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDir(str(tmp_path))
    run.store.write("heartbeats/w.json", json.dumps({"at": time.time()}).encode())
    remote(run, ScriptedJob(None, None, State.DONE), monkeypatch).follow(RESULT, lambda s: None)
    run.store.write("heartbeats/w.json", json.dumps({"at": time.time() - 100}).encode())
    with pytest.raises(RuntimeError, match="the job j1: it does not answer"):
        remote(run, ScriptedJob(None), monkeypatch).follow(RESULT, lambda s: None)
