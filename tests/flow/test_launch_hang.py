"""Launching where the engine hangs: it is left, the report is written, and the place is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow import launch as launching
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore
from beam_ingest.flow.watch import Patience
from tests.flow.launched import beat, opened, ready, run_with, with_dead_worker

Hooks = dict[str, Callable[..., Any]]


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> Plan:
    return ready(tmp_path, monkeypatch)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    yield from opened()


class TestAnEngineThatHangs:
    def test_is_left_and_its_stacks_are_told(
        self, plan: Plan, gate: threading.Event, caplog: pytest.LogCaptureFixture
    ) -> None:
        beat(plan, stacks={"MainThread": "File x, line 1"})
        with caplog.at_level(logging.ERROR):
            report = run_with(plan, gate.wait, patience=Patience(5))
        assert report.stopped == "nothing has moved for 5 s: w1 at out, split part/1"
        assert (report.status, report.exit_code) == ("failed", 1)
        assert "--- w1, thread MainThread\nFile x, line 1" in caplog.text
        assert len(launching.engines_left_behind) == 1

    def test_in_a_call_that_may_take_long_is_left_later(
        self, plan: Plan, gate: threading.Event
    ) -> None:
        beat(plan, split="a.out.000", patient=True)
        report = run_with(plan, gate.wait, patience=Patience(5, 50))
        assert report.stopped == "nothing has moved for 50 s: w1 at out, split a.out.000"
        assert report.failures[0].hint == "beam.longCallTimeout sets this limit"
        assert (report.status, report.exit_code) == ("failed", 1)

    def test_leaves_what_has_begun_to_the_next_run(
        self, plan: Plan, gate: threading.Event, hooks: Hooks
    ) -> None:
        # The server that hangs would keep the launcher too.
        aborted: list[Any] = []
        hooks["abort"] = aborted.append
        RunDir(plan.run_dir).write_token("out", "begun", "t")
        beat(plan)

        def until_stopped() -> None:  # an engine that ends once its workers are gone
            while RunDir(plan.run_dir).stop() is None and not gate.wait(0.01):
                continue

        report = run_with(plan, until_stopped, patience=Patience(5))
        assert (report.status, aborted) == ("failed", [])
        assert RunDir(plan.run_dir).token("out")[0] == "begun"

    def test_because_a_worker_died_is_left(
        self, plan: Plan, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launching, "_AFTER_DEATH", 0.0)
        report = run_with(with_dead_worker(plan), gate.wait)
        assert (report.stopped or "").endswith("died at out, split part/1")
        assert report.exit_code == 1

    def test_with_a_full_disk_is_left_too(
        self, plan: Plan, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> Any:
            raise OSError(28, "No space left on device")

        beat(plan)
        monkeypatch.setattr(LocalStore, "write", full)
        monkeypatch.setattr(LocalStore, "write_new", full)
        assert run_with(plan, gate.wait, patience=Patience(5)).status == "failed"
