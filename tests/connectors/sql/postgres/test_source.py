"""What the source ``postgres`` makes of a catalogue."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from beam_ingest.api.entities import Database, DatabaseSchema, DatabaseService
from beam_ingest.api.source import Split
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.reading import Read, make, opened, read_all
from tests.servers.postgres import PASSWORD, PostgresServer

pytestmark = pytest.mark.server

SHOP = """
CREATE SCHEMA sales; CREATE SCHEMA hr; CREATE SCHEMA "Odd.Schema";
COMMENT ON SCHEMA sales IS 'What we sell';
CREATE DOMAIN sales.email AS varchar(80) NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TYPE sales.mood AS ENUM ('happy', 'sad');
CREATE TYPE sales.address AS (street text, zip varchar(10), moods sales.mood[]);
CREATE TABLE sales.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email sales.email UNIQUE,
    name varchar(64) NOT NULL DEFAULT 'nobody', mood sales.mood, home sales.address,
    tags text[], size numeric(12,2), free numeric, at timestamptz(3), flag bit(8),
    during tstzrange, span interval day to second, code char(3),
    double_size numeric GENERATED ALWAYS AS (size * 2) STORED, CHECK (size > 0));
COMMENT ON TABLE sales.customers IS 'Who buys';
COMMENT ON COLUMN sales.customers.email IS 'Where to write';
CREATE TABLE sales.orders (id bigint, line int, customer bigint REFERENCES sales.customers,
    PRIMARY KEY (id, line), UNIQUE (customer, line));
CREATE TABLE hr.notes (order_id bigint, order_line int, boss int, id int PRIMARY KEY,
    FOREIGN KEY (order_line, order_id) REFERENCES sales.orders (line, id),
    FOREIGN KEY (boss) REFERENCES hr.notes);
CREATE TABLE "Odd.Schema"."a ""weird"" name" (id int PRIMARY KEY REFERENCES hr.notes);
CREATE VIEW sales.spend AS SELECT c.email, count(*) AS n
    FROM sales.customers c JOIN sales.orders o ON o.customer = c.id GROUP BY c.email;
CREATE MATERIALIZED VIEW sales.spend_now AS SELECT * FROM sales.spend;
CREATE TABLE sales.log (at date NOT NULL, kind int, text text) PARTITION BY RANGE (at, kind);
CREATE TABLE sales.log_1 PARTITION OF sales.log
    FOR VALUES FROM ('2026-01-01', 0) TO ('2027-01-01', 0) PARTITION BY LIST (kind);
