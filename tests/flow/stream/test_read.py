"""Sorting what a poll found into parcels of one window each."""

from __future__ import annotations

import pytest

from beam_ingest import IngestError, Poll, Timed, Unreadable
from beam_ingest.flow.stream.parcel import Parcel, count_of
from beam_ingest.flow.stream.read import Cursor, sorted_out
from beam_ingest.flow.stream.windows import Windows

WINDOWS = Windows(size=2000, lateness=1000)


def timed(number: int, at: float) -> Timed:
    return Timed({"n": number}, at, number)


def test_messages_go_to_their_windows() -> None:
    poll = Poll([timed(0, 0.0), timed(1, 2.0), timed(2, 1.999)], "next", 1.5)
    parcels, cursor = sorted_out(poll, Cursor("here"), WINDOWS)
    assert {start: parcel.numbers for start, parcel in parcels.items()} == {0: [0, 2], 2000: [1]}
    assert cursor == Cursor("next", 3, 1500)
    assert {(p.since, p.until, p.position) for p in parcels.values()} == {(0, 3, "next")}


def test_numbers_that_no_message_has_are_known() -> None:
    parcels, _ = sorted_out(Poll([timed(5, 0), timed(9, 0)], 10, 0), Cursor(5, 3), WINDOWS)
    assert parcels[0].absent == [[3, 5], [6, 9]]


def test_a_late_message_counts_into_its_window_while_that_takes_some() -> None:
    parcels, _ = sorted_out(Poll([timed(0, 1.0)], 1, 2.9), Cursor(0, 0, 2900), WINDOWS)
    assert (parcels[0].late, parcels[0].too_late) == ([0], [])


def test_one_that_is_too_late_goes_to_the_window_that_is_open() -> None:
    parcels, _ = sorted_out(Poll([timed(0, 1.0)], 1, 7.5), Cursor(0, 0, 7500), WINDOWS)
    assert (parcels[6000].late, parcels[6000].too_late) == ([0], [0])


def test_a_watermark_never_goes_back() -> None:
    _, cursor = sorted_out(Poll([], 1, 3.0), Cursor(0, 0, 7500), WINDOWS)
    assert cursor.watermark == 7500


def test_what_is_no_record_is_kept_with_its_number() -> None:
    odd = {"n": object()}
    poll = Poll([Timed(Unreadable("p@0", "torn", b"{\xff"), 0, 0), Timed(odd, 0, 1)], 2, 0)
    parcel = sorted_out(poll, Cursor(0), WINDOWS)[0][0]
    assert parcel.unreadable[0] == (0, "p@0", "torn", "{\ufffd")
    assert parcel.unreadable[1][0] == 1
    assert "cannot be written as JSON" in parcel.unreadable[1][2]


def test_numbers_that_do_not_grow_are_an_error() -> None:
    with pytest.raises(IngestError, match="the number 4 after number 4"):
        sorted_out(Poll([timed(4, 0), timed(4, 0)], 5, 0), Cursor(0), WINDOWS)


def test_a_parcel_survives_its_bytes() -> None:
    parcel = Parcel(3, 9, {"offset": 9}, [[4, 5]], [3, 5], [b'{"n":3}', b'{"n":5}'])
    parcel.unreadable = [(6, "p@6", "torn", "{")]
    parcel.late, parcel.too_late = [5], [5]
    data = parcel.to_bytes()
    assert Parcel.from_bytes(data) == parcel
    assert count_of(data) == parcel.count == 3
    assert data == (
        b'{"since":3,"until":9,"position":{"offset":9},"absent":[[4,5]],"numbers":[3,5],'
        b'"unreadable":[[6,"p@6","torn","{"]],"late":[5],"tooLate":[5]}\n{"n":3}\n{"n":5}'
    )
