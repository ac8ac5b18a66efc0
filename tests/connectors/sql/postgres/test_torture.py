"""Every type the server has, odd names, wide and empty tables, partitions, cycles: compared
one by one with ``pg_catalog`` and ``information_schema``, read independently."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.reading import Read, make, opened, read_all
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server

NAMES = (
    "UPPER", "with space", "dot.dot", 'quo"te', "emoji \U0001f600", "select", "semi;colon",
    "back\\slash", "per%cent", "x" * 63, "ünï" * 12, "tab\tnew\nline", "'single'", "-- comment",
    "$dollar", "(paren)", "a/b", "0digit",
)  # fmt: skip
OTHERS = """
CREATE TABLE many.empty (); CREATE TABLE many.one (a int PRIMARY KEY);
CREATE TABLE many.two (a int PRIMARY KEY REFERENCES many.one, b int UNIQUE);
ALTER TABLE many.one ADD COLUMN c int REFERENCES many.two (b);
CREATE TABLE many.old (a int, gone text, b int); ALTER TABLE many.old DROP COLUMN gone;
CREATE TABLE many.kid (extra int) INHERITS (many.old);
CREATE TABLE many.cut (d date, n int, PRIMARY KEY (d, n)) PARTITION BY HASH (n);
CREATE TABLE many.part_cut_0 PARTITION OF many.cut FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE many.part_cut_1 PARTITION OF many.cut FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE many.ref (d date, n int, FOREIGN KEY (d, n) REFERENCES many.cut (d, n));
CREATE UNLOGGED TABLE many.unlogged (a int);
"""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def build(connection: Any) -> None:
    execute = connection.execute
    execute("CREATE SCHEMA types; CREATE SCHEMA names; CREATE SCHEMA many")
    execute("CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree")
    for number, (kind,) in enumerate(usable_types(connection)):
        execute(f"CREATE TABLE types.t{number:03d} (plain {kind}, several {kind}[][])")
    for number, name in enumerate(NAMES):
        if len(name.encode()) <= 63:
            execute(f"CREATE TABLE names.{quoted(name)} ({quoted(name)} int PRIMARY KEY)")
            execute(f"CREATE VIEW names.v{number} AS SELECT * FROM names.{quoted(name)}")
            execute(f"CREATE SCHEMA {quoted('s ' + name[:40])}")
    wide = ", ".join(f"c{number:04d} int" for number in range(1600))
    execute(f"CREATE TABLE many.wide ({wide})")
    execute("CREATE TABLE many.part (d date, n int, PRIMARY KEY (d, n)) PARTITION BY LIST (n)")
    for first in range(0, 3000, 250):
        execute(";".join(
            f"CREATE TABLE many.part_{n} PARTITION OF many.part FOR VALUES IN ({n})"
            for n in range(first, first + 250)
        ))  # fmt: skip
    execute(OTHERS)


def usable_types(connection: Any) -> list[Any]:
    """All types that a column may have: no pseudo-types, and no row types of tables."""
    found: list[Any] = connection.execute("""
        SELECT DISTINCT pg_catalog.format_type(t.oid, NULL)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype <> 'p' AND t.typcategory <> 'A' AND t.typname NOT LIKE 'pg\\_%'
          AND n.nspname IN ('pg_catalog', 'public')
          AND (t.typrelid = 0 OR t.typtype <> 'c') ORDER BY 1""").fetchall()
    return found


@pytest.fixture(scope="module")
def torture(postgres: PostgresServer) -> PostgresServer:
    postgres.database("torture")
    with postgres.connect("torture") as connection:
        build(connection)
        connection.execute("DROP ROLE IF EXISTS watched")
        connection.execute("CREATE ROLE watched LOGIN SUPERUSER PASSWORD 's3cret-of-the-tests'")
    return postgres


@pytest.fixture(scope="module")
def read(torture: PostgresServer) -> Read:
    return read_all(make(PostgresSource, torture.connection("torture")))


def rows(server: PostgresServer, statement: str) -> list[Any]:
    with server.connect("torture") as connection:
        found: list[Any] = connection.execute(statement).fetchall()
    return found


def test_every_relation_is_there(torture: PostgresServer, read: Read) -> None:
    expected = rows(
        torture,
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') "
        "AND table_name NOT LIKE 'part\\_%'",
    )
    found = {
        (t.database_schema, t.name, "VIEW" if t.table_type == "View" else "BASE TABLE")
        for t in read.tables.values()
    }
    assert found == {(f"svc.torture.{s}", name, kind) for s, name, kind in expected}
    assert len(found) > 120


def test_every_schema_has_a_complete_scope(torture: PostgresServer, read: Read) -> None:
    listed = rows(
        torture,
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = 'many' AND relkind IN ('r', 'p')",
    )
    assert len(read.scope("svc.torture.many").names) == listed[0][0] > 3000
    assert all(scope.failed is None for scope in read.scopes)


def test_every_column_in_order_with_type_and_nullability(
    torture: PostgresServer, read: Read
) -> None:
    expected: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for schema, table, *column in rows(
        torture,
        """SELECT c.table_schema::text, c.table_name::text, c.column_name::text,
             (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
              WHERE a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass
                AND a.attname = c.column_name),
             c.is_nullable = 'YES'
           FROM information_schema.columns c
           WHERE c.table_schema IN ('types', 'names', 'many') AND c.table_name NOT LIKE 'part\\_%'
           ORDER BY c.table_schema, c.table_name, c.ordinal_position""",
    ):
        expected.setdefault((f"svc.torture.{schema}", table), []).append(tuple(column))
    checked = 0
    for table in read.tables.values():
        columns = expected.get((table.database_schema, table.name), [])
        assert [(c.name, c.data_type_display) for c in table.columns] == [
            (name, display) for name, display, _ in columns
        ]
        for column, (_, _, nullable) in zip(table.columns, columns, strict=True):
            if column.constraint in ("NULL", "NOT_NULL"):
                assert (column.constraint == "NULL") == nullable
        checked += len(columns)
    assert checked > 1800


def test_every_type_of_the_server_is_mapped_or_unknown_with_its_display(
    torture: PostgresServer, read: Read
) -> None:
    unknown = set()
    for table in read.tables.values():
        if table.database_schema == "svc.torture.types":
            plain, several = table.columns
            assert several.data_type == "ARRAY"
            assert several.array_data_type == plain.data_type
            if plain.data_type == "UNKNOWN":
                unknown.add(plain.data_type_display)
    assert unknown == {
        "aclitem", "gtsvector", "int4multirange", "int4range", "int8multirange", "int8range",
        "nummultirange", "numrange", "datemultirange", "tsmultirange", "tstzmultirange",
        "lquery", "ltree", "ltxtquery", "ghstore", "ltree_gist",
    }  # fmt: skip


def test_every_key(torture: PostgresServer, read: Read) -> None:
    expected = set()
    for schema, table, kind, columns, target in rows(
        torture,
        """SELECT n.nspname::text, c.relname::text, k.contype::text,
             (SELECT array_agg(a.attname::text ORDER BY p.o) FROM unnest(k.conkey)
                WITH ORDINALITY p(n, o) JOIN pg_attribute a
                ON a.attrelid = k.conrelid AND a.attnum = p.n),
             pg_get_constraintdef(k.oid)
           FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname IN ('names', 'many') AND k.conparentid = 0
             AND k.contype IN ('p', 'u', 'f')""",
    ):
        expected.add((schema, table, kind, tuple(columns), "REFERENCES" in target))
    found: set[tuple[Any, ...]] = set()
    letters = {"PRIMARY_KEY": "p", "UNIQUE": "u", "FOREIGN_KEY": "f"}
    for table in read.tables.values():
        schema = table.database_schema.rpartition(".")[2]
        for column in table.columns:
            if column.constraint in letters:
                found.add((schema, table.name, letters[column.constraint], (column.name,), False))
        for key in table.table_constraints or ():
            kind = letters[key.constraint_type]
            found.add((schema, table.name, kind, tuple(key.columns), kind == "f"))
    assert found == expected


def test_a_key_to_a_partitioned_table_comes_once(read: Read) -> None:
    (key,) = read.table("ref").table_constraints or []
    assert key.referred_columns == ["svc.torture.many.cut.d", "svc.torture.many.cut.n"]


def test_cycles_of_foreign_keys(read: Read) -> None:
    (one,) = read.table("one").table_constraints or []
    (two,) = read.table("two").table_constraints or []
    assert one.referred_columns == ["svc.torture.many.two.b"]
    assert two.referred_columns == ["svc.torture.many.one.a"]


def test_dropped_columns_are_gone_and_inherited_ones_are_there(read: Read) -> None:
    assert [c.name for c in read.table("old").columns] == ["a", "b"]
    assert [c.name for c in read.table("kid").columns] == ["a", "b", "extra"]
    assert read.table("empty").columns == []
    assert len(read.table("wide").columns) == 1600


def test_3000_partitions_cost_no_statement_each(torture: PostgresServer) -> None:
    source = make(
        PostgresSource,
        torture.connection("torture", username="watched"),
        {"schemaFilterPattern": {"includes": ["^many$"]}},
    )
    with torture.statements("watched") as statements, opened(source):
        listed = splits(source)
        names = [each.name for split in listed for each in entities(source.read(split))]
    assert "part" in names
    assert "part_7" not in names
    assert 5 <= len([s for s in statements if "SELECT" in s]) <= 14


def test_a_filter_keeps_the_columns_of_others_unread(torture: PostgresServer) -> None:
    source = make(
        PostgresSource,
        torture.connection("torture", username="watched"),
        {"tableFilterPattern": {"includes": ["^one$"]}, "includeStoredProcedures": False},
    )
    with torture.statements("watched") as statements, opened(source):
        listed = splits(source)
        assert [each.name for split in listed for each in entities(source.read(split))] == ["one"]
    oid = rows(torture, "SELECT 'many.one'::regclass::oid::text")[0][0]
    columns = [s for s in statements if "pg_attribute a\nWHERE" in s]
    assert len(columns) == 1
    assert f"$1 = '{{{oid}}}'" in columns[0]
