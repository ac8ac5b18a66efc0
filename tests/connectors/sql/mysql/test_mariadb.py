"""What the source ``mariadb`` makes of a catalogue, and of a server that refuses."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.sql.mysql.source import MariadbSource, MysqlSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.reading import Read, make, opened, read_all
from tests.servers.mariadb import PASSWORD, MariadbServer

pytestmark = pytest.mark.server

SHOP = r"""
CREATE DATABASE sales;
CREATE DATABASE hr;
CREATE DATABASE `Odd.Schema`;
CREATE TABLE sales.customers (id bigint AUTO_INCREMENT PRIMARY KEY,
    email varchar(80) NOT NULL UNIQUE COMMENT 'Where to write', size decimal(12,2) DEFAULT 1.5,
    mood enum('happy','it''s') NOT NULL DEFAULT 'happy', flags set('a','b'), raw varbinary(16),
    seen datetime(3) DEFAULT current_timestamp(3), count int unsigned,
    twice decimal(13,2) GENERATED ALWAYS AS (size * 2) STORED, place point,
    ip inet6, code char(3), CHECK (size > 0)) COMMENT 'Who buys';
CREATE TABLE sales.orders (id bigint, line int, customer bigint,
    PRIMARY KEY (id, line), UNIQUE KEY by_customer (customer, line),
    CONSTRAINT of FOREIGN KEY (customer) REFERENCES sales.customers (id) ON DELETE CASCADE);
CREATE TABLE hr.notes (order_id bigint, order_line int, boss int, id int PRIMARY KEY,
    FOREIGN KEY (order_id, order_line) REFERENCES sales.orders (id, line),
    FOREIGN KEY (boss) REFERENCES hr.notes (id));
CREATE TABLE `Odd.Schema`.`a "weird"``name` (`x.y` int PRIMARY KEY);
CREATE VIEW sales.spend AS SELECT c.email, count(*) AS n FROM sales.customers c
    JOIN sales.orders o ON o.customer = c.id GROUP BY c.email;
