"""What the source ``duckdb`` makes of a file, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.connectors.sql.duckdb.catalogue import DuckdbCatalogue
from beam_ingest.connectors.sql.duckdb.source import DuckdbSource
from tests.connectors.sql.reading import Read, catalogue_of, make, opened, read_all

SHOP = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE SCHEMA sales; CREATE SCHEMA "Odd.Schema";
CREATE TABLE sales.customers (id BIGINT PRIMARY KEY, email VARCHAR(80) UNIQUE NOT NULL,
    size DECIMAL(12, 2) DEFAULT 1.5, mood mood, home STRUCT(street VARCHAR, zip INTEGER[]),
    tags VARCHAR[], pairs MAP(VARCHAR, INTEGER), small UTINYINT, huge HUGEINT,
    seen TIMESTAMP WITH TIME ZONE, kind ENUM('a', 'b'), fixed INTEGER[3],
    either UNION(num INTEGER, str VARCHAR), flag BIT, twice AS (size * 2), CHECK (size > 0));
COMMENT ON TABLE sales.customers IS 'Who buys';
COMMENT ON COLUMN sales.customers.email IS 'Where to write';
CREATE TABLE sales.orders (id BIGINT, line INTEGER, customer BIGINT REFERENCES sales.customers (id),
    PRIMARY KEY (id, line), UNIQUE (customer, line));
CREATE TABLE notes (a INTEGER);
CREATE TABLE "Odd.Schema"."a ""b"" c" ("x.y" INTEGER);
CREATE VIEW sales.spend AS SELECT c.email, sum(size) AS total
    FROM sales.Customers c JOIN sales.orders o ON o.customer = c.id GROUP BY ALL;
CREATE VIEW stars AS SELECT * FROM sales.spend;
CREATE MACRO sales.twice(x) AS x * 2;
CREATE MACRO sales.top(n) AS TABLE SELECT * FROM sales.orders LIMIT n;
INSERT INTO notes VALUES (1), (2);
"""
SALES = "svc.shop.sales"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SHOP)
    return path


def read(path: Path, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    return read_all(make(DuckdbSource, {"path": str(path), **keys}, source_config))


@pytest.fixture(scope="module")
def everything(path: Path) -> Read:
    return read(path)


def column(found: Read, table: str, name: str) -> dict[str, Any]:
    (match,) = [c for c in found.table(table).columns if c.name == name]
    return match.to_dict()


def test_names_and_kinds(everything: Read) -> None:
    assert {name: t.table_type for name, t in everything.tables.items()} == {
        f"{SALES}.customers": "Regular", f"{SALES}.orders": "Regular", f"{SALES}.spend": "View",
        "svc.shop.main.notes": "Regular", "svc.shop.main.stars": "View",
        'svc.shop."Odd.Schema"."a ""b"" c"': "Regular",
    }  # fmt: skip
    assert sorted(everything.scope(SALES).names) == [
        f"{SALES}.customers", f"{SALES}.orders", f"{SALES}.spend",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", {"dataType": "BIGINT", "dataTypeDisplay": "BIGINT", "constraint": "PRIMARY_KEY"}),
        (
            "email",
            {"dataType": "VARCHAR", "dataTypeDisplay": "VARCHAR", "constraint": "UNIQUE",
             "description": "Where to write"},
        ),
        (
            "size",
            {"dataType": "DECIMAL", "dataTypeDisplay": "DECIMAL(12,2)", "precision": 12,
             "scale": 2},
        ),
        ("mood", {"dataType": "ENUM", "dataTypeDisplay": "ENUM('happy', 'sad')"}),
        (
            "home",
            {"dataType": "STRUCT", "dataTypeDisplay": "STRUCT(street VARCHAR, zip INTEGER[])",
             "children": [
                 {"name": "street", "dataType": "VARCHAR", "dataLength": 1,
                  "dataTypeDisplay": "VARCHAR"},
                 {"name": "zip", "dataType": "ARRAY", "arrayDataType": "INT", "dataLength": 1,
                  "dataTypeDisplay": "INTEGER[]"},
             ]},
        ),
        ("tags", {"dataType": "ARRAY", "arrayDataType": "VARCHAR", "dataTypeDisplay": "VARCHAR[]"}),
        ("fixed", {"dataType": "ARRAY", "arrayDataType": "INT", "dataTypeDisplay": "INTEGER[3]"}),
        ("pairs", {"dataType": "MAP", "dataTypeDisplay": "MAP(VARCHAR, INTEGER)"}),
        ("either", {"dataType": "UNION", "dataTypeDisplay": "UNION(num INTEGER, str VARCHAR)"}),
        ("small", {"dataType": "UINT", "dataTypeDisplay": "UTINYINT"}),
        ("huge", {"dataType": "LARGEINT", "dataTypeDisplay": "HUGEINT"}),
        ("seen", {"dataType": "TIMESTAMP", "dataTypeDisplay": "TIMESTAMP WITH TIME ZONE"}),
        ("flag", {"dataType": "BIT", "dataTypeDisplay": "BIT"}),
    ],
)  # fmt: skip
def test_types(everything: Read, name: str, expected: dict[str, Any]) -> None:
    default = {"name": name, "dataLength": 1, "constraint": "NULL"}
    assert column(everything, "customers", name) == {**default, **expected}


