"""Gathering: by partition and window, parcels become panes.

A stateful step, and no ``GroupByKey`` with a trigger: the element is a parcel of many messages,
of which Beam's triggers would count one, and none of them counts bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder, VarIntCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import (
    BagStateSpec,
    ReadModifyWriteStateSpec,
    TimerSpec,
    on_timer,
)
from apache_beam.transforms.window import IntervalWindow
from apache_beam.utils.timestamp import Timestamp

from beam_ingest.flow.stream.parcel import count_of
from beam_ingest.flow.stream.windows import Pane, Windows

_PARCELS = BagStateSpec("parcels", BytesCoder())
_COUNT = ReadModifyWriteStateSpec("count", VarIntCoder())
_SIZE = ReadModifyWriteStateSpec("size", VarIntCoder())
_END = TimerSpec("end", TimeDomain.WATERMARK)
_DELAY = TimerSpec("delay", TimeDomain.REAL_TIME)


class GatherFn(beam.DoFn):
    """(partition id, encoded parcel), windowed -> ``Pane``."""

    def __init__(self, windows: Windows, clock: Callable[[], float] = time.time) -> None:
        self._windows = windows
        self._clock = clock

    def process(
        self,
        element: tuple[str, bytes],
        window: Any = beam.DoFn.WindowParam,
        parcels: Any = beam.DoFn.StateParam(_PARCELS),
        count: Any = beam.DoFn.StateParam(_COUNT),
        size: Any = beam.DoFn.StateParam(_SIZE),
        end: Any = beam.DoFn.TimerParam(_END),
        delay: Any = beam.DoFn.TimerParam(_DELAY),
    ) -> Iterator[Pane]:
        """Keep a parcel; the pane, where it is due. Late ones come at once: their time is over."""
        key, data = element
        windows = self._windows
        parcels.add(data)
        end.set(window.max_timestamp())
        if not (windows.count or windows.bytes or windows.delay):
            return
        known = count.read() or 0
        messages, held = known + count_of(data), (size.read() or 0) + len(data)
        if windows.is_due(messages, held):
            yield _pane(key, window, parcels)
            _clear(parcels, count, size)
            delay.clear()
            return
        count.write(messages)
        size.write(held)
        if windows.delay and not known:
            delay.set(Timestamp.of(self._clock()) + windows.delay / 1000)

    @on_timer(_END)
    def at_end(
        self,
        key: Any = beam.DoFn.KeyParam,
        window: Any = beam.DoFn.WindowParam,
        parcels: Any = beam.DoFn.StateParam(_PARCELS),
        count: Any = beam.DoFn.StateParam(_COUNT),
        size: Any = beam.DoFn.StateParam(_SIZE),
    ) -> Iterator[Pane]:
        """What the window holds when it ends."""
        yield from _rest(key, window, parcels, count, size)

    @on_timer(_DELAY)
    def at_delay(
        self,
        key: Any = beam.DoFn.KeyParam,
        window: Any = beam.DoFn.WindowParam,
        parcels: Any = beam.DoFn.StateParam(_PARCELS),
        count: Any = beam.DoFn.StateParam(_COUNT),
        size: Any = beam.DoFn.StateParam(_SIZE),
    ) -> Iterator[Pane]:
        """What there is when the first message has waited long enough."""
        yield from _rest(key, window, parcels, count, size)


def _rest(key: str, window: IntervalWindow, parcels: Any, *others: Any) -> Iterator[Pane]:
    pane = _pane(key, window, parcels)
    _clear(parcels, *others)
    if pane.parcels:
        yield pane


def _pane(key: str, window: IntervalWindow, parcels: Any) -> Pane:
    return Pane(key, window.start.micros // 1000, list(parcels.read()))


def _clear(*states: Any) -> None:
    for state in states:
        state.clear()
