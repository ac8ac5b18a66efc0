"""Writing to a sink: a mark is left when all is settled, and only then, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_ingest import (
    Batch,
    Deferred,
    Rejected,
    Skipped,
    Unchanged,
    Written,
)
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    REF,
    again,
    batch,
    bundle,
    counts_of,
    done_mark,
    letters,
    lines,
    mark_of,
    names,
    plan_of,
    records,
    set_up,
    sink,
    write_all,
)

Hooks = dict[str, Callable[..., Any]]


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
    hooks["write"] = lambda batch: [
        Written(), Unchanged(), Rejected("no"), Deferred("needs t"), Skipped("of no use"),
    ]  # fmt: skip
    plan = plan_of(tmp_path)
    write_all(plan, batch(0, records(5), last=True))
    mark = done_mark(plan)
    assert counts_of(mark.ledger, "out") == [5, 3, 1, 1, 2, 1]
    assert mark.ledger.drops == {("out", "of no use"): 1}
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
