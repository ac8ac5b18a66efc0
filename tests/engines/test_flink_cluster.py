"""A Flink cluster with two task managers: the same records, and what is killed costs none."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.workflow import Workflow
from tests.acceptance.command import Project, wait_for
from tests.engines.same import catalogue, lines, to_file, totals
from tests.flow.stream.running import Script, message
from tests.flow.workflows import part, workflow
from tests.servers.flink_cluster import FlinkCluster
from tests.servers.postgres import PASSWORD, PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(600)]

SPLITS, RECORDS = 8, 50


@pytest.fixture
def project(tmp_path: Path, cluster: FlinkCluster) -> Project:
    """A workflow on the cluster, whose split 5 waits half way until the file ``gate`` is there."""
    source = {"splits": SPLITS, "records": RECORDS, "fail_split": 5, "fail_after": 20}
    held = {"reached": str(tmp_path / "reached"), "gate": str(tmp_path / "gate")}
    made = Project(tmp_path)
    made.write(
        workflow(
            tmp_path,
            {**source, **held},
            sink=part("Folder", path=str(tmp_path / "stored")),
            beam={**cluster.beam(workers=4), "sharedPaths": [str(tmp_path)]},
        )
    )
    return made


def until(condition: Callable[[], bool], seconds: float = 240) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.1)


def check_end(project: Project) -> None:
    """Nothing is lost, and nothing is there twice in effect."""
    (project.folder / "gate").touch()
    done = project.run("status", "latest", "--wait", limit=400)
    assert done.returncode == 0, done.stderr
    report = project.report()
    assert (report["status"], report["splits"]["done"]) == ("success", SPLITS + 1)
    names = {file.name for file in (project.folder / "stored").glob("r*")}
    assert names == {f"r{split}-{n}" for split in range(SPLITS) for n in range(RECORDS)}
    assert [step["in"] for step in report["steps"]] == [SPLITS * RECORDS] * 2


def test_a_catalogue_comes_out_byte_for_byte_as_on_the_local_runner(
    tmp_path: Path, postgres: PostgresServer, cluster: FlinkCluster
) -> None:
    database = catalogue(postgres)
    (tmp_path / "password").write_text(PASSWORD)
    secret: dict[str, Any] = {"authType": {"password": f"file:{tmp_path / 'password'}"}}
    reports = {}
    for name, beam in {"local": {}, "cluster": cluster.beam(workers=4)}.items():
        config = to_file(postgres, database, tmp_path / f"{name}.jsonl", dict(beam), **secret)
        reports[name] = Workflow.from_config(config).run()
    assert totals(reports["local"]) == totals(reports["cluster"])
    assert lines(tmp_path / "local.jsonl") == lines(tmp_path / "cluster.jsonl")
    found = json.loads((Path(reports["cluster"].run_dir) / "engine.json").read_text())
    assert (found["engine"], len(found["id"])) == ("flink", 32)
    assert cluster.get("/v1/jars")["files"] == []


def test_a_task_manager_killed_half_way_costs_nothing(
    project: Project, cluster: FlinkCluster
) -> None:
    sent = project.run("run", "-c", "workflow.yaml", "--no-wait", limit=240)
    assert sent.returncode == 0, sent.stderr
    assert "beam-ingest status" in sent.stderr
    until((project.folder / "reached").exists)
    again = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert again.returncode == 2
    assert "is still running" in again.stderr
    lost = cluster.task_managers.pop()
    os.killpg(lost.pid, signal.SIGKILL)
    lost.wait()
    cluster.add_task_manager()
    check_end(project)


def test_a_launcher_and_a_worker_killed_half_way_cost_nothing(
    project: Project, cluster: FlinkCluster
) -> None:
    launcher = project.start("run", "-c", "workflow.yaml")
    wait_for((project.folder / "reached").exists, launcher)
    launcher.kill()
    launcher.communicate()
    status = project.run("status", "latest", "--json")
    assert json.loads(status.stdout)["phase"] == "running", status.stderr
    # Each task manager has one Python process; its newest heartbeat is of one that works.
    beats = [json.loads(f.read_text()) for f in (project.run_dir / "heartbeats").glob("*.json")]
    os.kill(max(beats, key=lambda beat: beat["at"])["pid"], signal.SIGKILL)
    check_end(project)


def test_a_run_is_cancelled_from_its_directory(project: Project, cluster: FlinkCluster) -> None:
    sent = project.run("run", "-c", "workflow.yaml", "--no-wait", limit=240)
    assert sent.returncode == 0, sent.stderr
    until((project.folder / "reached").exists)
    done = project.run("cancel", "latest", "--now", limit=240)
    assert done.returncode == 0, done.stderr
    report = project.report()
    assert (report["status"], report["exitCode"]) == ("failed", 130)
    assert report["sentence"] == "The run was stopped: cancelled."
    job = json.loads((project.run_dir / "engine.json").read_text())["id"]
    assert cluster.get(f"/v1/jobs/{job}")["state"] == "CANCELED"


def test_a_run_without_end_is_left_to_the_cluster_and_drained_from_its_directory(
    tmp_path: Path, cluster: FlinkCluster
) -> None:
    script = Script(tmp_path)
    for name in ("p0", "p1"):
        script.partition(name, *(message(f"{name}-{n}", n) for n in range(20)))
    project = Project(tmp_path)
    beam = {**cluster.beam(workers=2), "sharedPaths": [str(tmp_path)]}
    project.write(script.workflow(beam))
    sent = project.run("run", "-c", "workflow.yaml", "--no-wait", limit=240)
    assert sent.returncode == 0, sent.stderr
    until(lambda: {path.name for path in script.read.iterdir()} == {"p0", "p1"})
    status = json.loads(project.run("status", "latest", "--json").stdout)
    assert (status["phase"], status["stream"]["partitions"]) == ("running", 2)
    done = project.run("cancel", "latest", "--drain", limit=240)
    assert done.returncode == 0, done.stderr
    report = project.report()
    assert (report["status"], report["steps"][0]["in"]) == ("success", 40)
    assert script.names() == sorted(f"{p}-{n}" for p in ("p0", "p1") for n in range(20))
    job = json.loads((project.run_dir / "engine.json").read_text())["id"]
    assert cluster.get(f"/v1/jobs/{job}")["state"] == "CANCELED"
