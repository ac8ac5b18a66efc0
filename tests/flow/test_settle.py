"""What a writer gathers of a split, and what its mark names."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.mark import LineFile, Mark
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.settle import Committer, LineWriter, OrderedSplits, SplitState
from tests.flow.scripted import REF, batch, records


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(str(tmp_path))


def state_of(run: RunDir, *, primary: bool = True) -> SplitState:
    return SplitState(run, REF, "out", primary=primary)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(28, "No space left on device")


def left_mark(state: SplitState, run: RunDir) -> Mark:
    state.leave_mark()
    found = run.mark(REF, "out")
    assert found is not None
    return found


class TestAFileOfLines:
    def test_is_made_with_the_first_line(self, run: RunDir, tmp_path: Path) -> None:
        writer = LineWriter(run.store, "dead/a.jsonl")
        assert writer.finish() is None
        assert not (tmp_path / "dead").exists()
        writer.add(b"1\n")
        writer.add(b"2\n")
        assert writer.finish() == LineFile("dead/a.jsonl", 2)
        assert (tmp_path / "dead/a.jsonl").read_bytes() == b"1\n2\n"

    def test_is_gone_when_abandoned(self, run: RunDir, tmp_path: Path) -> None:
        writer = LineWriter(run.store, "dead/a.jsonl")
        writer.abandon()
        writer.add(b"1\n")
        writer.abandon()
        assert list((tmp_path / "dead").iterdir()) == []


class TestTheStateOfASplit:
    def test_adds_up_the_ledgers_of_its_batches(self, run: RunDir) -> None:
        state = state_of(run)
        state.add(batch(0, records(2)))
        state.add(batch(1, records(1), last=True))
        mark = left_mark(state, run)
        assert (mark.state, mark.error, mark.attempt) == ("done", None, 0)
        assert mark.ledger.steps["src"].to_json() == [3, 3, 0, 0, 3, 0]

    def test_keeps_the_dead_letters_that_came_with_them(self, run: RunDir, tmp_path: Path) -> None:
        state = state_of(run)
        letter = DeadLetter.of("p", "no type", {"name": "r9"})
        state.add(batch(0, records(1), last=True, dead=[letter]))
        mark = left_mark(state, run)
        assert mark.dead == LineFile(f"dead/{REF.id}.out.0.jsonl", 1)
        assert (tmp_path / mark.dead.file).read_bytes() == letter.to_line("part")

    def test_of_a_second_writer_counts_nothing_twice(self, run: RunDir) -> None:
        state = state_of(run, primary=False)
        letter = DeadLetter.of("p", "no type", {"name": "r9"})
        state.add(batch(0, records(1), last=True, error="it broke", dead=[letter]))
        mark = left_mark(state, run)
        assert (mark.ledger.steps, mark.ledger.reasons, mark.dead) == ({}, {}, None)
        assert (mark.state, mark.error) == ("failed", "it broke")

    def test_has_failed_when_its_last_batch_says_so(self, run: RunDir) -> None:
        state = state_of(run)
        state.add(batch(0, records(1), last=True, error="it broke\nTraceback"))
        mark = left_mark(state, run)
        assert (mark.state, mark.error) == ("failed", "it broke\nTraceback")
        assert mark.ledger.reasons["(split)", "it broke"].examples == ["part"]
        assert mark.ledger.failed == 0

    def test_has_failed_even_for_an_error_without_a_text(self, run: RunDir) -> None:
        state = state_of(run)
        state.add(batch(0, [], last=True, error=""))
        assert left_mark(state, run).state == "failed"

    def test_keeps_deferred_records_in_a_file_of_their_own(
        self, run: RunDir, tmp_path: Path
    ) -> None:
        state = state_of(run)
        state.defer(b'{"name":"r0"}')
        mark = left_mark(state, run)
        assert mark.deferred == LineFile(f"deferred/{REF.id}.out.0.jsonl", 1)
        assert (tmp_path / mark.deferred.file).read_bytes() == b'{"name":"r0"}\n'

    def test_leaves_no_mark_when_what_it_names_cannot_be_made_durable(
        self, run: RunDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        state = state_of(run)
        state.fail("out", {"name": "r0"}, "no")
        state.defer(b"{}")
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            state.leave_mark()
        assert run.mark(REF, "out") is None
        state.abandon()
        assert [*(tmp_path / "dead").iterdir(), *(tmp_path / "deferred").iterdir()] == []


def test_everything_a_mark_names_is_durable_before_it(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    replace: Callable[..., Path] = Path.replace

    def tell(path: Path, target: Path) -> Path:
        order.append(target.parent.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", tell)
    state = state_of(run)
    state.fail("out", {"name": "r0"}, "no")
    state.defer(b"{}")
    state.leave_mark()
    assert sorted(order[:2]) == ["dead", "deferred"]
    assert order[2:] == ["marks"]


class TestSplitsInOrder:
    def splits(self, run: RunDir) -> OrderedSplits:
        return OrderedSplits(lambda ref: SplitState(run, ref, "out", primary=True))

    def test_give_one_state_to_all_batches_of_an_attempt(self, run: RunDir) -> None:
        splits = self.splits(run)
        one, two = splits.take(batch(0, records(1))), splits.take(batch(1, [], last=True))
        assert one is two is not None

    def test_begin_anew_with_every_first_batch(self, run: RunDir, tmp_path: Path) -> None:
        splits = self.splits(run)
        old = splits.take(batch(0, records(1), dead=[DeadLetter.of("p", "no", {"name": "a"})]))
        new = splits.take(batch(0, records(2)))
        assert old is not new
        assert old is not None
        assert old.abandoned
        assert list((tmp_path / "dead").iterdir()) == []
        assert splits.take(batch(1, [], last=True)) is new

    @pytest.mark.parametrize("seqs", [[1], [0, 2], [0, 1, 1], [0, 2, 1]])
    def test_know_none_of_a_split_with_batches_missing_or_out_of_order(
        self, run: RunDir, seqs: list[int]
    ) -> None:
        splits = self.splits(run)
        assert [splits.take(batch(seq, [])) for seq in seqs][-1] is None

    def test_forget_a_split_whose_order_was_broken(self, run: RunDir) -> None:
        # What is missing may come later; a mark would still not hold what came between.
        splits = self.splits(run)
        taken = [splits.take(batch(seq, [])) for seq in (0, 2, 1)]
        assert taken[1:] == [None, None]

    def test_know_none_of_another_attempt_that_did_not_begin_here(self, run: RunDir) -> None:
        splits = self.splits(run)
        splits.take(batch(0, []))
        other = batch(1, [])
        other.split = type(REF)(REF.key, REF.index, REF.id, {}, attempt=1)
        assert splits.take(other) is None

    def test_are_forgotten_after_their_last_batch(self, run: RunDir) -> None:
        splits = self.splits(run)
        splits.take(batch(0, [], last=True))
        assert splits.take(batch(1, [])) is None

    def test_take_nothing_more_of_an_abandoned_split(self, run: RunDir) -> None:
        splits = self.splits(run)
        state = splits.take(batch(0, records(1)))
        assert state is not None
        state.abandon()
        assert splits.take(batch(1, records(1), last=True)) is None

    def test_abandon_a_split_whose_dead_letters_the_disk_refuses(
        self, run: RunDir, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        splits = self.splits(run)
        letter = DeadLetter.of("p", "no", {"name": "a"})
        with monkeypatch.context() as patch:
            patch.setattr(run.store, "create", full)
            with pytest.raises(OSError, match="No space"):
                splits.take(batch(0, records(1), dead=[letter]))
        assert splits.take(batch(1, [], last=True)) is None

    def test_are_all_abandoned_at_the_end(self, run: RunDir) -> None:
        splits = self.splits(run)
        state = splits.take(batch(0, []))
        splits.abandon()
        assert state is not None
        assert state.abandoned


class TestCommitsInTheBackground:
    def test_are_done_when_waited_for(self) -> None:
        committer, done = Committer(), []
        for number in range(10):
            committer.submit(lambda number=number: done.append(number))  # type: ignore[misc]
        committer.wait()
        assert sorted(done) == list(range(10))
        committer.close()

    def test_raise_what_one_of_them_raised_after_all_are_done(self) -> None:
        committer, done = Committer(), []
        gate = threading.Event()

        def slow() -> None:
            gate.wait(10)
            done.append(1)

        def fails() -> None:
            gate.set()
            raise ValueError("a defect")

        committer.submit(fails)
        committer.submit(slow)
        with pytest.raises(ValueError, match="a defect"):
            committer.wait()
        assert done == [1]
        committer.wait()
        committer.close()

    def test_are_waited_for_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Committer, "AHEAD", 3)
        committer = Committer()
        done: list[int] = []
        for _ in range(3):
            committer.submit(lambda: done.append(1))
        assert done == [1, 1, 1]
        committer.close()
