"""Edges of a real PostgreSQL: of its views, its statistics and its log, up to OpenMetadata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest import Context, IngestError, Scope
from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.connectors.sql.postgres.lineage import PostgresLineageSource
from beam_ingest.testing import SourceSuite
from beam_ingest.workflow import Workflow
from tests.connectors.narrow import splits
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server

SCRIPT = """
CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA sales; CREATE SCHEMA hidden;
CREATE TABLE sales.orders (id int, customer text, qty int);
CREATE TABLE sales.totals (customer text, qty bigint);
CREATE VIEW sales.big AS SELECT id, customer FROM sales.orders WHERE qty > 100;
CREATE VIEW hidden.v AS SELECT id FROM sales.orders;
"""
COPY = "INSERT INTO sales.totals SELECT customer, sum(qty) FROM sales.orders GROUP BY 1"
CTAS = "CREATE TABLE sales.copy AS SELECT id AS number FROM sales.orders WHERE qty = 17"
DATABASE = "lineage_shop"
OF_VIEWS = {("sales.orders", "hidden.v"), ("sales.orders", "sales.big")}
OF_QUERIES = {("sales.orders", "sales.totals"), ("sales.orders", "sales.copy")}


@pytest.fixture(scope="module")
def shop(logging_postgres: PostgresServer) -> Iterator[PostgresServer]:
    server = logging_postgres
    server.database(DATABASE, SCRIPT)
    with server.connect(DATABASE) as connection:
        for statement in (COPY, COPY, CTAS, "SELECT * FROM sales.big"):
            connection.execute(statement)
    yield server
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def source(server: PostgresServer, keys: Any = None, **options: Any) -> PostgresLineageSource:
    cls = PostgresLineageSource
    config = cls.Config.model_validate({**server.connection(DATABASE), **(keys or {})})
    return cls(config, Context("w", "run-1", DatabaseLineage(**options)))


def read(server: PostgresServer, keys: Any = None, **options: Any) -> list[LineageEdge]:
    reader = source(server, keys, **options)
    reader.open()
    try:
        found = [record for split in splits(reader) for record in reader.read(split)]
    finally:
        reader.close()
    assert all(isinstance(each, LineageEdge) for each in found)
    return found  # type: ignore[return-value]


def pairs(edges: list[LineageEdge]) -> set[tuple[str, str]]:
    prefix = f"w.{DATABASE}."
    return {(e.from_fqn.removeprefix(prefix), e.to_fqn.removeprefix(prefix)) for e in edges}


def test_views_and_queries_give_edges_with_columns(shop: PostgresServer) -> None:
    edges = read(shop)
    assert pairs(edges) == OF_VIEWS | OF_QUERIES
    sales = f"w.{DATABASE}.sales"
    of_totals = next(edge for edge in edges if edge.to_fqn.endswith(".totals"))
    assert {each.to_column: each.from_columns for each in of_totals.columns_lineage or ()} == {
        f"{sales}.totals.customer": [f"{sales}.orders.customer"],
        f"{sales}.totals.qty": [f"{sales}.orders.qty"],
    }
    of_copy = next(edge for edge in edges if edge.to_fqn.endswith(".copy"))
    assert of_copy.source == "QueryLineage"
    assert "17" not in (of_copy.sql_query or "")


def test_each_part_can_be_left_out(shop: PostgresServer) -> None:
    assert pairs(read(shop, process_query_lineage=False)) == OF_VIEWS
    assert pairs(read(shop, process_view_lineage=False)) == OF_QUERIES
    off = {"supportsLineageExtraction": False}
    assert read(shop, off, process_query_lineage=False) == []


def test_filters_choose_the_views(shop: PostgresServer) -> None:
    only = {"schema_filter_pattern": {"excludes": ["^hidden$"]}, "process_query_lineage": False}
    assert pairs(read(shop, **only)) == {("sales.orders", "sales.big")}


def test_a_log_file_takes_the_place_of_the_statistics(shop: PostgresServer, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f'query_text,database_name\n"{COPY}",{DATABASE}\n')
    found = read(shop, query_log_file_path=str(file), process_view_lineage=False)
    assert pairs(found) == {("sales.orders", "sales.totals")}


def test_without_the_extension_the_views_are_read_all_the_same(shop: PostgresServer) -> None:
    shop.database("lineage_bare", "CREATE TABLE t (id int); CREATE VIEW v AS TABLE t")
    reader = source(shop, {"database": "lineage_bare"})
    reader.open()
    try:
        views, queries = splits(reader)
        assert len(list(reader.read(views))) == 1
        with pytest.raises(IngestError, match="or set processQueryLineage: false"):
            list(reader.read(queries))
    finally:
        reader.close()


def test_nothing_is_retired(shop: PostgresServer) -> None:
    reader = source(shop)
    reader.open()
    assert not [each for each in reader.splits() if isinstance(each, Scope)]
    assert list(reader.parents()) == []
    reader.close()


# OpenMetadata's own example (postgres_lineage.yaml), with the addresses and names of the test.
EXAMPLE = """
source:
  type: postgres-lineage
  serviceName: w
  sourceConfig:
    config:
      type: DatabaseLineage
      queryLogDuration: 1
      resultLimit: 10000
sink:
  type: metadata-rest
  config: {}
workflowConfig:
#  loggerLevel: INFO # DEBUG, INFO, WARN or ERROR
  openMetadataServerConfig:
    hostPort: %s
    authProvider: openmetadata
    securityConfig:
      jwtToken: %s
"""


@pytest.mark.slow
def test_openmetadatas_lineage_workflow_runs_with_the_connection_that_the_server_keeps(
    shop: PostgresServer, tmp_path: Path
) -> None:
    with FakeOpenMetadata() as fake:
        document = yaml.safe_load(EXAMPLE % (fake.url, BOT_TOKEN))
        document["beam"] = {"workDir": str(tmp_path / "runs")}
        connection = shop.connection(DATABASE)
        metadata = {
            **document,
            "source": {
                "type": "postgres",
                "serviceName": "w",
                "serviceConnection": {"config": {**connection, "supportsLineageExtraction": False}},
                "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
            },
        }
        Workflow.from_config(metadata).run().raise_for_status()
        service = fake.store.entities["databaseService"]["w"]
        service["connection"] = {"config": connection}
        Workflow.from_config(document).run().raise_for_status()
        prefix = f"w.{DATABASE}."
        found = {
            (start.removeprefix(prefix), end.removeprefix(prefix))
            for start, end in fake.store.edges
        }
    assert found == OF_VIEWS | OF_QUERIES


class TestPostgresLineage(SourceSuite):
    component = "postgres-lineage"
    source_config = {"type": "DatabaseLineage"}

    @pytest.fixture
    def config(self, shop: PostgresServer) -> dict[str, Any]:
        return shop.connection(DATABASE)

    @pytest.fixture
    def failing_config(self, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "hostPort": "127.0.0.1:1"}
