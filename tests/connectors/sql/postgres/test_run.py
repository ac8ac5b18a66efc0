"""Whole runs against PostgreSQL."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from beam_ingest import Workflow
from beam_ingest.cli.main import main
from beam_ingest.connectors.sql.postgres.catalogue import PostgresCatalogue
from tests.benchmarks import catalogue
from tests.servers.postgres import PASSWORD, PostgresServer, postgres_server

pytestmark = pytest.mark.server

SHAPE = catalogue.Shape(tables=1500, views=10, schemas=4)


@pytest.fixture(scope="module")
def frail() -> Iterator[PostgresServer]:
    """A server of its own, to be stopped."""
    for server in postgres_server():
        server.database("db")
        with server.connect("db") as connection:
            for piece in catalogue.postgres(SHAPE):
                connection.execute(piece)
        yield server


def workflow(
    server: PostgresServer,
    folder: Path,
    beam: dict[str, Any] | None = None,
    threads: int = 1,
    **connection: Any,
) -> dict[str, Any]:
    return {
        "source": {
            "type": "postgres",
            "serviceName": "svc",
            "serviceConnection": {"config": server.connection("db", **connection)},
            "sourceConfig": {"config": {"type": "DatabaseMetadata", "threads": threads}},
        },
        "sink": {"type": "file", "config": {"path": str(folder / "out.jsonl")}},
        "beam": {"workDir": str(folder / "runs"), **(beam or {})},
    }


def tables(folder: Path) -> list[str]:
    lines = map(json.loads, (folder / "out.jsonl").read_text().splitlines())
    return [x["fullyQualifiedName"] for x in lines if x["entityType"] == "table"]


def test_a_server_killed_and_restarted_in_mid_run_costs_nothing(
    frail: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, calls = PostgresCatalogue._fetch, []

    def fetch_and_crash(self: PostgresCatalogue, database: str, names: Any) -> Any:
        calls.append(names)
        if len(calls) == 4:
            frail.stop(signal.SIGQUIT)
            frail.start()
        return fetch(self, database, names)

    monkeypatch.setattr(PostgresCatalogue, "_fetch", fetch_and_crash)
    report = Workflow.from_config(workflow(frail, tmp_path)).run()
    report.raise_for_status()
    found = tables(tmp_path)
    assert len(found) == len(set(found)) == SHAPE.tables + SHAPE.views
    assert len(calls) > 8


def test_no_password_is_in_the_run_directory(frail: PostgresServer, tmp_path: Path) -> None:
    Workflow.from_config(workflow(frail, tmp_path)).run().raise_for_status()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


@pytest.mark.slow
def test_max_connections_holds_over_all_workers(frail: PostgresServer, tmp_path: Path) -> None:
    with frail.connect("db") as connection:
        connection.execute(f"CREATE ROLE two LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 2")
        for schema in SHAPE.schema_names():
            connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO two")
    before = frail.log.stat().st_size
    beam = {"workers": 2, "maxConnections": 2}
    config = workflow(frail, tmp_path, beam, threads=4, username="two")
    Workflow.from_config(config).run().raise_for_status()
    assert len(tables(tmp_path)) == SHAPE.tables + SHAPE.views
    with frail.log.open("rb") as log:
        log.seek(before)
        # A third connection would have been refused, and tried again.
        assert b"too many connections" not in log.read()


def test_a_wrong_password_ends_the_command_with_3_and_one_line_without_it(
    frail: PostgresServer, tmp_path: Path
) -> None:
    config = tmp_path / "w.yaml"
    wrong = {"password": "wr0ng-pass"}
    config.write_text(yaml.safe_dump(workflow(frail, tmp_path, authType=wrong)))
    result = CliRunner().invoke(main, ["test-connection", "-c", str(config)])
    assert result.exit_code == 3
    run = CliRunner().invoke(main, ["run", "-c", str(config)])
    assert run.exit_code == 3
    for output in (result.output, run.output):
        assert [line for line in output.splitlines() if "password authentication failed" in line]
        assert "wr0ng-pass" not in output
        assert "Traceback" not in output
