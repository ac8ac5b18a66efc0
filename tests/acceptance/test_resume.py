"""A run that did not end well goes on where it stopped, from its marks alone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Project, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def workflow(beam: dict[str, Any] | None = None, **source: Any) -> dict[str, Any]:
    config = {"splits": 6, "records": 300, "parents": 2, **source}
    return {
        "source": {"type": "tests.flow.parts.Numbers", "config": config},
        "processors": [{"type": "tests.flow.parts.Faulty", "config": {"every": 100}}],
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        "workflowConfig": {"successThreshold": 90},
        "beam": beam or {},
    }


WAITS: dict[str, Any] = {"failSplit": 3, "failAfter": 150, "reached": "reached", "gate": "gate"}


def numbers(project: Project) -> list[int]:
    text = (project.folder / "out.jsonl").read_text()
    return [json.loads(line)["n"] for line in text.splitlines()]


def expected() -> list[int]:
    return [-1, -1] + [n for n in range(1800) if n % 100]


def finished_by_resume(project: Project) -> dict[str, Any]:
    """The report of a resumed run: all is there once, and what had a mark was not read again."""
    marks = project.run_dir / "marks"
    before = {path.name: path.stat().st_mtime_ns for path in marks.iterdir()}
    (project.folder / "gate").touch()
    resumed = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(numbers(project)) == expected()
    assert {name: (marks / name).stat().st_mtime_ns for name in before} == before
    report: dict[str, Any] = project.report()
    return report


@pytest.mark.parametrize(
    "beam",
    [
        {},
        {"workers": 2},
        {
            "runner": "PortableRunner",
            "options": {"job_endpoint": "embed", "environment_type": "LOOPBACK"},
        },
    ],
    ids=["one process", "two processes", "portable"],
)
def test_a_run_killed_half_way_is_finished_by_resume(
    project: Project, beam: dict[str, Any]
) -> None:
    project.write(workflow(beam, **WAITS))
    process = project.start("run", "-c", "workflow.yaml")
    done = 4 if "workers" not in beam else 3
    wait_for(
        lambda: (project.folder / "reached").exists() and len(project.marks()) >= done, process
    )
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    report = finished_by_resume(project)
    assert (report["status"], report["attempts"]) == ("partialSuccess", 2)
    assert report["splits"] == {"total": 7, "done": 7, "failed": 0, "notRead": 0}
    source = report["steps"][0]
    assert (source["in"], source["out"]) == (1802, 1802)
    assert report["deadLetters"]["count"] == 18


def test_a_run_whose_worker_was_killed_tells_so_and_is_finished_by_resume(
    project: Project,
) -> None:
    project.write(workflow({"workers": 2}, **WAITS))
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: project.worker_at("part/3") is not None and len(project.marks()) >= 3, process)
    worker = project.worker_at("part/3")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    report = project.report()
    assert (report["status"], report["exitCode"]) == ("failed", 1)
    assert "died at" in report["stopped"]
    assert report["splits"]["notRead"] >= 1
    assert not (project.folder / "out.jsonl").exists()
    report = finished_by_resume(project)
    assert report["splits"] == {"total": 7, "done": 7, "failed": 0, "notRead": 0}
    assert (report["attempts"], report["deadLetters"]["count"]) == (2, 18)


def test_a_split_that_failed_is_read_again_and_its_records_are_not_doubled(
    project: Project,
) -> None:
    source: dict[str, Any] = {"failSplit": 2, "failAfter": 120, "once": "fired"}
    project.write(workflow(**source))
    failed = project.run("run", "-c", "workflow.yaml")
    assert failed.returncode == 1
    assert len(numbers(project)) < len(expected())

    resumed = project.run("run", "-c", "workflow.yaml", "--resume", project.run_dir.name)

    assert resumed.returncode == 0, resumed.stderr
    assert numbers(project) == expected()
    staged = [path for path in (project.run_dir / "staged").rglob("*") if path.is_file()]
    marks = [chunk["file"] for mark in project.marks() for chunk in mark["chunks"]]
    assert {str(path.relative_to(project.run_dir)) for path in staged} <= set(marks)


def test_a_workflow_that_changed_is_refused_and_the_change_named(project: Project) -> None:
    project.write(workflow(failSplit=2, failAfter=10))
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    changed = workflow(failSplit=2, failAfter=10, beam={"workers": 2})
    changed["processors"][0]["config"]["every"] = 3
    project.write(changed)
    before = project.report()

    refused = project.run("run", "-c", "workflow.yaml", "--resume", "latest")

    assert refused.returncode == 2
    assert "processors.0.config.every changed" in refused.stderr
    assert project.report() == before


def test_a_run_that_succeeded_is_not_resumed(project: Project) -> None:
    config = workflow()
    config["processors"] = []
    project.write(config)
    assert project.run("run", "-c", "workflow.yaml").returncode == 0
    refused = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert refused.returncode == 2
    assert "nothing to resume" in refused.stderr


def test_two_runs_cannot_work_in_one_directory(project: Project) -> None:
    project.write(workflow(**WAITS))
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: (project.folder / "reached").exists(), process)
    refused = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert refused.returncode == 2
    assert f"another run works in {project.run_dir}: process {process.pid}" in refused.stderr
    (project.folder / "gate").touch()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert sorted(numbers(project)) == expected()


def test_a_run_that_does_not_exist_cannot_be_resumed(project: Project) -> None:
    project.write(workflow())
    refused = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert refused.returncode == 2
    assert "there is no run in runs" in refused.stderr
    assert not (project.folder / "runs").exists()


def test_the_next_run_aborts_what_a_killed_one_began_and_that_can_still_be_resumed(
    project: Project,
) -> None:
    project.write(workflow(**WAITS))
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: (project.folder / "reached").exists(), process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    dead = project.run_dir
    assert json.loads((dead / "tokens" / "file.json").read_text())["state"] == "begun"
    (project.folder / "gate").touch()

    assert project.run("run", "-c", "workflow.yaml").returncode == 0
    assert json.loads((dead / "tokens" / "file.json").read_text())["state"] == "aborted"
    assert [path.name for path in project.folder.glob(".out*")] == []

    (project.folder / "out.jsonl").unlink()
    resumed = project.run("run", "-c", "workflow.yaml", "--resume", dead.name)
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(numbers(project)) == expected()
