"""A catalogue of 10,500 relations comes out alike wherever the workflow is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.workflow import Workflow
from tests.benchmarks.catalogue import Shape
from tests.engines.same import catalogue, lines, to_file, totals
from tests.servers.flink import JobServer
from tests.servers.flink_cluster import FlinkCluster
from tests.servers.postgres import PASSWORD, PostgresServer

pytestmark = [pytest.mark.server, pytest.mark.torture, pytest.mark.timeout(900)]

RELATIONS = 10_500


def test_it_is_the_same_on_this_machine_on_an_embedded_flink_and_on_two_task_managers(
    tmp_path: Path, postgres: PostgresServer, flink: JobServer, cluster: FlinkCluster
) -> None:
    database = catalogue(postgres, Shape())
    (tmp_path / "password").write_text(PASSWORD)
    secret = {"authType": {"password": f"file:{tmp_path / 'password'}"}}
    found, said = {}, {}
    engines = {"local": {}, "embedded": flink.beam(workers=4), "cluster": cluster.beam(workers=4)}
    for name, beam in engines.items():
        out = tmp_path / f"{name}.jsonl"
        report = Workflow.from_config(to_file(postgres, database, out, dict(beam), **secret)).run()
        found[name], said[name] = lines(out), totals(report)
    assert sum(b'"entityType":"table"' in line for line in found["local"]) == RELATIONS
    assert found["embedded"] == found["local"]
    assert found["cluster"] == found["local"]
    assert said["embedded"] == said["local"]
    assert said["cluster"] == said["local"]
