"""Where requests to a sink are cut: by the split's own records and sizes, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.flow import write
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.write import Outgoing
from tests.flow.scripted import REF, batch, records

MEGABYTE = 1024 * 1024


def outgoing(root: Path | str = "unused") -> Outgoing:
    return Outgoing(RunDir(str(root)), REF, "out", primary=True)


def cuts(parts: list[tuple[list[Any], int]], limit: int) -> list[list[Any]]:
    state = outgoing()
    made: list[list[Any]] = []
    for seq, (records_, size) in enumerate(parts):
        last = seq == len(parts) - 1
        made += state.gather(batch(seq, records_, last=last, size=size), limit)
    return made


def test_records_of_small_batches_are_sent_together() -> None:
    parts = [(records(3, 3 * n), 30) for n in range(4)]
    assert [len(cut) for cut in cuts(parts, 5)] == [5, 5, 2]
    assert [record for cut in cuts(parts, 5) for record in cut] == records(12)


def test_one_large_batch_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [len(cut) for cut in cuts([(records(11), 110)], 5)] == [5, 5, 1]
    assert [len(cut) for cut in cuts([(records(10), 110)], 5)] == [5, 5]


def test_what_is_held_is_sent_when_it_is_large_enough() -> None:
    parts = [(records(1, n), write.REQUEST_BYTES // 2) for n in range(5)]
    assert [len(cut) for cut in cuts(parts, 500)] == [2, 2, 1]


def test_the_size_of_what_was_sent_is_not_counted_again() -> None:
    half = write.REQUEST_BYTES // 2
    parts = [(records(10), half), (records(1, 10), half), (records(1, 11), 0)]
    assert [len(cut) for cut in cuts(parts, 10)] == [10, 2]


def test_nothing_is_sent_for_a_split_without_records() -> None:
    assert cuts([([], 0), ([], 0)], 5) == []


def test_what_is_held_stays_below_the_limit() -> None:
    state = outgoing()
    for seq in range(50):
        list(state.gather(batch(seq, records(7), size=700), 5))
        assert len(state._held) < 5


SIZES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6 * MEGABYTE)), min_size=1)


@given(SIZES, st.integers(1, 12))
def test_every_record_is_sent_once_and_in_order(sizes: list[tuple[int, int]], limit: int) -> None:
    parts, start = [], 0
    for count, size in sizes:
        parts.append((records(count, start), size))
        start += count
    made = cuts(parts, limit)
    assert [record for cut in made for record in cut] == records(start)
    assert all(0 < len(cut) <= limit for cut in made)
    assert cuts(parts, limit) == made


@given(st.lists(st.integers(0, 30), min_size=1), st.integers(1, 12))
def test_small_records_fill_every_request_but_the_last(counts: list[int], limit: int) -> None:
    made = cuts([(records(count), 10 * count) for count in counts], limit)
    assert all(len(cut) == limit for cut in made[:-1])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 12))
def test_cuts_do_not_depend_on_what_other_splits_do(counts: list[int], limit: int) -> None:
    parts = [(records(count), 10 * count) for count in counts]
    one, two = outgoing(), outgoing()
    made: list[list[Any]] = []
    for seq, (records_, size) in enumerate(parts):
        last = seq == len(parts) - 1
        for other in two.gather(batch(seq, records(3), size=5, last=last), 2):
            assert len(other) <= 2
        made += one.gather(batch(seq, records_, size=size, last=last), limit)
    assert made == cuts(parts, limit)
