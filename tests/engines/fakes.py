"""A Flink that is only its REST interface, and a job whose state a test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from beam_ingest.api.errors import TransientError
from beam_ingest.engines.job import Job, State
from tests.servers.listening import Listening


class FakeFlink:
    """Answers what Flink's REST interface answers; ``jobs`` by their id; ``asked`` is the log."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.savepoint: dict[str, Any] = {"location": "file:/s/savepoint-1"}
        self.url = ""
        self.config: dict[str, str] = {}

    def add(self, id_: str, name: str, state: str = "RUNNING", start: int = 1, **more: Any) -> None:
        """A job."""
        self.jobs[id_] = {"jid": id_, "name": name, "state": state, "start-time": start, **more}

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        self.asked.append((method, path))
        parts = path.partition("?")[0].strip("/").split("/")[1:]
        if parts == ["jobmanager", "config"]:
            return 200, [{"key": key, "value": value} for key, value in self.config.items()]
        if parts == ["jobs", "overview"]:
            return 200, {"jobs": list(self.jobs.values())}
        job = self.jobs.get(parts[1]) if parts[0] == "jobs" else None
        if job is None:
            return 404, {"errors": [f"no job {path}"]}
        if method == "PATCH":
            job["state"] = "CANCELED"
            return 202, {}
        if method == "POST":
            return 202, {"request-id": "r1"}
        if parts[2:] == ["exceptions"]:
            return 200, {"root-exception": job.get("exception")}
        if parts[2:] == ["savepoints", "r1"]:
            return 200, {"status": {"id": "COMPLETED"}, "operation": self.savepoint}
        return 200, job


@contextmanager
def fake_flink() -> Iterator[FakeFlink]:
    """One that listens while this lasts."""
    fake = FakeFlink()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value = fake.answer(self.command, self.path)
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - what the base class calls

        def log_message(self, *arguments: object) -> None:
            pass

    with Listening(Handler) as server:
        fake.url = server.url
        yield fake


class ScriptedJob:
    """A client whose answers are ``states``, in turn; the last one stays. None: no answer."""

    def __init__(self, *states: State | None) -> None:
        self.states = list(states)
        self.cancelled = 0

    def __call__(self, job: Job) -> ScriptedJob:
        return self

    def state(self) -> State:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise TransientError("it does not answer")
        return state

    def why(self) -> str | None:
        return "it broke"

    def cancel(self) -> None:
        self.cancelled += 1
        self.states = [State.CANCELLED]

    def place(self) -> str:
        return "the job j1"
