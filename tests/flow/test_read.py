"""Reading splits: batches, their ledger, and what becomes of a split whose reading fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError, IngestError, Remember, Split, TransientError, Unreadable
from beam_ingest.flow import read
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.read import ReadFn, parents_ref
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import REF, bundle, counts_of, plan_of, records, set_up, sink

Hooks = dict[str, Callable[..., Any]]


def read_all(root: Path, ref: SplitRef = REF, *, stop_at: int = -1, **plan: Any) -> list[Any]:
    made = plan_of(root, **plan)
    with set_up(ReadFn(made, made.source)) as fn:
        if stop_at < 0:
            return bundle(fn, ref)
        batches = []
        for batch in fn.process(ref):
            batches.append(batch)
            if len(batches) == stop_at:
                fn.worker.stop()
        return batches


def breaks_after(count: int, error: BaseException) -> Callable[[Split], Iterator[Any]]:
    def read_split(_: Split) -> Iterator[Any]:
        yield from records(count)
        raise error

    return read_split


def shape(batches: list[SplitBatch]) -> list[tuple[int, int, bool, str | None]]:
    return [(batch.seq, len(batch.records), batch.last, batch.error) for batch in batches]


def test_a_split_comes_in_batches_that_are_numbered(tmp_path: Path, hooks: Hooks) -> None:
    hooks["read"] = lambda split: records(5)
    batches = read_all(tmp_path, batch_size=2)
    assert shape(batches) == [(0, 2, False, None), (1, 2, False, None), (2, 1, True, None)]
    assert [record for batch in batches for record in batch.records] == records(5)
    assert [counts_of(batch.ledger, "src") for batch in batches] == [
        [2, 2, 0, 0, 2, 0], [2, 2, 0, 0, 2, 0], [1, 1, 0, 0, 1, 0],
    ]  # fmt: skip


def test_the_source_is_given_the_key_and_the_payload(tmp_path: Path, hooks: Hooks) -> None:
    asked: list[Split] = []

    def read_split(split: Split) -> Iterator[Any]:
        asked.append(split)
        return iter(())

    hooks["read"] = read_split
    read_all(tmp_path, SplitRef("k", 4, "0000004-x", {"from": 10}))
    assert asked == [Split("k", {"from": 10})]


def test_an_empty_split_ends_with_an_empty_batch(tmp_path: Path, hooks: Hooks) -> None:
    assert shape(read_all(tmp_path)) == [(0, 0, True, None)]


def test_what_the_source_remembers_is_in_the_last_batch_of_a_split_read_to_its_end(
    tmp_path: Path, hooks: Hooks
) -> None:
    hooks["read"] = lambda split: [*records(1), Remember("at", 1), *records(2), Remember("at", 3)]
    batches = read_all(tmp_path / "a", batch_size=2)
    assert [batch.remember for batch in batches] == [{}, {"at": 3}]
    assert sum(len(batch.records) for batch in batches) == 3
    assert counts_of(batches[0].ledger, "src") == [2, 2, 0, 0, 2, 0]
    hooks["read"] = lambda split: [Remember("at", 1), Remember("at", object()), *records(2)]
    (batch,) = read_all(tmp_path / "b")
    assert batch.remember == {}
    assert "what the source remembers as 'at' is no JSON" in (batch.error or "")


def test_a_full_last_batch_is_followed_by_an_empty_one(tmp_path: Path, hooks: Hooks) -> None:
    hooks["read"] = lambda split: records(2)
    assert shape(read_all(tmp_path, batch_size=2)) == [(0, 2, False, None), (1, 0, True, None)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "BATCH_BYTES", 150_000)


@pytest.mark.usefixtures("small_batches")
def test_large_records_close_a_batch_early(tmp_path: Path, hooks: Hooks) -> None:
    hooks["read"] = lambda split: [{"name": "x" * 100_000} for _ in range(5)]
    batches = read_all(tmp_path)
    assert [len(batch.records) for batch in batches] == [2, 2, 1]
    assert all(200_000 < batch.size < 210_000 for batch in batches[:2])


def test_the_parents_are_a_split_of_their_own(tmp_path: Path, hooks: Hooks) -> None:
    hooks["parents"] = lambda: records(3)
    (batch,) = read_all(tmp_path, parents_ref())
    assert (batch.split.index, len(batch.records), batch.last) == (0, 3, True)


def test_a_source_that_ends_the_interpreter_fails_its_split(tmp_path: Path, hooks: Hooks) -> None:
    def read_split(split: Split) -> Iterator[Any]:
        yield from records(2)
        raise SystemExit(3)

    hooks["read"] = read_split
    assert shape(read_all(tmp_path)) == [(0, 2, True, "SystemExit: 3")]


def test_what_cannot_be_decoded_costs_one_dead_letter(tmp_path: Path, hooks: Hooks) -> None:
    bad = Unreadable("a.jsonl, line 2", "no JSON", b"{{")
    hooks["read"] = lambda split: [*records(1), bad, "text", *records(1)]
    (batch,) = read_all(tmp_path)
    assert len(batch.records) == 2
    assert [(letter.name, letter.reason, letter.raw) for letter in batch.dead] == [
        ("a.jsonl, line 2", "no JSON", "{{"),
        ("part", "the source yielded a str, which is no record", "text"),
    ]
    assert counts_of(batch.ledger, "src") == [4, 2, 0, 2, 2, 0]
    assert batch.ledger.reasons["src", "no JSON"].examples == ["a.jsonl, line 2"]


@pytest.mark.usefixtures("small_batches")
def test_a_file_of_garbage_does_not_gather_in_memory(tmp_path: Path, hooks: Hooks) -> None:
    bad = Unreadable("a", "no JSON", b"x" * 100_000)
    hooks["read"] = lambda split: [bad] * 6
    batches = read_all(tmp_path)
    assert [len(batch.dead) for batch in batches] == [2, 2, 2, 0]


def test_a_thing_that_cannot_be_shown_is_a_dead_letter_too(tmp_path: Path, hooks: Hooks) -> None:
    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    hooks["read"] = lambda split: [Mute(), *records(1)]
    (batch,) = read_all(tmp_path)
    assert (len(batch.records), len(batch.dead), batch.error) == (1, 1, None)


def test_raw_text_instead_of_bytes_is_a_dead_letter_too(tmp_path: Path, hooks: Hooks) -> None:
    hooks["read"] = lambda split: [Unreadable("a", "no", "text")]  # type: ignore[arg-type]
    (batch,) = read_all(tmp_path)
    assert ([letter.raw for letter in batch.dead], batch.error) == (["text"], None)


class TestASplitThatFails:
    def test_keeps_what_was_read(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["read"] = breaks_after(5, RuntimeError("it broke"))
        batches = read_all(tmp_path, batch_size=2)
        assert shape(batches)[-1] == (2, 1, True, "RuntimeError: it broke")
        assert sum(len(batch.records) for batch in batches) == 5
        assert RunDir(str(tmp_path)).stop() is None

    @pytest.mark.parametrize("cls", [IngestError, FatalError, TransientError])
    def test_has_failed_though_its_error_says_nothing(
        self, tmp_path: Path, hooks: Hooks, cls: type[IngestError]
    ) -> None:
        error = cls("")
        error.retry_after = 0  # type: ignore[attr-defined]
        hooks["read"] = breaks_after(1, error)
        assert (read_all(tmp_path)[-1].error or "").startswith(cls.__name__)

    def test_stops_the_run_when_the_error_is_fatal(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["read"] = breaks_after(1, FatalError("wrong password", hint="check it"))
        (batch,) = read_all(tmp_path)
        assert (len(batch.records), batch.error) == (1, "wrong password (check it)")
        assert RunDir(str(tmp_path)).stop() == {
            "reason": "wrong password", "exitCode": 3, "hint": "check it",
        }  # fmt: skip

    def test_fails_alone_when_open_raises(self, tmp_path: Path, hooks: Hooks) -> None:
        def refuse() -> None:
            raise ConnectionError("refused")

        hooks["open"] = refuse
        assert shape(read_all(tmp_path)) == [(0, 0, True, "ConnectionError: refused")]

    def test_is_given_up_when_open_was_given_up(self, tmp_path: Path, hooks: Hooks) -> None:
        opened: list[int] = []

        def away() -> None:
            opened.append(1)
            raise TransientError("starting", retry_after=0)

        hooks["open"] = away
        assert shape(read_all(tmp_path)) == [(0, 0, True, "starting (tried 6 times)")]
        assert len(opened) == 6

    def test_is_read_from_the_start_after_a_transient_error(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        errors = [TransientError("busy", retry_after=0)]

        def read_split(_: Split) -> Iterator[Any]:
            yield from records(3)
            if errors:
                raise errors.pop()
            yield from records(1, 3)

        hooks["read"] = read_split
        batches = read_all(tmp_path, batch_size=2)
        assert [(b.split.attempt, b.seq, len(b.records), b.last) for b in batches] == [
            (0, 0, 2, False), (1, 0, 2, False), (1, 1, 2, False), (1, 2, 0, True),
        ]  # fmt: skip

    def test_is_given_up_after_the_last_try(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["read"] = breaks_after(1, TransientError("busy", retry_after=0))
        (batch,) = read_all(tmp_path)
        assert (batch.split.attempt, len(batch.records)) == (5, 1)
        assert batch.error == "busy (tried 6 times)"

    def test_is_not_tried_again_while_the_run_stops(self, tmp_path: Path, hooks: Hooks) -> None:
        made = plan_of(tmp_path)
        with set_up(ReadFn(made, made.source)) as fn:

            def read_split(split: Split) -> Iterator[Any]:
                fn.worker.stop()
                yield from breaks_after(0, TransientError("busy", retry_after=60))(split)

            hooks["read"] = read_split
            (batch,) = bundle(fn, REF)
        assert batch.error == "busy (tried 1 times)"


class TestWhenTheRunStops:
    def test_no_split_is_begun(self, tmp_path: Path, hooks: Hooks) -> None:
        RunDir(str(tmp_path)).request_stop("enough", 1)
        assert read_all(tmp_path) == []

    def test_the_split_in_hand_ends_as_failed(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["read"] = lambda split: records(9)
        batches = read_all(tmp_path, batch_size=2, stop_at=2)
        assert shape(batches) == [
            (0, 2, False, None), (1, 2, False, None), (2, 0, True, "the run was stopped"),
        ]  # fmt: skip


class TestWhatAnEarlierAttemptLeft:
    def leave(self, root: Path, writer: str, attempt: int, state: Any) -> None:
        RunDir(str(root)).write_mark(REF, Mark("part", 1, writer, attempt, state))

    def test_is_not_done_again(self, tmp_path: Path, hooks: Hooks) -> None:
        self.leave(tmp_path, "out", 3, "done")
        (batch,) = read_all(tmp_path)
        assert (batch.settled, batch.last, batch.records) == (True, True, [])

    def test_is_replaced_where_it_failed(self, tmp_path: Path, hooks: Hooks) -> None:
        self.leave(tmp_path, "out", 3, "failed")
        (batch,) = read_all(tmp_path)
        assert (batch.settled, batch.split.attempt) == (False, 4)

    @pytest.mark.parametrize("second", [None, (2, "failed"), (1, "done")])
    def test_is_replaced_where_one_writer_is_not_done_with_it(
        self, tmp_path: Path, hooks: Hooks, second: Any
    ) -> None:
        self.leave(tmp_path, "a", 2, "done")
        if second is not None:
            self.leave(tmp_path, "b", *second)
        (batch,) = read_all(tmp_path, writers=(sink("a"), sink("b")))
        assert (batch.settled, batch.split.attempt) == (False, 3)


def test_the_same_split_is_cut_the_same_way_again(tmp_path: Path, hooks: Hooks) -> None:
    hooks["read"] = lambda split: [{"name": "x" * (n * 997 % 40_000)} for n in range(300)]
    once, again = (shape(read_all(tmp_path / n, batch_size=50)) for n in ("1", "2"))
    assert once == again
    assert len(once) > 6
