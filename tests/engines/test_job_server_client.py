"""A job of a job server is asked for by its id; a server that is gone is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2 as api
from apache_beam.portability.api import beam_job_api_pb2_grpc as services

from beam_ingest.api.errors import TransientError
from beam_ingest.engines.job import Job, State
from beam_ingest.engines.job_server import ServedJob
from tests.servers.free_port import free_port


class Server(services.JobServiceServicer):
    """A job server with the job ``j1``."""

    state = api.JobState.RUNNING

    def GetState(self, request: Any, context: Any) -> Any:
        if request.job_id != "j1":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such job")
        return api.JobStateEvent(state=self.state)

    def Cancel(self, request: Any, context: Any) -> Any:
        self.state = api.JobState.CANCELLED
        return api.CancelJobResponse(state=self.state)


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    services.add_JobServiceServicer_to_server(Server(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_it_runs_until_it_is_cancelled(endpoint: str) -> None:
    job = ServedJob(Job("job-server", "n", endpoint, "j1"))
    assert job.state() is State.RUNNING
    job.cancel()
    assert job.state() is State.CANCELLED
    assert endpoint in job.place()


def test_what_it_does_not_know_is_gone(endpoint: str) -> None:
    assert ServedJob(Job("job-server", "n", endpoint, "j2")).state() is State.GONE
    assert ServedJob(Job("job-server", "n", endpoint)).state() is State.GONE


def test_a_server_that_is_gone_does_not_answer() -> None:
    with pytest.raises(TransientError, match="UNAVAILABLE"):
        ServedJob(Job("job-server", "n", f"127.0.0.1:{free_port()}", "j1")).state()
