"""Crash tests: at scripted points of a run the process is killed, or the machine dies; then the
run is resumed, and its end compared with that of an undisturbed one.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_RESUMES = 3


def _numbers(**more: Any) -> dict[str, Any]:
    config = {"splits": 4, "records": 60, "parents": 2, **more}
    return {"type": "tests.flow.parts.Numbers", "config": config}


def _part(name: str, **config: Any) -> dict[str, Any]:
    return {"type": f"tests.flow.parts.{name}", "config": config}


WORKFLOWS: dict[str, dict[str, Any]] = {
    "file": {
        "source": _numbers(),
        "processors": [_part("Faulty", every=20)],
        "sink": {"type": "file", "config": {"path": "out/all.jsonl"}},
    },
    "aggregates": {
        "source": _numbers(),
        "stage": _part("Tally", keep=True),
        "bulkSink": _part("Shelf", path="out"),
    },
    "sink": {
        # Nothing to retire: a resumed run leaves that to the next whole one.
        "source": _numbers(scope=True, excluded=["parent-0", "parent-1"]),
        "sink": _part("Folder", path="out", defer={"r0-1": "r3-5", "r1-1": "r0-1"}),
    },
    "bulk": {
        "source": _numbers(),
        "stage": {"type": "file"},
        "bulkSink": {
            "type": "tests.flow.replay_parts.Pile",
            "config": {"path": "out", "defer": {"r0-1": "r3-5", "r1-1": "r0-1"}},
        },
    },
}
"""One durable path each: a staged file, merged aggregates, deferred records of both sinks."""

OURS = {"file": "runs,out"}
"""The folders that we keep durable; where it is not these, ``out`` stands for another system."""


@dataclass(slots=True)
class Tally:
    """What came of the points tried with one workflow."""

    tried: int = 0
    survived: int = 0
    lost: int = 0
    doubled: int = 0
    resumed: int = 0
    """Points after which there was a run to go on with: the others began anew."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another one's numbers to these."""
        self.tried += other.tried
        self.survived += other.survived
        self.lost += other.lost
        self.doubled += other.doubled
        self.resumed += other.resumed
        self.faults += other.faults


def torture(
    name: str, folder: Path, points: int, *, power: bool = False, until: float = math.inf
) -> Tally:
    """Kill the workflow ``name`` at ``points`` places spread over a run, and resume each time.

    With ``power`` the machine dies, not only the process: what was not synced is lost. No point
    is begun after ``until``, a time of ``time.monotonic``.
    """
    disk = OURS.get(name, "runs") if power else "-"
    workflow = {**WORKFLOWS[name], "workflowConfig": {"successThreshold": 50}}
    folder = folder / f"{name}{'-power' * power}"
    quiet = _project(folder / "undisturbed", workflow)
    done = _beam_ingest(quiet, 0, "-", "run", "-c", "workflow.yaml")
    changes = int(re.findall(r"changes: (\d+)", done.stdout)[-1])
    expected, report = _lines(quiet), _report(quiet)
    tally = Tally()
    for number in range(points):
        if time.monotonic() > until:
            break
        at = 1 + (2 * number + 1) * changes // (2 * points)
        project = _project(folder / str(at), workflow)
        tally.tried += 1
        _beam_ingest(project, at, disk, "run", "-c", "workflow.yaml")
        tally.resumed += any((project / "runs").glob("*/run.json"))
        code = _resume(project)
        lines = _lines(project)
        tally.lost += len([line for line in expected if line not in lines])
        tally.doubled += len(lines) - len(set(lines))
        fault = _difference(project, code, lines == expected, report)
        if fault is None:
            tally.survived += 1
        else:
            tally.faults.append(f"{name}, {disk} cut at change {at} of {changes}: {fault}")
    return tally


def _resume(project: Path) -> int:
    code = -1
    for _ in range(_RESUMES):
        runs = (project / "runs").glob("*/run.json") if (project / "runs").exists() else iter(())
        # Killed before there was a run to go on with: an orchestrator would start it again.
        more = ["--resume", "latest"] if any(runs) else []
        done = _beam_ingest(project, 0, "-", "run", "-c", "workflow.yaml", *more)
        code = done.returncode
        if code == 0 or "nothing to resume" in done.stderr:
            return 0
    return code


def _difference(project: Path, code: int, same: bool, report: dict[str, Any]) -> str | None:
    if code != 0:
        return f"resuming ended with {code}"
    if not same:
        return "the output is not that of an undisturbed run"
    ours = _report(project)
    for what in (_accounts, lambda r: r["splits"], lambda r: r["status"]):
        if what(ours) != what(report):
            return f"the report differs: {what(ours)}"
    # The folder of a run that died before it was written down is no run, and stays as it is.
    begun = {path.parent for path in (project / "runs").glob("*/run.json")}
    left = [
        str(path)
        for folder in (*begun, project / "out")
        for path in folder.rglob("*")
        if ".tmp-" in path.name or ".parts-" in path.name
    ]
    return f"left behind: {left}" if left else None


def _accounts(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    # Not what had to wait in the sink: that depends on what an attempt before has written.
    return [
        (step["name"], step["in"], step["passed"], step["filtered"], step["failed"])
        for step in report["steps"]
        if step["kind"] != "deferred"
    ]


def _project(folder: Path, workflow: dict[str, Any]) -> Path:
    folder.mkdir(parents=True)
    (folder / "workflow.yaml").write_text(yaml.safe_dump(workflow))
    return folder


def _beam_ingest(
    project: Path, at: int, disk: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.torture.killed", str(at), disk, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _lines(project: Path) -> list[str]:
    """Every line of every visible file below ``out``, sorted."""
    return sorted(line for file in _visible(project / "out") for line in _text(file))


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*") if folder.exists() else ():
        hidden = any(part.startswith((".", "new-")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _text(file: Path) -> list[str]:
    return file.read_text().splitlines()


def _report(project: Path) -> dict[str, Any]:
    files = sorted((project / "runs").glob("*/report.json"))
    value: dict[str, Any] = json.loads(files[-1].read_text())
    return value
