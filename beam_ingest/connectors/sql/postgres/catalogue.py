"""PostgreSQL's catalogue, read by some statements a split in one read-only transaction."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.entities import StoredProcedure, StoredProcedureCode, Table
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.chunks import ahead
from beam_ingest.connectors.sql.connections import Pool
from beam_ingest.connectors.sql.listing import (
    Container,
    Names,
    Relation,
    Routine,
    SchemaListing,
)
from beam_ingest.connectors.sql.pooled import PooledCatalogue
from beam_ingest.connectors.sql.postgres import queries
from beam_ingest.connectors.sql.postgres.config import PostgresConfig
from beam_ingest.connectors.sql.postgres.connection import (
    Connection,
    connect,
    explained,
    query,
    reusable,
)
from beam_ingest.connectors.sql.postgres.tables import TableReader
from beam_ingest.connectors.sql.postgres.types import TypeCache

_VIEWS = ("v", "m")
_KINDS = {"f": "Function", "p": "StoredProcedure"}
_LANGUAGES = {"sql": "SQL", "plpgsql": "SQL", "plv8": "JavaScript", "java": "Java"}
_log = logging.getLogger(__name__)


class PostgresCatalogue(PooledCatalogue[Connection]):
    """One server, one database or all of them."""

    default_schema: str | None = "public"

    def __init__(self, reading: Reading, config: PostgresConfig, connections: int) -> None:
        self._config = config
        key = ("postgres", config.model_dump_json(), connections)
        super().__init__(
            reading, key, lambda: Pool(partial(connect, config), reusable, connections)
        )
        self._types: dict[str, TypeCache] = defaultdict(TypeCache)

    def databases(self) -> list[Container]:
        """``database``, or with ``ingestAllDatabases`` all that allow connections."""
        with self.borrowed(self._config.database) as connection:
            every = self._config.ingest_all_databases
            rows = query(connection, queries.DATABASES if every else queries.DATABASE)
        return [Container(*row) for row in rows]

    def lists_all_databases(self) -> bool:
        """With ``ingestAllDatabases``."""
        return self._config.ingest_all_databases

    def connects_to_each_database(self) -> bool:
        """With ``ingestAllDatabases``."""
        return self._config.ingest_all_databases

    def schemas(self, database: str) -> list[Container]:
        """All but PostgreSQL's own (``pg_…``)."""
        with self.borrowed(database) as connection:
            return [Container(*row) for row in query(connection, queries.SCHEMAS)]

    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """Two statements a database. A schema without USAGE is a failed listing."""
        if not schemas:
            return
        names = [list(schemas)]
        with self.borrowed(database) as connection:
            usable: dict[str, bool] = dict(query(connection, queries.USABLE, names))
            relations = _by_schema(query(connection, queries.RELATIONS, names))
            routines = _by_schema(
                query(connection, queries.ROUTINES, names)
                if self.reading.options.include_stored_procedures
                else []
            )
        for schema in schemas:
            if not usable.get(schema):
                yield SchemaListing(schema, failed=self._unusable(database, schema, usable))
                continue
            yield SchemaListing(
                schema,
                [self._relation(*row) for row in relations.pop(schema, ())],
                [Routine(label, name) for _, label, name in routines.pop(schema, ())],
            )

    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """For a chunk three statements, and one for types not seen before; some more for DDL."""
        fetch = partial(self._fetch, database)
        for chunk, reader in ahead(fetch, names, self.pool.limit):
            for schema, tables in chunk.items():
                for name in tables:
                    table = reader.table(schema, name)
                    if table is not None:
                        yield table
                    else:
                        gone = fqn.join(self.reading.schema_fqn(database, schema), name)
                        _log.warning("%s is gone since it was listed", gone)

    def procedures(self, database: str, names: Names) -> Iterator[StoredProcedure]:
        """One statement."""
        if not names:
            return
        with self.borrowed(database) as connection:
            schemas, labels = _pairs(names)
            rows = query(
                connection, queries.READ_ROUTINES, [list(names), _bases(labels), schemas, labels]
            )
        found = {(row[0], row[1]): row for row in rows}
        for schema, listed in names.items():
            parent = self.reading.schema_fqn(database, schema)
            for label in listed:
                if (schema, label) in found:
                    yield self._procedure(parent, found[schema, label])
                else:
                    _log.warning("%s is gone since it was listed", fqn.join(parent, label))

    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """One statement."""
        with self.borrowed(database) as connection:
            rows = query(
                connection,
                queries.COLUMNS_OF,
                [*_pairs(names), self._config.include_partitions],
            )
        return {key: [row[2] for row in group] for key, group in groupby(rows, itemgetter(0, 1))}

    @contextmanager
    def borrowed(self, database: str) -> Iterator[Connection]:
        """A connection for some statements; errors come out in the framework's words."""
        with self.pool.borrowed(database) as connection, explained(self._config):
            yield connection

    def _fetch(self, database: str, names: Names) -> TableReader:
        reader = TableReader(self.reading, database, self._types[database])
        with self.borrowed(database) as connection:
            reader.fetch(partial(query, connection), *_pairs(names))
        return reader

    def _unusable(self, database: str, schema: str, usable: dict[str, bool]) -> str:
        if schema not in usable:
            return f"the schema {schema} is gone since the schemas were listed"
        user, name = self._config.username, '"' + schema.replace('"', '""') + '"'
        return (
            f"{user} may not use the schema {schema} of {database}: "
            f"GRANT USAGE ON SCHEMA {name} TO {user}, or exclude it by schemaFilterPattern"
        )

    def _relation(self, _: str, name: str, kind: str, columns: int, partition: bool) -> Relation:
        left_out = partition and not self._config.include_partitions
        return Relation(name, kind in _VIEWS, columns, left_out)

    def _procedure(self, parent: str, row: tuple[Any, ...]) -> StoredProcedure:
        _, label, kind, language, text, description, owner = row
        python = language.startswith("plpython")
        return StoredProcedure.model_construct(
            name=label,
            database_schema=parent,
            stored_procedure_type=_KINDS[kind],
            stored_procedure_code=StoredProcedureCode.model_construct(
                language="Python" if python else _LANGUAGES.get(language, "External"), code=text
            ),
            description=description,
            owners=self.reading.owners(owner),
        )


def _by_schema(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    return {schema: list(group) for schema, group in groupby(rows, itemgetter(0))}


def _pairs(names: Names) -> tuple[list[str], list[str]]:
    """Schemas and names side by side, as ``unnest`` takes them."""
    pairs = [(schema, name) for schema, tables in names.items() for name in tables]
    return [schema for schema, _ in pairs], [name for _, name in pairs]


def _bases(labels: Iterable[str]) -> list[str]:
    """What the functions of these labels may be called, without arguments; names have brackets
    too. So the server looks at those, and not at all functions of the schema for each split."""
    return [
        label[:end]
        for label in labels
        for end in (len(label), *(at for at, sign in enumerate(label) if sign == "("))
    ]
