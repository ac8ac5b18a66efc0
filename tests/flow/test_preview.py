"""A preview: the first records after the processors, read no further than needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beam_ingest import (
    Context,
    FatalError,
    Record,
    Scope,
    Source,
    Split,
    Unreadable,
)
from beam_ingest.flow.preview import preview
from tests.flow.scripted import Made


class Numbers(Source):
    def __init__(self) -> None:
        super().__init__(self.Config(), Context())
        self.read_so_far: list[str] = []

    def parents(self) -> Iterator[Record]:
        yield from self._told("parent")

    def splits(self) -> Iterator[Split | Scope]:
        yield Scope("s", [])
        yield Split("a")
        yield Split("b")

    def read(self, split: Split) -> Iterator[Any]:
        yield from self._told(f"{split.key}1")
        yield Unreadable(f"{split.key}, line 2", "no JSON", b"{{")
        yield from self._told(f"{split.key}3")

    def _told(self, name: str) -> Iterator[Record]:
        self.read_so_far.append(name)
        yield {"name": name}


def names(source: Source, limit: int, *does: Callable[[Any], Any]) -> list[str]:
    processors = [(f"p{number}", Made(each)) for number, each in enumerate(does)]
    return [record["name"] for record in preview(source, processors, limit)]  # type: ignore[index]


def test_parents_come_first_then_the_splits_in_order(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert names(Numbers(), 99) == ["parent", "a1", "a3", "b1", "b3"]
    assert caplog.messages == ["a, line 2: no JSON", "b, line 2: no JSON"]


def test_nothing_is_read_that_is_not_shown() -> None:
    source = Numbers()
    assert names(source, 2) == ["parent", "a1"]
    assert source.read_so_far == ["parent", "a1"]
    assert names(untouched := Numbers(), 0) == []
    assert untouched.read_so_far == []


def test_processors_are_applied_in_order() -> None:
    shown = names(
        Numbers(), 2, lambda r: {"name": r["name"] + "x"}, lambda r: {"name": r["name"] + "y"}
    )
    assert shown == ["parentxy", "a1xy"]


def test_several_records_of_one_count_each() -> None:
    assert names(Numbers(), 3, lambda record: [record, record]) == ["parent", "parent", "a1"]


def test_what_is_filtered_does_not_count() -> None:
    def only_third(record: Any) -> Any:
        return record if record["name"].endswith("3") else None

    assert names(Numbers(), 1, only_third, lambda record: record) == ["a3"]


def test_what_fails_is_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def does(record: Any) -> Any:
        if record["name"] == "parent":
            raise ValueError("no type")
        return record

    with caplog.at_level(logging.WARNING):
        assert names(Numbers(), 1, does) == ["a1"]
    assert caplog.messages == ["p0: parent failed: ValueError: no type"]


def test_a_fatal_error_is_raised() -> None:
    def does(record: Any) -> Any:
        raise FatalError("no licence")

    with pytest.raises(FatalError, match="no licence"):
        names(Numbers(), 1, does)
