"""Rebuilds a component in another process from its type, its configuration as JSON and its context.

As the framework does it on a worker: nothing of this process's memory is there, and strings
hash to other values, so that the order of a set is another.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_ingest.api.component import Component, Context
from beam_ingest.api.registry import Kind, find
from beam_ingest.api.vault import vault_environment
from beam_ingest.testing.compare import fail
from beam_ingest.testing.exercise import exercise

SECONDS = 100
"""How long the other process may take."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the other process is given."""

    kind: Kind
    type: str
    config: str
    context: Context
    samples: Sequence[Any]


def answer_here(job: Job) -> Any:
    """What the component answers, built in this process from the job alone."""
    cls: type[Component] = find(job.kind, job.type)
    component = cls(cls.Config.model_validate_json(job.config), job.context)
    with closing(component):
        component.open()
        return exercise(component, job.samples)


def answer_elsewhere(job: Job) -> Any:
    """The same from a fresh process. Fails the check where that process does not get there."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "job"), Path(folder, "answer")
        asked.write_bytes(pickle.dumps(job))
        try:
            done = subprocess.run(  # noqa: S603 - our own module, by the running interpreter
                [sys.executable, "-m", "beam_ingest.testing.rebuild", str(asked), str(answered)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            fail(f"in a process of its own it did not end within {SECONDS} seconds")
        if not answered.exists():
            fail(f"the process it was rebuilt in ended with {done.returncode}:\n{done.stderr}")
        answer = json.loads(answered.read_bytes())
    if "error" in answer:
        fail(f"it could not be rebuilt and used in a process of its own:\n{answer['error']}")
    return answer["value"]


def _environment() -> dict[str, str]:
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, **vault_environment(), "PYTHONPATH": path, "PYTHONHASHSEED": seed}


def _main(asked: str, answered: str) -> None:
    try:
        answer = {"value": answer_here(pickle.loads(Path(asked).read_bytes()))}  # noqa: S301
    except Exception:
        answer = {"error": traceback.format_exc()}
    partial = Path(answered + ".partial")
    partial.write_text(json.dumps(answer), encoding="utf-8")
    partial.replace(answered)


if __name__ == "__main__":
    _main(*sys.argv[1:])
