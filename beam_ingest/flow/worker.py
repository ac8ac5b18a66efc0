"""What the steps of one run share in one worker process: heartbeat, stop flag, counts so far.

Engines give metrics at the end or late, so progress comes from ``heartbeats/<worker>.json``,
written about twice a second: what the process works on and what it has counted. The same thread
looks whether a stop was asked for.
"""

from __future__ import annotations

import errno
import gc
import json
import logging
import operator
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from beam_ingest.api.errors import FatalError
from beam_ingest.flow.run_dir import RunDir

INTERVAL = 0.5
REMOTE_INTERVAL = 10.0
"""Seconds between heartbeats; on an object store each is a request."""

_GC_THRESHOLDS = (100_000, 50, 100)

_log = logging.getLogger(__name__)

_workers: dict[str, Worker] = {}
_lock = threading.Lock()
_launcher: list[int] = []


def enter(run_dir: str, max_failures: int | None) -> Worker:
    """This process's worker of a run, made on first use; ``leave`` it as often as entered."""
    with _lock:
        worker = _workers.get(run_dir)
        if worker is None:
            worker = Worker(run_dir, max_failures)
            worker.start()
            _workers[run_dir] = worker
            if len(_workers) == 1:
                _tune_garbage_collector()
        worker.users += 1
        return worker


def leave(worker: Worker) -> None:
    """Undo one ``enter``; the last one stops the heartbeat."""
    with _lock:
        worker.users -= 1
        if worker.users == 0:
            _workers.pop(worker.run_dir, None)
            worker.end()
            if not _workers:
                _restore_garbage_collector()


def belong_to(launcher: int) -> None:
    """Name the process whose worker this one is, where that is not the one that started it."""
    _launcher.append(launcher)


def disk_hint(error: OSError) -> str | None:
    """What to do about a run directory that cannot be written."""
    return ROOM_HINT if error.errno in (errno.ENOSPC, errno.EDQUOT) else None


ROOM_HINT = "what is durable is kept: make room, and go on with --resume"
FAILURES_HINT = "beam.maxFailures sets this limit"


def too_many_failures(limit: int) -> str:
    """Why a run is stopped after more than ``limit`` dead letters."""
    return f"more than {limit} records have failed"


def stop_here(run_dir: str) -> None:
    """Tell this process's worker of a run, if there is one, at once that a stop was asked for."""
    worker = _workers.get(run_dir)
    if worker is not None:
        worker.stop()


class Worker:
    """One process's part in one run."""

    def __init__(
        self,
        run_dir: str,
        max_failures: int | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.run_dir = run_dir
        self.run = RunDir(run_dir)
        self.users = 0
        self.split: str | None = None
        self.step: str | None = None
        self.counts: dict[str, list[int]] = {}
        self._told: dict[str, tuple[int, ...]] = {}
        self._telling = threading.Lock()
        self.splits = [0, 0]
        """Splits whose first mark this process has left: done, failed."""
        self._failed = 0
        self._max_failures = max_failures
        self._clock = clock
        self._moved = clock()
        self._patient = False
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._stopping = threading.Event()
        self.is_stopping = self._stopping.is_set
        """Whether the run was asked to stop; cheap enough to ask at every record."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin the heartbeat; the first is written before this returns."""
        self.heartbeat()
        self._thread.start()

    def end(self) -> None:
        """End the heartbeat with a last one."""
        self._ending.set()
        self._thread.join(timeout=5)
        self.heartbeat()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past a stop; whether the run was asked to stop. No hang: it is told."""
        self.moved()
        return self._stopping.wait(seconds)

    def stop(self) -> None:
        """Read no more; what is in hand is settled."""
        self._stopping.set()

    def request_stop(self, reason: str, exit_code: int, hint: str | None = None) -> None:
        """Stop all workers of the run: no more is read, what is in hand is settled."""
        self._stopping.set()
        self.run.request_stop(reason, exit_code, hint=hint)

    def fatal(self, error: FatalError, exit_code: int = 3) -> None:
        """Stop the run for an error that no record can survive."""
        self.request_stop(error.message or type(error).__name__, exit_code, error.hint)

    def disk_failed(self, error: OSError) -> None:
        """Stop the run because what must survive cannot be kept."""
        self.request_stop(f"the run directory cannot be written: {error}", 1, disk_hint(error))

    def at(self, split: str, step: str, *, patient: bool = False) -> None:
        """What this process does now, for the heartbeat.

        ``patient``: a call that may rightly take longer than anything else, such as publishing a
        whole file. Where it can it says by ``moved`` that it does not hang.
        """
        self.split, self.step = split, step
        self._patient = patient
        self._moved = self._clock()

    def moved(self) -> None:
        """What this process does makes progress."""
        self._moved = self._clock()

    def count(self, step: str, came: int, out: int, failed: int) -> None:
        """Add to the counts that progress shows, and stop after too many failures."""
        counts = self.counts.setdefault(step, [0, 0, 0])
        counts[0] += came
        counts[1] += out
        counts[2] += failed
        if failed:
            self._failed += failed
            if self._max_failures is not None and self._failed > self._max_failures:
                self.request_stop(too_many_failures(self._max_failures), 1, FAILURES_HINT)

    def news(self) -> list[tuple[str, tuple[int, ...]]]:
        """By step, what was counted since this was last asked: came, went on, failed."""
        with self._telling:
            news = []
            for step, counts in list(self.counts.items()):
                now, told = tuple(counts), self._told.get(step, (0, 0, 0))
                if now != told:
                    self._told[step] = now
                    news.append((step, tuple(map(operator.sub, now, told))))
            return news

    def settled(self, *, failed: bool) -> None:
        """A split has its mark."""
        self.splits[failed] += 1
        self._moved = self._clock()

    def heartbeat(self) -> None:
        """Write the heartbeat now, and look whether a stop was asked for."""
        value: dict[str, Any] = {
            "worker": self._name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "parent": _launcher[-1] if _launcher else os.getppid(),
            "at": self._clock(),
            "moved": self._moved,
            "split": self.split,
            "step": self.step,
            "splits": self.splits,
            **({"patient": True} if self._patient else {}),
            "counts": {step: list(counts) for step, counts in self.counts.copy().items()},
        }
        store = self.run.store
        try:
            if not self._stopping.is_set() and store.read("stop") is not None:
                self._stopping.set()
            if store.read("heartbeats/stacks-wanted") is not None:
                value["stacks"] = _stacks()
            store.write(f"heartbeats/{self._name}.json", json.dumps(value).encode())
        except OSError as error:
            # A heartbeat is a convenience: a full disk shows where it matters, at the marks.
            _log.warning("no heartbeat: %s", error)

    def _beat(self) -> None:
        interval = REMOTE_INTERVAL if "://" in self.run.store.root else INTERVAL
        while not self._ending.wait(interval):
            self.heartbeat()


def _stacks() -> dict[str, str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        names.get(ident, str(ident)): "".join(traceback.format_stack(frame))
        for ident, frame in sys._current_frames().items()
    }


_saved_thresholds: list[tuple[int, int, int]] = []


def _tune_garbage_collector() -> None:
    # Batches hold many objects at once, which the default thresholds scan over and over:
    # measured, 1.4x (mappings) to 2.5x (models) of a plain loop, and 1.2x tuned.
    _saved_thresholds.append(gc.get_threshold())
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _restore_garbage_collector() -> None:
    gc.unfreeze()
    gc.set_threshold(*_saved_thresholds.pop())
