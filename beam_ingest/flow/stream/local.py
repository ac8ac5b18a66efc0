"""The local engine of unbounded runs: one process, one loop, and memory for the open windows.

Beam has none that would do: FnApiRunner lets nothing pass a grouping before its source has ended,
the bundle-based one runs no unbounded source (and was measured, fed by a live TestStream, at 20 ms
a poll with memory that grows), and Prism has lost output. Windows, triggers and lateness are
those of ``gather``, and one test holds both to the same scenarios.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from beam_ingest.flow.stream.pane import Panes
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.poller import Poller
from beam_ingest.flow.stream.read import Cursor, Partition
from beam_ingest.flow.stream.windows import MAX_MILLIS, Pane, Windows

REST = 0.1
"""Seconds to wait where no partition had anything."""


@dataclass(slots=True)
class _Open:
    """What a window of a partition holds."""

    parcels: list[bytes] = field(default_factory=list)
    count: int = 0
    size: int = 0
    since: float = 0.0


class LocalStream:
    """Reads partitions into windows, and hands their panes on when they are due."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        windows: Windows,
        take: Callable[[Pane], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows = windows
        self._take = take
        self._clock = clock
        self._open: dict[tuple[str, int], _Open] = {}
        self._marks = {partition.id: partition.cursor.watermark for partition in partitions}

    def add(self, partition: str, parcels: dict[int, Parcel], cursor: Cursor) -> None:
        """Take in what a poll has found, and where it has come to."""
        for start, parcel in parcels.items():
            self._add(partition, start, parcel)
        self._marks[partition] = MAX_MILLIS if cursor.ended else cursor.watermark

    def advance(self) -> None:
        """Publish what is due by event time, which is the slowest partition's, and by delay."""
        watermark = min(self._marks.values(), default=MAX_MILLIS)
        windows, now = self._windows, self._clock()
        for key in sorted(self._open, key=lambda key: key[1]):
            held = self._open[key]
            waited = (now - held.since) * 1000
            if windows.is_late(key[1], watermark) or (windows.delay and waited >= windows.delay):
                self._publish(key)

    def _add(self, partition: str, start: int, parcel: Parcel) -> None:
        key = partition, start
        held = self._open.get(key)
        if held is None:
            held = self._open[key] = _Open(since=self._clock())
        data = parcel.to_bytes()
        held.parcels.append(data)
        held.count += parcel.count
        held.size += len(data)
        if self._windows.is_due(held.count, held.size):
            self._publish(key)

    def _publish(self, key: tuple[str, int]) -> None:
        held = self._open.pop(key)
        self._take(Pane(key[0], key[1], held.parcels))


def run_local(
    partitions: Sequence[Partition],
    windows: Windows,
    poller: Poller,
    panes: Panes,
    wait: Callable[[float], bool],
) -> None:
    """Poll and publish until every partition has ended, or ``wait`` says that the run stops."""
    stream = LocalStream(partitions, windows, panes.take)
    cursors = {partition.id: partition.cursor for partition in partitions}
    while True:
        found = False
        for partition in partitions:
            parcels, cursor = poller.poll(partition, cursors[partition.id])
            cursors[partition.id] = cursor
            stream.add(partition.id, parcels, cursor)
            found = found or bool(parcels)
        stream.advance()
        if all(cursor.ended for cursor in cursors.values()):
            return
        if not found and wait(REST):
            return
