"""Panes: each is claimed, settled, and what it makes contiguous is acknowledged. In one process.

The panes of one partition are handled one after the other: engines group by the partition. On this
machine a lock sees to it too, since an engine may take a worker for dead that is not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from beam_ingest.api.errors import FatalError
from beam_ingest.api.source import StreamSource
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.lock import locked
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.step import OpenedOnce
from beam_ingest.flow.stream.claim import Claimer
from beam_ingest.flow.stream.journal import Journal
from beam_ingest.flow.stream.settle import PATIENCE, Settler, Stopped
from beam_ingest.flow.stream.windows import Pane, Windows
from beam_ingest.flow.worker import Worker

_log = logging.getLogger(__name__)


class Panes:
    """What a worker process does with panes. Thread-safe, by partition."""

    def __init__(self, plan: Plan, windows: Windows, run: RunDir, worker: Worker) -> None:
        self._plan = plan
        self._run = run
        self._worker = worker
        self._open: dict[ComponentSpec, OpenedOnce] = {}
        self._lock = threading.Lock()
        self._claimer = Claimer(plan, windows, run, worker, self.get)
        self._settler = Settler(plan, run, worker, self.get)

    def get(self, spec: ComponentSpec) -> object:
        """An open component of the run. Raises what its ``open`` raises."""
        with self._lock:
            opened = self._open.setdefault(spec, OpenedOnce(spec, self._worker))
        return opened.get(PATIENCE)

    def take(self, pane: Pane) -> None:
        """Publish ``pane``. Where that cannot be, the run is stopped; nothing is raised.

        What is left undone is not settled, so that it is not acknowledged and comes again.
        """
        if self._worker.is_stopping():
            return

        def publish(journal: Journal) -> None:
            self._settler.settle(journal)
            journal.claim = self._claimer.claim(journal, pane)
            if journal.claim is not None:
                journal.write(self._run)
                self._settler.settle(journal)
            self._acknowledge(journal)

        self._safely(pane.partition, publish)

    def finish(self, partition: str) -> None:
        """Settle what an attempt before this one has claimed, and tell the source."""

        def finish(journal: Journal) -> None:
            self._settler.settle(journal)
            self._acknowledge(journal)

        self._safely(partition, finish)

    def finish_gone(self, partition: str) -> None:
        """The same for a partition that the source no longer lists, and so is not told of."""
        self._safely(partition, lambda journal: self._settler.settle(journal, is_read=False))

    def close(self) -> None:
        """Close the components. May be called twice."""
        for opened in self._open.values():
            opened.close()

    def _safely(self, partition: str, work: Callable[[Journal], None]) -> None:
        try:
            with locked(self._run.store, f"partitions/{partition}.lock"):
                journal = Journal.read(self._run, partition)
                if journal is None:
                    raise FatalError(
                        f"the run directory has no journal of the partition {partition}"
                    )
                work(journal)
        except Stopped:
            _log.debug("%s: left for when the run is resumed", partition)
        except FatalError as error:
            self._worker.fatal(error)
        except OSError as error:
            self._worker.disk_failed(error)
        except Exception as error:  # whatever a component raises that concerns no single record
            reason = f"a window cannot be published: {reason_of(error)}"
            self._worker.request_stop(reason, 1, "nothing is lost: mend it and --resume the run")

    def _acknowledge(self, journal: Journal) -> None:
        reached = journal.advance()
        if reached is None:
            return
        journal.write(self._run)  # what is acknowledged is known here before it is known there
        source: StreamSource = self.get(self._plan.source)  # type: ignore[assignment]
        try:
            source.acknowledge(journal.split, reached[1])
        except FatalError:
            raise
        except Exception as error:  # told again with the next pane, or when the run ends
            _log.warning("%s: not acknowledged: %s", journal.split.key, reason_of(error))
            return
        journal.told = reached[0]
        journal.write(self._run)
