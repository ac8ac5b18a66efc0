"""How a run ends when it does not end by itself: signals, kill -9, a worker that dies."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.lock import is_locked
from beam_ingest.flow.run_dir import RunDir
from tests.acceptance.command import Project, children, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def workflow(**source: Any) -> dict[str, Any]:
    """Five splits; the fourth waits in its middle for a gate that nobody opens."""
    config = {
        "splits": 5, "records": 400, "failSplit": 3, "failAfter": 250,
        "reached": "reached", "gate": "gate", **source,
    }  # fmt: skip
    return {
        "source": {"type": "tests.flow.parts.Numbers", "config": config},
        "processors": [
            {"type": "tests.flow.parts.Faulty", "config": {"every": 2}},
        ],
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
    }


def reached(project: Project) -> bool:
    return (project.folder / "reached").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_keeps_what_is_durable(
    project: Project, number: signal.Signals, code: int
) -> None:
    (project.folder / "out.jsonl").write_text("as it was\n")
    project.write(workflow())
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: reached(project), process)
    sent = time.monotonic()
    process.send_signal(number)
    wait_for(lambda: (project.run_dir / "stop").exists(), process)
    (project.folder / "gate").touch()
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - sent < 10
    assert "Traceback" not in err
    report = project.report()
    assert (report["status"], report["exitCode"]) == ("failed", code)
    assert report["stopped"] == f"stopped by {number.name}"
    assert report["splits"] == {"total": 6, "done": 4, "failed": 1, "notRead": 1}
    assert (project.folder / "out.jsonl").read_text() == "as it was\n"
    assert not is_locked(RunDir(str(project.run_dir)))


def test_a_source_that_hangs_cannot_keep_a_signal_from_ending_the_run(project: Project) -> None:
    project.write(workflow())
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: reached(project), process)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert time.monotonic() - sent < 10
    assert project.report()["splits"] == {"total": 6, "done": 4, "failed": 0, "notRead": 2}

    (project.folder / "gate").touch()
    resumed = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert resumed.returncode == 1  # half of all records fail in this workflow
    assert project.report()["splits"] == {"total": 6, "done": 6, "failed": 0, "notRead": 0}
    written = (project.folder / "out.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["n"] for line in written) == list(range(1, 2000, 2))


def test_after_kill_9_what_every_mark_names_is_on_disk(project: Project) -> None:
    project.write(workflow())
    process = project.start("run", "-c", "workflow.yaml")
    # Marks are left in the background, so the gate may be reached before the last of the three.
    wait_for(lambda: reached(project) and len(project.marks()) == 4, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert not (project.run_dir / "report.json").exists()
    marks = [mark for mark in project.marks() if mark["split"] != "@parents"]
    assert [mark["split"] for mark in marks] == ["part/0", "part/1", "part/2"]
    for mark in marks:
        (chunk,) = mark["chunks"]
        staged = (project.run_dir / chunk["file"]).read_bytes()
        assert len(staged.splitlines()) == chunk["count"] == 200
        dead = (project.run_dir / mark["dead"]["file"]).read_bytes()
        assert len(dead.splitlines()) == mark["dead"]["count"] == 200


def test_a_worker_process_that_dies_ends_the_run_within_ten_seconds(project: Project) -> None:
    config = workflow()
    config["beam"] = {"workers": 2}
    project.write(config)
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: reached(project), process)
    workers = project.workers()
    assert len(workers) == 2
    killed = time.monotonic()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - killed < 10
    assert process.returncode == 1
    assert "Traceback" not in err
    report = project.report()
    assert "local worker process" in report["stopped"]
    assert report["splits"]["done"] >= 1
    assert report["splits"]["notRead"] >= 1


def test_a_publish_that_hangs_ends_the_run_and_is_named(project: Project) -> None:
    config = workflow(failSplit=None)
    del config["sink"]
    config["stage"] = {"type": "file"}
    config["bulkSink"] = {
        "type": "beam_ingest.testing.faults.FaultyBulkSink",
        "config": {
            "wraps": "file", "config": {"path": "out.jsonl"}, "faults": [{"hang": 3600}],
            "counter": "hung",
        },
    }  # fmt: skip
    config["workflowConfig"] = {"successThreshold": 40}
    config["beam"] = {"stallTimeout": "1s", "longCallTimeout": "2s", "concurrency": 1}
    project.write(config)
    ended = project.run("run", "-c", "workflow.yaml")
    assert ended.returncode == 1, ended.stderr
    assert "this call may take long, so the run goes on until beam.longCallTimeout" in ended.stderr
    assert "in publish" in ended.stderr, "the stack of the worker is not shown"
    assert "beam.longCallTimeout sets this limit" in ended.stderr
    stopped = project.report()["stopped"]
    assert stopped.startswith("nothing has moved for 2 s: ")
    assert stopped.endswith(".000")  # the file
    assert project.report()["splits"]["done"] == 6

    resumed = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert resumed.returncode == 0, resumed.stderr
    written = (project.folder / "out.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["n"] for line in written) == list(range(1, 2000, 2))


def test_workers_do_not_outlive_a_launcher_that_was_killed(project: Project) -> None:
    config = workflow()
    config["beam"] = {"workers": 2}
    project.write(config)
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: reached(project), process)
    started = children(process.pid)
    assert {*project.workers()} < {*started}
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    pause = time.monotonic() + 10
    while any(_lives(pid) for pid in started) and time.monotonic() < pause:
        continue
    assert not any(_lives(pid) for pid in started)


def test_a_run_goes_on_without_the_nursery_and_shows_no_secret(project: Project) -> None:
    secret = b"s3cr3t-that-must-not-be-seen"
    config = workflow()
    keyed = {"type": "tests.flow.parts.Keyed", "config": {"key": secret.decode()}}
    config["processors"] = [keyed]
    config["beam"] = {"workers": 2}
    project.write(config)
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: reached(project), process)
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(process.pid)}
    assert not [line for line in lines.values() if secret in line]
    forked = {*project.workers()}
    (nursery,) = [pid for pid in lines if b"nursery_process" in lines[pid] and pid not in forked]
    assert {*children(nursery)} == forked
    os.kill(nursery, signal.SIGKILL)
    (project.folder / "gate").touch()
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    assert project.report()["splits"] == {"total": 6, "done": 6, "failed": 0, "notRead": 0}


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
