"""The end of a run: what is retired, committed and aborted, and a report whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError, Scope, Split
from beam_ingest.api.report import Report
from beam_ingest.flow.finish import FinishFn, now
from beam_ingest.flow.mark import LineFile, Mark
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore
from tests.flow.ended import Calls, begun, end, fail_records, ledger, run_of
from tests.flow.scripted import CompletedBulk, RetiringSink, bundle, plan_of, set_up, sink, staged

Hooks = dict[str, Callable[..., Any]]


def test_the_report_says_what_the_marks_say(tmp_path: Path, hooks: Hooks) -> None:
    plan = run_of(tmp_path, attempt=2)
    report = end(plan)
    assert (report.status, report.exit_code, report.attempts) == ("success", 0, 2)
    assert (report.run_id, report.run_dir, report.workflow) == ("r1", plan.run_dir, "w.yaml")
    assert report.started_at == "2026-01-02T03:04:05.000Z" < report.ended_at
    assert [(step.name, step.in_) for step in report.steps] == [("src", 4), ("out", 0)]
    assert (report.splits.total, report.splits.done, report.stopped) == (2, 2, None)
    on_disk = json.loads((tmp_path / "report.json").read_bytes())
    assert Report.model_validate(on_disk) == report
    assert on_disk["steps"][0]["in"] == 4


def test_dead_letters_failures_and_drops_are_in_it(tmp_path: Path, hooks: Hooks) -> None:
    plan = run_of(tmp_path)
    run = RunDir(plan.run_dir)
    run.store.write("dead/a", b"{}\n")
    ref = list(run.splits())[1]
    made = ledger(1, 1)
    made.dropped("src", "not wanted", 3)
    mark = Mark(ref.key, ref.index, "out", 0, "done", ledger=made, dead=LineFile("dead/a", 1))
    run.write_mark(ref, mark)
    report = end(plan)
    assert (report.status, report.exit_code) == ("failed", 1)
    assert (report.dead_letters.count, report.dead_letters.files) == (1, ["dead/a"])
    assert [(f.step, f.reason, f.examples) for f in report.failures] == [("src", "no", ["r0"])]
    assert [(f.step, f.reason, f.count) for f in report.filtered] == [("src", "not wanted", 3)]


class TestCommitting:
    def test_is_for_a_success(self, tmp_path: Path, hooks: Hooks) -> None:
        plan, calls = run_of(tmp_path), Calls(hooks)
        begun(plan, {"index": "i"})
        assert end(plan).status == "success"
        assert calls.made == [("commit", {"index": "i"}), "close"]

    def test_aborts_after_a_failure(self, tmp_path: Path, hooks: Hooks) -> None:
        plan, calls = run_of(tmp_path, marks=1), Calls(hooks)
        begun(plan, {"index": "i"})
        assert end(plan).status == "failed"
        assert calls.made == [("abort", {"index": "i"}), "close"]

    @pytest.mark.parametrize("threshold", [100.0, 10.0])
    def test_follows_the_threshold_of_the_workflow(
        self, tmp_path: Path, hooks: Hooks, threshold: float
    ) -> None:
        plan, calls = run_of(tmp_path, success_threshold=threshold), Calls(hooks)
        begun(plan)
        fail_records(plan)
        report = end(plan)
        expected = ("failed", "abort") if threshold == 100 else ("partialSuccess", "commit")
        assert (report.status, calls.made[0][0]) == expected

    def test_is_not_for_what_never_began(self, tmp_path: Path, hooks: Hooks) -> None:
        plan, calls = run_of(tmp_path), Calls(hooks)
        assert end(plan).status == "success"
        assert calls.made == ["close"]

    def test_happens_once_though_the_end_comes_twice(self, tmp_path: Path, hooks: Hooks) -> None:
        plan, calls = run_of(tmp_path), Calls(hooks)
        begun(plan)
        reports = [end(plan).model_copy(update={"ended_at": ""}) for _ in range(2)]
        assert reports[0] == reports[1]
        assert [call for call in calls.made if call != "close"] == [("commit", None)]

    @pytest.mark.parametrize(
        ("failed", "stopped", "call"),
        [(False, False, "commit"), (True, False, "commit"), (False, True, "abort")],
    )
    def test_of_what_shows_every_run_is_for_all_that_came_to_their_end(
        self, tmp_path: Path, hooks: Hooks, failed: bool, stopped: bool, call: str
    ) -> None:
        plan, calls = run_of(tmp_path, staged(bulk=CompletedBulk)), Calls(hooks)
        begun(plan)
        if failed:
            fail_records(plan)
        if stopped:
            RunDir(plan.run_dir).request_stop("enough", 1)
        end(plan)
        assert calls.made[0][0] == call

    def test_is_not_for_what_could_not_be_listed(self, tmp_path: Path, hooks: Hooks) -> None:
        plan, calls = run_of(tmp_path, staged(bulk=CompletedBulk)), Calls(hooks)
        begun(plan)
        RunDir(plan.run_dir).write_listing([Split("k1")], [], "it broke off")
        assert end(plan).exit_code == 1
        assert calls.made[0][0] == "abort"

    def test_that_fails_fails_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        def refuse(token: Any) -> None:
            raise RuntimeError("no such alias")

        plan = run_of(tmp_path)
        begun(plan)
        hooks["commit"] = refuse
        report = end(plan)
        assert (report.status, report.exit_code) == ("failed", 1)
        assert report.sentence == "The run failed: its end did not come off, see the failures."
        assert [(f.step, f.reason) for f in report.failures] == [
            ("out", "commit: RuntimeError: no such alias"),
        ]

    def test_of_the_second_writer_happens_though_the_first_fails(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        opened: list[int] = []

        def first_fails() -> None:
            opened.append(1)
            if len(opened) == 1:
                raise ConnectionError("refused")

        plan, calls = run_of(tmp_path, sink("a"), sink("b")), Calls(hooks)
        begun(plan)
        hooks["open"] = first_fails
        assert end(plan).status == "failed"
        assert calls.made == ["close", ("commit", None), "close"]


class TestASinkThatBreaksAtTheEnd:
    def test_in_open_fails_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        def refuse() -> None:
            raise ConnectionError("refused")

        plan = run_of(tmp_path)
        begun(plan)
        hooks["open"] = refuse
        report = end(plan)
        assert (report.status, [f.reason for f in report.failures]) == (
            "failed", ["ConnectionError: refused"],
        )  # fmt: skip

    @pytest.mark.parametrize("message", ["wrong password", ""])
    def test_for_good_says_so_by_the_exit_code(
        self, tmp_path: Path, hooks: Hooks, message: str
    ) -> None:
        def refuse() -> None:
            raise FatalError(message, hint="check it")

        plan = run_of(tmp_path)
        begun(plan)
        hooks["open"] = refuse
        report = end(plan)
        reason = message or "FatalError"
        assert (report.status, report.exit_code, report.stopped) == ("failed", 3, reason)
        assert report.sentence == f"The run was stopped: {reason}."

    def test_in_close_is_told_in_the_log_alone(
        self, tmp_path: Path, hooks: Hooks, caplog: pytest.LogCaptureFixture
    ) -> None:
        def breaks() -> None:
            raise RuntimeError("already closed")

        plan = run_of(tmp_path)
        begun(plan)
        hooks["close"] = breaks
        assert end(plan).status == "success"
        assert (tmp_path / "report.json").exists()
        assert caplog.messages == ["out: close: RuntimeError: already closed"]


class TestAReportIsWritten:
    ODD = "caf\udce9"

    def test_of_names_and_reasons_that_utf_8_cannot_hold(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        plan = run_of(tmp_path)
        fail_records(plan, name=self.ODD, why=f"no file {self.ODD}")
        RunDir(plan.run_dir).request_stop(f"stopped at {self.ODD}", 1, hint=self.ODD)
        report = end(plan)
        assert report.failures[1].examples == ["caf\\udce9"]
        assert report.stopped == "stopped at caf\\udce9"
        assert (tmp_path / "report.json").exists()

    def test_of_splits_and_scopes_that_utf_8_cannot_hold(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        plan = plan_of(tmp_path)
        scopes = [Scope(self.ODD, failed=f"no {self.ODD}")]
        RunDir(plan.run_dir).write_listing([Split(self.ODD)], scopes, f"at {self.ODD}")
        report = end(plan, f"a defect at {self.ODD}")
        assert report.exit_code == 4
        assert (tmp_path / "report.json").exists()

    def test_or_the_run_has_failed(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(store: Any, name: str, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        plan = run_of(tmp_path)
        monkeypatch.setattr(LocalStore, "write", full)
        report = end(plan)
        assert (report.status, report.exit_code) == ("failed", 1)
        assert report.sentence == (
            "The run failed: its report cannot be written: [Errno 28] No space left on device."
        )
        assert not (tmp_path / "report.json").exists()


def test_a_stop_in_the_last_moment_is_no_contradiction(tmp_path: Path, hooks: Hooks) -> None:
    plan = run_of(tmp_path)
    begun(plan)
    hooks["commit"] = lambda token: RunDir(plan.run_dir).request_stop("stopped by SIGINT", 130)
    report = end(plan)
    assert (report.status == "success") == (report.stopped is None)


def test_a_dry_run_touches_no_sink(tmp_path: Path, hooks: Hooks) -> None:
    plan, calls = run_of(tmp_path, sink(cls=RetiringSink), dry_run=True), Calls(hooks)
    report = end(plan)
    assert (report.status, report.retired.skipped) == ("success", "a dry run writes nothing")
    assert calls.made == []


def test_the_step_finishes_the_run(tmp_path: Path, hooks: Hooks) -> None:
    plan = run_of(tmp_path)
    with set_up(FinishFn(plan)) as fn:
        assert bundle(fn, None) == []
        assert fn.worker.split == "(finishing)"
    assert (tmp_path / "report.json").exists()


def test_times_are_in_utc_with_milliseconds() -> None:
    assert now(lambda: 1_767_323_045.25) == "2026-01-02T03:04:05.250Z"
