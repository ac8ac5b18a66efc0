"""Reading: poll a partition, and sort what comes into parcels of one window each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beam_ingest.api.codec import encode
from beam_ingest.api.errors import IngestError
from beam_ingest.api.record import Record, Unreadable, name_of
from beam_ingest.api.source import Poll, Split
from beam_ingest.api.text import sayable
from beam_ingest.flow.dead_letter import RECORD_BYTES, reason_of
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.windows import MIN_MILLIS, Windows, millis


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a partition has been read: where to poll, the next number, event time so far."""

    position: Any
    next: int = 0
    watermark: int = MIN_MILLIS
    ended: bool = False

    def to_json(self) -> list[Any]:
        """Plain JSON: ``Cursor(*value)`` reads it back."""
        return [self.position, self.next, self.watermark, self.ended]


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of the run; ``id`` is fit for a file name, ``cursor`` where reading begins."""

    id: str
    split: Split
    cursor: Cursor


def sorted_out(poll: Poll, cursor: Cursor, windows: Windows) -> tuple[dict[int, Parcel], Cursor]:
    """What ``poll`` found from ``cursor`` on, by the start of its window, and where to go on.

    A message that is too late goes to the window that is open now. Raises ``IngestError`` for
    numbers that do not grow: what is counted by them would be lost.
    """
    watermark = cursor.watermark
    parcels: dict[int, Parcel] = {}
    until, absent = cursor.next, []
    for timed in poll.records:
        number = timed.number
        if number < until:
            raise IngestError(
                f"the source gave a message the number {number} after number {until - 1}",
                hint="numbers grow from each message of a partition to the next: see "
                "beam_ingest.Timed",
            )
        if number > until:
            absent.append([until, number])
        until = number + 1
        start = windows.start_of(millis(timed.at))
        late = windows.is_late(start, watermark)
        too_late = late and windows.is_too_late(start, watermark)
        if too_late:
            start = windows.start_of(watermark)
        parcel = parcels.get(start)
        if parcel is None:
            parcel = parcels[start] = Parcel(cursor.next, 0, poll.position, absent)
        if late:
            parcel.late.append(number)
        if too_late:
            parcel.too_late.append(number)
        _put(parcel, number, timed.record)
    for parcel in parcels.values():
        parcel.until = until
    return parcels, Cursor(poll.position, until, max(watermark, millis(poll.watermark)))


def _put(parcel: Parcel, number: int, found: Record | Unreadable) -> None:
    if isinstance(found, Unreadable):
        text = found.raw[:RECORD_BYTES].decode("utf-8", "replace")
        parcel.unreadable.append((number, sayable(found.where), sayable(found.why), text))
        return
    try:
        line = encode(found)
    except Exception as error:  # the broken record may be broken in any way
        text = sayable(repr(found)[:RECORD_BYTES])
        parcel.unreadable.append((number, sayable(name_of(found)), reason_of(error), text))
        return
    parcel.numbers.append(number)
    parcel.lines.append(line)
