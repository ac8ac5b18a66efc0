"""The job that an engine has made of a run: ``engine.json`` in the run directory.

It is written before the job is submitted, by its name alone, and again when it has an id: so a
launcher that is killed in between leaves a job that can be found.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

FILE = "engine.json"


class State(StrEnum):
    """What an engine says of a job."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    """The engine does not know it (any more)."""

    @property
    def is_alive(self) -> bool:
        """Whether its workers may still work."""
        return self is State.RUNNING


@dataclass(frozen=True, slots=True)
class Job:
    """A job: on which engine (``flink``, ``job-server``, ``dataflow``), where, and which.

    ``endpoint`` is a URL or ``host:port``; Dataflow has ``project`` and ``region`` instead.
    ``id`` is empty until it was submitted; ``name`` has the run in it.
    """

    engine: str
    name: str
    endpoint: str = ""
    id: str = ""
    project: str = ""
    region: str = ""

    def to_bytes(self) -> bytes:
        """As ``engine.json``."""
        return json.dumps(asdict(self), indent=2).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Job:
        """What ``to_bytes`` gave."""
        return cls(**json.loads(data))


class Client(Protocol):
    """What is asked of an engine. Every method raises ``IngestError`` where it cannot be asked."""

    def state(self) -> State:
        """The state of the job at this moment."""

    def why(self) -> str | None:
        """Why it failed, in one line, where the engine says so."""

    def cancel(self) -> None:
        """End the job; what is under way on its workers is thrown away. Nothing if it has ended."""

    def place(self) -> str:
        """Which job it is, and where to watch it, for a reader."""
