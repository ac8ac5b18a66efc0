"""The fold of the marks: every split and file counted once, and what is missing named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest import Scope, Split
from beam_ingest.flow.batch import SplitRef
from beam_ingest.flow.fold import Fold, fold
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, LineFile, Mark, Published
from beam_ingest.flow.merge import merged_name
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from tests.flow.scripted import counts_of, plan_of, sink, staged


def ledger(step: str, passed: int = 1, failed: int = 0) -> Ledger:
    made = Ledger()
    counts = made.step(step)
    counts.in_, counts.passed, counts.failed, counts.out = passed + failed, passed, failed, passed
    if failed:
        made.reason(step, "no", "a", count=failed)
    return made


class Run:
    """A run directory to be filled with what steps leave."""

    def __init__(
        self, root: Path, *writers: Any, splits: int = 2, error: str | None = None
    ) -> None:
        self.plan: Plan = plan_of(root, *writers)
        self.dir = RunDir(self.plan.run_dir)
        self.dir.write_listing([Split(f"k{n}") for n in range(1, splits + 1)], [], error)

    @property
    def refs(self) -> list[SplitRef]:
        return list(self.dir.splits())

    def mark(self, number: int, writer: str = "out", attempt: int = 0, **more: Any) -> None:
        ref = self.refs[number]
        given_: dict[str, Any] = {"state": "done", "ledger": ledger("src")} | more
        self.dir.write_mark(ref, Mark(ref.key, ref.index, writer, attempt, **given_))

    def fold(self) -> Fold:
        return fold(self.plan, self.dir)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def numbers(splits: Any) -> tuple[int | None, int, int, int]:
    return splits.total, splits.done, splits.failed, splits.not_read


class TestSplits:
    def test_are_done_when_each_writer_says_so(self, run: Run) -> None:
        for number in range(3):
            run.mark(number)
        found = run.fold()
        assert (numbers(found.splits), found.complete) == ((3, 3, 0, 0), True)
        assert counts_of(found.ledger, "src") == [3, 3, 0, 0, 3, 0]

    def test_that_failed_are_counted_with_what_was_read(self, run: Run) -> None:
        run.mark(0)
        run.mark(1, state="failed", error="it broke", ledger=ledger("src", 5))
        run.mark(2)
        found = run.fold()
        assert (numbers(found.splits), found.complete) == ((3, 2, 1, 0), False)
        assert counts_of(found.ledger, "src") == [7, 7, 0, 0, 7, 0]

    def test_without_a_mark_are_not_read_and_named(self, run: Run) -> None:
        run.mark(0)
        found = run.fold()
        assert (numbers(found.splits), found.missing) == ((3, 1, 0, 2), ["k1", "k2"])

    def test_of_which_few_are_named(self, tmp_path: Path) -> None:
        found = Run(tmp_path, splits=40).fold()
        assert (found.splits.not_read, len(found.missing)) == (41, 5)

    @pytest.mark.parametrize(
        ("second", "expected"),
        [
            ((0, "done"), (1, 1, 0, 0)),
            ((1, "done"), (1, 0, 0, 1)),
            ((0, "failed"), (1, 0, 1, 0)),
            (None, (1, 0, 0, 1)),
        ],
    )
    def test_need_all_writers_in_the_same_attempt(
        self, tmp_path: Path, second: Any, expected: Any
    ) -> None:
        run = Run(tmp_path, sink("a"), sink("b"), splits=0)
        run.mark(0, "a")
        if second is not None:
            run.mark(0, "b", second[0], state=second[1], ledger=ledger("b"))
        assert numbers(run.fold().splits) == expected

    def test_have_no_total_where_the_listing_broke_off(self, tmp_path: Path) -> None:
        run = Run(tmp_path, error="it broke off")
        for number in range(3):
            run.mark(number)
        found = run.fold()
        assert numbers(found.splits) == (None, 3, 0, 0)
        assert (found.listing_error, found.complete) == ("it broke off", False)

    def test_were_not_listed_where_there_is_no_listing(self, tmp_path: Path) -> None:
        plan = plan_of(tmp_path)
        found = fold(plan, RunDir(plan.run_dir))
        assert (numbers(found.splits), found.complete) == ((None, 0, 0, 1), False)
        assert found.listing_error == "the splits were not listed"


def test_dead_letters_are_counted_with_their_files(run: Run) -> None:
    run.mark(0, dead=LineFile("dead/a", 2), ledger=ledger("src", 1, 2))
    run.mark(1, dead=LineFile("dead/b", 3), ledger=ledger("src", 0, 3))
    run.mark(2)
    found = run.fold()
    assert (found.dead_letters, found.dead_files) == (5, ["dead/a", "dead/b"])
    assert [(f.step, f.reason, f.count) for f in found.failures()] == [("src", "no", 5)]


def test_scopes_that_could_not_be_listed_are_told(run: Run) -> None:
    run.dir.write_listing([], [Scope("s"), Scope("t", failed="permission denied")], None)
    assert run.fold().failed_scopes == [("t", "permission denied")]


def test_failures_and_drops_come_most_frequent_first(run: Run) -> None:
    made = Ledger()
    for step, why, count in (("b", "x", 1), ("a", "y", 1), ("a", "x", 1), ("a", "z", 9)):
        made.reason(step, why, "", count=count)
        made.dropped(step, why, count)
    run.mark(0, ledger=made)
    found = run.fold()
    order = [("a", "z"), ("a", "x"), ("a", "y"), ("b", "x")]
    assert [(f.step, f.reason) for f in found.failures()] == order
    assert [(f.step, f.reason) for f in found.drops()] == order


def test_a_ledger_that_does_not_add_up_is_a_defect(run: Run) -> None:
    wrong = Ledger()
    wrong.step("src").in_ = 5
    run.mark(0, ledger=wrong)
    with pytest.raises(AssertionError, match=r"does not balance at \['src'\]"):
        run.fold()


class TestTheSteps:
    def test_are_all_there_in_order(self, run: Run) -> None:
        run.mark(0)
        steps = run.fold().steps(run.plan)
        assert [(step.name, step.kind, step.in_) for step in steps] == [
            ("src", "source", 1), ("out", "sink", 0),
        ]  # fmt: skip

    def test_hold_all_six_numbers(self, run: Run) -> None:
        made = Ledger()
        counts = made.step("out")
        counts.in_, counts.passed, counts.filtered, counts.failed = 6, 3, 2, 1
        counts.out, counts.unchanged = 9, 2
        run.mark(0, ledger=made)
        step = run.fold().steps(run.plan)[1]
        assert (step.in_, step.passed, step.filtered, step.failed, step.out, step.unchanged) == (
            6, 3, 2, 1, 9, 2,
        )  # fmt: skip


class TestDeferredRecords:
    def put_off(self, run: Run) -> None:
        run.mark(0, deferred=LineFile("deferred/a", 2))
        run.mark(1, deferred=LineFile("deferred/b", 1))
        run.mark(2)

    def test_that_were_never_offered_have_failed(self, run: Run) -> None:
        self.put_off(run)
        found = run.fold()
        assert counts_of(found.ledger, "out (deferred)") == [3, 0, 0, 3, 0, 0]
        assert [f.reason for f in found.failures()] == ["put off, and the run ended before"]
        assert [step.name for step in found.steps(run.plan)] == ["src", "out", "out (deferred)"]

    def test_count_by_their_own_mark(self, run: Run) -> None:
        self.put_off(run)
        made = Mark(DEFERRED, 0, "out", 0, "done", ledger=ledger("out (deferred)", 2, 1))
        made.dead = LineFile("dead/d", 1)
        run.dir.write_mark(split_ref(DEFERRED, 0, {}), made)
        found = run.fold()
        assert counts_of(found.ledger, "out (deferred)") == [3, 2, 0, 1, 2, 0]
        assert found.dead_files == ["dead/d"]


class TestFiles:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Run:
        return Run(tmp_path, staged(), splits=1)

    def chunk(self, number: int, shard: int | None = None, attempt: int = 0) -> Chunk:
        return Chunk(f"{number:07d}.bulk.000", f"staged/bulk/{number}.{attempt}", 1, 9, shard)

    def publish(self, run: Run, chunk: Chunk, state: Any = "done", failed: int = 0) -> None:
        made = Published(chunk.id, chunk.file, "bulk", state, None, ledger("bulk", 1, failed))
        made.dead = LineFile(f"dead/{chunk.id}", failed) if failed else None
        run.dir.write_published(made)

    def test_are_none_without_a_bulk_sink(self, tmp_path: Path) -> None:
        assert Run(tmp_path / "other").fold().files is None

    def test_are_counted_by_what_was_published(self, run: Run) -> None:
        one, two = self.chunk(0), self.chunk(1)
        run.mark(0, "bulk", chunks=[one])
        run.mark(1, "bulk", chunks=[two, self.chunk(2)])
        self.publish(run, one, failed=2)
        self.publish(run, two, "failed")
        found = run.fold()
        assert (numbers(found.files), found.complete) == ((3, 1, 1, 1), False)
        assert counts_of(found.ledger, "bulk") == [4, 2, 0, 2, 2, 0]
        assert (found.dead_letters, found.dead_files) == (2, [f"dead/{one.id}"])

    def test_of_an_earlier_attempt_do_not_count(self, run: Run) -> None:
        run.mark(0, "bulk")
        run.mark(1, "bulk", attempt=1, chunks=[self.chunk(1, attempt=1)])
        self.publish(run, self.chunk(1, attempt=0))
        assert numbers(run.fold().files) == (1, 0, 0, 1)

    def test_of_a_shard_are_the_one_that_was_merged(self, run: Run) -> None:
        parts = [self.chunk(0, shard=3), self.chunk(1, shard=3)]
        run.mark(0, "bulk", chunks=parts[:1])
        run.mark(1, "bulk", chunks=[*parts[1:], self.chunk(2, shard=5)])
        merged = Chunk("merged-03.bulk", merged_name("bulk", 3, parts), 1, 9)
        run.dir.write_merged("bulk", 3, merged)
        self.publish(run, merged)
        found = run.fold()
        assert numbers(found.files) == (2, 1, 0, 1)
        assert counts_of(found.ledger, "bulk") == [1, 1, 0, 0, 1, 0]
        assert merged.file in found.staged_files

    def test_that_were_merged_without_a_part_are_not_published(self, run: Run) -> None:
        # An engine that loses a descriptor behind its shuffle must not pass for a success.
        parts = [self.chunk(0, shard=3), self.chunk(1, shard=3)]
        run.mark(0, "bulk", chunks=parts[:1])
        run.mark(1, "bulk", chunks=parts[1:])
        merged = Chunk("merged-03.bulk", merged_name("bulk", 3, parts[:1]), 1, 9)
        run.dir.write_merged("bulk", 3, merged)
        self.publish(run, merged)
        found = run.fold()
        assert (numbers(found.files), found.complete) == ((1, 0, 0, 1), False)

    def test_may_be_none_at_all(self, run: Run) -> None:
        run.mark(0, "bulk")
        run.mark(1, "bulk")
        found = run.fold()
        assert (numbers(found.files), found.complete) == ((0, 0, 0, 0), True)


STATES = st.sampled_from(["done", "failed", None])


@given(st.lists(STATES, min_size=1, max_size=4), st.booleans())
@settings(max_examples=30)
def test_the_total_is_done_and_failed_and_not_read(
    tmp_path_factory: pytest.TempPathFactory, states: list[str | None], broken: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        root = tmp_path_factory.mktemp("run")
        run = Run(root, splits=len(states) - 1, error="it broke off" if broken else None)
        for number, state in enumerate(states):
            if state is not None:
                run.mark(number, state=state)
    found = run.fold()
    total, done, failed, not_read = numbers(found.splits)
    assert (done, failed, not_read) == tuple(states.count(s) for s in ("done", "failed", None))
    assert total == (None if broken else len(states))
    assert found.complete == (not broken and done == len(states))
