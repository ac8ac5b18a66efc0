"""Polling one partition, as engines need it: again and again, until the run is drained."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.source import StreamSource
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.resume import DRAIN
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.step import OpenedOnce
from beam_ingest.flow.stream.journal import write_end
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.read import Cursor, Partition, sorted_out
from beam_ingest.flow.stream.windows import Windows
from beam_ingest.flow.worker import Worker

LOOK_EVERY = 0.5
"""Seconds between looks whether the run is to be drained."""

_log = logging.getLogger(__name__)


class Poller:
    """Polls partitions, in one process."""

    def __init__(
        self,
        plan: Plan,
        windows: Windows,
        run: RunDir,
        worker: Worker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._windows = windows
        self._run = run
        self._worker = worker
        self._clock = clock
        self._source = OpenedOnce(plan.source, worker)
        self._looked = -LOOK_EVERY
        self._draining = False
        self._failures = 0
        self._wait_until = 0.0

    def poll(self, partition: Partition, cursor: Cursor) -> tuple[dict[int, Parcel], Cursor]:
        """What is new by window, and where to go on; after the end, a cursor that ``ended``.

        A fault that may pass is waited out, by polls that find nothing; what no message can
        survive stops the run.
        """
        if cursor.ended or self._worker.is_stopping():
            return {}, Cursor(cursor.position, cursor.next, cursor.watermark, True)
        try:
            if self.is_draining():
                ended = Cursor(cursor.position, cursor.next, cursor.watermark, True)
                write_end(self._run, partition.id, ended)
                return {}, ended
            if self._clock() < self._wait_until:
                return {}, cursor
            self._worker.at(partition.split.key, self._plan.source.step)
            source: StreamSource = self._source.get(RetryPolicy(tries=1))
            found = source.poll(partition.split, cursor.position)
            self._failures = 0
            return sorted_out(found, cursor, self._windows)
        except FatalError as error:
            self._worker.fatal(error)
        except TransientError as error:
            self._failures += 1
            delay = RetryPolicy().delay(min(self._failures, 10), error, lambda: 0.5)
            self._wait_until = self._clock() + delay
            _log.warning("%s: %s; again in %.1f s", partition.split.key, reason_of(error), delay)
        except OSError as error:
            self._worker.request_stop(f"{partition.split.key}: {reason_of(error)}", 1)
        except Exception as error:  # whatever a source raises: without it nothing can be read
            reason = f"{partition.split.key} cannot be read: {reason_of(error)}"
            self._worker.request_stop(reason, 1, getattr(error, "hint", None))
        return {}, cursor

    def is_draining(self) -> bool:
        """Whether the run was asked to read no more."""
        if not self._draining and self._clock() - self._looked >= LOOK_EVERY:
            self._looked = self._clock()
            self._draining = self._run.store.read(DRAIN) is not None
        return self._draining

    def close(self) -> None:
        """Close the source. May be called twice."""
        self._source.close()
