"""The tables of one split: what was fetched of them, and how entities are made of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter

from beam_ingest.api import fqn
from beam_ingest.api.construct import ColumnMaker, builder, column_maker
from beam_ingest.api.entities import Column, Table
from beam_ingest.connectors.sql import types
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.keys import (
    ColumnConstraints,
    ForeignKey,
    Keys,
    table_constraints,
)
from beam_ingest.connectors.sql.listing import Names
from beam_ingest.connectors.sql.mysql import queries
from beam_ingest.connectors.sql.mysql.columns import Query, Row, read_columns
from beam_ingest.connectors.sql.mysql.ddl import Texts, create_table, quoted

_table = builder(Table)
_Place = tuple[str, str]

_GENERATED = re.compile(r"\b(VIRTUAL|STORED|PERSISTENT) GENERATED|\b(VIRTUAL|PERSISTENT)\b", re.I)
# What MariaDB adds to a time in the format of its older files, which those of views often are.
_FORMAT = re.compile(r" /\* mariadb-[0-9.]+ \*/$")
_NO_VIEW_COMMENT = "VIEW"  # what TABLE_COMMENT says of every view


class TableReader:
    """Fetches the rows of a split at once, then makes one table after the other."""

    def __init__(self, reading: Reading, database: str) -> None:
        self._reading, self._database = reading, database
        self._database_fqn = fqn.build(reading.service, database)
        self._relations: dict[_Place, Row] = {}
        self._columns: dict[_Place, list[Row]] = {}
        self._keys: dict[_Place, list[Row]] = {}
        self._definitions: dict[_Place, str | None] = {}
        self._texts: dict[_Place, Texts] = defaultdict(Texts)
        self._makers: dict[str, ColumnMaker] = {}
        self._mariadb = False

    def fetch(
        self,
        query: Query,
        names: Names,
        *,
        mariadb: bool,
        referring: Collection[_Place] | None = None,
    ) -> None:
        """Everything of the tables. ``referring``: all that have foreign keys, where known."""
        self._mariadb = mariadb
        options = self._reading.options
        estimates = options.include_custom_properties
        rows = query(*queries.read_relations(names, estimates=estimates))
        self._relations = {(row[0], row[1]): row for row in rows}
        properties = options.include_custom_properties or options.include_ddl
        self._columns = _by_place(read_columns(query, names, properties=properties))
        keys = query(*queries.read_unique_keys(names))
        if with_foreign := names if referring is None else _those_of(names, referring):
            keys += query(*queries.read_foreign_keys(with_foreign))
        self._keys = _by_place(keys)
        views: Names = defaultdict(list)
        for row in rows:
            if row[2].endswith("VIEW"):
                views[row[0]].append(row[1])
        if views:
            found = query(*queries.read_views(views))
            self._definitions = {(row[0], row[1]): row[2] or None for row in found}
        if options.include_ddl:
            for row in query(*queries.read_rules(names)):
                self._texts[row[0], row[1]].rules[row[2]] = (row[3], row[4])
            for row in sorted(query(*queries.read_checks(names, mariadb=mariadb))):
                self._texts[row[0], row[1]].checks.append((row[2], row[3]))

    def table(self, schema: str, name: str) -> Table | None:
        """The table or view; None if it was not there."""
        place = (schema, name)
        row = self._relations.pop(place, None)
        if row is None:
            return None
        _, _, kind, comment, rows, size = row
        is_view = kind.endswith("VIEW")
        columns = self._columns.pop(place, [])
        key_rows = sorted(self._keys.pop(place, ()), key=_key_order)
        keys = self._keys_of(key_rows)
        comment = None if is_view and comment == _NO_VIEW_COMMENT else comment or None
        definition = None
        if is_view:
            definition = self._definition(place)
        elif self._reading.options.include_ddl:
            definition = create_table(
                place, columns, key_rows, self._texts[place], comment=comment,
                mariadb=self._mariadb,
            )  # fmt: skip
        values = {
            "name": name,
            "database_schema": self._reading.schema_fqn(self._database, schema),
            "description": comment,
            "table_type": "View" if is_view else "Regular",
            "columns": self._build_columns(columns, ColumnConstraints(keys)),
            "table_constraints": table_constraints(keys, self._database_fqn),
            "schema_definition": definition,
        }
        if rows is not None and not is_view:
            values["extension"] = {"rowCount": int(rows), "sizeInBytes": int(size or 0)}
        return _table(values)

    def _build_columns(self, rows: list[Row], constraints: ColumnConstraints) -> list[Column]:
        built, makers, constraint_of = [], self._makers, constraints.of
        properties = self._reading.options.include_custom_properties
        for _, _, _, name, kind, nullable, comment, *more in rows:
            make = makers.get(kind)
            if make is None:
                make = makers[kind] = column_maker(types.declared(_FORMAT.sub("", kind)))
            built.append(make(name, comment or None, constraint_of(name, nullable == "YES")))
            if properties:
                built[-1].extension = _properties(*more) or None
        return built

    def _keys_of(self, rows: list[Row]) -> Keys:
        keys = Keys()
        for name, group in groupby(rows, itemgetter(2)):
            parts = list(group)
            columns, (schema, table) = [row[4] for row in parts], parts[0][5:7]
            if None in columns:
                continue  # MySQL: a unique index on an expression is no key of columns
            if name == "PRIMARY":
                keys.primary = columns
            elif table is None:
                keys.unique.append(columns)
            elif self._reading.selection.reaches(self._database, schema, table):
                keys.foreign.append(ForeignKey(schema, table, columns, [row[7] for row in parts]))
        return keys

    def _definition(self, place: _Place) -> str | None:
        text = self._definitions.get(place)
        return f"create view {quoted(place[0])}.{quoted(place[1])} as {text}" if text else None


def _by_place(rows: list[Row]) -> dict[_Place, list[Row]]:
    """Rows by (schema, table), those of a table by their third column."""
    found: dict[_Place, list[Row]] = defaultdict(list)
    for place, group in groupby(rows, itemgetter(0, 1)):
        found[place] += group
    for of_one in found.values():  # nearly always in order as they come
        of_one.sort(key=itemgetter(2))
    return found


def _key_order(row: Row) -> tuple[str, bool, int]:
    # A foreign key may have the name of a unique key.
    return row[2], row[6] is not None, row[3]


def _those_of(names: Names, places: Collection[_Place]) -> Names:
    found = {
        schema: [name for name in tables if (schema, name) in places]
        for schema, tables in names.items()
    }
    return {schema: tables for schema, tables in found.items() if tables}


def _properties(default: str | None, extra: str, expression: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if expression or _GENERATED.search(extra or ""):
        found["generated"] = expression or ""
    elif default is not None and default != "NULL":
        found["default"] = default
    if "auto_increment" in (extra or "").lower():
        found["identity"] = "auto_increment"
    return found
