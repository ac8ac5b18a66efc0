"""What the source ``sqlite`` makes of a file, and what it refuses."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.entities import Table
from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.connectors.sql.sqlite.catalogue import SqliteCatalogue
from beam_ingest.connectors.sql.sqlite.source import SqliteSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.reading import Read, catalogue_of, make, opened, read_all

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE, note);
CREATE TABLE "order" (id INTEGER, line INTEGER, customer INTEGER REFERENCES Customer,
    price DECIMAL(10, 2) NOT NULL DEFAULT 0, size UNSIGNED BIG INT, raw BLOB,
    total GENERATED ALWAYS AS (price * 2) VIRTUAL, mystery WIBBLE,
    PRIMARY KEY (line, id), UNIQUE (customer, price));
CREATE TABLE note (id INTEGER, line INTEGER, text TEXT,
    FOREIGN KEY (line, id) REFERENCES "order" ON DELETE CASCADE);
CREATE TABLE boss (id INTEGER PRIMARY KEY REFERENCES customer (id), of INTEGER REFERENCES boss);
CREATE UNIQUE INDEX by_note ON customer (note);
CREATE VIEW spend AS SELECT email, total FROM customer JOIN "order" ON customer = customer.id;
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return database(tmp_path / "shop.db", SHOP)


def database(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def read(path: Path, source_config: dict[str, Any] | None = None, **connection: Any) -> Read:
    return read_all(make(SqliteSource, {"databaseMode": str(path), **connection}, source_config))


def column(found: Read, table: str, name: str) -> dict[str, Any]:
    (match,) = [c for c in found.table(table).columns if c.name == name]
    return match.to_dict()


def constraints(found: Read, table: str) -> list[dict[str, Any]]:
    return [constraint.to_dict() for constraint in found.table(table).table_constraints or ()]


def test_names_are_service_default_main_table(shop: Path) -> None:
    found = read(shop)
    assert [parent.fqn for parent in found.parents] == ["svc", "svc.default", "svc.default.main"]
    assert set(found.tables) == {
        f"svc.default.main.{name}" for name in ("boss", "customer", "note", "order", "spend")
    }


def test_the_key_database_names_the_database(shop: Path) -> None:
    assert "svc.shop.main.note" in read(shop, database="shop").tables


def test_types_keep_their_text_and_their_numbers(shop: Path) -> None:
    found = read(shop)
    assert column(found, "customer", "email") == {
        "name": "email", "dataType": "VARCHAR", "dataLength": 80,
        "dataTypeDisplay": "VARCHAR(80)", "constraint": "UNIQUE",
    }  # fmt: skip
    assert column(found, "order", "price") == {
        "name": "price", "dataType": "DECIMAL", "dataLength": 1, "precision": 10, "scale": 2,
        "dataTypeDisplay": "DECIMAL(10, 2)", "constraint": "NOT_NULL",
    }  # fmt: skip
    assert column(found, "order", "size")["dataType"] == "INT"
    assert column(found, "order", "mystery")["dataType"] == "NUMERIC"
    assert column(found, "customer", "note")["dataType"] == "UNKNOWN"


def test_a_generated_column_is_a_column(shop: Path) -> None:
    assert [c.name for c in read(shop).table("order").columns][-2:] == ["total", "mystery"]


def test_keys_of_several_columns_stand_at_the_table_in_their_order(shop: Path) -> None:
    found = read(shop)
    assert constraints(found, "order")[:2] == [
        {"constraintType": "UNIQUE", "columns": ["customer", "price"]},
        {"constraintType": "PRIMARY_KEY", "columns": ["line", "id"]},
    ]
    assert "constraint" not in column(found, "order", "id")


def test_a_foreign_key_without_columns_refers_to_the_primary_key(shop: Path) -> None:
    assert constraints(read(shop), "note") == [
        {
            "constraintType": "FOREIGN_KEY",
            "columns": ["line", "id"],
            "referredColumns": ["svc.default.main.order.line", "svc.default.main.order.id"],
            "relationshipType": "MANY_TO_ONE",
        }
    ]


def test_a_foreign_key_may_refer_to_its_own_table_and_say_one_to_one(shop: Path) -> None:
    by_column = {c["columns"][0]: c for c in constraints(read(shop), "boss")}
    assert by_column["of"]["referredColumns"] == ["svc.default.main.boss.id"]
    assert by_column["of"]["relationshipType"] == "MANY_TO_ONE"
    assert by_column["id"]["relationshipType"] == "ONE_TO_ONE"


def test_the_parent_of_a_foreign_key_is_found_in_any_case(shop: Path) -> None:
    (key,) = [c for c in constraints(read(shop), "order") if c["constraintType"] == "FOREIGN_KEY"]
    assert key["referredColumns"] == ["svc.default.main.customer.id"]


def test_a_unique_index_is_no_constraint(shop: Path) -> None:
    assert column(read(shop), "customer", "note")["constraint"] == "NULL"


def test_a_view_has_its_definition_and_a_table_has_one_on_request(shop: Path) -> None:
    found = read(shop)
    assert found.table("spend").table_type == "View"
    assert (found.table("spend").schema_definition or "").startswith("CREATE VIEW spend AS")
    assert found.table("boss").schema_definition is None
    with_ddl = read(shop, {"includeDDL": True}).table("boss").schema_definition or ""
    assert with_ddl.startswith("CREATE TABLE boss (id INTEGER PRIMARY KEY")


@pytest.mark.parametrize(
    ("source_config", "expected"),
    [
        ({"tableFilterPattern": {"includes": ["^C.*", "note$"]}}, {"customer", "note"}),
        ({"tableFilterPattern": {"excludes": ["o"]}}, {"boss", "customer", "note", "spend"}),
        ({"includeViews": False}, {"boss", "customer", "note", "order"}),
        ({"includeTables": False}, {"spend"}),
        ({"schemaFilterPattern": {"excludes": ["main"]}}, set()),
        ({"databaseFilterPattern": {"includes": ["other"]}}, set()),
        (
            {
                "tableFilterPattern": {"includes": [r"svc\.default\.main\.boss$"]},
                "useFqnForFiltering": True,
            },
            {"boss"},
        ),
    ],
)
def test_filters(shop: Path, source_config: dict[str, Any], expected: set[str]) -> None:
    assert {table.name for table in read(shop, source_config).tables.values()} == expected


def test_a_filter_of_the_connection_applies_too(shop: Path) -> None:
    found = read(
        shop,
        {"tableFilterPattern": {"excludes": ["boss"]}},
        tableFilterPattern={"includes": ["boss", "note"]},
    )
    assert [table.name for table in found.tables.values()] == ["note"]


def test_what_a_filter_excludes_is_in_the_scope(shop: Path) -> None:
    found = read(shop, {"tableFilterPattern": {"includes": ["note"]}, "includeViews": False})
    assert len(found.scope("svc.default.main").names) == 5


def test_a_foreign_key_to_an_excluded_table_is_left_out(shop: Path) -> None:
    found = read(shop, {"tableFilterPattern": {"excludes": ["customer"]}})
    assert [c["columns"] for c in constraints(found, "boss")] == [["of"]]


def test_mark_deleted_tables_off_gives_no_scope(shop: Path) -> None:
    assert read(shop, {"markDeletedTables": False}).scopes == []


def test_many_tables_are_many_splits_and_each_is_one_statement(tmp_path: Path) -> None:
    names = [f"t{n:04d}" for n in range(1300)]
    path = database(tmp_path / "many.db", ";".join(f"CREATE TABLE {n} (a INT)" for n in names))
    source = make(SqliteSource, {"databaseMode": str(path)})
    statements: list[str] = []
    with opened(source):
        listed = splits(source)
        assert [s.key for s in listed] == [f"default/main/{n:04d}" for n in range(3)]
        catalogue_of(SqliteCatalogue, source)._connected().set_trace_callback(statements.append)
        tables = [table.name for split in listed for table in entities(source.read(split))]
        own = [s for s in statements if not s.startswith(("--", "PRAGMA"))]
    assert tables == names
    assert len(own) == 3


def test_a_table_dropped_after_the_listing_is_a_warning(
    shop: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = make(SqliteSource, {"databaseMode": str(shop)})
    with opened(source), caplog.at_level(logging.WARNING):
        listed = splits(source)
        database(shop, "DROP TABLE note")
        records = list(source.read(listed[0]))
    tables = [record.name for record in records if isinstance(record, Table)]
    assert tables == ["boss", "customer", "order", "spend"]
    assert "svc.default.main.note is gone since it was listed" in caplog.text


def test_a_broken_view_costs_its_columns_only(shop: Path, caplog: pytest.LogCaptureFixture) -> None:
    database(shop, "DROP TABLE customer")
    with caplog.at_level(logging.WARNING):
        found = read(shop)
    assert {t.name for t in found.tables.values()} == {"boss", "note", "order", "spend"}
    assert found.table("spend").columns == []
    assert len(found.table("order").columns) == 8
    assert "spend has no columns that SQLite can tell: " in caplog.text


def test_a_dangling_foreign_key_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = database(tmp_path / "d.db", "CREATE TABLE a (b INTEGER REFERENCES nowhere (c))")
    with caplog.at_level(logging.WARNING):
        assert read(path).table("a").table_constraints is None
    assert "svc.default.main.a: a foreign key refers to nowhere" in caplog.text


def test_odd_names_survive(tmp_path: Path) -> None:
    path = database(
        tmp_path / "o d?d%20#.db",
        'CREATE TABLE "a.b ""c"" \U0001f600" ("x.y" INT, "" TEXT, "sp ace" "odd type(3)")',
    )
    found = read(path)
    (fqn,) = found.tables
    assert fqn == 'svc.default.main."a.b ""c"" \U0001f600"'
    assert [c.name for c in found.tables[fqn].columns] == ["x.y", " ", "sp ace"]


def test_a_missing_file_is_fatal_and_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "missing.db"
    with pytest.raises(FatalError, match=r"missing\.db: no such file"):
        read(path)
    assert not path.exists()


def test_memory_is_refused_with_the_reason() -> None:
    with pytest.raises(FatalError, match="empty database of this process"):
        read_all(make(SqliteSource, {"type": "SQLite"}))


def test_a_file_that_is_no_database_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is a text, and long enough to be one\n" * 50)
    with pytest.raises(FatalError, match="not a database"):
        read(path)


def test_the_file_cannot_be_written_to(shop: Path) -> None:
    source = make(SqliteSource, {"databaseMode": str(shop), "connectionOptions": {"mode": "rwc"}})
    with opened(source):
        list(source.splits())
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            catalogue_of(SqliteCatalogue, source)._connected().execute("DROP TABLE note")


def test_a_locked_file_is_tried_again(shop: Path) -> None:
    writer = sqlite3.connect(shop)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TransientError, match="another program writes to it"):
        read(shop, connectionArguments={"timeout": 0.01})
    writer.close()


def test_an_unknown_connection_argument_is_named(shop: Path) -> None:
    with pytest.raises(FatalError, match=r"connectionArguments: .*'tiemout'"):
        read(shop, connectionArguments={"tiemout": 1})


def test_the_checks_say_what_they_found(shop: Path) -> None:
    source = make(SqliteSource, {"databaseMode": str(shop)})
    found = {check.name: check.run() for check in source.checks()}
    assert found["list tables"] == "4 tables, 1 views"


def test_the_check_connect_opens_the_file(shop: Path) -> None:
    check = next(iter(make(SqliteSource, {"databaseMode": f"{shop}.gone"}).checks()))
    assert check.name == "connect"
    with pytest.raises(FatalError, match="no such file"):
        check.run()


def test_the_service_is_stored_without_a_login(shop: Path) -> None:
    found = read(shop, password="hunter2", username="me")
    assert "hunter2" not in str([parent.to_dict() for parent in found.parents])
