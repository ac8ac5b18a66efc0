"""A processor over a batch: what it makes, drops and breaks is counted, one record at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest import Drop, FatalError, IngestError, RecordError
from beam_ingest import TransientError as Transient
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import Column, Table
from beam_ingest.flow import before
from beam_ingest.flow.apply import fail_all, run_processor
from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.before import Before
from tests.flow.scripted import Made, batch, counts_of, records


def never_waits(seconds: float) -> bool:
    return False


def run(does: Callable[[Any], Any], given: SplitBatch) -> FatalError | None:
    return run_processor(Made(does), "p", given, never_waits, Before())


def one(does: Callable[[Any], Any]) -> SplitBatch:
    """The batch of one record after ``does``."""
    made = batch(0, records(1))
    assert run(does, made) is None
    return made


def raising(error: BaseException) -> Callable[[Any], Any]:
    def does(record: Any) -> Any:
        raise error

    return does


def split_in_two(record: Any) -> Iterator[Any]:
    yield {**record, "half": 1}
    yield {**record, "half": 2}


def test_one_record_of_one() -> None:
    made = one(lambda record: {**record, "seen": True})
    assert made.records == [{"name": "r0", "seen": True}]
    assert counts_of(made.ledger, "p") == [1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("does", [split_in_two, lambda record: list(split_in_two(record))])
def test_several_records_of_one_are_one_that_passed(does: Any) -> None:
    made = one(does)
    assert [record["half"] for record in made.records] == [1, 2]  # type: ignore[index]
    assert counts_of(made.ledger, "p") == [1, 1, 0, 0, 2, 0]


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_nothing_of_one_is_filtered(nothing: Any) -> None:
    made = one(lambda record: nothing)
    assert (made.records, made.dead, made.size) == ([], [], 0)
    assert counts_of(made.ledger, "p") == [1, 0, 1, 0, 0, 0]
    assert made.ledger.drops == {}


def test_a_drop_is_filtered_and_its_reason_counted() -> None:
    made = one(raising(Drop("not wanted")))
    assert counts_of(made.ledger, "p") == [1, 0, 1, 0, 0, 0]
    assert made.ledger.drops == {("p", "not wanted"): 1}
    assert one(raising(Drop())).ledger.drops == {}


def test_what_it_raises_is_that_records_dead_letter() -> None:
    made = batch(0, records(3))
    run(lambda record: record if record["name"] != "r1" else 1 / 0, made)
    assert [record["name"] for record in made.records] == ["r0", "r2"]  # type: ignore[index]
    (letter,) = made.dead
    assert (letter.step, letter.reason) == ("p", "ZeroDivisionError: division by zero")
    assert letter.record == b'{"name":"r1"}'
    assert counts_of(made.ledger, "p") == [3, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("first", [[], [Transient("busy")]])
def test_code_that_ends_the_interpreter_costs_its_record_only(first: list[Exception]) -> None:
    errors: list[BaseException] = [*first, SystemExit(3)]

    def does(record: Any) -> Any:
        if record["name"] != "r1":
            return record
        raise errors.pop(0)

    made = batch(0, records(3))
    assert run(does, made) is None
    assert [letter.reason for letter in made.dead] == ["SystemExit: 3"]
    with pytest.raises(KeyboardInterrupt):
        one(raising(KeyboardInterrupt()))


def test_a_hint_of_an_error_is_kept_for_the_report() -> None:
    made = one(raising(RecordError("no type", hint="set one")))
    assert made.ledger.reasons["p", "no type (set one)"].hint == "set one"


def test_a_generator_that_breaks_off_lets_nothing_go_on() -> None:
    def half(record: Any) -> Iterator[Any]:
        yield record
        raise ValueError("half way")

    made = one(half)
    assert made.records == []
    assert [letter.reason for letter in made.dead] == ["ValueError: half way"]


def test_a_drop_inside_a_generator_filters_the_record() -> None:
    def dropping(record: Any) -> Iterator[Any]:
        yield record
        raise Drop("after all")

    made = one(dropping)
    assert made.records == []
    assert counts_of(made.ledger, "p") == [1, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("text", "the processor returned a str, no record"),
        (7, "the processor returned a int, no record"),
        (["text"], "the processor made a str, no record"),
        ([None], "the processor made a NoneType, no record"),
    ],
)
def test_what_is_no_record_is_a_dead_letter(made: Any, why: str) -> None:
    (letter,) = one(lambda record: made).dead
    assert letter.reason == why


def test_a_transient_error_is_tried_again() -> None:
    errors = [Transient("busy", retry_after=0) for _ in range(5)]

    def does(record: Any) -> Any:
        if errors:
            raise errors.pop()
        return record

    made = one(does)
    assert (len(made.records), made.dead) == (1, [])


def test_a_transient_error_that_stays_is_a_dead_letter_with_its_tries() -> None:
    (letter,) = one(raising(Transient("busy", retry_after=0))).dead
    assert (letter.reason, letter.attempts) == ("busy (tried 6 times)", 6)


def test_a_drop_after_a_transient_error_is_filtered() -> None:
    errors = [Drop("gone"), Transient("busy", retry_after=0)]

    def does(record: Any) -> Any:
        raise errors.pop()

    assert counts_of(one(does).ledger, "p") == [1, 0, 1, 0, 0, 0]


def fatal_on(name: str, first: list[Exception]) -> Callable[[Any], Any]:
    def does(record: Any) -> Any:
        if record["name"] == name:
            raise first.pop() if first else FatalError("wrong password")
        return record

    return does


@pytest.mark.parametrize("first", [[], [Transient("busy", retry_after=0)]])
def test_after_a_fatal_error_no_record_is_processed(first: list[Exception]) -> None:
    made = batch(0, records(4))
    fatal = run(fatal_on("r1", list(first)), made)
    assert isinstance(fatal, FatalError)
    assert made.records == [{"name": "r0"}]
    assert [letter.reason for letter in made.dead] == ["wrong password"] * 3
    assert counts_of(made.ledger, "p") == [4, 1, 0, 3, 1, 0]


def test_a_batch_is_as_large_as_what_is_left_of_it() -> None:
    made = batch(0, records(4), size=4000)
    run(lambda record: None if record["name"] == "r0" else record, made)
    assert made.size == 3000


def test_an_empty_batch_passes() -> None:
    made = batch(0, [])
    assert run(raising(ValueError("never called")), made) is None
    assert counts_of(made.ledger, "p") == [0] * 6


WHAT = st.sampled_from(["pass", "two", "none", "drop", "error", "transient", "fatal", "junk"])


@given(st.lists(WHAT, max_size=20))
def test_in_is_passed_and_filtered_and_failed_whatever_a_processor_does(what: list[str]) -> None:
    def does(record: Any) -> Any:
        error = {
            "drop": Drop("no"), "error": RuntimeError("no"), "fatal": FatalError("no"),
            "transient": Transient("no", retry_after=0),
        }.get(record["what"])  # fmt: skip
        if error is not None:
            raise error
        return {"two": [record, record], "none": None, "junk": 5}.get(record["what"], record)

    made = batch(0, [{"name": str(number), "what": each} for number, each in enumerate(what)])
    run(does, made)
    counts = made.ledger.step("p")
    assert counts.in_ == len(what) == counts.passed + counts.filtered + counts.failed
    assert (counts.failed, counts.out) == (len(made.dead), len(made.records))
    reached = what[: what.index("fatal")] if "fatal" in what else what
    assert counts.passed == sum(each in ("pass", "two") for each in reached)
    assert counts.filtered == sum(each in ("none", "drop") for each in reached)
    assert sum(reason.count for reason in made.ledger.reasons.values()) == counts.failed


def test_a_batch_that_cannot_be_processed_at_all_becomes_dead_letters() -> None:
    made = batch(0, records(2), size=100)
    fail_all(made, "p", "no connection")
    assert (made.records, made.size, len(made.dead)) == ([], 0, 2)
    assert counts_of(made.ledger, "p") == [2, 0, 0, 2, 0, 0]
    assert made.ledger.reasons["p", "no connection"].examples == ["r0", "r1"]


def test_an_error_without_a_text_is_named() -> None:
    assert [letter.reason for letter in one(raising(IngestError(""))).dead] == ["IngestError"]


def spoils(record: Any) -> Any:
    """Changes the record, deep inside too, and then finds out that it cannot go on."""
    if isinstance(record, Table):
        record.columns.append(Column(name="added", data_type="INT"))
        record.description = "changed"
    else:
        record["trace"].append("changed")
        record["name"] = "changed"
    raise RuntimeError("no")


def table(name: str) -> Table:
    columns = [Column(name="c", data_type="INT")]
    return Table(name=name, database_schema="s.d.x", columns=columns)


def test_a_dead_letter_holds_the_record_as_it_came() -> None:
    made = batch(0, [{"name": "a", "trace": []}, table("t")])
    wanted = [encode(record) for record in made.records]
    run(spoils, made)
    assert [letter.record for letter in made.dead] == wanted
    assert [letter.name for letter in made.dead] == ["a", "s.d.x.t"]
    assert made.ledger.reasons["p", "RuntimeError: no"].examples == ["a", "s.d.x.t"]


def test_what_is_tried_again_is_the_record_as_it_came() -> None:
    seen: list[Any] = []

    def does(record: Any) -> Any:
        seen.append((list(record["trace"]), str(record["odd"])))
        record["trace"].append("changed")
        if len(seen) == 1:
            raise Transient("busy", retry_after=0)
        return record

    made = batch(0, [{"name": "a", "trace": [], "odd": float("nan")}])
    run(does, made)
    assert seen == [([], "nan")] * 2
    assert made.records[0]["trace"] == ["changed"]  # type: ignore[index]


def test_records_are_kept_at_first_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(before, "FIRST", 3)
    kept = Before()

    def kept_of(given: SplitBatch, does: Callable[[Any], Any]) -> list[Any]:
        run_processor(Made(does), "p", given, never_waits, kept)
        return [json.loads(letter.record or b"")["trace"] for letter in given.dead]

    def traced(count: int) -> SplitBatch:
        return batch(0, [{"name": f"r{n}", "trace": []} for n in range(count)])

    assert kept_of(traced(3), lambda record: record) == []
    # The one letter that this cannot help, and none after it.
    assert kept_of(traced(1), spoils) == [["changed"]]
    assert kept_of(traced(2), spoils) == [[], []]


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object()])
def test_what_has_no_json_form_is_processed_all_the_same(value: Any) -> None:
    made = batch(0, [{"name": "a", "value": value}])
    run(lambda record: {**record, "seen": True}, made)
    assert made.records[0]["seen"]  # type: ignore[index]
