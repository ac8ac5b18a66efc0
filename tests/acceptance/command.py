"""The command line as a user has it: a process of its own in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_WAIT = 60.0


class Project:
    """A folder with a workflow file; ``tests.flow.parts`` can be named in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, workflow: dict[str, Any]) -> None:
        """Write ``workflow.yaml``."""
        (self.folder / "workflow.yaml").write_text(yaml.safe_dump(workflow))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """``beam-ingest ARGUMENTS`` in the folder, under way."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("beam-ingest")), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, limit: float = _WAIT) -> subprocess.CompletedProcess[str]:
        """The same, to its end, which comes within ``limit`` seconds."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=limit)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @property
    def run_dir(self) -> Path:
        """The directory of the only run."""
        (found,) = (self.folder / "runs").iterdir()
        return found

    def report(self) -> dict[str, Any]:
        """The report of the only run."""
        value: dict[str, Any] = json.loads((self.run_dir / "report.json").read_text())
        return value

    def marks(self) -> list[dict[str, Any]]:
        """The marks of the only run."""
        return [json.loads(f.read_text()) for f in sorted((self.run_dir / "marks").glob("*.json"))]

    def workers(self) -> list[int]:
        """The processes that gave a heartbeat in the only run."""
        return [beat["pid"] for beat in self._heartbeats()]

    def worker_at(self, split: str) -> int | None:
        """The process of the only run whose heartbeat says that it is at ``split``."""
        return next((beat["pid"] for beat in self._heartbeats() if beat["split"] == split), None)

    def _heartbeats(self) -> list[dict[str, Any]]:
        runs = self.folder / "runs"
        return [json.loads(beat.read_text()) for beat in runs.glob("*/heartbeats/*.json")]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until ``condition`` holds; fails when the process ends before."""
    while not condition():
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        assert condition(), process.communicate()


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started, and those that they have."""
    path = Path(f"/proc/{pid}/task")
    files = [task / "children" for task in path.iterdir()]
    found = [int(number) for file in files for number in file.read_text().split()]
    return found + [other for child in found for other in children(child)]
