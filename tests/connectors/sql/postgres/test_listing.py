"""What the source ``postgres`` lists: procedures, filters, scopes, databases."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.connectors.sql.postgres import queries
from beam_ingest.connectors.sql.postgres.catalogue import PostgresCatalogue, _bases
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.postgres.shop import SALES, read
from tests.connectors.sql.reading import Read, catalogue_of, make, opened, read_all
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server


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


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_a_split_of_procedures_looks_at_no_others(postgres: PostgresServer) -> None:
    script = "".join(
        f"CREATE FUNCTION f{number}(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        for number in range(30)
    )
    odd = "CREATE FUNCTION \"odd(name)\"(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    postgres.database("routines", script + odd + odd.replace("a int, b text", "a int"))
    source = make(PostgresSource, postgres.connection("routines"))
    wanted = {"public": ["f7", "odd(name)(a integer)"]}
    with opened(source):
        found = list(source.catalogue.procedures("routines", wanted))
        assert [each.name for each in found] == wanted["public"]
        with catalogue_of(PostgresCatalogue, source).borrowed("routines") as connection:
            ((explained,),) = connection.execute(
                "EXPLAIN (ANALYZE, FORMAT JSON) " + queries.READ_ROUTINES,
                [["public"], _bases(["f7"]), ["public"], ["f7"]],
            ).fetchall()
    seen = [
        node["Actual Rows"] for node in nodes(explained[0]["Plan"])
        if node.get("Relation Name") == "pg_proc"
    ]  # fmt: skip
    assert seen
    assert max(seen) == 1


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
        listed = splits(source)
        with postgres.connect("drops") as connection:
            connection.execute("DROP TABLE a")
        names = [each.name for split in listed for each in entities(source.read(split))]
    assert names == ["b"]
    assert "svc.drops.public.a is gone since it was listed" in caplog.text
