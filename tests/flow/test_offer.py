"""Offering a batch to a sink: one outcome a record, and one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest import (
    Batch,
    Context,
    Deferred,
    FatalError,
    Outcome,
    Rejected,
    Sink,
    TransientError,
    Unchanged,
    Written,
)
from beam_ingest.flow.offer import offer
from beam_ingest.flow.retry import RetryPolicy
from tests.flow.scripted import records


class Made(Sink):
    """Does what a function says; keeps the ids and the names it was offered."""

    def __init__(self, does: Callable[[Batch], Any]) -> None:
        super().__init__(self.Config(), Context())
        self._does = does
        self.offered: list[tuple[str, list[str], int]] = []

    def write(self, batch: Batch) -> Any:
        names = [record["name"] for record in batch.records]  # type: ignore[index]
        self.offered.append((batch.id, names, batch.wave))
        return self._does(batch)


class Told:
    """What ``offer`` tells of a fatal error."""

    def __init__(self) -> None:
        self.fatal: list[FatalError] = []

    def __call__(self, error: FatalError) -> None:
        self.fatal.append(error)


def ask(sink: Sink, count: int, told: Told | None = None) -> list[Outcome]:
    batch = Batch(records(count), "r1/s/0/0", 2)
    return offer(sink, batch, lambda seconds: False, RetryPolicy(), told or Told())


def fails_on(bad: set[str]) -> Callable[[Batch], None]:
    def does(batch: Batch) -> None:
        if bad & {record["name"] for record in batch.records}:  # type: ignore[index]
            raise ValueError("a bad record")

    return does


def test_no_answer_means_that_all_are_written() -> None:
    assert ask(Made(lambda batch: None), 3) == [Written()] * 3


def test_outcomes_are_taken_in_order() -> None:
    answer = [Written(), Unchanged(), Deferred("t"), Rejected("no")]
    assert ask(Made(lambda batch: answer), 4) == answer
    assert ask(Made(lambda batch: iter(answer)), 4) == answer


def test_an_empty_batch_is_not_offered() -> None:
    sink = Made(fails_on(set()))
    assert ask(sink, 0) == []
    assert sink.offered == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([Written()] * 2, "the sink gave 2 outcomes for 3 records, so it is not known"),
        ([Written()] * 4, "the sink gave 4 outcomes for 3 records"),
        ([Written(), None, "ok"], "the sink gave None where an outcome was expected"),
        ([Written(), Written(), Written], "the sink gave <class"),
        (True, "the sink returned a bool, no outcomes"),
    ],
)
def test_an_answer_that_does_not_fit_rejects_the_batch_at_once(answer: Any, why: str) -> None:
    sink = Made(lambda batch: answer)
    outcomes = ask(sink, 3)
    assert len(sink.offered) == 1
    assert len(outcomes) == 3
    assert all(isinstance(each, Rejected) and each.why.startswith(why) for each in outcomes)


def test_an_answer_that_breaks_off_is_bisected() -> None:
    def does(batch: Batch) -> Iterator[Outcome]:
        for record in batch.records:
            if record["name"] == "r1":  # type: ignore[index]
                raise ValueError("no")
            yield Written()

    assert ask(Made(does), 3) == [Written(), Rejected("ValueError: no"), Written()]


def test_a_transient_error_is_tried_again_with_the_same_batch() -> None:
    errors = [TransientError("busy", retry_after=0)] * 2

    def does(batch: Batch) -> None:
        if errors:
            raise errors.pop()

    sink = Made(does)
    assert ask(sink, 2) == [Written()] * 2
    assert sink.offered == [("r1/s/0/0", ["r0", "r1"], 2)] * 3


def test_a_transient_error_that_stays_rejects_the_batch() -> None:
    def does(batch: Batch) -> None:
        raise TransientError("busy", retry_after=0)

    sink = Made(does)
    assert ask(sink, 2) == [Rejected("busy (tried 6 times)")] * 2
    assert len(sink.offered) == 6


@pytest.mark.parametrize("message", ["wrong password", ""])
def test_a_fatal_error_is_told_and_rejects_the_batch(message: str) -> None:
    def does(batch: Batch) -> None:
        raise FatalError(message)

    told = Told()
    sink = Made(does)
    assert ask(sink, 2, told) == [Rejected(message or "FatalError")] * 2
    assert len(told.fatal) == len(sink.offered) == 1


def test_after_a_fatal_error_the_other_half_is_not_offered() -> None:
    def does(batch: Batch) -> None:
        if len(batch.records) > 2:
            raise ValueError("too many")
        raise FatalError("locked out")

    told = Told()
    sink = Made(does)
    assert ask(sink, 4, told) == [Rejected("locked out")] * 4
    assert [names for _, names, _ in sink.offered] == [["r0", "r1", "r2", "r3"], ["r0", "r1"]]
    assert len(told.fatal) == 1


def test_one_bad_record_costs_one_record() -> None:
    outcomes = ask(Made(fails_on({"r3"})), 8)
    assert outcomes == [
        Rejected("ValueError: a bad record") if n == 3 else Written() for n in range(8)
    ]


def test_a_sink_that_ends_the_interpreter_costs_the_record_it_does_that_for() -> None:
    def does(batch: Batch) -> None:
        if any(record["name"] == "r2" for record in batch.records):  # type: ignore[index]
            raise SystemExit(3)

    outcomes = ask(Made(does), 4)
    assert outcomes == [Written(), Written(), Rejected("SystemExit: 3"), Written()]


def test_the_ids_of_halves_are_derived_and_their_wave_is_the_batchs() -> None:
    sink = Made(fails_on({"r2"}))
    ask(sink, 3)
    assert sink.offered == [
        ("r1/s/0/0", ["r0", "r1", "r2"], 2),
        ("r1/s/0/0.0", ["r0"], 2),
        ("r1/s/0/0.1", ["r1", "r2"], 2),
        ("r1/s/0/0.1.0", ["r1"], 2),
        ("r1/s/0/0.1.1", ["r2"], 2),
    ]


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_of_any_bad_records_exactly_those_are_rejected(case: tuple[int, set[int]]) -> None:
    count, bad = case
    names = {f"r{number}" for number in bad}
    once, again = Made(fails_on(names)), Made(fails_on(names))
    outcomes = ask(once, count)
    assert [isinstance(outcome, Rejected) for outcome in outcomes] == [
        number in bad for number in range(count)
    ]
    assert ask(again, count) == outcomes
    assert again.offered == once.offered
    ids = [id_ for id_, _, _ in once.offered]
    assert len(set(ids)) == len(ids)
    written = [name for _, batch, _ in once.offered if not names & set(batch) for name in batch]
    assert written == [f"r{number}" for number in range(count) if number not in bad]
