"""A job on Dataflow, by Google's client of its API."""

from __future__ import annotations

from typing import Any

from beam_ingest.api.errors import FatalError, MissingDependency, TransientError
from beam_ingest.engines.job import Job, State

_ENDED = {
    "JOB_STATE_DONE": State.DONE,
    "JOB_STATE_DRAINED": State.DONE,
    "JOB_STATE_UPDATED": State.DONE,
    "JOB_STATE_FAILED": State.FAILED,
    "JOB_STATE_CANCELLED": State.CANCELLED,
}
_CONSOLE = "https://console.cloud.google.com/dataflow/jobs"
_TIMEOUT = 30.0
"""Seconds for each request."""


class DataflowJob:
    """A job by its id, or by its name. ``client`` is a ``JobsV1Beta3Client``."""

    def __init__(self, job: Job, client: Any = None) -> None:
        self._job = job
        self._client = client
        self._id = job.id

    def state(self) -> State:
        """As ``Client.state``: a job that is queued, drains or is being cancelled runs."""
        if not self._find():
            return State.GONE
        found = self._call("get_job", job_id=self._id)
        if found is None:
            return State.GONE
        return _ENDED.get(found.current_state.name, State.RUNNING)

    def why(self) -> str | None:
        """As ``Client.why``: the page of the job has its messages."""
        return f"its page says why: {self._page()}"

    def cancel(self) -> None:
        """As ``Client.cancel``."""
        from google.cloud.dataflow_v1beta3 import Job as Wanted
        from google.cloud.dataflow_v1beta3 import JobState

        if self.state().is_alive:
            wanted = Wanted(requested_state=JobState.JOB_STATE_CANCELLED)
            self._call("update_job", job_id=self._id, job=wanted)

    def place(self) -> str:
        """As ``Client.place``."""
        return f"the Dataflow job {self._id or self._job.name} ({self._page()})"

    def _page(self) -> str:
        return f"{_CONSOLE}/{self._job.region}/{self._id}?project={self._job.project}"

    def _find(self) -> bool:
        if not self._id:
            listed = self._call("list_jobs", name=self._job.name) or ()
            self._id = next((each.id for each in listed if each.name == self._job.name), "")
        return bool(self._id)

    def _call(self, method: str, **keys: Any) -> Any:
        """The answer; None where Dataflow knows no such job."""
        try:
            from google.api_core import exceptions
            from google.auth.exceptions import GoogleAuthError
            from google.cloud.dataflow_v1beta3 import JobsV1Beta3Client
        except ImportError:
            raise MissingDependency(
                "asking Dataflow needs its client library",
                hint="pip install 'beam-ingest[dataflow]'",
            ) from None
        request = {"project_id": self._job.project, "location": self._job.region, **keys}
        try:
            self._client = self._client or JobsV1Beta3Client()
            return getattr(self._client, method)(request=request, timeout=_TIMEOUT)
        except exceptions.NotFound:
            return None
        except (exceptions.ServerError, exceptions.TooManyRequests) as error:
            raise TransientError(f"Dataflow does not answer: {error.message}") from None
        except (exceptions.GoogleAPICallError, GoogleAuthError) as error:
            text = str(getattr(error, "message", None) or error).partition("\n")[0]
            raise FatalError(
                f"Dataflow refuses to tell of {self._job.name}: {text}",
                hint="log in with: gcloud auth application-default login",
            ) from None