CREATE SEQUENCE sales.numbers;
CREATE TABLE hr.log (at date, kind int) PARTITION BY HASH (kind) PARTITIONS 4;
CREATE FUNCTION sales.twice(x int) RETURNS int DETERMINISTIC RETURN x * 2;
CREATE PROCEDURE sales.twice() COMMENT 'Rarely used' SELECT 1;
CREATE PROCEDURE hr.fire(who int) SELECT who;
CREATE USER reader@'127.0.0.1' IDENTIFIED BY 's3cret-of-the-tests';
GRANT SELECT ON sales.* TO reader@'127.0.0.1';
GRANT SELECT ON hr.notes TO reader@'127.0.0.1'
"""
SALES = "svc.default.sales"


@pytest.fixture(scope="module")
def shop(mariadb: MariadbServer) -> MariadbServer:
    mariadb.execute(SHOP.split(";\n"))
    return mariadb


def read(server: MariadbServer, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    chosen = {"schemaFilterPattern": {"includes": ["^sales$", "^hr$", "^odd"]}, **keys}
    return read_all(make(MariadbSource, server.connection(**chosen), source_config))


@pytest.fixture(scope="module")
def everything(shop: MariadbServer) -> Read:
    return read(shop)


def column(found: Read, table: str, name: str) -> dict[str, Any]:
    (match,) = [c for c in found.table(table).columns if c.name == name]
    return match.to_dict()


def constraints(found: Read, table: str) -> list[dict[str, Any]]:
    return [constraint.to_dict() for constraint in found.table(table).table_constraints or ()]


def test_names_are_service_default_schema_table(everything: Read) -> None:
    assert {name: t.table_type for name, t in everything.tables.items()} == {
        f"{SALES}.customers": "Regular", f"{SALES}.orders": "Regular", f"{SALES}.spend": "View",
        "svc.default.hr.notes": "Regular", "svc.default.hr.log": "Regular",
        'svc.default."Odd.Schema"."a ""weird""`name"': "Regular",
    }  # fmt: skip
    assert [parent.fqn for parent in everything.parents][:2] == ["svc", "svc.default"]
    assert PASSWORD not in str([parent.to_dict() for parent in everything.parents])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "id",
            {"dataType": "BIGINT", "dataTypeDisplay": "bigint(20)",
             "constraint": "PRIMARY_KEY"},
        ),
        (
            "email",
            {"dataType": "VARCHAR", "dataTypeDisplay": "varchar(80)", "dataLength": 80,
             "constraint": "UNIQUE", "description": "Where to write"},
        ),
        (
            "size",
            {"dataType": "DECIMAL", "dataTypeDisplay": "decimal(12,2)", "precision": 12,
             "scale": 2},
        ),
        (
            "mood",
            {"dataType": "ENUM", "dataTypeDisplay": "enum('happy','it''s')",
             "constraint": "NOT_NULL"},
        ),
        ("flags", {"dataType": "SET", "dataTypeDisplay": "set('a','b')"}),
        ("raw", {"dataType": "VARBINARY", "dataTypeDisplay": "varbinary(16)", "dataLength": 16}),
        ("seen", {"dataType": "DATETIME", "dataTypeDisplay": "datetime(3)"}),
        ("count", {"dataType": "INT", "dataTypeDisplay": "int(10) unsigned"}),
        ("place", {"dataType": "GEOMETRY", "dataTypeDisplay": "point"}),
        ("ip", {"dataType": "IPV6", "dataTypeDisplay": "inet6"}),
        ("code", {"dataType": "CHAR", "dataTypeDisplay": "char(3)", "dataLength": 3}),
    ],
)  # fmt: skip
def test_types(everything: Read, name: str, expected: dict[str, Any]) -> None:
    default = {"name": name, "dataLength": 1, "constraint": "NULL"}
    assert column(everything, "customers", name) == {**default, **expected}


def test_keys_of_several_columns_and_across_schemas(everything: Read) -> None:
    assert constraints(everything, "orders") == [
        {"constraintType": "UNIQUE", "columns": ["customer", "line"]},
        {"constraintType": "PRIMARY_KEY", "columns": ["id", "line"]},
        {
            "constraintType": "FOREIGN_KEY", "columns": ["customer"],
            "referredColumns": [f"{SALES}.customers.id"], "relationshipType": "MANY_TO_ONE",
        },
    ]  # fmt: skip
    referred = [c["referredColumns"] for c in constraints(everything, "notes")]
    assert referred == [
        [f"{SALES}.orders.id", f"{SALES}.orders.line"],
        ["svc.default.hr.notes.id"],
    ]


def test_comments_and_view_definitions(everything: Read) -> None:
    assert everything.table("customers").description == "Who buys"
    view = everything.table("spend")
    assert view.description is None
    assert (view.schema_definition or "").startswith("create view `sales`.`spend` as select ")


def test_lineage_of_views_by_column(everything: Read) -> None:
    assert set(everything.edges) == {
        f"{SALES}.customers -> {SALES}.spend", f"{SALES}.orders -> {SALES}.spend",
    }  # fmt: skip
    edge = everything.edges[f"{SALES}.customers -> {SALES}.spend"].to_dict()
    assert edge["columnsLineage"] == [
        {"fromColumns": [f"{SALES}.customers.email"], "toColumn": f"{SALES}.spend.email"}
    ]


def test_ddl_on_request_makes_the_table_again(shop: MariadbServer, everything: Read) -> None:
    found = read(shop, {"includeDDL": True})
    shop.execute(["CREATE DATABASE again"])
    for name in ("customers", "orders"):
        text = found.table(name).schema_definition or ""
        shop.execute([text.replace("CREATE TABLE `sales`", "CREATE TABLE `again`")])
    again = read(shop, schemaFilterPattern={"includes": ["^again$"]})
    for name in ("customers", "orders"):
        assert again.table(name).columns == everything.table(name).columns
    (_, create), = shop.rows("SHOW CREATE TABLE again.orders")  # fmt: skip
    assert "ON DELETE CASCADE" in create
    (_, create), = shop.rows("SHOW CREATE TABLE again.customers")  # fmt: skip
    assert "CHECK (`size` > 0)" in create
    assert "GENERATED ALWAYS AS (`size` * 2) STORED" in create
    shop.execute(["DROP DATABASE again"])


def test_custom_properties_on_request(shop: MariadbServer, everything: Read) -> None:
    found = read(shop, {"includeCustomProperties": True})
    assert column(found, "customers", "id")["extension"] == {"identity": "auto_increment"}
    assert column(found, "customers", "mood")["extension"] == {"default": "'happy'"}
    assert column(found, "customers", "twice")["extension"] == {"generated": "`size` * 2"}
    assert (found.table("orders").extension or {})["rowCount"] == 0
    assert everything.table("orders").extension is None


def test_procedures_and_functions_of_one_name(everything: Read) -> None:
    found = {name: p.to_dict() for name, p in everything.procedures.items()}
    assert {name: p["storedProcedureType"] for name, p in found.items()} == {
        f"{SALES}.twice": "StoredProcedure", f"{SALES}.twice()": "Function",
        "svc.default.hr.fire": "StoredProcedure",
    }  # fmt: skip
    assert found[f"{SALES}.twice"]["description"] == "Rarely used"
    assert found[f"{SALES}.twice()"]["storedProcedureCode"] == {
        "language": "SQL", "code": "RETURN x * 2",
    }  # fmt: skip


def test_database_name_and_schema(shop: MariadbServer) -> None:
    found = read(shop, {"markDeletedSchemas": True}, databaseName="prod", databaseSchema="hr")
    assert set(found.tables) == {"svc.prod.hr.notes", "svc.prod.hr.log"}
    assert {scope.entity_type for scope in found.scopes} == {"table", "storedProcedure"}


def test_a_schema_with_grants_on_single_tables_is_a_failed_scope(shop: MariadbServer) -> None:
    found = read(shop, username="reader")
    assert found.scope("svc.default.hr").failed == (
        "reader may not see all tables of the schema hr: GRANT SELECT, SHOW VIEW ON `hr`.* TO "
        "reader, or exclude it by schemaFilterPattern"
    )
    assert set(found.tables) == {f"{SALES}.customers", f"{SALES}.orders", f"{SALES}.spend"}
    assert found.table("spend").schema_definition is None


def test_the_check_names_the_missing_grant(shop: MariadbServer) -> None:
    keys = {"username": "reader", "databaseSchema": "sales"}
    source = make(MariadbSource, shop.connection(**keys))
    checks = {check.name: check for check in source.checks()}
    assert checks["list tables"].run() == "2 tables, 1 views"
    with pytest.raises(FatalError, match="GRANT SHOW VIEW"):
        checks["read view definitions"].run()


def test_a_schema_that_is_not_there_is_a_failed_scope(shop: MariadbServer) -> None:
    found = read(shop, username="reader", databaseSchema="nowhere", schemaFilterPattern=None)
    assert "may not see all tables" in (found.scope("svc.default.nowhere").failed or "")


def test_the_source_mysql_reads_the_same(shop: MariadbServer, everything: Read) -> None:
    connection = shop.connection(
        type="Mysql", authType={"password": PASSWORD},
        schemaFilterPattern={"includes": ["^sales$", "^hr$", "^odd"]},
    )  # fmt: skip
    del connection["password"]
    found = read_all(make(MysqlSource, connection))
    assert found.tables == everything.tables
    assert found.parents[0].to_dict()["serviceType"] == "Mysql"


def test_a_table_dropped_between_listing_and_reading_is_a_warning(
    mariadb: MariadbServer, caplog: pytest.LogCaptureFixture
) -> None:
    mariadb.execute(["CREATE DATABASE drops", "CREATE TABLE drops.a (i int)",
                     "CREATE TABLE drops.b (i int)"])  # fmt: skip
    source = make(MariadbSource, mariadb.connection(databaseSchema="drops"))
    with opened(source), caplog.at_level(logging.WARNING):
        listed = splits(source)
        mariadb.execute(["DROP TABLE drops.a"])
        names = [each.name for split in listed for each in entities(source.read(split))]
    assert names == ["b"]
    assert "svc.default.drops.a is gone since it was listed" in caplog.text


def test_a_broken_view_is_a_warning(
    mariadb: MariadbServer, caplog: pytest.LogCaptureFixture
) -> None:
    mariadb.execute(["CREATE DATABASE broken", "CREATE TABLE broken.a (i int)",
                     "CREATE VIEW broken.v AS SELECT i FROM broken.a",
                     "DROP TABLE broken.a", "CREATE TABLE broken.b (i int)"])  # fmt: skip
    with caplog.at_level(logging.WARNING):
        found = read(mariadb, databaseSchema="broken", schemaFilterPattern=None)
    assert found.table("v").columns == []
    assert [c.name for c in found.table("b").columns] == ["i"]
    assert "svc.default.broken.v shows no columns" in caplog.text


def test_a_user_without_process_reads_the_same_foreign_keys(
    shop: MariadbServer, everything: Read
) -> None:
    found = read(shop, username="reader")
    assert constraints(found, "orders") == constraints(everything, "orders")


def test_ddl_keeps_the_length_of_an_indexed_prefix(mariadb: MariadbServer) -> None:
    mariadb.execute(["CREATE DATABASE prefixes",
                     "CREATE TABLE prefixes.a (t varchar(500), UNIQUE KEY u (t(10)))"])  # fmt: skip
    found = read(mariadb, {"includeDDL": True}, databaseSchema="prefixes",
                 schemaFilterPattern=None)  # fmt: skip
    assert "UNIQUE KEY `u` (`t`(10))" in (found.table("a").schema_definition or "")
    assert column(found, "a", "t")["constraint"] == "UNIQUE"
    mariadb.execute(["DROP DATABASE prefixes"])
