"""Spans: a set of whole numbers from 0 on, kept as the few ranges that they make up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Spans:
    """Ranges ``[start, end)``, sorted, apart from each other. As small as the set has gaps."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, ranges: Iterable[Iterable[int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Add the numbers from ``start`` up to, not including, ``end``."""
        if start >= end:
            return
        first = bisect_right(self._ends, start - 1)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def update(self, numbers: Iterable[int]) -> None:
        """Add single numbers; cheap where they are sorted and dense."""
        start = end = -1
        for number in numbers:
            if number != end:
                self.add(start, end)
                start = number
            end = number + 1
        self.add(start, end)

    def merge(self, other: Spans) -> None:
        """Add all of ``other``."""
        for start, end in other.to_json():
            self.add(start, end)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._starts, number)
        return place > 0 and number < self._ends[place - 1]

    def __len__(self) -> int:
        """How many numbers there are."""
        return sum(self._ends) - sum(self._starts)

    @property
    def prefix(self) -> int:
        """The first number that is missing: all before it are there."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def to_json(self) -> list[list[int]]:
        """Plain JSON: ``Spans(value)`` reads it back."""
        return [[start, end] for start, end in zip(self._starts, self._ends, strict=True)]
