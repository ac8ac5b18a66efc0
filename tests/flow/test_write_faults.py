"""Writing when something fails, late or at once: no mark says more than what is settled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Batch, Deferred, FatalError, Rejected, TransientError, Written
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.settle import CUT_OFF
from beam_ingest.flow.store import LocalStore
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    FULL,
    again,
    batch,
    bundle,
    counts_of,
    done_mark,
    full_disk,
    letters,
    mark_of,
    names,
    plan_of,
    records,
    set_up,
    stop_of,
    write_all,
)

Hooks = dict[str, Callable[..., Any]]


class TestAFullDisk:
    def test_at_the_mark_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path)
        hooks["write"] = lambda batch: [Rejected("no"), Deferred()]
        monkeypatch.setattr(RunDir, "write_mark", full_disk)
        write_all(plan, batch(0, records(2), last=True))
        assert mark_of(plan) is None
        assert (stop_of(plan)["reason"], stop_of(plan)["exitCode"]) == (FULL, 1)

    @pytest.mark.parametrize("outcome", [Rejected("no"), Deferred("needs t")])
    def test_at_a_dead_letter_or_a_deferred_record_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, outcome: Any
    ) -> None:
        plan = plan_of(tmp_path)
        hooks["write"] = lambda batch: [outcome] * len(batch.records)
        monkeypatch.setattr(LocalStore, "create", full_disk)
        write_all(plan, batch(0, records(2)), batch(1, records(1), last=True))
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == FULL

    def test_at_dead_letters_from_before_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path)
        monkeypatch.setattr(LocalStore, "create", full_disk)
        letter = DeadLetter.of("p", "no", {"name": "x"})
        last = batch(1, [], last=True, error="the run was stopped")
        write_all(plan, batch(0, records(1), dead=[letter]), last)
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == FULL

    def test_leaves_the_next_split_to_be_settled(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan, other = plan_of(tmp_path), split_ref("other", 2, {})
        hooks["write"] = lambda batch: [Rejected("no")] * len(batch.records)
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            with monkeypatch.context() as patch:
                patch.setattr(LocalStore, "create", full_disk)
                bundle(fn, batch(0, records(1), last=True))
            bundle(fn, batch(0, records(1), ref=other, last=True))
        assert mark_of(plan) is None
        assert done_mark(plan, other).dead is not None


class TestASinkThatFails:
    def test_to_open_stops_the_run_and_costs_dead_letters(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        def refuse() -> None:
            raise FatalError("wrong password", hint="check it")

        hooks["open"] = refuse
        plan = plan_of(tmp_path)
        write_all(plan, batch(0, records(2), last=True))
        assert stop_of(plan) == {"reason": "wrong password", "exitCode": 3, "hint": "check it"}
        mark = done_mark(plan)
        assert counts_of(mark.ledger, "out") == [2, 0, 0, 2, 0, 0]
        # Not done: a resumed run reads it again.
        assert (mark.state, mark.error) == ("failed", CUT_OFF)
        assert mark.dead is not None
        assert [letter.reason for letter in letters(plan, mark.dead.file)] == [
            "wrong password (check it)"
        ] * 2

    def test_for_good_stops_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        def write(batch: Batch) -> None:
            raise FatalError("wrong password")

        hooks["write"] = write
        plan = plan_of(tmp_path)
        write_all(plan, batch(0, records(1), last=True))
        assert stop_of(plan)["exitCode"] == 3
        assert counts_of(done_mark(plan).ledger, "out") == [1, 0, 0, 1, 0, 0]
        assert done_mark(plan).state == "failed"

    def test_that_is_away_when_the_run_is_stopped_leaves_its_split_undone(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        plan = plan_of(tmp_path)

        def write(batch: Batch) -> None:
            fn.worker.stop()
            raise TransientError("no answer")

        hooks["write"] = write
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            bundle(fn, batch(0, records(2)), batch(1, [], last=True))
        mark = done_mark(plan)
        assert (mark.state, mark.error) == ("failed", CUT_OFF)
        assert counts_of(mark.ledger, "out") == [2, 0, 0, 2, 0, 0]

    def test_while_the_run_is_stopped_costs_only_the_splits_whose_records_fail(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        plan = plan_of(tmp_path)
        hooks["write"] = lambda given: fn.worker.stop()
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            bundle(fn, batch(0, records(2), last=True))
        assert done_mark(plan).state == "done"

    def test_for_a_moment_costs_nothing(self, tmp_path: Path, hooks: Hooks) -> None:
        errors = [TransientError("busy", retry_after=0)]

        def write(batch: Batch) -> None:
            if errors:
                raise errors.pop()

        hooks["write"] = write
        plan = plan_of(tmp_path)
        write_all(plan, batch(0, records(1), last=True))
        assert counts_of(done_mark(plan).ledger, "out") == [1, 1, 0, 0, 1, 0]

    def test_for_too_many_records_stops_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["write"] = lambda batch: [Rejected("no")] * len(batch.records)
        plan = plan_of(tmp_path, max_failures=1)
        write_all(plan, batch(0, records(2), last=True))
        assert stop_of(plan)["reason"] == "more than 1 records have failed"
        assert counts_of(done_mark(plan).ledger, "out") == [2, 0, 0, 2, 0, 0]


def test_a_record_that_is_put_off_but_cannot_be_kept_is_a_dead_letter(
    tmp_path: Path, hooks: Hooks
) -> None:
    hooks["write"] = lambda batch: [Deferred("needs t")] * len(batch.records)
    plan = plan_of(tmp_path)
    made = [{"name": "fine"}, {"name": "odd", "value": object}]
    write_all(plan, batch(0, made, last=True))
    mark = done_mark(plan)
    assert counts_of(mark.ledger, "out") == [2, 1, 0, 1, 0, 0]
    assert mark.dead is not None
    (letter,) = letters(plan, mark.dead.file)
    assert letter.reason.startswith("put off, but it cannot be kept: the record cannot be written")


def test_a_step_that_broke_can_take_the_next_bundle(tmp_path: Path, hooks: Hooks) -> None:
    class Defect(BaseException):
        """What no sink should raise."""

    def defect(batch: Batch) -> None:
        raise Defect

    plan = plan_of(tmp_path, batch_size=1)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        hooks["write"] = defect
        with pytest.raises(Defect):
            bundle(fn, batch(0, records(3)))
        del hooks["write"]
        assert mark_of(plan) is None
        bundle(fn, batch(0, records(3), last=True))
    assert counts_of(done_mark(plan).ledger, "out") == [3, 3, 0, 0, 3, 0]


class TestRequestsUnderWay:
    def test_are_as_many_as_allowed(self, tmp_path: Path, hooks: Hooks) -> None:
        together = threading.Barrier(3, timeout=10)
        hooks["write"] = lambda batch: (together.wait(), None)[1]
        plan = plan_of(tmp_path, batch_size=1, concurrency=3)
        write_all(plan, batch(0, records(6), last=True))
        assert counts_of(done_mark(plan).ledger, "out") == [6, 6, 0, 0, 6, 0]

    def test_are_all_answered_before_the_mark(self, tmp_path: Path, hooks: Hooks) -> None:
        gate = threading.Event()
        plan = plan_of(tmp_path, batch_size=1, concurrency=2)
        seen: list[bool] = []

        def write(batch: Batch) -> None:
            if names(batch) == ["r0"]:
                gate.wait(10)

        hooks["write"] = write
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            list(fn.process(batch(0, records(2), last=True)))
            seen.append(mark_of(plan) is None)
            gate.set()
            fn.finish_bundle()
        assert seen == [True]
        assert done_mark(plan).state == "done"

    def test_leave_marks_of_one_split_while_another_waits(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        gate, settled = threading.Event(), threading.Event()
        other = split_ref("other", 2, {})

        def write(batch: Batch) -> None:
            if names(batch) == ["r0"]:
                gate.wait(10)

        hooks["write"] = write
        plan = plan_of(tmp_path, concurrency=2)
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            fn.worker.settled = lambda *, failed: settled.set()  # type: ignore[method-assign]
            list(fn.process(batch(0, records(1), last=True)))
            list(fn.process(batch(0, [], ref=other, last=True)))
            assert settled.wait(10)
            assert mark_of(plan, other) is not None
            assert mark_of(plan) is None
            gate.set()
            fn.finish_bundle()
        assert mark_of(plan) is not None

    def test_of_an_attempt_that_was_given_up_count_for_nothing(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        # The source fails for a moment and is read again while requests are still under way.
        gate = threading.Event()

        def write(batch: Batch) -> list[Any]:
            if "/0/" in batch.id:
                gate.wait(10)
                return [Rejected("late")] * len(batch.records)
            return [Written()] * len(batch.records)

        hooks["write"] = write
        plan = plan_of(tmp_path, batch_size=1, concurrency=3)
        old = batch(0, records(2), dead=[DeadLetter.of("p", "no", {"name": "x"})])
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            list(fn.process(old))
            list(fn.process(batch(0, records(1), ref=again(), last=True)))
            gate.set()
            fn.finish_bundle()
        mark = done_mark(plan)
        assert (mark.attempt, mark.dead) == (1, None)
        assert counts_of(mark.ledger, "out") == [1, 1, 0, 0, 1, 0]
        assert RunDir(plan.run_dir).store.names("dead") == []
