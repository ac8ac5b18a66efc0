"""The tables of one split: what was fetched of them, and how entities are made of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import Column, PartitionColumn, Table, TablePartition
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.keys import (
    ColumnConstraints,
    ForeignKey,
    Keys,
    table_constraints,
)
from beam_ingest.connectors.sql.postgres import queries
from beam_ingest.connectors.sql.postgres.ddl import Default, TableTexts, create_table
from beam_ingest.connectors.sql.postgres.types import PgType, Query, TypeCache, TypeKey

_table = builder(Table)
_Row = tuple[Any, ...]

_TYPES = {
    "r": "Regular", "p": "Partitioned", "f": "Foreign", "v": "View", "m": "MaterializedView",
}  # fmt: skip
_INTERVALS = {"l": "COLUMN-VALUE", "h": "COLUMN-VALUE", "r": "TIME-UNIT"}
_PAGE = 8192  # bytes; PostgreSQL's default block size


class TableReader:
    """Fetches the rows of a split at once, then makes one table after the other."""

    def __init__(self, reading: Reading, database: str, types: TypeCache) -> None:
        self._reading, self._database = reading, database
        self._database_fqn = fqn.build(reading.service, database)
        self._cache = types
        self._types: dict[TypeKey, PgType] = {}
        self._relations: dict[tuple[str, str], _Row] = {}
        self._columns: dict[int, list[_Row]] = defaultdict(list)
        self._keys: dict[int, list[_Row]] = defaultdict(list)
        self._defaults: dict[int, dict[int, Default]] = defaultdict(dict)
        self._texts: dict[int, TableTexts] = defaultdict(TableTexts)

    def fetch(self, query: Query, schemas: list[str], names: list[str]) -> None:
        """Everything of the tables, in one transaction of ``query``."""
        relations = query(queries.READ_RELATIONS, [schemas, names])
        self._relations = {(row[1], row[2]): row for row in relations}
        oids = [[row[0] for row in relations]]
        types: set[TypeKey] = set()
        columns = self._columns
        for row in query(queries.READ_COLUMNS, oids):
            columns[row[0]].append(row)
            types.add((row[3], row[4]))
        for row in query(queries.READ_KEYS, oids):
            self._keys[row[0]].append(row)
        self._types = self._cache.resolve(types, query)
        options = self._reading.options
        if options.include_ddl or options.include_custom_properties:
            for row in query(queries.READ_DEFAULTS, oids):
                self._defaults[row[0]][row[1]] = Default(*row[2:])
        if options.include_ddl:
            for oid, name, text in query(queries.READ_CONSTRAINT_TEXTS, oids):
                self._texts[oid].constraints.append((name, text))
            for oid, key, server in query(queries.READ_TABLE_TEXTS, oids):
                self._texts[oid].partition_key, self._texts[oid].server = key, server

    def table(self, schema: str, name: str) -> Table | None:
        """The table or view; None if it was not there."""
        row = self._relations.pop((schema, name), None)
        if row is None:
            return None
        oid, _, _, quoted, kind, comment, owner, rows, pages, definition, strategy, parts = row
        columns = self._columns.pop(oid, [])
        names = {column[1]: column[2] for column in columns}
        keys = self._keys_of(oid, names)
        values = {
            "name": name,
            "database_schema": self._reading.schema_fqn(self._database, schema),
            "description": comment,
            "table_type": _TYPES[kind],
            "columns": self._build_columns(oid, columns, ColumnConstraints(keys)),
            "table_constraints": table_constraints(keys, self._database_fqn),
            "schema_definition": self._definition(kind, quoted, definition, oid, columns),
            "owners": self._reading.owners(owner),
        }
        if strategy is not None:
            values["table_partition"] = _partition(strategy, [names[n] for n in parts if n])
        if self._reading.options.include_custom_properties:
            values["extension"] = _estimates(rows, pages)
        return _table(values)

    def _build_columns(
        self, oid: int, columns: list[_Row], constraints: ColumnConstraints
    ) -> list[Column]:
        types, constraint_of = self._types, constraints.of
        built = []
        for _, _, name, type_oid, modifier, not_null, comment in columns:
            kind = types[type_oid, modifier]
            nullable = not (not_null or kind.not_null)
            built.append(kind.make(name, comment, constraint_of(name, nullable)))
        if self._reading.options.include_custom_properties:
            for column, row in zip(built, columns, strict=True):
                column.extension = self._defaults[oid][row[1]].properties() or None
        return built

    def _keys_of(self, oid: int, names: dict[int, str]) -> Keys:
        keys = Keys()
        for _, kind, numbers, schema, table, referred in self._keys.pop(oid, ()):
            columns = [names[number] for number in numbers]
            if kind == "p":
                keys.primary = columns
            elif kind == "u":
                keys.unique.append(columns)
            elif self._reading.selection.reaches(self._database, schema, table):
                keys.foreign.append(ForeignKey(schema, table, columns, referred))
        return keys

    def _definition(
        self, kind: str, quoted: str, definition: str | None, oid: int, columns: list[_Row]
    ) -> str | None:
        if kind in "vm":
            word = "view" if kind == "v" else "materialized view"
            return f"create {word} {quoted} as {definition}".strip() if definition else None
        if not self._reading.options.include_ddl:
            return None
        displays = [self._types[row[3], row[4]].fields["data_type_display"] for row in columns]
        return create_table(quoted, columns, displays, self._defaults[oid], self._texts[oid])


def _partition(strategy: str, columns: list[str]) -> TablePartition:
    interval = _INTERVALS.get(strategy, "COLUMN-VALUE")
    return TablePartition(
        columns=[PartitionColumn(column_name=name, interval_type=interval) for name in columns]
    )


def _estimates(rows: float, pages: int) -> dict[str, Any] | None:
    """What the last VACUUM or ANALYZE counted; before the first one PostgreSQL says -1."""
    if rows < 0:
        return None
    return {"rowCount": int(rows), "sizeInBytes": pages * _PAGE}
