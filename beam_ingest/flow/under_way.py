"""Whether a run is still at work though nobody holds its lock: its job may outlive its launcher."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from beam_ingest.api.errors import IngestError
from beam_ingest.engines.client import client_of
from beam_ingest.engines.job import FILE, Client, Job
from beam_ingest.flow.run_dir import RunDir

SILENCE = 60.0
"""Seconds without a heartbeat after which the workers of an engine that is gone are, too."""


def job_of(run: RunDir) -> Job | None:
    """The job of a run on an engine that it shares with others, or None."""
    data = run.store.read(FILE)
    return None if data is None else Job.from_bytes(data)


def at_work(
    run: RunDir,
    *,
    client: Callable[[Job], Client] = client_of,
    clock: Callable[[], float] = time.time,
) -> str | None:
    """What works in the run directory beside its launcher, for a reader; None where nothing does.

    The engine is asked. Where it cannot be, the heartbeats decide.
    """
    job = job_of(run)
    if job is None or run.store.read("report.json") is not None:
        return None
    asked = client(job)
    try:
        return f"{asked.place()} is still running" if asked.state().is_alive else None
    except IngestError as error:
        age = silence(run, clock)
        if age is None or age > SILENCE:
            return None
        return f"its workers gave a sign of life {age:.0f} s ago, and {error.message}"


def silence(run: RunDir, clock: Callable[[], float] = time.time) -> float | None:
    """Seconds since the last heartbeat of any worker; None where there was none."""
    names = [name for name in run.store.names("heartbeats") if name.endswith(".json")]
    beats = [run.store.read(f"heartbeats/{name}") for name in names]
    times = [json.loads(beat)["at"] for beat in beats if beat]
    return max(0.0, clock() - max(times)) if times else None
