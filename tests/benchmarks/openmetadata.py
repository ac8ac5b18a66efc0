"""Whole runs from PostgreSQL into a fake OpenMetadata server that takes its time for each table."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.measure import Usage, measure
from tests.benchmarks.sql import NARROW, WIDE, make_database, running
from tests.connectors.openmetadata.test_postgres import (
    SCHEMAS,
    TABLES,
    VIEWS,
    WORKFLOW,
    large_catalogue,
)
from tests.servers.openmetadata import BOT_TOKEN
from tests.servers.openmetadata.process import running_fake
from tests.servers.postgres import PostgresServer, postgres_server

COUNT = SCHEMAS * (TABLES + VIEWS)
SECONDS_A_TABLE, IN_FLIGHT = 0.01, 4
OWN_TIME = COUNT * SECONDS_A_TABLE / IN_FLIGHT


def main(folder: Path, times: int) -> bool:
    """Print the ratios; whether all are within their limits."""
    with running(postgres_server) as server:
        server.database("large", large_catalogue())
        ok = _first_run(folder, server)
        ok &= _unchanged(folder, server, times)
        return ok & _many_schemas(folder, server)


def _first_run(folder: Path, server: PostgresServer) -> bool:
    with running_fake(seconds_per_row=SECONDS_A_TABLE) as fake:
        first = measure(_workflow(folder, server, fake.url, skipUnchanged="server"), folder)
        told = fake.summary()
        others = sum(told["requests"].values()) - told["edges"]
        ok = _report("whole process, of the server's own time", first.wall / OWN_TIME, 1.2)
        ok &= _report("requests beside one for each edge", others, 300)
        measure(_workflow(folder, server, fake.url, skipUnchanged="server"), folder)
        again = fake.summary()["requests"]
    for what in ("PUT /v1/tables/bulk", "PUT /v1/lineage"):
        more = again[what] - told["requests"][what]
        ok &= _report(f"{what} of a run in which nothing changed", more, 0)
    return ok


def _unchanged(folder: Path, server: PostgresServer, times: int) -> bool:
    """With fingerprints, against the same catalogue written to a file."""
    ratios = []
    with running_fake() as fake:
        local = _workflow(folder, server, fake.url, "local.yaml", skipUnchanged="local")
        measure(local, folder)
        plain = _workflow(folder, server, fake.url, "file.yaml")
        document = yaml.safe_load((folder / "file.yaml").read_text())
        document["sink"] = {"type": "file", "config": {"path": "out.jsonl"}}
        (folder / "file.yaml").write_text(yaml.safe_dump(document))
        for _ in range(times):
            file: Usage = measure(plain, folder)
            ratios.append(measure(local, folder).wall / file.wall)
    return _report("skipUnchanged: local, of the file workflow", statistics.median(ratios), 1.0)


def _many_schemas(folder: Path, server: PostgresServer) -> bool:
    """20,000 tables in 4,000 schemas take hardly more requests than 20,000 in 20."""
    taken: list[tuple[int, int]] = []
    for shape in (WIDE, NARROW):
        make_database(server, "many", shape)
        with running_fake() as fake:
            command = _workflow(folder, server, fake.url, database="many", skipUnchanged="server")
            measure(command, folder)
            first = sum(fake.summary()["requests"].values())
            measure(command, folder)
            taken.append((first, sum(fake.summary()["requests"].values()) - first))
            assert fake.summary()["entities"]["table"] == shape.tables
    ok = True
    for run, wide, narrow in zip(("first", "unchanged"), *taken, strict=True):
        what = f"requests of 20,000 in 4,000 schemas, of 20 ({narrow} of {wide}), {run} run"
        ok &= _report(what, narrow / wide, 1.5)
    return ok


def _workflow(
    folder: Path,
    server: PostgresServer,
    url: str,
    name: str = "om.yaml",
    database: str = "large",
    **beam: Any,
) -> list[str]:
    connection = server.connection(database)
    text = WORKFLOW.format(
        service="shop",
        username=connection["username"],
        password=connection["authType"]["password"],
        host_port=connection["hostPort"],
        database=database,
        url=url,
        token=BOT_TOKEN,
    )
    document = {**yaml.safe_load(text), "beam": beam}
    (folder / name).write_text(yaml.safe_dump(document))
    return [str(Path(sys.executable).with_name("beam-ingest")), "run", "-c", name]


def _report(what: str, value: float, limit: float) -> bool:
    print(f"  {what}: {value:.2f} (limit {limit:g})", flush=True)
    return value <= limit
