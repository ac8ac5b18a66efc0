from __future__ import annotations

from beam_ingest.connectors.openmetadata.constraints import (
    Step,
    next_step,
    targets_of,
    without_keys_to,
)
from tests.connectors.openmetadata.support import table


def order(graph: dict[str, set[str]], *there: str) -> list[Step]:
    """All steps until nothing waits, where every writing succeeds."""
    known, waiting, steps = set(there), dict(graph), []
    while waiting:
        step = next_step(waiting, known.__contains__)
        assert step.whole or step.first
        steps.append(step)
        known |= {*step.whole, *step.first}
        for name in step.whole:
            del waiting[name]
    return steps


def test_targets_come_first() -> None:
    assert order({"c": {"b"}, "b": {"a"}, "a": set(), "d": {"a", "c"}}) == [
        Step(["a"], []), Step(["b"], []), Step(["c"], []), Step(["d"], []),
    ]  # fmt: skip


def test_nothing_waits_for_what_is_nowhere_or_already_there() -> None:
    assert order({"a": {"nowhere"}, "b": {"there"}}, "there") == [Step(["a", "b"], [])]


def test_only_a_cycle_is_written_twice_and_those_behind_it_wait() -> None:
    assert order({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": {"c"}}) == [
        Step([], ["a", "b"]), Step(["a", "b", "c"], []), Step(["d"], []),
    ]  # fmt: skip


def test_a_table_that_refers_to_itself_is_a_cycle() -> None:
    assert order({"a": {"a"}}) == [Step([], ["a"]), Step(["a"], [])]


def test_a_cycle_begins_while_others_are_written() -> None:
    assert order({"a": {"a"}, "b": set(), "c": {"b", "c"}}) == [
        Step(["b"], ["a"]), Step(["a"], ["c"]), Step(["c"], []),
    ]  # fmt: skip


def test_a_cycle_behind_a_cycle_waits_for_it() -> None:
    steps = order({"a": {"b"}, "b": {"a"}, "c": {"d", "a"}, "d": {"c"}})
    assert steps == [
        Step([], ["a", "b"]), Step(["a", "b"], ["c", "d"]), Step(["c", "d"], []),
    ]  # fmt: skip


def test_a_chain_may_be_long() -> None:
    chain = {f"t{n}": {f"t{n + 1}"} for n in range(2000)} | {"t2000": {"t0"}}
    assert order(chain)[0] == Step([], sorted(chain))


def test_what_waits_begins_at_once_where_that_is_asked() -> None:
    waiting = {"a": {"b"}, "b": {"c"}, "c": set[str](), "d": {"there"}}
    assert next_step(waiting, {"there"}.__contains__, at_once=True) == Step(["c", "d"], ["a", "b"])


def test_a_quoted_name_is_found_in_its_columns_name() -> None:
    assert targets_of(table("a", 'shop.db.sales."weird.name"')) == {'shop.db.sales."weird.name"'}


def test_only_the_keys_that_wait_are_left_out() -> None:
    both = table("a", "shop.db.sales.x", "shop.db.sales.y")
    assert targets_of(without_keys_to(both, {"shop.db.sales.x"})) == {"shop.db.sales.y"}
    assert without_keys_to(both, {"shop.db.sales.z"}) is both
    assert without_keys_to(both, targets_of(both)).table_constraints is None
