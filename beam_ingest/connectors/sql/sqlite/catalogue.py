"""SQLite's catalogue: ``sqlite_master`` and PRAGMAs, one statement a split."""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import Column, Table
from beam_ingest.connectors.sql import types
from beam_ingest.connectors.sql.catalogue import Catalogue, Reading
from beam_ingest.connectors.sql.keys import (
    ColumnConstraints,
    ForeignKey,
    Keys,
    table_constraints,
)
from beam_ingest.connectors.sql.listing import Container, Names, Relation, SchemaListing
from beam_ingest.connectors.sql.sqlite import queries
from beam_ingest.connectors.sql.sqlite.config import SqliteConfig
from beam_ingest.connectors.sql.sqlite.connection import connect, explained

SCHEMA = "main"
_log = logging.getLogger(__name__)
_table, _column = builder(Table), builder(Column)
_Row = tuple[Any, ...]


class SqliteCatalogue(Catalogue):
    """One file: one database, one schema."""

    has_procedures: ClassVar[bool] = False
    ignores_case: bool = True

    def __init__(self, reading: Reading, config: SqliteConfig) -> None:
        super().__init__(reading)
        self._config = config
        self._connection: sqlite3.Connection | None = None

    def databases(self) -> list[Container]:
        """``database``, or ``default``."""
        self._connected()
        return [Container(self._config.database or "default")]

    def lists_all_databases(self) -> bool:
        """A file is one database."""
        return True

    def schemas(self, database: str) -> list[Container]:
        """``main``: the only one that a file has."""
        self._connected()
        return [Container(SCHEMA)]

    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """Tables and views, those included that SQLite itself made (``sqlite_sequence``)."""
        for schema in schemas:
            rows = self._query(queries.LIST)
            yield SchemaListing(schema, [Relation(name, bool(view)) for name, view in rows])

    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """All of a split by one statement."""
        for schema, tables in names.items():
            parent = self.reading.schema_fqn(database, schema)
            found = {name: list(rows) for name, rows in groupby(self._read(tables), itemgetter(0))}
            for name in tables:
                if name in found:
                    yield self._build(database, parent, name, found[name])
                else:
                    _log.warning("%s is gone since it was listed", fqn.join(parent, name))

    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """The columns, by one statement."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for tables in names.values():
            for table, column in self._query(queries.columns(len(tables)), tables):
                found[SCHEMA, table].append(column)
        return dict(found)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._config)
        return self._connection

    def _query(self, statement: str, names: Sequence[str] = ()) -> list[_Row]:
        with explained(self._config.database_mode):
            return self._connected().execute(statement, names).fetchall()

    def _read(self, names: list[str]) -> list[_Row]:
        connection = self._connected()
        try:
            return connection.execute(queries.read(len(names)), names).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                with explained(self._config.database_mode):
                    raise
            # A view over a table that is gone, or a virtual table whose module is not loaded,
            # fails the whole statement: find it, and read the others.
            if len(names) > 1:
                half = len(names) // 2
                return self._read(names[:half]) + self._read(names[half:])
            _log.warning("%s has no columns that SQLite can tell: %s", names[0], error)
            statement = "SELECT name, 0, 0, 0, type, sql FROM sqlite_master WHERE name = ?"
            return self._query(statement, names)

    def _build(self, database: str, parent: str, name: str, rows: list[_Row]) -> Table:
        parts: dict[int, list[_Row]] = defaultdict(list)
        for row in rows:
            parts[row[1]].append(row)
        kind, sql = parts[0][0][4:6]
        keys = self._keys(database, fqn.join(parent, name), parts)
        constraints = ColumnConstraints(keys)
        is_view = kind == "view"
        return _table({
            "name": name,
            "database_schema": parent,
            "table_type": "View" if is_view else "Regular",
            "columns": [
                _column({
                    "name": column or " ",
                    "constraint": constraints.of(column, not notnull),
                    **_type_fields(declared or ""),
                })
                for _, _, _, _, column, declared, notnull, *_ in parts[1]
            ],
            "table_constraints": table_constraints(
                keys, fqn.build(self.reading.service, database)
            ),
            "schema_definition": sql if is_view or self.reading.options.include_ddl else None,
        })  # fmt: skip

    def _keys(self, database: str, table: str, parts: dict[int, list[_Row]]) -> Keys:
        primary = sorted((row[7], row[4]) for row in parts[1] if row[7])
        unique = [[row[4] for row in rows] for _, rows in groupby(parts[2], itemgetter(2))]
        keys = Keys([column for _, column in primary], list(reversed(unique)))
        for _, rows in groupby(reversed(parts[3]), itemgetter(2)):
            key = sorted(rows, key=itemgetter(3))
            parent, referred = key[0][7], [row[8] for row in key]
            if parent is None or None in referred:
                _log.warning("%s: a foreign key refers to %s, which is not there", table, key[0][5])
            elif self.reading.selection.reaches(database, SCHEMA, parent):
                keys.foreign.append(ForeignKey(SCHEMA, parent, [row[4] for row in key], referred))
        return keys


def _type_fields(declared: str) -> dict[str, Any]:
    fields = types.declared(declared)
    if fields["data_type"] == "UNKNOWN" and declared:
        fields["data_type"] = _affinity(declared.upper())
    return fields


def _affinity(declared: str) -> str:
    """What SQLite makes of a type it has no name for (its documentation, "Determination Of
    Column Affinity")."""
    if "INT" in declared:
        return "INT"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in declared:
        return "BLOB"
    if any(word in declared for word in ("REAL", "FLOA", "DOUB")):
        return "DOUBLE"
    return "NUMERIC"
