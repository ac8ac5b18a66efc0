"""A Dataflow job is found by its id or its name, told of and cancelled; what refuses says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.dataflow_v1beta3 import JobState

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.engines.dataflow import DataflowJob
from beam_ingest.engines.job import Job, State

JOB = Job("dataflow", "beam-ingest-r1", project="p", region="europe-west1")


class Client:
    """Google's client with one job, or with what it raises."""

    def __init__(self, state: str = "JOB_STATE_RUNNING", error: Exception | None = None) -> None:
        self.state, self.error = state, error
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def _answer(self, method: str, request: dict[str, Any]) -> Any:
        self.asked.append((method, request))
        if self.error is not None:
            raise self.error
        name = "beam-ingest-r1"
        return SimpleNamespace(id="j1", name=name, current_state=getattr(JobState, self.state))

    def get_job(self, *, request: dict[str, Any], timeout: float) -> Any:
        return self._answer("get", request)

    def list_jobs(self, *, request: dict[str, Any], timeout: float) -> Any:
        return [SimpleNamespace(id="j0", name="another"), self._answer("list", request)]

    def update_job(self, *, request: dict[str, Any], timeout: float) -> Any:
        return self._answer("update", request)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("JOB_STATE_QUEUED", State.RUNNING),
        ("JOB_STATE_CANCELLING", State.RUNNING),
        ("JOB_STATE_DONE", State.DONE),
        ("JOB_STATE_DRAINED", State.DONE),
        ("JOB_STATE_FAILED", State.FAILED),
        ("JOB_STATE_CANCELLED", State.CANCELLED),
    ],
)
def test_its_states_are_ours(told: str, state: State) -> None:
    assert DataflowJob(JOB, Client(told)).state() is state


def test_without_an_id_it_is_found_by_its_name() -> None:
    client = Client()
    job = DataflowJob(JOB, client)
    assert job.state() is State.RUNNING
    wanted = {"project_id": "p", "location": "europe-west1"}
    assert client.asked == [
        ("list", {**wanted, "name": "beam-ingest-r1"}),
        ("get", {**wanted, "job_id": "j1"}),
    ]
    assert "jobs/europe-west1/j1?project=p" in job.place()


def test_only_a_job_that_runs_is_cancelled() -> None:
    client = Client()
    DataflowJob(JOB, client).cancel()
    assert client.asked[-1][1]["job"].requested_state == JobState.JOB_STATE_CANCELLED
    client = Client("JOB_STATE_DONE")
    DataflowJob(JOB, client).cancel()
    assert "update" not in [method for method, _ in client.asked]


def test_a_job_that_is_not_there_is_gone() -> None:
    client = Client(error=exceptions.NotFound("no job"))
    assert DataflowJob(JOB, client).state() is State.GONE


def test_what_refuses_says_how_to_log_in_and_what_is_busy_may_be_asked_again() -> None:
    with pytest.raises(FatalError) as caught:
        DataflowJob(JOB, Client(error=exceptions.PermissionDenied("no access"))).state()
    assert "gcloud auth" in str(caught.value.hint)
    with pytest.raises(TransientError):
        DataflowJob(JOB, Client(error=exceptions.ServiceUnavailable("busy"))).state()
