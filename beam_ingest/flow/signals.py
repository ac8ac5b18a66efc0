"""Ctrl-C and SIGTERM while a run is under way: the first asks it to end, the second is for good."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from beam_ingest.api.errors import LeftRunning
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.worker import stop_here


class Signals:
    """The signals that ``came``. ``cancels`` is asked whether the first one ends the run."""

    def __init__(self, plan: Plan, run: RunDir, cancels: Callable[[int], bool] | None) -> None:
        self.came: list[int] = []
        self._plan, self._run, self._cancels = plan, run, cancels
        self._stopping = False

    def take(self, number: int, _: FrameType | None = None) -> None:
        """A signal has come. Where nobody has to be asked, the workers stop at once."""
        self.came.append(number)
        if self._cancels is None:
            self._stop()

    def stopping(self) -> bool:
        """Whether the run was asked to end by a signal.

        Asks, the first time that there is one; raises ``LeftRunning`` where it does not end it.
        """
        if not self.came or self._stopping:
            return self._stopping
        number = self.came[0]
        if self._cancels is not None and not self._cancels(number):
            left = LeftRunning(
                "the job goes on without this process",
                hint=f"beam-ingest status {self._plan.run_dir} watches it, cancel ends it",
            )
            left.exit_code = 128 + number
            raise left
        self._stop()
        return True

    def _stop(self) -> None:
        self._stopping = True
        number = self.came[0]
        name = signal.Signals(number).name
        self._run.request_stop(f"stopped by {name}", 128 + number, hint="what is durable is kept")
        stop_here(self._plan.run_dir)


@contextlib.contextmanager
def signals_of(
    plan: Plan, run: RunDir, cancels: Callable[[int], bool] | None, *, enabled: bool
) -> Iterator[Signals]:
    """The signals of this process while this lasts; none where it is not the main thread's."""
    signals = Signals(plan, run, cancels)
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield signals
        return
    taken = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, signals.take) for number in taken}
    try:
        yield signals
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
