"""The Flink example: what its files name is there, and a template is packed into a jar for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from beam_ingest.cli.sample import make_sample_database
from beam_ingest.templates.build import build
from beam_ingest.templates.catalog import TEMPLATES
from tests.servers.flink import job_server_jar
from tests.servers.flink_cluster import FlinkCluster

FOLDER = Path(__file__).parents[2] / "templates" / "flink"


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    linted = subprocess.run(
        [hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_deployment_and_the_images_fit_together() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()
    spec = yaml.safe_load((FOLDER / "deployment.yaml").read_text())["spec"]
    source, target = re.findall(r"^COPY (\S+) (\S+)$", dockerfile, re.M)[0]
    assert spec["job"]["jarURI"] == f"local://{target}"
    assert f"--output_executable_path=flink/{source}" in dockerfile
    (pool,) = [each for each in spec["taskManager"]["podTemplate"]["spec"]["containers"]
               if each["name"] == "worker-pool"]  # fmt: skip
    port = pool["ports"][0]["containerPort"]
    assert f"--environment_config=localhost:{port}" in dockerfile
    version = re.findall(r"^FROM flink:([0-9.]+)", dockerfile, re.M)[0]
    assert spec["flinkVersion"] == f"v{version.replace('.', '_')}"
    (mounted,) = pool["volumeMounts"]
    (volume,) = spec["taskManager"]["podTemplate"]["spec"]["volumes"]
    assert mounted["name"] == volume["name"]


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_packed_template_runs_on_a_cluster(tmp_path: Path, cluster: FlinkCluster) -> None:
    build(TEMPLATES, tmp_path)
    shared = tmp_path / "shared"
    shared.mkdir()
    make_sample_database(shared / "shop.db")
    packed = subprocess.run(
        [
            sys.executable, "database-to-files/main.py", "--databaseType=sqlite",
            f"--databaseFile={shared / 'shop.db'}", "--serviceName=shop",
            f"--output={shared / 'out.jsonl'}", f"--workDir={shared / 'runs'}",
            f"--sharedPaths={shared}", "--runner=FlinkRunner",
            f"--flink_job_server_jar={job_server_jar()}", "--environment_type=EXTERNAL",
            f"--environment_config=127.0.0.1:{cluster.pool_port}",
            "--output_executable_path=flink/job.jar",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    assert "flink run flink/job.jar" in packed.stderr
    assert not (shared / "out.jsonl").exists()
    ran = cluster.run_jar(tmp_path / "flink" / "job.jar")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (report,) = (shared / "runs").glob("*/report.json")
    assert json.loads(report.read_text())["status"] == "success"
    assert "shop.default.main.orders" in (shared / "out.jsonl").read_text()
