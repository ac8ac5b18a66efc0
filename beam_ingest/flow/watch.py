"""Watching a run from the launching process: progress, workers that die, a run that hangs.

Everything is read from the heartbeats; engines give metrics at the end, or late.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_ingest.api.progress import ProgressSnapshot, WorkerProgress
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds without progress after which a run hangs.

    ``stall``: anywhere; ``long_call``: while a worker is in a call that may rightly take long.
    """

    stall: float = 600.0
    long_call: float = 7200.0


PATIENT = Patience()

_PHASES = {"(listing)": "listing", "(finishing)": "finishing"}


class Watch:
    """What the heartbeats of a run say."""

    def __init__(self, plan: Plan, run: RunDir, clock: Callable[[], float] = time.time) -> None:
        self._plan = plan
        self._run = run
        self._clock = clock
        self._started = clock()
        self._beats: list[dict[str, Any]] = []
        self._total: int | None = None
        self._told = 0.0

    def look(self) -> ProgressSnapshot:
        """Read the heartbeats anew; what was read last, where the store fails for a moment."""
        with contextlib.suppress(OSError):  # the next look comes soon, and the marks are the truth
            self._read()
        return self._snapshot()

    def _read(self) -> None:
        store = self._run.store
        names = [name for name in store.names("heartbeats") if name.endswith(".json")]
        read = [store.read(f"heartbeats/{name}") for name in names]
        self._beats = [json.loads(data) for data in read if data]
        if self._total is None:
            listing = self._run.listing()
            self._total = None if listing is None else 1 + len(listing["splits"])

    def dead_worker(self) -> str | None:
        """A worker process of this one that gave a heartbeat and is gone, as text, or None."""
        for beat in self._children():
            if not _lives(beat["pid"]):
                return f"the local worker process {beat['pid']} died at {_place(beat)}"
        return None

    def kill_workers(self) -> None:
        """Kill the worker processes of this one: the engine would wait for them for ever."""
        for beat in self._children():
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(beat["pid"], signal.SIGKILL)

    def _children(self) -> list[dict[str, Any]]:
        # Only those: another attempt at the run may have left heartbeats, and their numbers may
        # be another process's by now.
        ours = socket.gethostname(), os.getpid()
        return [beat for beat in self._beats if (beat["host"], beat["parent"]) == ours]

    def stalled(self, patience: Patience) -> tuple[str, str] | None:
        """Where the run hangs, and which key sets the limit; None where something moves."""
        if not self._in_long_call():
            limit, key = patience.stall, "beam.stallTimeout"
        else:
            limit, key = max(patience.stall, patience.long_call), "beam.longCallTimeout"
        still = self._still(limit)
        return None if still is None else (still, key)

    def long_call(self, patience: Patience) -> str | None:
        """Where a call that may take long has stood longer than others may, once each, or None."""
        moved = max((beat["moved"] for beat in self._beats), default=0.0)
        if moved == self._told or not self._in_long_call():
            return None
        still = self._still(patience.stall)
        if still is not None:
            self._told = moved
        return still

    def _in_long_call(self) -> bool:
        return any(beat.get("patient") for beat in self._beats)

    def _still(self, timeout: float) -> str | None:
        if not self._beats or self._clock() - max(b["moved"] for b in self._beats) < timeout:
            return None
        places = ", ".join(f"{beat['worker']} at {_place(beat)}" for beat in self._beats)
        return f"nothing has moved for {timeout:g} s: {places}"

    def want_stacks(self) -> None:
        """Ask the workers to put their stacks into the next heartbeat."""
        with contextlib.suppress(OSError):  # a hint for the reader, where the disk has room for it
            self._run.store.write("heartbeats/stacks-wanted", b"")

    def stacks(self) -> str:
        """The stacks of the workers that answered."""
        texts = []
        for beat in self._beats:
            for thread, stack in beat.get("stacks", {}).items():
                texts.append(f"--- {beat['worker']}, thread {thread}\n{stack}")
        return "\n".join(texts)

    def _snapshot(self) -> ProgressSnapshot:
        now = self._clock()
        totals: dict[str, list[int]] = {}
        for beat in self._beats:
            for step, numbers in beat["counts"].items():
                known = totals.setdefault(step, [0, 0, 0])
                for index, number in enumerate(numbers):
                    known[index] += number
        steps = []
        for name, kind in self._plan.steps:
            if kind != "deferred" or name in totals:
                came, out, failed = totals.get(name, (0, 0, 0))
                steps.append((name, came, out, failed))
        at = [beat["split"] or "" for beat in self._beats]
        phase = next((_PHASES[split] for split in at if split in _PHASES), None)
        return ProgressSnapshot(
            phase=phase or ("starting" if not self._beats else "running"),
            elapsed=now - self._started,
            splits_total=self._total,
            splits_done=sum(beat["splits"][0] for beat in self._beats),
            splits_failed=sum(beat["splits"][1] for beat in self._beats),
            steps=tuple(steps),
            workers=tuple(
                WorkerProgress(
                    beat["worker"], beat["split"], beat["step"], max(0.0, now - beat["moved"])
                )
                for beat in self._beats
            ),
        )


def _place(beat: dict[str, Any]) -> str:
    return f"{beat['step'] or 'the start'}, split {beat['split'] or '(none yet)'}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a zombie still has its number
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"
