"""PostgreSQL into the fake server: as OpenMetadata's documentation writes the workflow."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata
from tests.servers.openmetadata.process import RunningFake, running_fake
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server

ORACLE = Path(__file__).parents[2] / "data" / "openmetadata-oracle"

WORKFLOW = """
source:
  type: postgres
  serviceName: {service}
  serviceConnection:
    config:
      type: Postgres
      username: {username}
      authType:
        password: {password}
      hostPort: {host_port}
      database: {database}
  sourceConfig:
    config:
      type: DatabaseMetadata
      markDeletedTables: true
      includeTables: true
      includeViews: true
      schemaFilterPattern:
        excludes: ["^information_schema$"]
sink:
  type: metadata-rest
  config: {{}}
workflowConfig:
  loggerLevel: INFO
  openMetadataServerConfig:
    hostPort: "{url}"
    authProvider: openmetadata
    securityConfig:
      jwtToken: "{token}"
"""


def run(
    postgres: PostgresServer, database: str, service: str, url: str, folder: Path, **beam: Any
) -> Report:
    connection = postgres.connection(database)
    text = WORKFLOW.format(
        service=service,
        username=connection["username"],
        password=connection["authType"]["password"],
        host_port=connection["hostPort"],
        database=database,
        url=url,
        token=BOT_TOKEN,
    )
    document = {**yaml.safe_load(text), "beam": {"workDir": str(folder), **beam}}
    return Workflow.from_config(document).run()


def test_a_server_that_openmetadata_filled_gets_no_new_entity(
    postgres: PostgresServer, fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    script = gzip.decompress((ORACLE / "small.sql.gz").read_bytes()).decode()
    postgres.database("small", script)
    stored = json.loads(gzip.decompress((ORACLE / "small.entities.json.gz").read_bytes()))
    fill(fake, stored)
    before = {type_: ids(fake, type_) for type_ in ("database", "databaseSchema", "table")}
    assert len(before["table"]) == 630
    report = run(postgres, "small", "ing_small_t4", fake.url, tmp_path)
    assert report.status == "success", report.sentence
    after = {type_: ids(fake, type_) for type_ in before}
    assert after == before
    assert report.retired.names == 0


def fill(fake: FakeOpenMetadata, stored: dict[str, Any]) -> None:
    fake.add("databaseService", "ing_small_t4", serviceType="Postgres")
    fake.add("database", "small", service="ing_small_t4")
    for schema in stored["schemas"]:
        fake.add("databaseSchema", schema["name"], database="ing_small_t4.small")
    for table in stored["tables"]:
        made = ("database", "databaseSchema", "service", "serviceType", "entityStatus", "name")
        fields = {key: value for key, value in table.items() if key not in made}
        parent = table["databaseSchema"]["fullyQualifiedName"]
        fake.add("table", table["name"], databaseSchema=parent, **fields)


def ids(fake: FakeOpenMetadata, type_: str) -> dict[str, str]:
    return {name: fake.entity(type_, name)["id"] for name in fake.names(type_)}


SCHEMAS, TABLES, VIEWS = 20, 500, 25


def large_catalogue() -> str:
    """10,500 tables and views; every fourth table has a foreign key, one in a schema to itself."""
    columns = ", ".join(f"c{n:02} varchar(255)" for n in range(12))
    statements = []
    for schema in (f"s{n:02}" for n in range(SCHEMAS)):
        statements.append(f"create schema {schema};")
        for n in range(TABLES):
            key = f", ref integer references {schema}.t{n - 1:03}(id)" if n % 4 == 3 else ""
            key = f", ref integer references {schema}.t{n:03}(id)" if n == 8 else key
            statements.append(
                f"create table {schema}.t{n:03} (id integer primary key, {columns}{key});"
            )
        statements += [
            f"create view {schema}.v{n:03} as select id, c00 from {schema}.t{n:03};"
            for n in range(VIEWS)
        ]
    return "\n".join(statements)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_large_catalogue_takes_few_requests_and_sends_each_table_once(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    count = SCHEMAS * (TABLES + VIEWS)
    postgres.database("large", large_catalogue())
    # How long it takes beside a server that is slow is measured by the benchmarks.
    with running_fake() as fake:
        report = run(postgres, "large", "shop", fake.url, tmp_path, skipUnchanged="server")
        assert report.status == "success", report.sentence
        first = fake.summary()
        assert first["entities"]["table"] == count
        assert first["tablesSentTimes"] == {"1": count - SCHEMAS, "2": SCHEMAS}
        assert first["edges"] == SCHEMAS * VIEWS
        assert requests(first) - first["edges"] <= 300
        assert first["mostInFlight"] <= 4
        again(fake, postgres, tmp_path, first)


def again(fake: RunningFake, postgres: PostgresServer, folder: Path, first: dict[str, Any]) -> None:
    report = run(postgres, "large", "shop", fake.url, folder, skipUnchanged="server")
    assert report.status == "success", report.sentence
    second = fake.summary()
    for sending in ("PUT /v1/tables/bulk", "PUT /v1/lineage"):
        assert second["requests"][sending] == first["requests"][sending]
    pages = -(-first["entities"]["table"] // 1000)
    lists = second["requests"]["GET /v1/tables"] - first["requests"]["GET /v1/tables"]
    assert lists <= SCHEMAS + pages


def requests(summary: dict[str, Any]) -> int:
    return sum(summary["requests"].values())
