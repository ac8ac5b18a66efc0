"""A job on a Flink cluster, by Flink's REST interface."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.engines.job import Job, State
from beam_ingest.http.errors import RequestRefused
from beam_ingest.http.retry import RetryPolicy
from beam_ingest.http.session import HttpSession, Timeouts

_ENDED = {"FINISHED": State.DONE, "FAILED": State.FAILED, "CANCELED": State.CANCELLED}
_TIMEOUTS = Timeouts(connect=5.0, read=30.0)
_POLICY = RetryPolicy(tries=3, budget=10.0, first_contact=5.0)
_SAVEPOINT_LIMIT = 600.0
"""Seconds."""


def rest_url(master: str) -> str:
    """The address of the REST interface, from what ``flink_master`` says."""
    text = master.strip().rstrip("/")
    return text if "://" in text else f"http://{text}"


class FlinkJob:
    """A job by its id, or by its name, of which the newest counts."""

    def __init__(self, job: Job, session: HttpSession | None = None) -> None:
        self._job = job
        self._session = session or HttpSession(
            rest_url(job.endpoint), timeouts=_TIMEOUTS, policy=_POLICY
        )
        self._id = job.id

    @property
    def id(self) -> str:
        """Flink's id of the job; empty where there is none of its name."""
        if not self._id:
            listed = self._session.json("GET", "/v1/jobs/overview")["jobs"]
            named = [each for each in listed if each["name"] == self._job.name]
            if named:
                self._id = max(named, key=lambda each: int(each["start-time"]))["jid"]
        return self._id

    def restarts(self) -> bool:
        """Whether the cluster starts a bounded job again that has lost a machine."""
        found = self._session.json("GET", "/v1/jobmanager/config")
        told = {each["key"]: each["value"] for each in found}
        kind = told.get("restart-strategy.type") or told.get("restart-strategy") or "none"
        return str(kind).lower() not in ("none", "off", "disable")

    def state(self) -> State:
        """As ``Client.state``: a job that restarts after a loss is running."""
        found = self._ask("")
        return State.GONE if found is None else _ENDED.get(found["state"], State.RUNNING)

    def why(self) -> str | None:
        """As ``Client.why``: the innermost cause of the last failure."""
        found = self._ask("/exceptions") or {}
        return cause(found.get("root-exception") or "")

    def cancel(self) -> None:
        """As ``Client.cancel``."""
        if self.state().is_alive:
            self._session.request("PATCH", f"/v1/jobs/{self.id}", params={"mode": "cancel"})

    def place(self) -> str:
        """As ``Client.place``."""
        url = self._session.server
        return f"the Flink job {self.id or self._job.name} ({url}/#/job/running/{self.id})"

    def stop_with_savepoint(self, folder: str, wait: Callable[[float], object] = time.sleep) -> str:
        """Take a savepoint in ``folder``, then end the job; the savepoint's path.

        For unbounded runs: ``beam.options.savepoint_path`` goes on from it. Raises
        ``FatalError`` where Flink could not take it; then the job runs on.
        """
        asked = json.dumps({"targetDirectory": folder, "drain": False}).encode()
        answer = self._session.json("POST", f"/v1/jobs/{self.id}/stop", body=asked)
        waited = 0.0
        while waited < _SAVEPOINT_LIMIT:
            path = f"/v1/jobs/{self.id}/savepoints/{answer['request-id']}"
            found = self._session.json("GET", path)
            if found["status"]["id"] == "COMPLETED":
                told = found["operation"]
                if "location" in told:
                    return str(told["location"])
                why = cause(told.get("failure-cause", {}).get("stack-trace", ""))
                raise FatalError(
                    f"Flink could not take a savepoint: {why or 'it does not say why'}"
                )
            wait(0.5)
            waited += 0.5
        raise TransientError(f"the savepoint of {self.id} has not ended in {_SAVEPOINT_LIMIT:g} s")

    def _ask(self, path: str) -> Any:
        """The answer of ``/jobs/ID``; None where Flink knows no such job."""
        if not self.id:
            return None
        try:
            return self._session.json("GET", f"/v1/jobs/{self.id}{path}")
        except RequestRefused as error:
            if error.status == 404:
                return None
            raise


def cause(trace: str) -> str | None:
    """The innermost cause that a Java stack trace names, in one line."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    causes = [line.partition("Caused by: ")[2] for line in lines if line.startswith("Caused by: ")]
    if causes:
        return _last_of_python(lines) or causes[-1]
    return lines[0] if lines else None


_OF_TRACES = ("File ", "at ", "Caused by")


def _last_of_python(lines: list[str]) -> str | None:
    # An error of a Python worker is in the text of Java's: its last line says what it was.
    for number, line in enumerate(lines):
        if line.endswith("Traceback (most recent call last):"):
            after = (each for each in lines[number + 1 :] if not each.startswith(_OF_TRACES))
            return next((each for each in after if "Error" in each.partition(":")[0]), None)
    return None
