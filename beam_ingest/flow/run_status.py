"""The status of a run, from its directory and its engine: ended, under way, or dead. No Beam."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from beam_ingest.api.errors import CannotStart, IngestError
from beam_ingest.api.report import Report
from beam_ingest.engines.client import client_of
from beam_ingest.engines.job import Client, Job, State
from beam_ingest.flow.lock import is_locked
from beam_ingest.flow.resume import DRAIN, RESUMABLE, read_run
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.status import StreamStatus, stream_status
from beam_ingest.flow.under_way import SILENCE, job_of, silence

CANCEL_WAIT = 60.0
"""Seconds in which a cancelled run may come to its end in order, before its job is cancelled."""
STREAM_WAIT = 10.0
"""The same for the job of an unbounded run: without a launcher it does not end by itself."""


class Phase(StrEnum):
    """Where a run is."""

    ENDED = "ended"
    RUNNING = "running"
    DEAD = "dead"
    """Nobody works in it, and it has no report: it can be resumed."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What is known of a run.

    ``stopping`` is why it was asked to stop, where it has not ended yet. ``job`` is its job for a
    reader and ``job_state`` what its engine says, both None for a run that had no engine;
    ``trouble`` is why the engine could not be asked. ``silence`` is in seconds since the last
    heartbeat of a worker.
    """

    run_id: str
    run_dir: str
    phase: Phase
    report: Report | None = None
    stopping: str | None = None
    job: str | None = None
    job_state: State | None = None
    trouble: str | None = None
    splits_total: int | None = None
    splits_done: int = 0
    stream: StreamStatus | None = None
    """How far an unbounded run is, which has partitions instead of splits."""
    silence: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As ``status --json`` prints it."""
        return {
            "runId": self.run_id,
            "runDir": self.run_dir,
            "phase": self.phase,
            "stopping": self.stopping,
            "job": self.job,
            "jobState": self.job_state,
            "trouble": self.trouble,
            "splits": None if self.stream else self._splits(),
            "stream": self.stream.to_json() if self.stream else None,
            "silence": self.silence,
            "status": self.report.status if self.report else None,
            "exitCode": self.report.exit_code if self.report else None,
        }

    def _splits(self) -> dict[str, int | None]:
        return {"total": self.splits_total, "done": self.splits_done}


def status_of(
    run_dir: str,
    *,
    client: Callable[[Job], Client] = client_of,
    clock: Callable[[], float] = time.time,
) -> RunStatus:
    """The status of the run in ``run_dir``."""
    run = RunDir(run_dir)
    report = run.store.read("report.json")
    quiet = silence(run, clock)
    job, state, place, trouble = job_of(run), None, None, None
    if job is not None:
        asked = client(job)
        place = asked.place()
        if report is None:
            try:
                state = asked.state()
                place = asked.place()  # with the id that was found
            except IngestError as error:
                trouble = error.message
    alive = (
        is_locked(run)
        or (state is not None and state.is_alive)
        or (trouble is not None and quiet is not None and quiet <= SILENCE)
    )
    listing, stop, known = run.listing(), run.stop(), read_run(run_dir)
    return RunStatus(
        run_id=known.get("runId", ""),
        run_dir=run_dir,
        phase=Phase.ENDED if report else Phase.RUNNING if alive else Phase.DEAD,
        report=Report.model_validate_json(report) if report else None,
        stopping=stop["reason"] if stop and not report else None,
        job=place,
        job_state=state,
        trouble=trouble,
        splits_total=None if listing is None else 1 + len(listing["splits"]),
        splits_done=len({name.partition(".")[0] for name in run.store.names("marks")}),
        stream=stream_status(run, listing) if known.get("unbounded") else None,
        silence=quiet,
    )


def wait_for_end(
    run_dir: str,
    limit: float | None = None,
    *,
    sleep: Callable[[float], object] = time.sleep,
    look: Callable[[str], RunStatus] = status_of,
    every: float = 1.0,
) -> RunStatus:
    """The status when the run is under way no more, or after ``limit`` seconds."""
    waited = 0.0
    status = look(run_dir)
    while status.phase is Phase.RUNNING and (limit is None or waited < limit):
        sleep(every)
        waited += every
        status = look(run_dir)
    return status


def cancel(
    run_dir: str,
    *,
    at_once: bool = False,
    sleep: Callable[[float], object] = time.sleep,
    client: Callable[[Job], Client] = client_of,
) -> RunStatus:
    """End a run: its workers are asked to stop, and its job is cancelled where that is not enough.

    ``at_once`` does not wait for the workers. What is durable stays. Raises ``IngestError`` where
    the engine cannot be asked.
    """
    ending = _Ending(run_dir, sleep, client)
    status = ending.look(run_dir)
    if status.phase is not Phase.RUNNING:
        return status
    RunDir(run_dir).request_stop("cancelled", 130, hint=RESUMABLE)
    return ending.end(status, at_once=at_once)


def drain(
    run_dir: str,
    *,
    sleep: Callable[[float], object] = time.sleep,
    client: Callable[[Job], Client] = client_of,
) -> RunStatus:
    """End an unbounded run in order: nothing more is read, and all that was read is published.

    Waits for that however long it takes, unless the run is stopped meanwhile; then its job is
    cancelled, since a stream does not end by itself. Raises ``CannotStart`` for a bounded run.
    """
    ending = _Ending(run_dir, sleep, client)
    status = ending.look(run_dir)
    if status.phase is not Phase.RUNNING:
        return status
    if status.stream is None:
        raise CannotStart(
            "only a run without end is drained: this one has an end", hint="cancel it"
        )
    RunDir(run_dir).store.write(DRAIN, b"cancel --drain")
    while status.phase is Phase.RUNNING and status.stopping is None and not _is_drained(status):
        sleep(1.0)
        status = ending.look(run_dir)
    return ending.end(status)


@dataclass(frozen=True, slots=True)
class _Ending:
    run_dir: str
    sleep: Callable[[float], object]
    client: Callable[[Job], Client]

    def look(self, run_dir: str) -> RunStatus:
        return status_of(run_dir, client=self.client)

    def end(self, status: RunStatus, *, at_once: bool = False) -> RunStatus:
        """The status when it has ended by itself, or after its job is cancelled."""
        job = job_of(RunDir(self.run_dir))
        if not at_once:
            by_itself = STREAM_WAIT if status.stream is not None and job else CANCEL_WAIT
            status = wait_for_end(self.run_dir, by_itself, sleep=self.sleep, look=self.look)
        if status.phase is Phase.RUNNING and job is not None:
            self.client(job).cancel()
            status = wait_for_end(self.run_dir, CANCEL_WAIT, sleep=self.sleep, look=self.look)
        return status


def _is_drained(status: RunStatus) -> bool:
    return status.stream is not None and status.stream.is_drained