CREATE TABLE sales.log_1_a PARTITION OF sales.log_1 FOR VALUES IN (1);
CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE hr.passwd (line text) SERVER files OPTIONS (filename '/etc/passwd');
CREATE FUNCTION sales.twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2';
CREATE FUNCTION sales.twice(x text) RETURNS text LANGUAGE sql AS 'SELECT x || x';
CREATE FUNCTION sales.body(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x; END;
CREATE PROCEDURE hr.fire(who int) LANGUAGE plpgsql AS 'BEGIN NULL; END';
COMMENT ON PROCEDURE hr.fire IS 'Rarely used';
CREATE ROLE reader LOGIN PASSWORD 's3cret-of-the-tests';
GRANT USAGE ON SCHEMA sales, hr TO reader;
"""
SALES = "svc.shop.sales"


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> PostgresServer:
    postgres.database("shop", SHOP)
    return postgres


def read(server: PostgresServer, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    return read_all(make(PostgresSource, server.connection("shop", **keys), source_config))


@pytest.fixture(scope="module")
def everything(shop: PostgresServer) -> Read:
    return read(shop)


def column(found: Read, table: str, name: str) -> dict[str, Any]:
    (match,) = [c for c in found.table(table).columns if c.name == name]
    return match.to_dict()


def constraints(found: Read, table: str) -> list[dict[str, Any]]:
    return [constraint.to_dict() for constraint in found.table(table).table_constraints or ()]


def test_parents_are_service_database_schemas(everything: Read) -> None:
    service, database, *schemas = everything.parents
    assert isinstance(service, DatabaseService)
    assert isinstance(database, Database)
    assert service.service_type == "Postgres"
    assert PASSWORD not in str(service.to_dict())
    assert database.fqn == "svc.shop"
    assert [s.fqn for s in schemas if isinstance(s, DatabaseSchema)] == [
        'svc.shop."Odd.Schema"', "svc.shop.hr", "svc.shop.public", SALES,
    ]  # fmt: skip
    assert {getattr(s, "name", ""): getattr(s, "description", None) for s in schemas}[
        "sales"
    ] == "What we sell"


def test_kinds_of_tables_and_no_partitions(everything: Read) -> None:
    assert {t.name: t.table_type for t in everything.tables.values()} == {
        "customers": "Regular", "orders": "Regular", "notes": "Regular",
        'a "weird" name': "Regular", "spend": "View", "spend_now": "MaterializedView",
        "log": "Partitioned", "passwd": "Foreign",
    }  # fmt: skip


def test_a_partitioned_table_says_by_what(everything: Read) -> None:
    partition = everything.table("log").table_partition
    assert partition is not None
    assert partition.to_dict() == {
        "columns": [
            {"columnName": "at", "intervalType": "TIME-UNIT"},
            {"columnName": "kind", "intervalType": "TIME-UNIT"},
        ]
    }


def test_partitions_are_read_on_request_and_are_never_retired(
    shop: PostgresServer, everything: Read
) -> None:
    with_partitions = read(shop, includePartitions=True)
    added = set(with_partitions.tables) - set(everything.tables)
    assert added == {f"{SALES}.log_1", f"{SALES}.log_1_a"}
    assert added <= set(everything.scope(SALES).names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", {"dataType": "BIGINT", "dataTypeDisplay": "bigint", "constraint": "PRIMARY_KEY"}),
        (
            "email",
            {"dataType": "VARCHAR", "dataTypeDisplay": "sales.email", "dataLength": 80,
             "constraint": "UNIQUE", "description": "Where to write"},
        ),
        (
            "name",
            {"dataType": "VARCHAR", "dataTypeDisplay": "character varying(64)",
             "dataLength": 64, "constraint": "NOT_NULL"},
        ),
        ("mood", {"dataType": "ENUM", "dataTypeDisplay": "sales.mood"}),
        ("tags", {"dataType": "ARRAY", "arrayDataType": "TEXT", "dataTypeDisplay": "text[]"}),
        (
            "size",
            {"dataType": "NUMERIC", "precision": 12, "scale": 2,
             "dataTypeDisplay": "numeric(12,2)"},
        ),
        ("free", {"dataType": "NUMERIC", "dataTypeDisplay": "numeric"}),
        ("at", {"dataType": "TIMESTAMP", "dataTypeDisplay": "timestamp(3) with time zone"}),
        ("flag", {"dataType": "BIT", "dataTypeDisplay": "bit(8)"}),
        ("during", {"dataType": "DATETIMERANGE", "dataTypeDisplay": "tstzrange"}),
        ("span", {"dataType": "INTERVAL", "dataTypeDisplay": "interval day to second"}),
        ("code", {"dataType": "CHAR", "dataLength": 3, "dataTypeDisplay": "character(3)"}),
    ],
)  # fmt: skip
def test_types(everything: Read, name: str, expected: dict[str, Any]) -> None:
    default = {"name": name, "dataLength": 1, "constraint": "NULL"}
    assert column(everything, "customers", name) == {**default, **expected}


def test_a_composite_has_its_attributes_as_children(everything: Read) -> None:
    home = column(everything, "customers", "home")
    assert home["dataType"] == "STRUCT"
    assert home["children"] == [
        {"name": "street", "dataType": "TEXT", "dataLength": 1, "dataTypeDisplay": "text"},
        {
            "name": "zip", "dataType": "VARCHAR", "dataLength": 10,
            "dataTypeDisplay": "character varying(10)",
        },
        {
            "name": "moods", "dataType": "ARRAY", "arrayDataType": "ENUM", "dataLength": 1,
            "dataTypeDisplay": "sales.mood[]",
        },
    ]  # fmt: skip


def test_keys_of_several_columns_and_across_schemas(everything: Read) -> None:
    assert constraints(everything, "orders") == [
        {"constraintType": "UNIQUE", "columns": ["customer", "line"]},
        {"constraintType": "PRIMARY_KEY", "columns": ["id", "line"]},
        {
            "constraintType": "FOREIGN_KEY", "columns": ["customer"],
            "referredColumns": [f"{SALES}.customers.id"], "relationshipType": "MANY_TO_ONE",
        },
    ]  # fmt: skip
    assert constraints(everything, "notes") == [
        {
            "constraintType": "FOREIGN_KEY", "columns": ["boss"],
            "referredColumns": ["svc.shop.hr.notes.id"], "relationshipType": "MANY_TO_ONE",
        },
        {
            "constraintType": "FOREIGN_KEY", "columns": ["order_line", "order_id"],
            "referredColumns": [f"{SALES}.orders.line", f"{SALES}.orders.id"],
            "relationshipType": "MANY_TO_ONE",
        },
    ]  # fmt: skip
    (key,) = constraints(everything, 'a "weird" name')
    assert key["relationshipType"] == "ONE_TO_ONE"


def test_odd_names_are_quoted_in_the_fqn(everything: Read) -> None:
    assert 'svc.shop."Odd.Schema"."a ""weird"" name"' in everything.tables


def test_view_definitions(everything: Read) -> None:
    view = everything.table("spend").schema_definition or ""
    assert view.startswith("create view sales.spend as  SELECT c.email,\n")
    materialized = everything.table("spend_now").schema_definition or ""
    assert materialized.startswith("create materialized view sales.spend_now as  SELECT")
    assert everything.table("customers").schema_definition is None


def test_lineage_of_views_by_column(everything: Read) -> None:
    assert set(everything.edges) == {
        f"{SALES}.customers -> {SALES}.spend", f"{SALES}.orders -> {SALES}.spend",
        f"{SALES}.spend -> {SALES}.spend_now",
    }  # fmt: skip
    edge = everything.edges[f"{SALES}.spend -> {SALES}.spend_now"].to_dict()
    assert edge["columnsLineage"] == [
        {"fromColumns": [f"{SALES}.spend.email"], "toColumn": f"{SALES}.spend_now.email"},
        {"fromColumns": [f"{SALES}.spend.n"], "toColumn": f"{SALES}.spend_now.n"},
    ]


def test_ddl_on_request_makes_the_table_again(shop: PostgresServer, everything: Read) -> None:
    found = read(shop, {"includeDDL": True})
    ddl = found.table("customers").schema_definition or ""
    for part in (
        "CREATE TABLE sales.customers (\n",
        "    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL",
        "    name character varying(64) DEFAULT 'nobody'::character varying NOT NULL",
        "    double_size numeric GENERATED ALWAYS AS ((size * (2)::numeric)) STORED",
        "    CONSTRAINT customers_pkey PRIMARY KEY (id)",
        "    CONSTRAINT customers_size_check CHECK (size > 0::numeric)",
    ):
        assert part in ddl
    again = PostgresServer.database
    again(shop, "shop2", SHOP.replace("CREATE ROLE", "-- "))
    with shop.connect("shop2") as connection:
        connection.execute(
            "DROP TABLE sales.customers, sales.log CASCADE; DROP FOREIGN TABLE hr.passwd"
        )
        for name in ("customers", "log", "passwd"):
            text = (found.table(name).schema_definition or "").rstrip(";")
            options = " OPTIONS (filename '/x')" if name == "passwd" else ""
            connection.execute(text + options)
    other = read_all(make(PostgresSource, shop.connection("shop2")))
    for name in ("customers", "passwd", "log"):
        columns = [(c.name, c.data_type_display, c.constraint) for c in other.table(name).columns]
        assert columns == [
            (c.name, c.data_type_display, c.constraint) for c in everything.table(name).columns
        ]


def test_custom_properties_on_request(shop: PostgresServer, everything: Read) -> None:
    with shop.connect("shop") as connection:
        connection.execute("VACUUM ANALYZE sales.orders")
    found = read(shop, {"includeCustomProperties": True})
    assert column(found, "customers", "name")["extension"] == {
        "default": "'nobody'::character varying"
    }
    assert column(found, "customers", "id")["extension"] == {"identity": "ALWAYS"}
    assert column(found, "customers", "double_size")["extension"] == {
        "generated": "(size * (2)::numeric)"
    }
    assert found.table("orders").extension == {"rowCount": 0, "sizeInBytes": 0}
    assert everything.table("orders").extension is None


def test_procedures_and_functions_overloaded_ones_by_their_arguments(everything: Read) -> None:
    found = {name: p.to_dict() for name, p in everything.procedures.items()}
    assert set(found) >= {
        f"{SALES}.twice(x integer)", f"{SALES}.twice(x text)", f"{SALES}.body",
        "svc.shop.hr.fire",
    }  # fmt: skip
    assert found[f"{SALES}.twice(x text)"]["storedProcedureCode"] == {
        "language": "SQL", "code": "SELECT x || x",
    }  # fmt: skip
    assert "BEGIN ATOMIC" in found[f"{SALES}.body"]["storedProcedureCode"]["code"]
    assert found["svc.shop.hr.fire"]["storedProcedureType"] == "StoredProcedure"
    assert found["svc.shop.hr.fire"]["description"] == "Rarely used"
    assert f"{SALES}.body" in everything.scope(SALES, "storedProcedure").names


def test_the_filter_of_procedures_sees_their_bare_names(shop: PostgresServer) -> None:
    found = read(shop, {"storedProcedureFilterPattern": {"includes": ["^twice$"]}})
    assert set(found.procedures) == {f"{SALES}.twice(x integer)", f"{SALES}.twice(x text)"}
    none = read(shop, {"includeStoredProcedures": False})
    assert not none.procedures
    assert [s for s in none.scopes if s.entity_type == "storedProcedure"] == []


def test_owners_on_request(shop: PostgresServer, everything: Read) -> None:
    found = read(shop, {"includeOwners": True})
    owners = found.table("orders").owners or []
    assert [owner.to_dict() for owner in owners] == [{"type": "user", "name": "postgres"}]
    assert everything.table("orders").owners is None


@pytest.mark.parametrize(
    ("source_config", "expected"),
    [
        ({"schemaFilterPattern": {"includes": ["^HR$"]}}, {"notes", "passwd"}),
        ({"tableFilterPattern": {"includes": ["o"], "excludes": ["orders"]}}, set()),
        ({"tableFilterPattern": {"includes": ["spend"]}, "includeViews": False}, set()),
        (
            {"includeTables": False},
            {"spend", "spend_now"},
        ),
        (
            {
                "schemaFilterPattern": {"excludes": [r"svc\.shop\.(sales|public)"]},
                "useFqnForFiltering": True,
            },
            {"notes", "passwd", 'a "weird" name'},
        ),
    ],
)
def test_filters(shop: PostgresServer, source_config: dict[str, Any], expected: set[str]) -> None:
    assert {table.name for table in read(shop, source_config).tables.values()} == expected


def test_a_filtered_schema_has_no_scope(shop: PostgresServer) -> None:
    found = read(shop, {"schemaFilterPattern": {"includes": ["hr"]}, "markDeletedSchemas": True})
    assert {s.fqn for s in found.scopes if s.entity_type == "table"} == {"svc.shop.hr"}
    assert len(found.scope("svc.shop", "databaseSchema").names) == 5


def test_a_schema_without_usage_is_a_failed_scope(shop: PostgresServer) -> None:
    found = read(shop, username="reader")
    failed = found.scope('svc.shop."Odd.Schema"')
    assert failed.failed == (
        "reader may not use the schema Odd.Schema of shop: GRANT USAGE ON SCHEMA "
        '"Odd.Schema" TO reader, or exclude it by schemaFilterPattern'
    )
    assert {table.database_schema for table in found.tables.values()} == {SALES, "svc.shop.hr"}


def test_the_check_names_the_missing_grant(shop: PostgresServer) -> None:
    source = make(PostgresSource, shop.connection("shop", username="reader"))
    checks = {check.name: check for check in source.checks()}
    assert checks["connect"].run() == "1 database: shop"
    with pytest.raises(Exception, match="GRANT USAGE ON SCHEMA"):
        checks["list tables"].run()


def test_all_databases_and_one_that_refuses_is_a_failed_listing(shop: PostgresServer) -> None:
    shop.database("closed", "CREATE TABLE t (a int)")
    with shop.connect() as connection:
        connection.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    found = read_all(
        make(
            PostgresSource,
            shop.connection("shop", username="reader", ingestAllDatabases=True),
            {
                "databaseFilterPattern": {"includes": ["^shop$", "^closed$"]},
                "markDeletedDatabases": True,
            },
        )
    )
    assert "svc.closed" in found.scope("svc", "database").names
    assert "permission denied" in (found.scope("svc.closed", "databaseSchema").failed or "")
    assert f"{SALES}.orders" in found.tables


def test_a_table_dropped_between_listing_and_reading_is_a_warning(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.database("drops", "CREATE TABLE a (id int); CREATE TABLE b (id int)")
    source = make(PostgresSource, postgres.connection("drops"))
    with opened(source), caplog.at_level(logging.WARNING):
        splits = [item for item in source.splits() if isinstance(item, Split)]
        with postgres.connect("drops") as connection:
            connection.execute("DROP TABLE a")
        names = [record.name for split in splits for record in source.read(split)]
    assert names == ["b"]
    assert "svc.drops.public.a is gone since it was listed" in caplog.text
