"""Launching: a run ends with a report, whatever its engine does."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.progress import ProgressSnapshot
from beam_ingest.flow import launch as launching
from beam_ingest.flow.finish import FinishFn
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore
from beam_ingest.testing.faults.disk import DiskFault
from tests.flow.launched import finishing, opened, ready, run_with, with_dead_worker

Hooks = dict[str, Callable[..., Any]]


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> Plan:
    return ready(tmp_path, monkeypatch)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    yield from opened()


def test_the_report_is_the_one_the_graph_wrote(plan: Plan, tmp_path: Path) -> None:
    report = run_with(plan, finishing(plan))
    assert (report.status, report.exit_code) == ("success", 0)
    assert json.loads((tmp_path / "report.json").read_bytes())["endedAt"] == report.ended_at


def test_progress_is_told_while_it_runs_and_once_more_at_the_end(plan: Plan) -> None:
    told: list[ProgressSnapshot] = []
    seen = threading.Event()

    def listener(snapshot: ProgressSnapshot) -> None:
        told.append(snapshot)
        seen.set()

    def does() -> None:
        assert seen.wait(10)

    run_with(plan, does, listener=listener)
    assert len(told) >= 2
    assert told[-1].splits_total == 1


class TestAnEngineThatBreaks:
    def test_is_a_defect_told_by_its_last_line(self, plan: Plan) -> None:
        def breaks() -> None:
            raise RuntimeError("Traceback of a worker:\n  File x\nKeyError: 'columns'\n\n")

        report = run_with(plan, breaks)
        assert (report.status, report.exit_code) == ("failed", 4)
        assert report.sentence == "The run failed: the engine broke: KeyError: 'columns'."

    def test_after_a_stop_is_what_follows_from_it(self, plan: Plan) -> None:
        def breaks() -> None:
            RunDir(plan.run_dir).request_stop("wrong password", 3)
            raise RuntimeError("and so it broke")

        report = run_with(plan, breaks)
        assert (report.exit_code, report.stopped) == (3, "wrong password")

    def test_after_its_report_is_a_defect(self, plan: Plan) -> None:
        def breaks() -> None:
            finishing(plan)()
            raise RuntimeError("in tearing down")

        assert run_with(plan, breaks).exit_code == 4

    def test_in_its_thread_alone_is_no_success(self, plan: Plan) -> None:
        def ends() -> None:
            raise SystemExit(0)

        assert run_with(plan, ends).status == "failed"

    def test_without_a_word_is_no_success(self, plan: Plan) -> None:
        report = run_with(plan, lambda: None)
        assert (report.status, report.exit_code) == ("failed", 4)
        assert "ended without the last step of the graph" in report.sentence


def test_a_full_disk_ends_in_a_failed_report_and_no_traceback(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalStore, "write", full)
    monkeypatch.setattr(LocalStore, "write_new", full)
    report = run_with(plan, finishing(plan))
    assert (report.status, report.exit_code) == ("failed", 1)
    assert "its report cannot be written: [Errno 28] No space left" in report.sentence


def test_a_report_that_the_graph_could_not_write_is_no_defect_of_the_engine(plan: Plan) -> None:
    full = DiskFault("full", plan.run_dir)

    def does() -> None:
        fn = FinishFn(plan)
        fn.setup()
        with full:
            try:
                list(fn.process(None))
            finally:
                fn.teardown()

    report = run_with(plan, does)
    where = f"the run directory {plan.run_dir} cannot be written: [Errno 28] No space left"
    assert (report.status, report.exit_code) == ("failed", 1)
    assert (report.stopped or "").startswith(where)
    assert report.failures[0].hint == "what is durable is kept: make room, and go on with --resume"


def test_a_stop_that_cannot_be_written_down_is_in_the_report_all_the_same(plan: Plan) -> None:
    def does() -> None:
        raise RuntimeError("a worker: OSError: the run directory /r cannot be written: no space")

    with DiskFault("full", plan.run_dir):
        report = run_with(plan, does)
    assert report.exit_code == 1
    assert report.stopped == "the run directory /r cannot be written: no space"
    assert "its report cannot be written" in report.sentence
    assert report.failures[-1].reason.startswith(f"the run directory {plan.run_dir} cannot be")


def test_workers_that_pass_the_limit_of_failures_together_are_stopped(
    plan: Plan, gate: threading.Event
) -> None:
    run = RunDir(plan.run_dir)
    beat = {"worker": "w", "host": "elsewhere", "pid": 1, "parent": 0, "moved": time.time()}
    beat |= {"split": None, "step": "out", "splits": [0, 0], "counts": {"out": [6, 0, 6]}}
    for name in ("w1", "w2"):
        run.store.write(f"heartbeats/{name}.json", json.dumps(beat).encode())

    def ends_when_stopped() -> None:
        while run.stop() is None and not gate.wait(0.01):
            continue

    report = run_with(replace(plan, max_failures=10), ends_when_stopped)
    assert (report.stopped, report.exit_code) == ("more than 10 records have failed", 1)


def test_a_worker_that_died_while_the_engine_ended_is_told(plan: Plan) -> None:
    report = run_with(with_dead_worker(plan), lambda: None)
    assert (report.stopped or "").endswith("died at out, split part/1")


def test_a_worker_that_ended_with_the_run_is_no_news(plan: Plan) -> None:
    assert run_with(with_dead_worker(plan), finishing(plan)).status == "success"


class TestSignals:
    def test_ask_the_run_to_stop(self, plan: Plan) -> None:
        def does() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            while RunDir(plan.run_dir).stop() is None:
                continue

        before = signal.getsignal(signal.SIGINT)
        report = run_with(plan, does, handle_signals=True)
        assert (report.exit_code, report.stopped) == (130, "stopped by SIGINT")
        assert signal.getsignal(signal.SIGINT) is before

    def test_leave_an_engine_that_does_not_listen(
        self, plan: Plan, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launching, "GRACE", 0.0)

        def does() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            gate.wait()

        report = run_with(plan, does, handle_signals=True)
        assert (report.exit_code, report.stopped) == (143, "stopped by SIGTERM")

    def test_of_a_second_time_do_not_wait(self, plan: Plan, gate: threading.Event) -> None:
        def does() -> None:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
                while RunDir(plan.run_dir).stop() is None:
                    continue
            gate.wait()

        assert run_with(plan, does, handle_signals=True).exit_code == 130

    def test_end_the_run_though_the_disk_is_full(
        self, plan: Plan, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> Any:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(launching, "GRACE", 0.0)
        monkeypatch.setattr(LocalStore, "write_new", full)

        def does() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            gate.wait()

        assert run_with(plan, does, handle_signals=True).status == "failed"

    def test_are_left_alone_where_they_were_not_asked_for(self, plan: Plan) -> None:
        before = signal.getsignal(signal.SIGINT)
        seen: list[Any] = []
        run_with(plan, lambda: seen.append(signal.getsignal(signal.SIGINT)))
        assert seen == [before]


def test_threads_of_the_engine_that_end_in_an_exception_do_not_print_tracebacks(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    def raises() -> None:
        raise ValueError("somewhere in the engine")

    def does() -> None:
        thread = threading.Thread(target=raises)
        thread.start()
        thread.join()

    run_with(plan, does)
    assert "somewhere in the engine" not in capsys.readouterr().err
