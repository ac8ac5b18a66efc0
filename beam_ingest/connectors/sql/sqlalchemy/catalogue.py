"""The catalogue of any dialect, through SQLAlchemy's ``Inspector``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy.engine import Connection

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import Column, Table
from beam_ingest.connectors.sql import types
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.connections import Pool
from beam_ingest.connectors.sql.keys import (
    ColumnConstraints,
    ForeignKey,
    Keys,
    table_constraints,
)
from beam_ingest.connectors.sql.listing import Container, Names, Relation, SchemaListing
from beam_ingest.connectors.sql.pooled import PooledCatalogue
from beam_ingest.connectors.sql.sqlalchemy.config import SqlalchemyConfig
from beam_ingest.connectors.sql.sqlalchemy.connection import (
    connect,
    explained,
    make_engine,
    reusable,
)
from beam_ingest.connectors.sql.sqlalchemy.display import display
from beam_ingest.connectors.sql.sqlalchemy.reflection import Reflection

_log = logging.getLogger(__name__)
_table, _column = builder(Table), builder(Column)
_IGNORES_CASE = ("sqlite", "duckdb", "mssql")


class SqlalchemyCatalogue(PooledCatalogue[Connection]):
    """One URL: one database with its schemas."""

    has_procedures: ClassVar[bool] = False

    def __init__(self, reading: Reading, config: SqlalchemyConfig, connections: int) -> None:
        self._config = config
        self._engine = make_engine(config)
        key = ("sqlalchemy", config.model_dump_json(), connections)
        super().__init__(
            reading, key, lambda: Pool(lambda _: connect(self._engine), reusable, connections)
        )
        self._kinds: dict[tuple[str, str], str] = {}
        self._notices: set[str] = set()
        self.ignores_case = self._engine.dialect.name in _IGNORES_CASE
        self.default_schema = "public" if self._is("postgresql") else None

    def databases(self) -> list[Container]:
        """One: ``database``, or the URL's for PostgreSQL, or ``default``."""
        with self.borrowed():
            own = self._engine.url.database if self._is("postgresql") else None
        return [Container(self._config.database or own or "default")]

    def lists_all_databases(self) -> bool:
        """A URL is one database of perhaps many."""
        return False

    def schemas(self, database: str) -> list[Container]:
        """``databaseSchema``, or all that the dialect lists."""
        with self.borrowed() as connection:
            names = sqlalchemy.inspect(connection).get_schema_names()
        only = self._config.database_schema
        return [Container(name) for name in ([only] if only else sorted(names))]

    def lists_all_schemas(self) -> bool:
        """Without ``databaseSchema``."""
        return self._config.database_schema is None

    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """Two or three statements a schema: ``Inspector`` lists one at a time."""
        for schema in schemas:
            with self.borrowed() as connection:
                kinds = self._kinds_of(connection, schema)
            yield SchemaListing(
                schema, [Relation(name, kind != "Regular") for name, kind in sorted(kinds.items())]
            )

    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """``get_multi_*`` for all tables of a schema of the split; a statement a view."""
        for schema, tables in names.items():
            with self.borrowed() as connection:
                kinds = self._kinds_of(connection, schema)
                built = list(self._read(connection, database, schema, tables, kinds))
            there = {table.name for table in built}
            for name in tables:
                if name not in there:
                    gone = fqn.join(self.reading.schema_fqn(database, schema), name)
                    _log.warning("%s is gone since it was listed", gone)
            yield from built

    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """``get_multi_columns`` for each schema."""
        found: dict[tuple[str, str], list[str]] = {}
        for schema, tables in names.items():
            with self.borrowed() as connection:
                reflection = Reflection(connection, schema, self._notices)
                real = self._real_names(connection, schema, tables)
                for name, columns in reflection.columns(real).items():
                    found[schema, name] = [column["name"] for column in columns]
        return found

    @contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """A connection for some statements; errors come out in the framework's words."""
        with self.pool.borrowed("") as connection, explained(self._engine):
            yield connection

    def _is(self, name: str) -> bool:
        return self._engine.dialect.name == name

    def _kinds_of(self, connection: Connection, schema: str) -> dict[str, str]:
        inspector = sqlalchemy.inspect(connection)
        internal = {"sqlite_include_internal": True} if self._is("sqlite") else {}
        kinds = dict.fromkeys(inspector.get_table_names(schema, **internal), "Regular")
        kinds.update(dict.fromkeys(inspector.get_view_names(schema), "View"))
        try:
            materialized = inspector.get_materialized_view_names(schema)
        except NotImplementedError:
            materialized = []
        kinds.update(dict.fromkeys(materialized, "MaterializedView"))
        return kinds

    def _real_names(self, connection: Connection, schema: str, names: list[str]) -> list[str]:
        if not self.ignores_case:
            return names
        wanted = {name.lower() for name in names}
        return [name for name in self._kinds_of(connection, schema) if name.lower() in wanted]

    def _read(
        self,
        connection: Connection,
        database: str,
        schema: str,
        names: list[str],
        kinds: dict[str, str],
    ) -> Iterator[Table]:
        present = [name for name in names if name in kinds]
        reflection = Reflection(connection, schema, self._notices)
        columns = reflection.columns(present)
        for name, why in reflection.broken.items():
            _log.warning(
                "%s has no columns that the dialect %s can tell: %s",
                fqn.join(self.reading.schema_fqn(database, schema), name),
                self._engine.dialect.name, why,
            )  # fmt: skip
        # A broken one would fail the reading of all others' keys.
        built = [name for name in present if name in columns or name in reflection.broken]
        present = [name for name in built if name in columns]
        primary = reflection.primary_keys(present)
        unique = reflection.unique_keys(present, primary)
        foreign, comments = reflection.foreign_keys(present), reflection.comments(present)
        for name in built:
            keys = Keys((primary.get(name) or {}).get("constrained_columns") or ())
            keys.unique = [key["column_names"] for key in _by_name(unique.get(name))]
            keys.foreign = [
                ForeignKey(
                    key.get("referred_schema") or schema,
                    key["referred_table"],
                    key["constrained_columns"],
                    key["referred_columns"],
                )
                for key in _by_name(foreign.get(name))
                if self.reading.selection.reaches(
                    database, key.get("referred_schema") or schema, key["referred_table"]
                )
            ]
            is_view = kinds[name] != "Regular"
            yield self._build(
                database, schema, name, kinds[name], columns.get(name, []), keys,
                (comments.get(name) or {}).get("text"),
                self._definition(reflection, schema, name, kinds[name]) if is_view else None,
            )  # fmt: skip

    def _build(
        self,
        database: str,
        schema: str,
        name: str,
        kind: str,
        columns: list[dict[str, Any]],
        keys: Keys,
        comment: str | None,
        definition: str | None,
    ) -> Table:
        constraints = ColumnConstraints(keys)
        return _table({
            "name": name,
            "database_schema": self.reading.schema_fqn(database, schema),
            "description": comment or None,
            "table_type": kind,
            "columns": [
                _column({
                    "name": column["name"] or " ",
                    "description": column.get("comment") or None,
                    "constraint": constraints.of(column["name"], column.get("nullable", True)),
                    **self._type_fields(column),
                })
                for column in columns
            ],
            "table_constraints": table_constraints(
                keys, fqn.build(self.reading.service, database)
            ),
            "schema_definition": definition,
        })  # fmt: skip

    def _type_fields(self, column: dict[str, Any]) -> dict[str, Any]:
        kind = column["type"]
        text = column.get("display") if kind is None else display(kind, self._engine.dialect)
        return types.declared(text or "")

    def _definition(self, reflection: Reflection, schema: str, name: str, kind: str) -> str | None:
        text = reflection.definition(name)
        if not text or text.lstrip()[:6].lower() == "create":
            return text or None
        quote = self._engine.dialect.identifier_preparer.quote
        word = "view" if kind == "View" else "materialized view"
        return f"create {word} {quote(schema)}.{quote(name)} as {text}".strip()


def _by_name(keys: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return sorted(keys or (), key=lambda key: key.get("name") or "")
