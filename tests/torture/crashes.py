"""Crash tests: at scripted points of a run the process is killed, or the machine dies; then the
run is resumed, and its end compared with that of an undisturbed one.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.torture.machine import Machine
from tests.torture.power import ForgetfulDisk

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

OURS = {"file": ("runs", "out")}
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
    outlived: int = 0
    """Points at which a worker died and the launcher had to tell."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another one's numbers to these."""
        self.tried += other.tried
        self.survived += other.survived
        self.lost += other.lost
        self.doubled += other.doubled
        self.resumed += other.resumed
        self.outlived += other.outlived
        self.faults += other.faults


def torture(
    name: str,
    folder: Path,
    points: int,
    *,
    workers: int = 1,
    power: bool = False,
    until: float = math.inf,
) -> Tally:
    """Fail in the workflow ``name`` at ``points`` places spread over a run, and resume each time.

    The process that comes to the place is killed, the launcher or one of its ``workers``. With
    ``power`` the machine dies, and what was not synced is lost. No point is begun after ``until``,
    a time of ``time.monotonic``.
    """
    workflow = {
        **WORKFLOWS[name],
        "workflowConfig": {"successThreshold": 50},
        "beam": {"workers": workers},
    }
    folder = folder / f"{name}-{workers}{'-power' * power}"
    quiet = _project(folder / "undisturbed", workflow)
    undisturbed = Machine(quiet)
    done = undisturbed.run("run", "-c", "workflow.yaml")
    assert done.returncode == 0, f"undisturbed, it ended with {done.returncode}: {done.stderr}"
    changes, expected, report = undisturbed.changes, _lines(quiet), _report(quiet)
    tally = Tally()
    for number in range(points):
        if time.monotonic() > until:
            break
        at = 1 + (2 * number + 1) * changes // (2 * points)
        project = _project(folder / str(at), workflow)
        tally.tried += 1
        done = _fail(project, at, OURS.get(name, ("runs",)) if power else ())
        tally.resumed += any((project / "runs").glob("*/run.json"))
        tally.outlived += done.returncode != -signal.SIGKILL
        fault = _dishonest(project, done, expected)
        ended = _resume(project)
        lines = _lines(project)
        tally.lost += len([line for line in expected if line not in lines])
        tally.doubled += len(lines) - len(set(lines))
        fault = fault or _difference(project, ended, lines == expected, report)
        if fault is None:
            tally.survived += 1
        else:
            tally.faults.append(f"{folder.name}, cut at change {at} of {changes}: {fault}")
    return tally


def _fail(project: Path, at: int, forgetful: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    if not forgetful:
        return Machine(project, at).run("run", "-c", "workflow.yaml")
    disk = ForgetfulDisk(*(project / name for name in forgetful))
    with contextlib.closing(disk):
        return Machine(project, at, disk).run("run", "-c", "workflow.yaml")


def _dishonest(
    project: Path, done: subprocess.CompletedProcess[str], expected: list[str]
) -> str | None:
    """What is wrong with the end of a launcher that outlived its worker."""
    if done.returncode == -signal.SIGKILL:
        return None
    if "Traceback" in done.stderr:
        return f"the launcher shows a traceback: {done.stderr}"
    if not list((project / "runs").glob("*/report.json")):
        return f"the launcher ended with {done.returncode} and no report: {done.stderr}"
    if _report(project)["exitCode"] != done.returncode:
        return f"the launcher ended with {done.returncode}, which is not what its report says"
    if done.returncode == 0 and _lines(project) != expected:
        return "the launcher ended with 0, and the output is not whole"
    return None


def _resume(project: Path) -> str | None:
    """How the run ended at last, where that was no success."""
    ended = ""
    for _ in range(_RESUMES):
        runs = (project / "runs").glob("*/run.json") if (project / "runs").exists() else iter(())
        # Killed before there was a run to go on with: an orchestrator would start it again.
        more = ["--resume", "latest"] if any(runs) else []
        done = Machine(project).run("run", "-c", "workflow.yaml", *more)
        if done.returncode == 0 or "nothing to resume" in done.stderr:
            return None
        ended = f"resuming ended with {done.returncode}: {done.stderr}"
    return ended


def _difference(project: Path, ended: str | None, same: bool, report: dict[str, Any]) -> str | None:
    if ended is not None:
        return ended
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
