"""A job behind one of Beam's job servers, by Beam's Job API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from beam_ingest.api.errors import TransientError
from beam_ingest.engines.job import Job, State

_TIMEOUT = 10.0
"""Seconds for each request."""


class ServedJob:
    """A job by the id that its job server gave it. Without one it is not known."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def state(self) -> State:
        """As ``Client.state``."""
        import grpc
        from apache_beam.portability.api import beam_job_api_pb2 as api

        if not self._job.id:
            return State.GONE
        ended = {
            api.JobState.DONE: State.DONE,
            api.JobState.DRAINED: State.DONE,
            api.JobState.FAILED: State.FAILED,
            api.JobState.CANCELLED: State.CANCELLED,
        }
        with self._service() as service:
            try:
                found = service.GetState(
                    api.GetJobStateRequest(job_id=self._job.id), timeout=_TIMEOUT
                )
            except grpc.RpcError as error:
                if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT):
                    return State.GONE
                raise
        return ended.get(found.state, State.RUNNING)

    def why(self) -> str | None:
        """As ``Client.why``: a job server tells it only to whom it has submitted."""
        return None

    def cancel(self) -> None:
        """As ``Client.cancel``."""
        from apache_beam.portability.api import beam_job_api_pb2 as api

        if self.state().is_alive:
            with self._service() as service:
                service.Cancel(api.CancelJobRequest(job_id=self._job.id), timeout=_TIMEOUT)

    def place(self) -> str:
        """As ``Client.place``."""
        return f"the job {self._job.id or self._job.name} of the job server {self._job.endpoint}"

    @contextlib.contextmanager
    def _service(self) -> Iterator[Any]:
        import grpc
        from apache_beam.portability.api import beam_job_api_pb2_grpc as services

        with grpc.insecure_channel(self._job.endpoint) as channel:
            try:
                yield services.JobServiceStub(channel)
            except grpc.RpcError as error:
                raise TransientError(
                    f"the job server {self._job.endpoint} does not answer: {error.code().name}"
                ) from None
