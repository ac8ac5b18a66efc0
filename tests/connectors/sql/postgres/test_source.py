"""What the source ``postgres`` makes of tables and views."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.api.entities import Database, DatabaseSchema, DatabaseService
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.postgres.shop import SALES, SHOP, column, constraints, read
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.postgres import PASSWORD, PostgresServer

pytestmark = pytest.mark.server


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
