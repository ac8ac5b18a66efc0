"""A script of faults: counts calls, and lets each fault happen when and as often as it says."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from beam_ingest.api.errors import FatalError, RecordError, TransientError
from beam_ingest.testing.faults.disk import DiskFault
from beam_ingest.testing.faults.fault import Fault


class FaultScript:
    """Faults, as ``Fault`` or as mappings with the same keys.

    Without ``counter`` a fault counts how often it fired in this object. With it, in that folder:
    each firing makes a file there that no other process can make again, so "once" is once in a
    whole run with several workers, and after a restart. ``wait`` and ``kill`` stand in for the
    real ones in tests.
    """

    def __init__(
        self,
        faults: Sequence[Fault | Mapping[str, Any]],
        *,
        counter: str | Path | None = None,
        wait: Callable[[float], object] | None = None,
        kill: Callable[[], object] | None = None,
    ) -> None:
        self.faults = [
            fault if isinstance(fault, Fault) else Fault.model_validate(fault) for fault in faults
        ]
        self._counter = None if counter is None else Path(counter)
        self._wait = wait or threading.Event().wait
        self._kill = kill or _kill
        self._calls: Counter[str] = Counter()
        self._fired: Counter[int] = Counter()
        self._disks: list[DiskFault] = []
        self._lock = threading.Lock()

    @contextmanager
    def call(
        self, on: str, *, split: str | None = None, names: tuple[str, ...] = ()
    ) -> Iterator[list[Fault]]:
        """One call of a method: faults before it at entry, those after it at the end.

        Gives the due faults that change its answer (``outcomes``) or repeat it (``again``).
        """
        with self._lock:
            self._calls[on] += 1
            number = self._calls[on]
        due = self._due(on, number, split, names, after=False)
        self._happen(due)
        yield [fault for fault in due if fault.outcomes or fault.again]
        self._happen(self._due(on, number, split, names, after=True))

    def at(
        self, on: str, number: int, *, split: str | None = None, names: tuple[str, ...] = ()
    ) -> None:
        """The ``number``-th record of a reading, before it is given out."""
        self._happen(self._due(on, number, split, names, after=False))

    def close(self) -> None:
        """Repair the disk. May be called twice."""
        while self._disks:
            self._disks.pop().stop()

    def _due(
        self, on: str, number: int, split: str | None, names: tuple[str, ...], *, after: bool
    ) -> list[Fault]:
        return [
            fault
            for index, fault in enumerate(self.faults)
            if fault.after is after
            and fault.is_due(on, number, split, names)
            and self._spend(index, fault)
        ]

    def _spend(self, index: int, fault: Fault) -> bool:
        """Take one of the times a fault fires; False where none is left."""
        if fault.times is None:
            return True
        if self._counter is not None:
            return _spend_file(self._counter, index, fault.times)
        with self._lock:
            self._fired[index] += 1
            return self._fired[index] <= fault.times

    def _happen(self, faults: list[Fault]) -> None:
        for fault in faults:
            if fault.hang is not None:
                self._wait(fault.hang)
            elif fault.kill:
                self._kill()
            elif fault.disk is not None and fault.under is not None:
                disk = DiskFault(fault.disk, fault.under)
                self._disks.append(disk)
                disk.start()
            elif fault.raise_ is not None:
                _raise(fault)


def _raise(fault: Fault) -> NoReturn:
    match fault.raise_:
        case "transient":
            raise TransientError(fault.message, retry_after=fault.retry_after)
        case "record":
            raise RecordError(fault.message)
        case "fatal":
            raise FatalError(fault.message)
    raise RuntimeError(fault.message)


def _spend_file(folder: Path, index: int, times: int) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(times):
        try:
            (folder / f"{index}-{number}").touch(exist_ok=False)  # atomic: one process makes it
        except FileExistsError:
            continue
        return True
    return False


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
