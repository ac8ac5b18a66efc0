"""What a launcher does with a job that outlives it: note it, follow it to its end, cancel it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from beam_ingest.api.errors import IngestError
from beam_ingest.engines.client import client_of
from beam_ingest.engines.job import FILE, Client, Job, State
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.under_way import SILENCE, silence

LOOK_EVERY = 1.0
"""Seconds between two questions for the state of a job."""


class RemoteJob:
    """The job of one run. ``identify`` gives its id from what ``Pipeline.run`` returned."""

    def __init__(self, run: RunDir, job: Job, identify: Callable[[Any], str]) -> None:
        self._run = run
        self._identify = identify
        self.job = job

    def submitting(self) -> None:
        """Note the job by its name, before there is one."""
        self._run.store.write(FILE, self.job.to_bytes())

    def submitted(self, result: Any) -> None:
        """Note its id."""
        self.job = replace(self.job, id=self._identify(result))
        self._run.store.write(FILE, self.job.to_bytes())

    @property
    def client(self) -> Client:
        """The engine."""
        return client_of(self.job)

    def follow(self, result: Any, wait: Callable[[float], object] = time.sleep) -> None:
        """Wait for the end of the job. Raises ``RuntimeError`` where it has failed or is gone.

        An engine that does not answer is not the end, as long as workers give signs of life.
        """
        if self.job.engine != "flink":
            result.wait_until_finish()
            return
        # Beam asks Flink ever less often, up to once a minute.
        client, state = self.client, State.RUNNING
        while state.is_alive:
            wait(LOOK_EVERY)
            try:
                state = client.state()
            except IngestError as error:
                age = silence(self._run)
                if age is None or age > SILENCE:
                    raise RuntimeError(f"{client.place()}: {error.message}") from None
        with contextlib.suppress(Exception):
            _ = result.state  # Beam removes what it has uploaded for the job
        if state is not State.DONE:
            why = client.why() if state is State.FAILED else None
            raise RuntimeError(f"{client.place()} is {state.value}" + (f": {why}" if why else ""))

    def cancel(self) -> None:
        """Cancel it; nothing where the engine does not answer, which its workers then notice."""
        with contextlib.suppress(IngestError):
            self.client.cancel()
