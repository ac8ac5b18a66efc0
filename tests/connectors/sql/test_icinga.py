"""A real application's schema that nobody here wrote: Icinga's, on PostgreSQL and MariaDB.

Every table, column and key is compared with ``information_schema``, read independently.
"""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.connectors.sql.mysql.source import MariadbSource
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.debian_package import file_of
from tests.servers.mariadb import MariadbServer
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server

COLUMNS = """
SELECT table_name, column_name, is_nullable FROM information_schema.columns
WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position
"""
KEYS = """
SELECT k.table_name, k.constraint_name, t.constraint_type, k.column_name
FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t
  ON t.constraint_schema = k.constraint_schema AND t.constraint_name = k.constraint_name
 AND t.table_name = k.table_name
WHERE k.table_schema = '{schema}' ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""


def check(read: Read, parent: str, columns: list[Any], keys: list[Any]) -> None:
    """The same tables, columns in order with their nullability, and keys."""
    expected: dict[str, list[tuple[str, bool]]] = {}
    for table, column, nullable in columns:
        expected.setdefault(table, []).append((column, nullable == "YES"))
    assert set(read.tables) == {f"{parent}.{table}" for table in expected}
    assert len(expected) > 55
    nullable_found = 0
    for table, names in expected.items():
        found = read.tables[f"{parent}.{table}"].columns
        assert [column.name for column in found] == [name for name, _ in names]
        assert all(column.data_type != "UNKNOWN" for column in found)
        for column, (_, nullable) in zip(found, names, strict=True):
            if column.constraint in ("NULL", "NOT_NULL"):
                assert (column.constraint == "NULL") == nullable, (table, column.name)
                nullable_found += 1
    assert nullable_found > 500
    assert keys_found(read) == keys_expected(keys)


def keys_expected(rows: list[Any]) -> set[tuple[str, str, tuple[str, ...]]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for table, name, kind, column in rows:
        found.setdefault((table, name, kind.replace(" ", "_")), []).append(column)
    return {(table, kind, tuple(columns)) for (table, _, kind), columns in found.items()}


def keys_found(read: Read) -> set[tuple[str, str, tuple[str, ...]]]:
    found: set[tuple[str, str, tuple[str, ...]]] = set()
    for table in read.tables.values():
        for column in table.columns:
            if column.constraint in ("PRIMARY_KEY", "UNIQUE"):
                found.add((table.name, column.constraint, (column.name,)))
        for key in table.table_constraints or ():
            found.add((table.name, key.constraint_type, tuple(key.columns)))
    return found


def test_on_postgresql(postgres: PostgresServer) -> None:
    script = file_of("icinga2-ido-pgsql", "/usr/share/icinga2-ido-pgsql/schema/pgsql.sql")
    postgres.database("icinga", script)
    with postgres.connect("icinga") as connection:
        columns = connection.execute(COLUMNS.format(schema="public")).fetchall()
        keys = connection.execute(KEYS.format(schema="public")).fetchall()
    read = read_all(make(PostgresSource, postgres.connection("icinga")))
    check(read, "svc.icinga.public", columns, keys)


def test_on_mariadb(mariadb: MariadbServer) -> None:
    script = file_of("icinga2-ido-mysql", "/usr/share/icinga2-ido-mysql/schema/mysql.sql")
    mariadb.execute(["DROP DATABASE IF EXISTS icinga", "CREATE DATABASE icinga"])
    mariadb.execute(without_comments(script).split(";"), database="icinga")
    columns = mariadb.rows(COLUMNS.format(schema="icinga"))
    keys = mariadb.rows(KEYS.format(schema="icinga"))
    read = read_all(make(MariadbSource, mariadb.connection(databaseSchema="icinga")))
    check(read, "svc.default.icinga", columns, keys)


def without_comments(script: str) -> str:
    lines = script.splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("--", "#")))
