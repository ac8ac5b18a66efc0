"""Writing to a sink: a mark is left when all is settled, and only then, whatever goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_ingest import (
    Batch,
    Deferred,
    FatalError,
    Rejected,
    TransientError,
    Unchanged,
    Written,
)
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.store import LocalStore
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    REF,
    batch,
    bundle,
    counts_of,
    done_mark,
    letters,
    lines,
    mark_of,
    plan_of,
    records,
    set_up,
    sink,
)

Hooks = dict[str, Callable[..., Any]]


def write_all(plan: Plan, *batches: SplitBatch, writer: int = 0) -> None:
    with set_up(WriteFn(plan, plan.writers[writer])) as fn:
        assert bundle(fn, *batches) == []


def names(batch: Batch) -> list[str]:
    return [record["name"] for record in batch.records]  # type: ignore[index]


def again(ref: SplitRef = REF, attempt: int = 1) -> SplitRef:
    return SplitRef(ref.key, ref.index, ref.id, {}, attempt)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(28, "No space left on device")


def stop_of(plan: Plan) -> dict[str, Any]:
    return RunDir(plan.run_dir).stop() or {}


DISK = "the run directory cannot be written: [Errno 28] No space left on device"


def test_a_split_is_written_and_marked(tmp_path: Path, hooks: Hooks) -> None:
    offered: list[Batch] = []
    hooks["write"] = offered.append
    plan = plan_of(tmp_path, batch_size=2)
    write_all(plan, batch(0, records(3)), batch(1, records(2, 3), last=True))
    assert [names(each) for each in offered] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    assert [each.id for each in offered] == [f"r1/{REF.id}/0/{n}" for n in range(3)]
    mark = done_mark(plan)
    assert (mark.state, mark.split, mark.writer, mark.attempt) == ("done", "part", "out", 0)
    assert counts_of(mark.ledger, "src") == [5, 5, 0, 0, 5, 0]
    assert counts_of(mark.ledger, "out") == [5, 5, 0, 0, 5, 0]


def test_every_outcome_is_counted(tmp_path: Path, hooks: Hooks) -> None:
    hooks["write"] = lambda batch: [Written(), Unchanged(), Rejected("no"), Deferred("needs t")]
    plan = plan_of(tmp_path)
    write_all(plan, batch(0, records(4), last=True))
    mark = done_mark(plan)
    assert counts_of(mark.ledger, "out") == [4, 3, 0, 1, 2, 1]
    assert mark.ledger.reasons["out", "no"].examples == ["r2"]
    assert mark.dead is not None
    (letter,) = letters(plan, mark.dead.file)
    assert (letter.step, letter.reason, letter.name) == ("out", "no", "r2")
    assert mark.deferred is not None
    assert lines(plan, mark.deferred.file) == [{"name": "r3"}]


def test_progress_counts_what_was_written(tmp_path: Path, hooks: Hooks) -> None:
    hooks["write"] = lambda batch: [Written(), Rejected("no")]
    plan = plan_of(tmp_path)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, records(2), last=True))
        assert fn.worker.counts == {"out": [2, 1, 1]}
        assert fn.worker.splits == [1, 0]


def test_an_empty_split_is_marked_without_a_request(tmp_path: Path, hooks: Hooks) -> None:
    def no_request(_: Any) -> None:
        raise AssertionError("asked for nothing")

    hooks["open"] = hooks["write"] = no_request
    plan = plan_of(tmp_path)
    write_all(plan, batch(0, [], last=True))
    assert done_mark(plan).state == "done"


def test_a_split_that_failed_in_reading_keeps_what_was_written(
    tmp_path: Path, hooks: Hooks
) -> None:
    plan = plan_of(tmp_path)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, records(2)), batch(1, records(1, 2), last=True, error="it broke"))
        assert fn.worker.splits == [0, 1]
    mark = done_mark(plan)
    assert (mark.state, mark.error) == ("failed", "it broke")
    assert counts_of(mark.ledger, "out") == [3, 3, 0, 0, 3, 0]


def test_only_the_first_writer_counts_what_came_before_it(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, sink("a"), sink("b"))
    letter = DeadLetter.of("p", "no", {"name": "x"})
    for writer in (0, 1):
        write_all(plan, batch(0, records(2), last=True, dead=[letter]), writer=writer)
    first, second = done_mark(plan, writer="a"), done_mark(plan, writer="b")
    assert (set(first.ledger.steps), set(second.ledger.steps)) == ({"src", "a"}, {"b"})
    assert first.dead is not None
    assert second.dead is None


class TestWithoutAMark:
    @pytest.mark.parametrize("seqs", [[1], [0], [0, 2], [1, 0]])
    def test_is_a_split_with_batches_missing_or_out_of_order(
        self, tmp_path: Path, hooks: Hooks, seqs: list[int]
    ) -> None:
        plan = plan_of(tmp_path)
        last = max(seqs) or 9
        write_all(plan, *[batch(seq, records(1), last=seq == last) for seq in seqs])
        assert mark_of(plan) is None

    def test_is_a_split_whose_batches_came_to_two_instances(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        plan = plan_of(tmp_path)
        with (
            set_up(WriteFn(plan, plan.writers[0])) as one,
            set_up(WriteFn(plan, plan.writers[0])) as two,
        ):
            bundle(one, batch(0, records(1)))
            bundle(two, batch(1, records(1), last=True))
        assert mark_of(plan) is None

    def test_is_a_split_that_an_earlier_attempt_settled(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = plan_of(tmp_path)
        write_all(plan, batch(0, [], last=True, settled=True))
        assert mark_of(plan) is None


def test_the_same_bundle_twice_leaves_the_same_mark(tmp_path: Path, hooks: Hooks) -> None:
    offered: list[Batch] = []

    def write(batch: Batch) -> list[Any]:
        offered.append(batch)
        return [Rejected("no") if name == "r1" else Written() for name in names(batch)]

    hooks["write"] = write
    plan = plan_of(tmp_path, batch_size=2)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        marks = []
        for _ in range(2):
            bundle(fn, batch(0, records(2)), batch(1, records(1, 2), last=True))
            marks.append(done_mark(plan).to_bytes())
            assert len(letters(plan, f"dead/{REF.id}.out.0.jsonl")) == 1
    assert marks[0] == marks[1]
    assert [each.id for each in offered[:2]] == [each.id for each in offered[2:]]


def test_a_second_attempt_replaces_what_the_first_left(tmp_path: Path, hooks: Hooks) -> None:
    hooks["write"] = lambda batch: [Rejected("no")] * len(batch.records)
    plan = plan_of(tmp_path)
    write_all(
        plan,
        batch(0, records(5)),
        batch(0, records(1), ref=again()),
        batch(1, records(1, 1), ref=again(), last=True),
    )
    mark = done_mark(plan)
    assert (mark.attempt, counts_of(mark.ledger, "src")) == (1, [2, 2, 0, 0, 2, 0])
    assert counts_of(mark.ledger, "out") == [2, 0, 0, 2, 0, 0]
    assert mark.dead is not None
    assert [letter.name for letter in letters(plan, mark.dead.file)] == ["r0", "r1"]
    assert RunDir(plan.run_dir).store.names("dead") == [f"{REF.id}.out.1.jsonl"]


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


class TestAFullDisk:
    def test_at_the_mark_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path)
        hooks["write"] = lambda batch: [Rejected("no"), Deferred()]
        monkeypatch.setattr(RunDir, "write_mark", full)
        write_all(plan, batch(0, records(2), last=True))
        assert mark_of(plan) is None
        assert (stop_of(plan)["reason"], stop_of(plan)["exitCode"]) == (DISK, 1)

    @pytest.mark.parametrize("outcome", [Rejected("no"), Deferred("needs t")])
    def test_at_a_dead_letter_or_a_deferred_record_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, outcome: Any
    ) -> None:
        plan = plan_of(tmp_path)
        hooks["write"] = lambda batch: [outcome] * len(batch.records)
        monkeypatch.setattr(LocalStore, "create", full)
        write_all(plan, batch(0, records(2)), batch(1, records(1), last=True))
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == DISK

    def test_at_dead_letters_from_before_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path)
        monkeypatch.setattr(LocalStore, "create", full)
        letter = DeadLetter.of("p", "no", {"name": "x"})
        last = batch(1, [], last=True, error="the run was stopped")
        write_all(plan, batch(0, records(1), dead=[letter]), last)
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == DISK

    def test_leaves_the_next_split_to_be_settled(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan, other = plan_of(tmp_path), split_ref("other", 2, {})
        hooks["write"] = lambda batch: [Rejected("no")] * len(batch.records)
        with set_up(WriteFn(plan, plan.writers[0])) as fn:
            with monkeypatch.context() as patch:
                patch.setattr(LocalStore, "create", full)
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
    def defect(batch: Batch) -> None:
        raise SystemExit("a defect that no sink should have")

    plan = plan_of(tmp_path, batch_size=1)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        hooks["write"] = defect
        with pytest.raises(SystemExit):
            bundle(fn, batch(0, records(3)))
        del hooks["write"]
        assert mark_of(plan) is None
        bundle(fn, batch(0, records(3), last=True))
    assert counts_of(done_mark(plan).ledger, "out") == [3, 3, 0, 0, 3, 0]


WHAT = st.sampled_from(["written", "unchanged", "rejected", "deferred", "raises"])


@given(
    st.lists(st.lists(WHAT, max_size=5), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 3),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_is_passed_and_failed_whatever_a_sink_answers(
    tmp_path_factory: pytest.TempPathFactory,
    hooks: Hooks,
    what: list[list[str]],
    size: int,
    concurrency: int,
) -> None:
    def write(batch: Batch) -> list[Any]:
        answers = [record["what"] for record in batch.records]  # type: ignore[index]
        if "raises" in answers:
            raise ValueError("a bad record")
        made = {
            "written": Written(), "unchanged": Unchanged(),
            "rejected": Rejected("no"), "deferred": Deferred(),
        }  # fmt: skip
        return [made[answer] for answer in answers]

    hooks["write"] = write
    plan = plan_of(tmp_path_factory.mktemp("run"), batch_size=size, concurrency=concurrency)
    write_all(
        plan,
        *[
            batch(seq, [{"name": f"{seq}.{n}", "what": w} for n, w in enumerate(part)],
                  last=seq == len(what) - 1)
            for seq, part in enumerate(what)
        ],
    )  # fmt: skip
    given_ = [each for part in what for each in part]
    mark = done_mark(plan)
    counts = mark.ledger.step("out")
    assert counts.in_ == len(given_) == counts.passed + counts.failed
    assert counts.failed == given_.count("rejected") + given_.count("raises")
    assert counts.failed == (mark.dead.count if mark.dead else 0)
    assert counts.unchanged == given_.count("unchanged")
    assert given_.count("deferred") == (mark.deferred.count if mark.deferred else 0)
    assert counts.out == given_.count("written") + given_.count("unchanged")
    if mark.dead is not None:
        assert len(letters(plan, mark.dead.file)) == counts.failed
