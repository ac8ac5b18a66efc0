"""MySQL's and MariaDB's catalogue, read by some statements a split."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

from pymysql.connections import Connection

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
from beam_ingest.connectors.sql.mysql import queries
from beam_ingest.connectors.sql.mysql.config import ServerConfig
from beam_ingest.connectors.sql.mysql.connection import (
    connect,
    explained,
    is_mariadb,
    query,
    reusable,
    tables_with_foreign_keys,
)
from beam_ingest.connectors.sql.mysql.ddl import quoted
from beam_ingest.connectors.sql.mysql.grants import Grants
from beam_ingest.connectors.sql.mysql.tables import TableReader
from beam_ingest.connectors.sql.pooled import PooledCatalogue

_KINDS = {"FUNCTION": "Function", "PROCEDURE": "StoredProcedure"}
_NO_TABLES = ("SEQUENCE", "TEMPORARY")
_log = logging.getLogger(__name__)


class MysqlCatalogue(PooledCatalogue[Connection]):
    """One server: one database, whose schemas are the server's databases."""

    definition_grant: ClassVar[str | None] = "GRANT SHOW VIEW ON *.* to the user"

    def __init__(self, reading: Reading, config: ServerConfig, connections: int) -> None:
        self._config = config
        key = ("mysql", config.model_dump_json(), connections)
        super().__init__(
            reading, key, lambda: Pool(partial(connect, config), reusable, connections)
        )
        self._asking = threading.Lock()
        self._knows_referring = False
        self._referring: frozenset[tuple[str, str]] | None = None

    def databases(self) -> list[Container]:
        """``databaseName``, or ``default``: a server has no databases above its schemas."""
        with self.borrowed():
            return [Container(self._config.database_name or "default")]

    def lists_all_databases(self) -> bool:
        """A server is one database."""
        return True

    def schemas(self, database: str) -> list[Container]:
        """``databaseSchema``, or all that the user sees."""
        with self.borrowed() as connection:
            names = [row[0] for row in query(connection, queries.SCHEMAS)]
        only = self._config.database_schema
        return [Container(name) for name in ([only] if only else names)]

    def lists_all_schemas(self) -> bool:
        """Without ``databaseSchema``."""
        return self._config.database_schema is None

    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """Two statements, two for what the user may see, and one where that is not all."""
        if not schemas:
            return
        with self.borrowed() as connection:
            lines = _grants(connection)
            grants = Grants(lines)
            relations = _by_schema(query(connection, *queries.relations(schemas)))
            routines = _by_schema(
                query(connection, *queries.routines(schemas))
                if self.reading.options.include_stored_procedures
                else []
            )
            # The server opens all views for this: those are asked that may be hidden.
            shown = Grants(lines, "SHOW VIEW")
            asked = [
                schema
                for schema, rows in relations.items()
                if grants.whole(schema)
                and not shown.whole(schema)
                and any(row[2] == "VIEW" for row in rows)
            ]
            hidden = query(connection, *queries.hidden_views(asked)) if asked else []
        if self.reading.options.include_views:
            self._warn_of(database, hidden)
        for schema in schemas:
            if not grants.whole(schema):
                user = self._config.username
                yield SchemaListing(
                    schema,
                    failed=f"{user} may not see all tables of the schema {schema}: "
                    f"GRANT SELECT, SHOW VIEW ON {quoted(schema)}.* TO {user}, "
                    "or exclude it by schemaFilterPattern",
                )
                continue
            yield SchemaListing(
                schema,
                [
                    Relation(name, kind.endswith("VIEW"))
                    for _, name, kind in relations.get(schema, ())
                    if kind not in _NO_TABLES
                ],
                [
                    Routine(label, row[1])
                    for (_, label), row in zip(
                        _labels(routines.get(schema, [])), routines.get(schema, []), strict=True
                    )
                ],
            )

    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """For a chunk four statements, one for views, and two more for ``includeDDL``."""
        fetch = partial(self._fetch, database)
        for chunk, reader in ahead(fetch, names, self.pool.limit):
            for schema, tables in chunk.items():
                for name in tables:
                    table = reader.table(schema, name)
                    if table is None:
                        gone = fqn.join(self.reading.schema_fqn(database, schema), name)
                        _log.warning("%s is gone since it was listed", gone)
                        continue
                    if not table.columns:
                        _log.warning("%s shows no columns: is it a broken view?", table.fqn)
                    yield table

    def procedures(self, database: str, names: Names) -> Iterator[StoredProcedure]:
        """One statement."""
        if not names:
            return
        bare = {
            schema: sorted({label.removesuffix("()") for label in labels} | set(labels))
            for schema, labels in names.items()
        }
        with self.borrowed() as connection:
            rows = query(connection, *queries.read_routines(bare))
        found = dict(zip(_labels(rows), rows, strict=True))
        for schema, labels in names.items():
            parent = self.reading.schema_fqn(database, schema)
            for label in labels:
                if (schema, label) in found:
                    yield self._procedure(parent, label, found[schema, label])
                else:
                    _log.warning("%s is gone since it was listed", fqn.join(parent, label))

    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """One statement."""
        with self.borrowed() as connection:
            rows = query(connection, *queries.columns_of(names))
        rows.sort(key=itemgetter(0, 1, 3))
        return {key: [row[2] for row in group] for key, group in groupby(rows, itemgetter(0, 1))}

    @contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """A connection for some statements; errors come out in the framework's words."""
        with self.pool.borrowed("") as connection, explained(self._config):
            yield connection

    def _warn_of(self, database: str, hidden: list[tuple[Any, ...]]) -> None:
        """Once a schema: a user without SHOW VIEW may see thousands of views."""
        selection, user = self.reading.selection, self._config.username
        read = [row for row in hidden if selection.table(database, *row)]
        for schema, views in _by_schema(read).items():
            _log.warning(
                "%s: the definitions of %d views are not shown to %s, so they have none, and no "
                "lineage: GRANT SHOW VIEW ON %s.* TO %s",
                self.reading.schema_fqn(database, schema), len(views), user, quoted(schema), user,
            )  # fmt: skip

    def _fetch(self, database: str, names: Names) -> TableReader:
        reader = TableReader(self.reading, database)
        with self.borrowed() as connection:
            mariadb = is_mariadb(connection)
            referring = self._tables_with_foreign_keys(connection) if mariadb else None
            reader.fetch(partial(query, connection), names, mariadb=mariadb, referring=referring)
        return reader

    def _tables_with_foreign_keys(
        self, connection: Connection
    ) -> frozenset[tuple[str, str]] | None:
        with self._asking:  # the first of several threads asks, for all
            if not self._knows_referring:
                self._referring = tables_with_foreign_keys(connection)
                self._knows_referring = True
            return self._referring

    def _procedure(self, parent: str, label: str, row: tuple[Any, ...]) -> StoredProcedure:
        _, _, kind, body, text, comment, definer = row
        return StoredProcedure.model_construct(
            name=label,
            database_schema=parent,
            stored_procedure_type=_KINDS[kind],
            stored_procedure_code=StoredProcedureCode.model_construct(
                language="SQL" if body == "SQL" else "External", code=text
            ),
            description=comment or None,
            owners=self.reading.owners(definer.partition("@")[0]),
        )


def _grants(connection: Connection) -> list[str]:
    """The lines of SHOW GRANTS, those of the roles that are on included."""
    (role,) = query(connection, "SELECT CURRENT_ROLE()")[0]
    lines = query(connection, "SHOW GRANTS")
    # MariaDB shows the roles' own privileges with the user's; MySQL wants them named.
    if role not in (None, "NONE") and not is_mariadb(connection):
        lines = query(connection, f"SHOW GRANTS FOR CURRENT_USER() USING {role}")
    return [row[0] for row in lines]


def _by_schema(rows: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    return {schema: list(group) for schema, group in groupby(rows, itemgetter(0))}


def _labels(rows: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    """(schema, name) of each routine; a function that shares its name with a procedure has
    brackets, since both are one kind of entity."""
    procedures = {(row[0], row[1]) for row in rows if row[2] == "PROCEDURE"}
    return [
        (row[0], row[1] + "()" if row[2] == "FUNCTION" and row[:2] in procedures else row[1])
        for row in rows
    ]
