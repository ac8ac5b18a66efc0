"""The reading step: an unbounded splittable DoFn, one partition an element.

Not Beam's ``UnboundedSource``, which is such a DoFn too: that claims and emits one message at a
time and lets the runner split, while a poll here is one claim and makes a few parcels, and the
partitions are listed before. What is claimed is where to poll on; polled is before the claim, so
that a claim that fails loses a poll's work and no message.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import Coder
from apache_beam.io.iobase import RestrictionProgress, RestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MAX_TIMESTAMP, MIN_TIMESTAMP, Duration, Timestamp

from beam_ingest.flow import worker as workers
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.step import joined
from beam_ingest.flow.stream.poller import Poller
from beam_ingest.flow.stream.read import Cursor, Partition
from beam_ingest.flow.stream.windows import Windows
from beam_ingest.flow.worker import Worker

_TURN = 0.25
"""Seconds after which a partition lets the others, and the engine's checkpoints, go on."""
_REST = 0.1
"""Seconds until a partition that had nothing is polled again."""


class CursorCoder(Coder):
    """A cursor as JSON: engines keep it in checkpoints and savepoints."""

    def encode(self, value: Cursor) -> bytes:
        """The bytes."""
        return json.dumps(value.to_json()).encode()

    def decode(self, encoded: bytes) -> Cursor:
        """The cursor."""
        return Cursor(*json.loads(encoded))

    def is_deterministic(self) -> bool:
        """It is."""
        return True


class CursorTracker(RestrictionTracker):
    """Claims cursors: each is where the polls before it have come to."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._is_cut = False

    def current_restriction(self) -> Cursor:
        """The cursor claimed last."""
        return self._cursor

    def try_claim(self, cursor: Cursor) -> bool:
        """Go on to ``cursor``, unless the engine has taken the rest away."""
        if self._is_cut:
            return False
        self._cursor = cursor
        return True

    def try_split(self, fraction_of_remainder: float) -> tuple[Cursor, Cursor] | None:
        """End here, and leave the rest for later; a partition is not divided."""
        if fraction_of_remainder != 0 or self._is_cut or self._cursor.ended:
            return None
        rest, self._is_cut = self._cursor, True
        self._cursor = Cursor(rest.position, rest.next, rest.watermark, True)
        return self._cursor, rest

    def check_done(self) -> None:
        """Raises ``ValueError`` where polling ended and nobody goes on."""
        if not self._is_cut and not self._cursor.ended:
            raise ValueError("the partition was left before its end")

    def current_progress(self) -> RestrictionProgress:
        """Unknown: it has no end."""
        done = float(self._cursor.ended)
        return RestrictionProgress(completed=done, remaining=1.0 - done)

    def is_bounded(self) -> bool:
        """It is not."""
        return False


class CursorProvider(RestrictionProvider):
    """Each partition begins where the run said."""

    def initial_restriction(self, element: Partition) -> Cursor:
        """Where the partition begins."""
        return element.cursor

    def create_tracker(self, restriction: Cursor) -> CursorTracker:
        """What claims."""
        return CursorTracker(restriction)

    def split(self, element: Partition, restriction: Cursor) -> Iterator[Cursor]:
        """A partition is not divided."""
        yield restriction

    def restriction_size(self, element: Partition, restriction: Cursor) -> int:
        """All alike."""
        return 1

    def restriction_coder(self) -> CursorCoder:
        """How a cursor is kept."""
        return CursorCoder()

    def truncate(self, element: Partition, restriction: Cursor) -> Cursor:
        """An engine that drains lets the partition end by itself."""
        return restriction


class ReadPartitionFn(beam.DoFn):
    """``Partition`` -> (its id, encoded parcel), each at the start of its window."""

    def __init__(self, plan: Plan, windows: Windows) -> None:
        self.plan = plan
        self.windows = windows

    def setup(self) -> None:
        """On the worker: join the run."""
        self.worker: Worker = joined(self.plan)
        self._pollers: dict[str, Poller] = {}

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        partition: Partition,
        tracker: Any = beam.DoFn.RestrictionParam(CursorProvider()),
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(
            ManualWatermarkEstimator.default_provider()
        ),
    ) -> Iterator[TimestampedValue]:
        """Poll for a turn, and leave the rest for the next."""
        poller = self._pollers.get(partition.id)
        if poller is None:
            poller = Poller(self.plan, self.windows, self.worker.run, self.worker)
            self._pollers[partition.id] = poller
        turn = time.monotonic() + _TURN
        while True:
            parcels, cursor = poller.poll(partition, tracker.current_restriction())
            if not tracker.try_claim(cursor):
                return
            for start in sorted(parcels):
                value = partition.id, parcels[start].to_bytes()
                yield TimestampedValue(value, Timestamp(micros=start * 1000))
            if cursor.ended:
                watermark.set_watermark(MAX_TIMESTAMP)
                return
            watermark.set_watermark(_timestamp(cursor.watermark))
            if not parcels or time.monotonic() > turn:
                tracker.defer_remainder(Duration(0 if parcels else _REST))
                return

    def teardown(self) -> None:
        """Close the source and leave the run."""
        for poller in getattr(self, "_pollers", {}).values():
            poller.close()
        if hasattr(self, "worker"):
            workers.leave(self.worker)
            del self.worker


def _timestamp(millis: int) -> Timestamp:
    last = MAX_TIMESTAMP.micros - 1
    return Timestamp(micros=max(MIN_TIMESTAMP.micros, min(last, millis * 1000)))
