"""Every type MariaDB has, odd names, wide tables, partitions, cycles: compared one by one with
``information_schema``, read independently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymysql
import pytest
from sqlalchemy.dialects.mysql.base import ischema_names

from beam_ingest.api import fqn
from beam_ingest.connectors.sql.mysql.source import MariadbSource
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.mariadb import MariadbServer

pytestmark = pytest.mark.server

NAMES = (
    "UPPER", "upper", "with space", "dot.dot", 'quo"te', "back`tick", "select", "semi;colon",
    "per%cent", "under_score", "x" * 64, "ünï" * 12, "'single'", "-- comment", "$dollar",
    "(paren)", "a/b", "back\\slash", "0digit",
)  # fmt: skip
ARGUMENTS = {"enum": "('a','b''c','(')", "set": "('a','b')", "varchar": "(20)",
             "varbinary": "(20)", "nvarchar": "(20)"}  # fmt: skip
OWN = ("inet4", "inet6", "uuid", "int unsigned", "bigint(5) zerofill", "decimal(20,5) unsigned",
       "bit(7)", "char(3) character set latin1", "float(7,3)", "double precision", "serial",
       "datetime(6)", "time(2)", "national varchar(10)", "long varchar", "bool",
       "geometrycollection", "multipoint", "multilinestring", "multipolygon")  # fmt: skip
OTHERS = (
    "CREATE TABLE many.one (a int PRIMARY KEY)",
    "CREATE TABLE many.two (a int PRIMARY KEY, b int UNIQUE, FOREIGN KEY (a) REFERENCES one (a))",
    "ALTER TABLE many.one ADD COLUMN c int, ADD FOREIGN KEY (c) REFERENCES two (b)",
    "CREATE TABLE many.part (d date, n int, PRIMARY KEY (d, n)) PARTITION BY HASH (n)"
    " PARTITIONS 1000",
    "CREATE TABLE many.history (a int) WITH SYSTEM VERSIONING",
    "CREATE TABLE many.keys_ (a int, b int, c int, UNIQUE a_b (a, b), UNIQUE (c), KEY (b))",
)


CHILDREN = "odd-schéma"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture(scope="module")
def read(mariadb: MariadbServer) -> Read:
    mariadb.execute(
        f"CREATE DATABASE {schema}" for schema in ("types", "names_", "many", f"`{CHILDREN}`")
    )
    made = 0
    for kind in (*sorted(ischema_names), *OWN):
        try:
            mariadb.execute([f"CREATE TABLE types.t{made:03d} (c {kind}{ARGUMENTS.get(kind, '')})"])
            made += 1
        except pymysql.MySQLError:
            continue  # no type of this server
    assert made > 45
    for number, name in enumerate(NAMES):
        mariadb.execute([
            f"CREATE TABLE names_.{quoted(name)} ({quoted(name)} int PRIMARY KEY)",
            f"CREATE VIEW names_.v{number} AS SELECT * FROM names_.{quoted(name)}",
            f"CREATE TABLE `{CHILDREN}`.{quoted(name)} (a int, CONSTRAINT fk{number} "
            f"FOREIGN KEY (a) REFERENCES names_.{quoted(name)} ({quoted(name)}))",
        ])  # fmt: skip
    mariadb.execute(
        ["CREATE TABLE many.wide (" + ", ".join(f"c{n} int" for n in range(1000)) + ")"]
    )
    mariadb.execute(OTHERS, database="many")
    chosen = {"includes": ["^types$", "^names_$", "^many$", f"^{CHILDREN}$"]}
    return read_all(make(MariadbSource, mariadb.connection(schemaFilterPattern=chosen)))


def rows(server: MariadbServer, statement: str) -> list[Any]:
    return server.rows(
        statement + " WHERE table_schema IN ('types', 'names_', 'many', '" + CHILDREN + "')"
    )


def test_every_relation_is_there(mariadb: MariadbServer, read: Read) -> None:
    expected = rows(
        mariadb, "SELECT table_schema, table_name, table_type FROM information_schema.tables"
    )
    found = {
        (t.database_schema.rpartition(".")[2], t.name, t.table_type) for t in read.tables.values()
    }
    assert found == {
        (schema, name, "View" if kind == "VIEW" else "Regular") for schema, name, kind in expected
    }
    assert len(found) > 85


def test_every_column_in_order_with_type_and_nullability(
    mariadb: MariadbServer, read: Read
) -> None:
    expected: dict[tuple[str, str], list[Any]] = {}
    for schema, table, _, *column in sorted(
        rows(
            mariadb,
            "SELECT table_schema, table_name, ordinal_position, column_name, column_type, "
            "is_nullable FROM information_schema.columns",
        )
    ):
        expected.setdefault((f"svc.default.{schema}", table), []).append(column)
    for table in read.tables.values():
        columns = expected.pop((table.database_schema, table.name))
        assert [[c.name, c.data_type_display] for c in table.columns] == [
            [name, display] for name, display, _ in columns
        ]
        for column, (_, _, nullable) in zip(table.columns, columns, strict=True):
            if column.constraint in ("NULL", "NOT_NULL"):
                assert (column.constraint == "NULL") == (nullable == "YES")
    assert expected == {}


def test_every_type_of_the_server_is_mapped(read: Read) -> None:
    unknown = {
        table.columns[0].data_type_display
        for table in read.tables.values()
        if table.database_schema == "svc.default.types" and table.columns[0].data_type == "UNKNOWN"
    }
    assert unknown == set()


def test_every_key(mariadb: MariadbServer, read: Read) -> None:
    keys: dict[tuple[str, str, str], list[Any]] = {}
    for schema, table, name, _, column, other_schema, other, referred in sorted(
        rows(
            mariadb,
            "SELECT table_schema, table_name, constraint_name, ordinal_position, column_name, "
            "referenced_table_schema, referenced_table_name, referenced_column_name "
            "FROM information_schema.key_column_usage",
        ),
        key=str,
    ):
        target = fqn.build("svc", "default", other_schema, other, referred) if other else None
        keys.setdefault((f"svc.default.{schema}", table, name), []).append((column, target))
    expected = {(schema, table, tuple(key)) for (schema, table, _), key in keys.items()}
    found: set[tuple[Any, ...]] = set()
    for table in read.tables.values():
        place = (table.database_schema, table.name)
        for column in table.columns:
            if column.constraint in ("PRIMARY_KEY", "UNIQUE"):
                found.add((*place, ((column.name, None),)))
        for key in table.table_constraints or ():
            targets: Sequence[str | None] = key.referred_columns or [None] * len(key.columns)
            found.add((*place, tuple(zip(key.columns, targets, strict=True))))
    assert found == expected
    assert len(found) > 25


def test_a_view_over_every_odd_name_has_its_lineage(read: Read) -> None:
    edges = [edge for edge in read.edges.values() if edge.to_fqn.startswith("svc.default.names_.")]
    assert len(edges) == len(NAMES)
    assert all(len(edge.columns_lineage or ()) == 1 for edge in edges)
