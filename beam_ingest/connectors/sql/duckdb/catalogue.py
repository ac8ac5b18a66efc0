"""DuckDB's catalogue: its table functions, three statements a schema of a split."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import Column, StoredProcedure, StoredProcedureCode, Table
from beam_ingest.connectors.sql import types
from beam_ingest.connectors.sql.catalogue import Catalogue, Reading
from beam_ingest.connectors.sql.duckdb import queries
from beam_ingest.connectors.sql.duckdb.config import DuckdbConfig
from beam_ingest.connectors.sql.duckdb.connection import connect, explained
from beam_ingest.connectors.sql.keys import (
    ColumnConstraints,
    ForeignKey,
    Keys,
    table_constraints,
)
from beam_ingest.connectors.sql.listing import (
    Container,
    Names,
    Relation,
    Routine,
    SchemaListing,
)

_log = logging.getLogger(__name__)
_table, _column = builder(Table), builder(Column)
_Row = tuple[Any, ...]


class DuckdbCatalogue(Catalogue):
    """One file: one database with its schemas."""

    ignores_case: bool = True
    default_schema: str | None = "main"

    def __init__(self, reading: Reading, config: DuckdbConfig) -> None:
        super().__init__(reading)
        self._config = config
        self._connection: duckdb.DuckDBPyConnection | None = None

    def databases(self) -> list[Container]:
        """The database of the file, under its own name or as ``database`` says."""
        ((name, comment),) = self._query(queries.DATABASE)
        return [Container(self._config.database or name, comment)]

    def lists_all_databases(self) -> bool:
        """A file is one database."""
        return True

    def schemas(self, database: str) -> list[Container]:
        """``main`` and those that users made."""
        return [Container(name, comment) for name, comment in self._query(queries.SCHEMAS)]

    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """Two statements for all schemas."""
        names = list(schemas)
        relations = _by_first(self._query(queries.RELATIONS, [names, names]))
        macros: dict[str, list[_Row]] = {}
        if self.reading.options.include_stored_procedures:
            macros = _by_first(self._query(queries.MACROS, [names]))
        for schema in schemas:
            yield SchemaListing(
                schema,
                [Relation(*row[1:]) for row in relations.get(schema, ())],
                [Routine(row[1], row[2]) for row in macros.get(schema, ())],
            )

    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """Three statements a schema."""
        for schema, tables in names.items():
            parent = self.reading.schema_fqn(database, schema)
            found = self._query(queries.READ_RELATIONS, [schema, tables, schema, tables])
            relations = {row[0]: row for row in found}
            columns = _by_first(self._query(queries.READ_COLUMNS, [schema, tables]))
            keys = _by_first(self._query(queries.READ_KEYS, [schema, tables]))
            for name in tables:
                if name not in relations:
                    _log.warning("%s is gone since it was listed", fqn.join(parent, name))
                    continue
                own_keys = self._keys(database, schema, keys.get(name, []))
                yield self._build(
                    database, parent, relations[name], columns.get(name, []), own_keys
                )

    def procedures(self, database: str, names: Names) -> Iterator[StoredProcedure]:
        """Macros, by one statement."""
        if not names:
            return
        rows = {(row[0], row[1]): row for row in self._query(queries.MACROS, [list(names)])}
        for schema, labels in names.items():
            parent = self.reading.schema_fqn(database, schema)
            for label in labels:
                if (schema, label) not in rows:
                    _log.warning("%s is gone since it was listed", fqn.join(parent, label))
                    continue
                _, _, _, text, comment = rows[schema, label]
                yield StoredProcedure.model_construct(
                    name=label,
                    database_schema=parent,
                    description=comment,
                    stored_procedure_type="Function",
                    stored_procedure_code=StoredProcedureCode.model_construct(
                        language="SQL", code=text
                    ),
                )

    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """One statement a schema."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for schema, tables in names.items():
            lower = [table.lower() for table in tables]
            for own_schema, table, column in self._query(
                queries.COLUMNS_OF, [schema.lower(), lower]
            ):
                found[own_schema, table].append(column)
        return dict(found)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _query(self, statement: str, parameters: Sequence[Any] = ()) -> list[_Row]:
        if self._connection is None:
            self._connection = connect(self._config)
        with explained(self._config.path):
            return self._connection.execute(statement, list(parameters)).fetchall()

    def _keys(self, database: str, schema: str, rows: list[_Row]) -> Keys:
        keys = Keys()
        for _, kind, columns, table, referred in rows:
            if kind == "PRIMARY KEY":
                keys.primary = columns
            elif kind == "UNIQUE":
                keys.unique.append(columns)
            elif self.reading.selection.reaches(database, schema, table):
                keys.foreign.append(ForeignKey(schema, table, columns, referred))
        return keys

    def _build(
        self, database: str, parent: str, relation: _Row, columns: list[_Row], keys: Keys
    ) -> Table:
        name, is_view, comment, rows, statement = relation
        options, constraints = self.reading.options, ColumnConstraints(keys)
        values = {
            "name": name,
            "database_schema": parent,
            "description": comment,
            "table_type": "View" if is_view else "Regular",
            "columns": [
                _column({
                    "name": column,
                    "description": text,
                    "constraint": constraints.of(column, nullable),
                    **type_fields(kind),
                    **_extension(default, generated, options.include_custom_properties),
                })
                for _, column, kind, nullable, text, default, generated in columns
            ],
            "table_constraints": table_constraints(
                keys, fqn.build(self.reading.service, database)
            ),
            "schema_definition": statement if is_view or options.include_ddl else None,
        }  # fmt: skip
        if options.include_custom_properties and not is_view:
            values["extension"] = {"rowCount": rows}
        return _table(values)


def type_fields(kind: str) -> dict[str, Any]:
    """The type fields of a column. A struct's parts are its children."""
    if kind.startswith("STRUCT(") and not kind.endswith("]"):
        parts = duckdb.sqltype(kind).children
        children = [_column({"name": name, **type_fields(str(part))}) for name, part in parts]
        return {**types.fields("STRUCT", kind, []), "children": children}
    if kind.startswith(("MAP(", "UNION(", "ENUM(")) and not kind.endswith("]"):
        return types.fields(kind.partition("(")[0], kind, [])
    if kind.endswith("]"):
        inner = type_fields(kind[: kind.rindex("[")])
        return {**types.fields("ARRAY", kind, []), "array_data_type": inner["data_type"]}
    return types.declared(kind)


def _extension(default: str | None, generated: str | None, wanted: bool) -> dict[str, Any]:
    found = {"generated": generated} if generated else {"default": default} if default else {}
    return {"extension": found} if wanted and found else {}


def _by_first(rows: list[_Row]) -> dict[str, list[_Row]]:
    return {first: list(group) for first, group in groupby(rows, itemgetter(0))}
