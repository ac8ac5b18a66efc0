"""Sizes of records are estimated in time that does not depend on how they are tangled."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest.api.entities import Column, Table
from beam_ingest.flow.batch import Sizer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def measured(record: Any) -> int:
    return Sizer()(record)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
@settings(max_examples=30)
def test_any_record_has_a_size(record: dict[str, Any]) -> None:
    assert measured(record) > 0


def test_a_size_is_about_that_of_the_text_in_it() -> None:
    record = {"name": "n" * 1000, "tags": ["t" * 100] * 10}
    assert 2000 < measured(record) < 2300
    assert measured({"raw": b"x" * 5000}) == pytest.approx(5000, rel=0.05)


def test_an_entity_is_as_large_as_what_is_in_it() -> None:
    small = Table.model_construct(name="t", database_schema="s.d.x", columns=[])
    columns = [
        Column.model_construct(name=f"c{n}", data_type="INT", description="d" * 1000)
        for n in range(10)
    ]
    wide = Table.model_construct(name="t", database_schema="s.d.x", columns=columns)
    assert measured(small) < 500
    assert measured(wide) > 10_000


def calls_while_measuring(record: Any) -> int:
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > 200_000:
            raise AssertionError("the estimate explodes")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        measured(record)
    finally:
        sys.setprofile(before)
    return calls


def test_a_record_that_contains_itself_has_a_size() -> None:
    record: dict[str, Any] = {}
    record.update(dict.fromkeys("abcdef", record))
    assert calls_while_measuring(record) < 100


def test_parts_that_are_shared_over_and_over_are_looked_at_once() -> None:
    value: Any = ["leaf"]
    for _ in range(30):
        value = [value, value, value]
    assert calls_while_measuring({"value": value}) < 1000


def test_the_graph_of_objects_behind_a_stray_object_is_not_walked() -> None:
    assert calls_while_measuring({"module": sys, "logger": pytest}) < 1000


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no text of me")

    def __len__(self) -> int:
        raise RuntimeError("no length either")


def test_keys_and_values_of_any_kind_have_a_size() -> None:
    assert measured({Odd(): Odd(), 5: {1, 2}, "deep": deep(100)}) > 0


def deep(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"down": value}
    return value


def test_one_of_many_small_records_is_looked_at() -> None:
    sizer = Sizer()
    first = sizer({"name": "x" * 1000})
    assert [sizer({"name": "x"}) for _ in range(63)] == [first] * 63
    assert sizer({"name": "x"}) < first


def test_after_a_large_record_the_next_is_looked_at() -> None:
    sizer = Sizer()
    assert sizer({"name": "x" * 100_000}) > 100_000
    assert sizer({"name": "x"}) < 100
