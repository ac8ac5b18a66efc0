"""The ledger: its arithmetic under any mix of outcomes, its limits, and its form on disk."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest.flow.ledger import (
    EXAMPLES,
    REASONS,
    TEXT_LENGTH,
    Counts,
    Ledger,
    Reason,
    unbalanced,
)

STEPS = st.sampled_from(["read", "filter", "out"])
WHYS = st.sampled_from(["no name", "no type", "too long"])
EVENTS = st.lists(st.tuples(STEPS, st.sampled_from("pfx"), WHYS, st.text(max_size=3)), max_size=20)


def record(ledger: Ledger, events: list[tuple[str, str, str, str]]) -> Ledger:
    """Count events as steps do: p passed, f filtered, x failed."""
    for step, what, why, name in events:
        counts = ledger.step(step)
        counts.in_ += 1
        if what == "p":
            counts.passed += 1
            counts.out += 1
        elif what == "f":
            counts.filtered += 1
            ledger.dropped(step, why)
        else:
            counts.failed += 1
            ledger.reason(step, why, name)
    return ledger


def numbers(ledger: Ledger) -> object:
    """All that a sum must keep; the examples of a reason may differ with the order."""
    reasons = {key: (reason.count, reason.hint) for key, reason in ledger.reasons.items()}
    return {k: v.to_json() for k, v in ledger.steps.items()}, reasons, ledger.drops


@given(st.lists(EVENTS, max_size=4))
@settings(max_examples=40)
def test_in_is_passed_and_filtered_and_failed_after_any_sum(parts: list[list]) -> None:  # type: ignore[type-arg]
    total = Ledger()
    for events in parts:
        total.add(record(Ledger(), events))
    assert unbalanced(total.steps.items()) == []
    for name, counts in total.steps.items():
        assert counts.in_ == sum(step == name for events in parts for step, *_ in events)
    assert total.failed == sum(reason.count for reason in total.reasons.values())


@given(EVENTS, EVENTS, EVENTS)
@settings(max_examples=40)
def test_the_order_of_adding_does_not_matter(a: list, b: list, c: list) -> None:  # type: ignore[type-arg]
    def total(parts: list[Ledger]) -> Ledger:
        sum_ = Ledger()
        for part in parts:
            sum_.add(part)
        return sum_

    x, y, z = (record(Ledger(), events) for events in (a, b, c))
    assert numbers(total([x, y, z])) == numbers(total([z, total([y, x])]))


@given(EVENTS)
def test_a_ledger_is_read_back_as_it_was_written(events: list) -> None:  # type: ignore[type-arg]
    ledger = record(Ledger(), events)
    again = Ledger.from_json(json.loads(json.dumps(ledger.to_json())))
    assert again.to_json() == ledger.to_json()


def test_the_form_on_disk() -> None:
    ledger = Ledger()
    counts = ledger.step("out")
    counts.in_, counts.passed, counts.filtered = 6, 3, 2
    counts.failed, counts.out, counts.unchanged = 1, 4, 5
    ledger.reason("out", "no", "a", hint="ask")
    ledger.reason("in", "never", "")
    ledger.dropped("out", "not wanted", 2)
    assert ledger.to_json() == {
        "steps": {"out": [6, 3, 2, 1, 4, 5]},
        "reasons": [
            {"step": "out", "reason": "no", "count": 1, "examples": ["a"], "hint": "ask"},
            {"step": "in", "reason": "never", "count": 1, "examples": []},
        ],
        "drops": [["out", "not wanted", 2]],
    }


def test_a_step_that_does_not_add_up_is_named() -> None:
    fine, wrong = Counts(in_=3, passed=1, filtered=1, failed=1), Counts(in_=3, passed=1)
    assert unbalanced([("fine", fine), ("wrong", wrong)]) == ["wrong"]


def test_few_examples_are_kept_each_once() -> None:
    reason = Reason()
    for name in ("a", "a", "", "b", "c", "d"):
        reason.add(name)
    assert (reason.count, reason.examples) == (6, ["a", "b", "c"])
    assert len(reason.examples) == EXAMPLES


def test_the_first_hint_stays() -> None:
    reason = Reason()
    for hint in (None, "one", "two"):
        reason.add("a", hint=hint)
    assert reason.hint == "one"


def test_examples_survive_a_sum_without_being_counted_again() -> None:
    one, two = Ledger(), Ledger()
    one.reason("out", "no", "a")
    two.reason("out", "no", "b", hint="ask")
    two.reason("out", "no", "b")
    one.add(two)
    reason = one.reasons["out", "no"]
    assert (reason.count, reason.examples, reason.hint) == (3, ["a", "b"], "ask")


@pytest.mark.parametrize("method", ["reason", "dropped"])
def test_a_different_reason_for_every_record_does_not_grow_the_mark(method: str) -> None:
    ledger = Ledger()
    for number in range(10_000):
        if method == "reason":
            ledger.reason("out", f"bad value {number}", f"r{number}")
        else:
            ledger.dropped("out", f"bad value {number}")
    kept = ledger.reasons if method == "reason" else ledger.drops
    assert len(kept) == REASONS + 1
    other = kept["out", "(other reasons)"]
    assert (other.count if isinstance(other, Reason) else other) == 10_000 - REASONS


def test_many_reasons_of_one_step_leave_room_for_those_of_another() -> None:
    ledger = Ledger()
    for number in range(REASONS + 5):
        ledger.reason("process", f"bad value {number}", "")
        ledger.dropped("process", f"not wanted {number}")
    ledger.reason("out", "the server said no", "")
    ledger.dropped("out", "a duplicate")
    assert ledger.reasons["out", "the server said no"].count == 1
    assert ledger.drops["out", "a duplicate"] == 1


def test_a_reason_is_one_line_of_a_limited_length() -> None:
    ledger = Ledger()
    ledger.reason("out", "  first line\nTraceback: …", "a")
    ledger.reason("out", "x" * 5000, "a")
    first, second = (why for _, why in ledger.reasons)
    assert first == "first line"
    assert len(second) == TEXT_LENGTH
    assert second.endswith("…")


def test_a_name_in_the_examples_has_a_limited_length() -> None:
    ledger = Ledger()
    ledger.reason("out", "no", "n" * 1_000_000)
    (name,) = ledger.reasons["out", "no"].examples
    assert len(name) == TEXT_LENGTH
