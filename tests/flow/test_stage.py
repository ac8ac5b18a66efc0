"""The staging step: descriptors go on, marks come when all is durable, faults leave none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError
from beam_ingest.flow import store
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.stage import StageFn
from beam_ingest.flow.store import LocalStore
from tests.flow.scripted import (
    FULL,
    REF,
    KeyedStage,
    batch,
    bundle,
    counts_of,
    done_mark,
    full_disk,
    lines,
    mark_of,
    plan_of,
    records,
    set_up,
    sink,
    staged,
    stop_of,
)

Hooks = dict[str, Callable[..., Any]]


def stage_all(plan: Plan, *batches: SplitBatch) -> list[Chunk]:
    with set_up(StageFn(plan, plan.writers[-1])) as fn:
        return bundle(fn, *batches)


def test_the_last_batch_of_a_split_sends_its_files_on(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    with set_up(StageFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, batch(0, records(2))) == []
        (chunk,) = bundle(fn, batch(1, records(1, 2), last=True))
        assert fn.worker.counts == {"bulk (stage)": [3, 3, 0]}
        assert fn.worker.splits == [1, 0]
    assert lines(plan, chunk.file) == records(3)
    mark = done_mark(plan)
    assert (mark.chunks, mark.state) == ([chunk], "done")
    assert counts_of(mark.ledger, "src") == [3, 3, 0, 0, 3, 0]
    assert counts_of(mark.ledger, "bulk (stage)") == [3, 3, 0, 0, 3, 0]


def test_many_splits_of_one_bundle_are_marked_at_its_end(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    refs = [split_ref(f"part/{number}", number, {}) for number in range(1, 100)]
    chunks = stage_all(plan, *[batch(0, records(1), ref=ref, last=True) for ref in refs])
    assert len(chunks) == 99
    assert all(
        done_mark(plan, ref).chunks == [chunk] for ref, chunk in zip(refs, chunks, strict=True)
    )


def test_a_second_writer_counts_its_own_step_only(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, sink(), staged())
    stage_all(plan, batch(0, records(2), last=True))
    assert set(done_mark(plan, writer="bulk").ledger.steps) == {"bulk (stage)"}


def test_a_settled_split_sends_on_what_its_mark_names(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    sent = stage_all(plan, batch(0, records(2), last=True))
    assert stage_all(plan, batch(0, [], last=True, settled=True)) == sent
    other = split_ref("other", 2, {})
    assert stage_all(plan, batch(0, [], ref=other, last=True, settled=True)) == []


def test_a_split_that_failed_in_reading_sends_on_what_was_read(
    tmp_path: Path, hooks: Hooks
) -> None:
    plan = plan_of(tmp_path, staged())
    (chunk,) = stage_all(
        plan, batch(0, records(2)), batch(1, records(1), last=True, error="it broke")
    )
    mark = done_mark(plan)
    assert (mark.state, mark.error, mark.chunks) == ("failed", "it broke", [chunk])


@pytest.mark.parametrize("seqs", [[1], [0], [0, 2], [1, 0]])
def test_batches_missing_or_out_of_order_leave_no_mark(
    tmp_path: Path, hooks: Hooks, seqs: list[int]
) -> None:
    plan = plan_of(tmp_path, staged())
    last = max(seqs) or 9
    assert stage_all(plan, *[batch(seq, records(1), last=seq == last) for seq in seqs]) == []
    assert mark_of(plan) is None


def test_batches_that_came_to_another_instance_leave_no_mark(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    with (
        set_up(StageFn(plan, plan.writers[0])) as one,
        set_up(StageFn(plan, plan.writers[0])) as two,
    ):
        bundle(one, batch(0, records(1)))
        assert bundle(two, batch(1, records(1), last=True)) == []
    assert mark_of(plan) is None
    assert RunDir(plan.run_dir).store.names("staged/bulk") == []


def test_the_same_bundle_twice_leaves_the_same_files(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    with set_up(StageFn(plan, plan.writers[0])) as fn:
        made = [bundle(fn, batch(0, records(3), last=True)) for _ in range(2)]
    assert made[0] == made[1]
    assert lines(plan, made[0][0].file) == records(3)


def test_a_second_attempt_replaces_the_first(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    again = SplitRef(REF.key, REF.index, REF.id, {}, 1)
    (chunk,) = stage_all(plan, batch(0, records(9)), batch(0, records(2), ref=again, last=True))
    mark = done_mark(plan)
    assert (mark.attempt, mark.chunks, chunk.count) == (1, [chunk], 2)
    assert RunDir(plan.run_dir).store.names("staged/bulk") == [f"{REF.id}.1.000.jsonl"]


class TestWhatFailsLeavesNoMark:
    """However the split goes on: a mark would say that all of it is staged."""

    def stage_two(self, plan: Plan) -> None:
        made = stage_all(plan, batch(0, records(2)), batch(1, records(1), last=True))
        assert made == []
        assert mark_of(plan) is None

    def test_when_the_disk_refuses_a_file(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged())
        monkeypatch.setattr(LocalStore, "create", full_disk)
        self.stage_two(plan)
        assert (stop_of(plan)["reason"], stop_of(plan)["exitCode"]) == (FULL, 1)

    def test_when_the_disk_refuses_the_first_batch_and_takes_the_second(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged())
        with set_up(StageFn(plan, plan.writers[0])) as fn:
            with monkeypatch.context() as patch:
                patch.setattr(LocalStore, "create", full_disk)
                bundle(fn, batch(0, records(2)))
            assert bundle(fn, batch(1, records(1), last=True)) == []
        assert mark_of(plan) is None

    def test_when_a_dead_letter_cannot_be_written(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged())
        letter = DeadLetter.of("p", "no", {"name": "x"})
        with set_up(StageFn(plan, plan.writers[0])) as fn:
            with monkeypatch.context() as patch:
                patch.setattr(LocalStore, "create", full_disk)
                bundle(fn, batch(0, records(2), dead=[letter]))
            assert bundle(fn, batch(1, records(1), last=True)) == []
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == FULL

    def test_when_a_file_cannot_be_made_durable(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged())
        with set_up(StageFn(plan, plan.writers[0])) as fn:
            with monkeypatch.context() as patch:
                patch.setattr(store._LocalFile, "finish", full_disk)
                (chunk,) = bundle(fn, batch(0, records(2), last=True))
            assert fn.worker.splits == [0, 0]
            assert fn.worker.is_stopping()
        assert mark_of(plan) is None
        assert RunDir(plan.run_dir).named_chunks([chunk], "bulk") == []

    def test_when_the_mark_itself_cannot_be_written(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged())
        monkeypatch.setattr(RunDir, "write_mark", full_disk)
        stage_all(plan, batch(0, records(2), last=True))
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == FULL

    @pytest.mark.parametrize(
        ("error", "reason", "code"),
        [
            (FatalError("wrong key", hint="check it"), "wrong key", 3),
            (ConnectionError("refused"), "bulk (stage): ConnectionError: refused", 1),
        ],
    )
    def test_when_open_raises(
        self, tmp_path: Path, hooks: Hooks, error: Exception, reason: str, code: int
    ) -> None:
        errors = [error]

        def once() -> None:
            if errors:
                raise errors.pop()

        hooks["open"] = once
        plan = plan_of(tmp_path, staged())
        self.stage_two(plan)
        assert (stop_of(plan)["reason"], stop_of(plan)["exitCode"]) == (reason, code)

    def test_when_combine_raises(self, tmp_path: Path, hooks: Hooks) -> None:
        def combine(a: Any, b: Any) -> Any:
            raise ValueError("cannot add")

        hooks["combine"] = combine
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        made = {"name": "a", "key": "a", "part": 1}
        assert stage_all(plan, batch(0, [made, made]), batch(1, [made], last=True)) == []
        assert mark_of(plan) is None
        assert stop_of(plan)["reason"] == "bulk (stage): ValueError: cannot add"

    def test_when_an_aggregate_cannot_be_spilled(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        made = {"name": "a", "key": "a", "part": object()}
        assert stage_all(plan, batch(0, [made], last=True)) == []
        assert mark_of(plan) is None
        assert "serialize" in stop_of(plan)["reason"]
