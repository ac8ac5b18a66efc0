"""The ways of a retrying runner: all records, in every way."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.testing.faults import retried


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_way_delivers_every_record_and_batches_keep_their_numbers(count: int) -> None:
    records = [{"name": f"r{n}"} for n in range(count)]
    ways = list(retried(records))
    assert len({way.how for way in ways}) == 5
    for way in ways:
        delivered: list[Any] = [
            record for attempt in way.attempts for _, some in attempt for record in some
        ]
        assert {record["name"] for record in delivered} == {record["name"] for record in records}
    seen: dict[int, object] = {}
    for way in ways:
        for attempt in way.attempts:
            for number, some in attempt:
                assert seen.setdefault(number, some) == some


def test_staged_files_are_not_cut_otherwise() -> None:
    records = [{"name": f"r{n}"} for n in range(6)]
    ways = list(retried(records, recut=False))
    assert {len(some) for way in ways for attempt in way.attempts for _, some in attempt} == {2}
