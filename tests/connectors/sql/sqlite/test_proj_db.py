"""A database that nobody here wrote: PROJ's ``proj.db``, compared with its PRAGMAs one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyproj.datadir
import pytest

from beam_ingest.connectors.sql.sqlite.source import SqliteSource
from tests.connectors.sql.reading import Read, make, read_all

PROJ_DB = Path(pyproj.datadir.get_data_dir()) / "proj.db"
SCHEMA = "svc.default.main"


@pytest.fixture(scope="module")
def read() -> Read:
    source = {"includeDDL": True}
    return read_all(make(SqliteSource, {"databaseMode": str(PROJ_DB)}, source))


@pytest.fixture(scope="module")
def pragmas() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{PROJ_DB}?mode=ro", uri=True)
    yield connection
    connection.close()


def relations(pragmas: sqlite3.Connection) -> dict[str, str]:
    rows = pragmas.execute("PRAGMA table_list").fetchall()
    own = {"sqlite_schema", "sqlite_temp_schema"}  # the catalogue itself
    return {name: kind for _, name, kind, *_ in rows if name not in own}


def test_every_table_and_view_is_there_and_nothing_else(
    read: Read, pragmas: sqlite3.Connection
) -> None:
    expected = relations(pragmas)
    kinds = list(expected.values())
    assert (kinds.count("table"), kinds.count("view")) == (38, 7)
    found = {
        table.name: "view" if table.table_type == "View" else "table"
        for table in read.tables.values()
    }
    assert found == expected
    assert sorted(read.scope(SCHEMA).names) == sorted(read.tables)
    assert not read.procedures


def test_every_column_with_its_type_and_nullability(
    read: Read, pragmas: sqlite3.Connection
) -> None:
    count = 0
    for name in relations(pragmas):
        rows = pragmas.execute(f"PRAGMA table_xinfo('{name}')").fetchall()
        columns = read.table(name).columns
        assert [c.name for c in columns] == [row[1] for row in rows], name
        for column, (_, _, declared, notnull, _, pk, _) in zip(columns, rows, strict=True):
            assert (column.data_type_display or "") == declared, (name, column.name)
            assert (column.data_type == "UNKNOWN") == (declared == ""), (name, column.name)
            if column.constraint in ("NULL", "NOT_NULL"):
                assert (column.constraint == "NOT_NULL") == bool(notnull), (name, column.name)
            else:
                assert pk or column.constraint == "UNIQUE", (name, column.name)
        count += len(rows)
    assert count > 300


def test_every_primary_key(read: Read, pragmas: sqlite3.Connection) -> None:
    for name in relations(pragmas):
        rows = pragmas.execute(f"PRAGMA table_xinfo('{name}')").fetchall()
        expected = [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]
        table = read.table(name)
        single = [c.name for c in table.columns if c.constraint == "PRIMARY_KEY"]
        several = [
            c.columns for c in table.table_constraints or () if c.constraint_type == "PRIMARY_KEY"
        ]
        assert ([single] if single else several) == ([expected] if expected else []), name


def test_every_unique_constraint(read: Read, pragmas: sqlite3.Connection) -> None:
    count = 0
    for name in relations(pragmas):
        indexes = pragmas.execute(f"PRAGMA index_list('{name}')").fetchall()
        expected = {
            tuple(row[2] for row in pragmas.execute(f"PRAGMA index_info('{index}')"))
            for _, index, unique, origin, _ in indexes
            if unique and origin == "u"
        }
        table = read.table(name)
        found: set[tuple[str, ...]] = {(c.name,) for c in table.columns if c.constraint == "UNIQUE"}
        for constraint in table.table_constraints or ():
            if constraint.constraint_type == "UNIQUE":
                found.add(tuple(constraint.columns))
        assert found == expected, name
        count += len(found)
    assert count > 0


def test_every_foreign_key(read: Read, pragmas: sqlite3.Connection) -> None:
    count = 0
    for name in relations(pragmas):
        rows = pragmas.execute(f"PRAGMA foreign_key_list('{name}')").fetchall()
        expected: dict[int, list[tuple[str, str]]] = {}
        for number, position, table, column, referred, *_ in sorted(rows, key=lambda r: r[:2]):
            key = expected.setdefault(number, [])
            assert len(key) == position
            key.append((column, f"{SCHEMA}.{table}.{referred}"))
        found = [
            list(zip(c.columns, c.referred_columns or (), strict=True))
            for c in read.table(name).table_constraints or ()
            if c.constraint_type == "FOREIGN_KEY"
        ]
        assert sorted(found) == sorted(expected.values()), name
        count += len(found)
    assert count > 40


def test_every_definition_is_the_text_in_the_file(read: Read, pragmas: sqlite3.Connection) -> None:
    rows = pragmas.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')")
    assert {t.name: t.schema_definition for t in read.tables.values()} == dict(rows.fetchall())
