"""Polling a bounded source: the same run again at each tick, so that a catalogue stays current.

No unbounded graph: each tick is a run like any other, with its directory, its report, its retiring,
and memory that ends with it. What did not change is not sent, by the source hashes that the run
before has left. The ticks' directories are removed but for the last few, and those of failed ones.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from beam_ingest.api.report import Report
from beam_ingest.flow.run_dir import RunDir

KEPT = 10
"""So many directories of ticks that succeeded are kept."""
_CANNOT_CONNECT = 3

_log = logging.getLogger(__name__)


def run_ticks(
    run: Callable[[], Report],
    every: float,
    *,
    told: Callable[[Report], None] | None = None,
    handle_signals: bool = False,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], bool] | None = None,
) -> Report:
    """Call ``run`` every so many seconds, one after the other, until a signal ends it.

    A tick that is late begins at once; one that failed is told, and the next goes on, but for a
    first one that cannot connect. ``wait`` sleeps and answers whether to end. The report is that
    of the last tick that was not broken off. What the first ``run`` raises passes, so that a
    mistake is told at once; what a later one raises is a tick that failed.
    """
    kept: list[str] = []
    last: Report | None = None
    with _signals(enabled=handle_signals) as ended:
        wait = wait or ended.wait
        while True:
            began = clock()
            report = _tick(run, first=last is None)
            if report is not None:
                if told is not None:
                    told(report)
                if last is None or not _is_broken_off(report):
                    last = report
                asked = _is_asked_to_end(report)
                _forget(report, kept)
                if asked or _is_hopeless(report, kept, last):
                    return last
            if wait(max(0.0, every - (clock() - began))) and last is not None:
                return last


def _tick(run: Callable[[], Report], *, first: bool) -> Report | None:
    try:
        return run()
    except Exception as error:  # the server, or the disk, may be there again at the next tick
        if first:
            raise
        _log.error("this tick could not start: %s", error)
        return None


def _is_broken_off(report: Report) -> bool:
    return report.exit_code > 128


def _is_asked_to_end(report: Report) -> bool:
    """Whether a signal came during the tick, be it when all of it was done."""
    stop = RunDir(report.run_dir).stop()
    return _is_broken_off(report) or (stop is not None and stop["exitCode"] > 128)


def _is_hopeless(report: Report, kept: list[str], last: Report) -> bool:
    return report.exit_code == _CANNOT_CONNECT and report is last and not kept


def _forget(report: Report, kept: list[str]) -> None:
    """Remove the directory of the oldest tick that succeeded, where there are enough."""
    if report.status != "success":
        return
    kept.append(report.run_dir)
    if len(kept) > KEPT:
        oldest = kept.pop(0)
        if "://" not in oldest:
            shutil.rmtree(oldest, ignore_errors=True)


@contextlib.contextmanager
def _signals(*, enabled: bool) -> Iterator[threading.Event]:
    """Set by a signal between ticks; those that come during one are the run's own."""
    ended = threading.Event()
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield ended
        return

    def take(number: int, _: FrameType | None) -> None:
        ended.set()

    previous = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
