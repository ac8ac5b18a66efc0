"""Sets of numbers kept as ranges."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.flow.stream.spans import Spans

RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))


@given(RANGES, RANGES)
def test_they_hold_what_a_set_would(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    spans, wanted = Spans(first), {n for start, end in first for n in range(start, end)}
    other = Spans()
    for start, end in second:
        other.update(range(start, end))
        wanted.update(range(start, end))
    spans.merge(other)
    assert {n for n in range(41) if n in spans} == wanted
    assert len(spans) == len(wanted)
    assert spans.prefix == next(n for n in range(42) if n not in wanted)
    assert Spans(spans.to_json()).to_json() == spans.to_json()


@given(RANGES)
def test_ranges_are_sorted_and_apart(ranges: list[tuple[int, int]]) -> None:
    flat = [bound for span in Spans(ranges).to_json() for bound in span]
    assert flat == sorted(set(flat))
