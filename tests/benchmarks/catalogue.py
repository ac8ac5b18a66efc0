"""Catalogues for benchmarks: the same every time, for PostgreSQL and for MariaDB.

10,000 tables have 5 to 25 columns each, comments on most tables and some columns, and a foreign
key in every third one; a view goes with every twentieth table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

POSTGRES_TYPES = (
    "bigint", "integer", "varchar(64)", "text", "numeric(12,2)", "timestamp", "date", "boolean",
    "double precision", "uuid", "jsonb", "integer[]",
)  # fmt: skip
MARIADB_TYPES = (
    "bigint", "int", "varchar(64)", "text", "decimal(12,2)", "timestamp(6) null", "date",
    "tinyint(1)", "double", "char(36)", "json", "int unsigned",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """How many tables and views, in how many schemas."""

    tables: int = 10_000
    views: int = 500
    schemas: int = 20
    same_names: bool = False
    """Whether every schema has tables of the same names, as one a tenant has."""

    def place(self, table: int) -> str:
        """Schema and name of a table."""
        number = table // self.schemas if self.same_names else table
        return f"{self.schema_of(table)}.t{number:06d}"

    def schema_of(self, table: int) -> str:
        return f"s{table % self.schemas:04d}"

    def schema_names(self) -> list[str]:
        return [f"s{number:04d}" for number in range(self.schemas)]

    def viewed(self) -> range:
        """The tables that have a view."""
        return (
            range(0, self.views * 20, 20) if self.views * 20 <= self.tables else range(self.views)
        )


def postgres(shape: Shape) -> Iterator[str]:
    """Statements, in pieces of which each is a transaction."""
    yield "".join(f"CREATE SCHEMA {schema};" for schema in shape.schema_names())
    for first in range(0, shape.tables, 500):
        piece = []
        for number in range(first, min(first + 500, shape.tables)):
            name = shape.place(number)
            columns = ", ".join(_columns(number, shape, POSTGRES_TYPES))
            piece.append(f"CREATE TABLE {name} (id bigint PRIMARY KEY, {columns});")
            if number % 4:
                piece.append(f"COMMENT ON TABLE {name} IS 'Table {number}, of the benchmark';")
            piece.append(f"COMMENT ON COLUMN {name}.c00 IS 'The first column of {number}';")
            if (parent := _parent(number, shape)) is not None:
                piece.append(
                    f"ALTER TABLE {name} ADD FOREIGN KEY (parent) REFERENCES {parent} (id);"
                )
        yield "".join(piece)
    yield "".join(_views(shape))


def mariadb(shape: Shape) -> Iterator[str]:
    """Statements, one at a time."""
    for schema in shape.schema_names():
        yield f"CREATE DATABASE {schema}"
    for number in range(shape.tables):
        name = shape.place(number)
        columns = list(_columns(number, shape, MARIADB_TYPES))
        columns[0] += f" COMMENT 'The first column of {number}'"
        if (parent := _parent(number, shape)) is not None:
            columns.append(f"FOREIGN KEY (parent) REFERENCES {parent} (id)")
        comment = f" COMMENT 'Table {number}, of the benchmark'" if number % 4 else ""
        yield f"CREATE TABLE {name} (id bigint PRIMARY KEY, {', '.join(columns)}){comment}"
    for view in _views(shape):
        yield view.rstrip(";")


def _columns(number: int, shape: Shape, types: tuple[str, ...]) -> Iterator[str]:
    count = 4 + number * 7 % 20  # and the key: 5 to 24, 25 with a parent
    for column in range(count):
        kind = types[(number + column * 5) % len(types)]
        null = "" if (number + column) % 3 or kind.endswith("null") else " NOT NULL"
        yield f"c{column:02d} {kind}{null}"
    if _parent(number, shape) is not None:
        yield "parent bigint"


def _parent(number: int, shape: Shape) -> str | None:
    if number % 3 or number < 3:
        return None
    return shape.place(number - 3)


def _views(shape: Shape) -> Iterator[str]:
    for number in shape.viewed():
        schema = shape.schema_of(number)
        yield (
            f"CREATE VIEW {schema}.v{number:06d} AS "
            f"SELECT id, c00, c01 AS renamed, c02 FROM {shape.place(number)};"
        )