def test_every_type_of_the_server_is_mapped_or_unknown_with_its_display(tmp_path: Path) -> None:
    path = tmp_path / "types.duckdb"
    with duckdb.connect(str(path)) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT logical_type FROM duckdb_types() WHERE database_name = 'system'"
            ).fetchall()
        ]
        usable = []
        for number, name in enumerate(sorted(names)):
            try:
                connection.execute(f"CREATE TABLE t{number:03d} (c {name})")
                usable.append(name)
            except duckdb.Error:
                continue  # needs arguments (a list, a struct), or is none for columns
    found = read(path)
    assert len(found.tables) == len(usable) > 25
    unknown = {
        table.columns[0].data_type_display
        for table in found.tables.values()
        if table.columns[0].data_type == "UNKNOWN"
    }
    assert unknown <= {"BIGNUM", "VARINT", "TYPE", '"NULL"'}


def test_keys(everything: Read) -> None:
    found = [c.to_dict() for c in everything.table("orders").table_constraints or ()]
    assert found == [
        {"constraintType": "UNIQUE", "columns": ["customer", "line"]},
        {"constraintType": "PRIMARY_KEY", "columns": ["id", "line"]},
        {
            "constraintType": "FOREIGN_KEY", "columns": ["customer"],
            "referredColumns": [f"{SALES}.customers.id"], "relationshipType": "MANY_TO_ONE",
        },
    ]  # fmt: skip


def test_comments_definitions_and_properties(path: Path, everything: Read) -> None:
    assert everything.table("customers").description == "Who buys"
    assert (everything.table("spend").schema_definition or "").startswith("CREATE VIEW")
    assert everything.table("notes").schema_definition is None
    found = read(path, {"includeDDL": True, "includeCustomProperties": True})
    assert found.table("notes").schema_definition == "CREATE TABLE notes(a INTEGER);"
    assert found.table("notes").extension == {"rowCount": 2}
    assert column(found, "customers", "size")["extension"] == {"default": "1.5"}
    assert "size * 2" in column(found, "customers", "twice")["extension"]["generated"]


def test_macros_are_functions(everything: Read) -> None:
    assert {name: p.stored_procedure_code.code for name, p in everything.procedures.items()} == {
        f"{SALES}.top": "SELECT * FROM sales.orders LIMIT n", f"{SALES}.twice": "(x * 2)",
    }  # fmt: skip


def test_lineage(everything: Read) -> None:
    assert set(everything.edges) == {
        f"{SALES}.customers -> {SALES}.spend", f"{SALES}.orders -> {SALES}.spend",
        f"{SALES}.spend -> svc.shop.main.stars",
    }  # fmt: skip
    edge = everything.edges[f"{SALES}.customers -> {SALES}.spend"].to_dict()
    assert [c["toColumn"] for c in edge["columnsLineage"]] == [
        f"{SALES}.spend.email", f"{SALES}.spend.total",
    ]  # fmt: skip


def test_the_key_database_names_the_database(path: Path) -> None:
    assert "svc.prod.main.notes" in read(path, database="prod").tables


def test_filters(path: Path) -> None:
    found = read(path, {"schemaFilterPattern": {"includes": ["main"]}, "includeViews": False})
    assert set(found.tables) == {"svc.shop.main.notes"}


def test_a_missing_file_is_fatal_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="no such file"):
        read(tmp_path / "missing.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "text.duckdb"
    path.write_text("this is a text, and long enough to be one\n" * 500)
    with pytest.raises(FatalError, match="not a valid DuckDB database"):
        read(path)


def test_an_unknown_setting_is_named(path: Path) -> None:
    with pytest.raises(FatalError, match="no_such_setting"):
        read(path, connectionArguments={"no_such_setting": "1"})


def test_the_file_cannot_be_written_to(path: Path) -> None:
    source = make(DuckdbSource, {"path": str(path)})
    with opened(source):
        list(source.splits())
        connection = catalogue_of(DuckdbCatalogue, source)._connection
        assert connection is not None
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DROP TABLE notes")


def test_a_file_that_another_program_writes_to_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "busy.duckdb"
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('up', flush=True); input()"
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"up\n"
        with pytest.raises(TransientError, match="another program writes to it"):
            read(path)
        writer.communicate(b"\n")
