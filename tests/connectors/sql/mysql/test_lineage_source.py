"""Edges of a real MariaDB: of its views, and of its general log where it is read as MySQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest import Context, Source
from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.connectors.sql.mysql.lineage import MariadbLineageSource, MysqlLineageSource
from beam_ingest.testing import SourceSuite
from tests.connectors.narrow import splits
from tests.servers.mariadb import MariadbServer

pytestmark = pytest.mark.server

TABLES = [
    "CREATE DATABASE lineage_a", "CREATE DATABASE lineage_b",
    "CREATE TABLE lineage_a.orders (id int, customer varchar(9), qty int)",
    "CREATE TABLE lineage_b.totals (customer varchar(9), qty int)",
    "CREATE VIEW lineage_b.big AS SELECT id FROM lineage_a.orders WHERE qty > 100",
]  # fmt: skip
OF_VIEWS = {("lineage_a.orders", "lineage_b.big")}
OF_QUERIES = {("lineage_a.orders", "lineage_b.totals"), ("lineage_b.totals", "lineage_a.copy")}


@pytest.fixture(scope="module")
def shop(mariadb: MariadbServer) -> Iterator[MariadbServer]:
    mariadb.execute(TABLES)
    mariadb.execute(["SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log",
                     "SET GLOBAL general_log = 1"])  # fmt: skip
    with mariadb.connect(database="lineage_b") as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO totals SELECT customer, qty FROM lineage_a.orders")
        cursor.execute("SELECT * FROM big")
        cursor.execute("USE lineage_a")
        cursor.execute("CREATE TABLE copy AS SELECT qty FROM lineage_b.totals")
    mariadb.execute(["SET GLOBAL general_log = 0", "SET GLOBAL log_output = 'FILE'"])
    yield mariadb
    mariadb.execute(["DROP DATABASE lineage_a", "DROP DATABASE lineage_b"])


def pairs(cls: Any, config: dict[str, Any], **options: Any) -> set[tuple[str, str]]:
    context = Context("w", "run-1", DatabaseLineage(**options))
    reader: Source = cls(cls.Config.model_validate(config), context)
    reader.open()
    try:
        edges = [
            record
            for split in splits(reader)
            for record in reader.read(split)
            if isinstance(record, LineageEdge)
        ]
    finally:
        reader.close()
    prefix = "w.default."
    return {(e.from_fqn.removeprefix(prefix), e.to_fqn.removeprefix(prefix)) for e in edges}


ONLY_OURS = {"includes": ["^lineage_"]}
ONLY = {"schema_filter_pattern": ONLY_OURS}


def test_views_and_the_general_log_give_edges(shop: MariadbServer) -> None:
    config = shop.connection(type="Mysql")
    assert pairs(MysqlLineageSource, config, **ONLY) == OF_VIEWS | OF_QUERIES
    only = pairs(MysqlLineageSource, config, process_view_lineage=False)
    assert only == OF_QUERIES


def test_a_condition_filters_the_log(shop: MariadbServer) -> None:
    condition = "argument NOT LIKE '%totals SELECT%' OR argument = ''"
    found = pairs(
        MysqlLineageSource, shop.connection(type="Mysql"),
        process_view_lineage=False, filter_condition=condition,
    )  # fmt: skip
    assert found == {("lineage_b.totals", "lineage_a.copy")}


def test_mariadb_has_the_lineage_of_its_views(shop: MariadbServer) -> None:
    assert pairs(MariadbLineageSource, shop.connection(), **ONLY) == OF_VIEWS
    off = shop.connection(supportsViewLineageExtraction=False)
    assert pairs(MariadbLineageSource, off) == set()


class TestMysqlLineage(SourceSuite):
    component = "mysql-lineage"
    source_config = {"processQueryLineage": False, "schemaFilterPattern": ONLY_OURS}

    @pytest.fixture
    def config(self, shop: MariadbServer) -> dict[str, Any]:
        return shop.connection(type="Mysql")
