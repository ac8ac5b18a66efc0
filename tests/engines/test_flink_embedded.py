"""The same workflows on a Flink of Beam's own job server, its workers in the launching process.

The job server is older than the Python side (``JOB_SERVER`` against the installed Beam): what the
tests have to do with. A user's is fetched by Beam in its own version.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest.workflow import Workflow
from tests.acceptance.command import Project
from tests.engines.same import RELATIONS, catalogue, lines, to_file, totals
from tests.flow.workflows import part, run, workflow
from tests.servers.flink import JobServer, job_server_jar
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.server]


def test_a_catalogue_comes_out_byte_for_byte_as_on_the_local_runner(
    tmp_path: Path, postgres: PostgresServer, flink: JobServer
) -> None:
    database = catalogue(postgres)
    reports = {}
    for name, beam in {"local": {}, "flink": flink.beam(workers=2)}.items():
        config = to_file(postgres, database, tmp_path / f"{name}.jsonl", dict(beam))
        reports[name] = Workflow.from_config(config).run()
    assert totals(reports["local"]) == totals(reports["flink"])
    assert lines(tmp_path / "local.jsonl") == lines(tmp_path / "flink.jsonl")
    tables = [line for line in lines(tmp_path / "flink.jsonl") if b'"entityType":"table"' in line]
    assert len(tables) == RELATIONS


def test_sink_stage_dead_letters_and_aggregates_are_the_same(
    tmp_path: Path, flink: JobServer
) -> None:
    found = []
    for name, beam in {"local": {}, "flink": flink.beam(workers=3)}.items():
        stored, shelf = tmp_path / name / "stored", tmp_path / name / "shelf"
        report = run(
            workflow(
                tmp_path / name,
                {"splits": 7, "records": 150, "parents": 2},
                processors=[part("Faulty", every=50)],
                sink=part("Folder", path=str(stored), rejects=["r1-8"]),
                stage=part("Tally", keep=True),
                bulkSink=part("Shelf", path=str(shelf)),
                workflowConfig={"successThreshold": 50},
                beam=beam,
            )
        )
        assert report.status == "partialSuccess", report.to_json()
        records = [
            line
            for file in sorted((shelf / "current").iterdir())
            for line in file.read_text().splitlines()
        ]
        names = sorted(file.name for file in stored.iterdir() if file.name[0] != ".")
        found.append((names, sorted(records), report.model_dump(include={"steps", "splits"})))
    assert found[0] == found[1]


def test_a_staged_catalogue_is_published_into_openmetadata(
    tmp_path: Path, flink: JobServer
) -> None:
    database = tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("create table a (id integer); create table b (id integer);")
    with FakeOpenMetadata() as fake:
        server = {"hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN}}
        config: dict[str, Any] = {
            "source": {
                "type": "sqlite",
                "serviceName": "shop",
                "serviceConnection": {"config": {"type": "SQLite", "databaseMode": str(database)}},
                "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
            },
            "stage": {"type": "file", "config": {}},
            "bulkSink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server},
            "beam": {"workDir": str(tmp_path / "runs"), **flink.beam(workers=2)},
        }
        report = run(config)
        assert report.status == "success", report.to_json()
        assert fake.names("table") == ["shop.default.main.a", "shop.default.main.b"]
        assert report.steps[-1].out == report.steps[0].out > 2


READERS = """
import threading
from pathlib import Path

from beam_ingest import Source, Split


class Readers(Source):
    # The workers are threads of the launching process.

    def splits(self):
        return (Split(str(number)) for number in range(12))

    def read(self, split):
        Path(f"reader-{threading.get_ident()}-{split.key}").touch()
        yield {"name": split.key}
"""


@pytest.mark.parametrize("workers", [1, 3])
def test_so_many_workers_read_and_no_more_whatever_slots_flink_has(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flink-conf.yaml").write_text("taskmanager.numberOfTaskSlots: 6\n")
    monkeypatch.setenv("FLINK_CONF_DIR", str(tmp_path))
    (tmp_path / "readers.py").write_text(READERS)
    project = Project(tmp_path)
    project.write(
        {
            "source": {"type": "readers.Readers", "serviceName": "s"},
            "sink": {"type": "file", "config": {"path": "out.jsonl"}},
            "beam": {
                "runner": "flink",
                "workers": workers,
                "options": {"flink_job_server_jar": str(job_server_jar())},
            },
        }
    )
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 0, done.stderr
    read = Counter(file.name.split("-")[1] for file in tmp_path.glob("reader-*"))
    assert sorted(read.values()) == [12 // workers] * workers


def test_a_job_server_is_started_and_ended_with_the_run(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    config = workflow(
        tmp_path,
        {"splits": 2, "records": 10},
        sink={"type": "file", "config": {"path": str(out)}},
        processors=[part("Keyed", key="a literal secret")],
        beam={"runner": "flink", "options": {"flink_job_server_jar": str(job_server_jar())}},
    )
    (tmp_path / "workflow.yaml").write_text(yaml.safe_dump(config))
    done = Project(tmp_path).run("run", "-c", "workflow.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "success"
    assert len(out.read_text().splitlines()) == 20
    assert "Traceback" not in done.stderr
    assert "data plane" not in done.stderr
