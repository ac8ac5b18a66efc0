"""The source all SQL systems share: listing, splits and scopes, reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from beam_ingest.api import fqn
from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.entities import (
    Database,
    DatabaseSchema,
    DatabaseService,
)
from beam_ingest.api.errors import FatalError
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Scope, Source, Split
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.sql.catalogue import Catalogue, Reading
from beam_ingest.connectors.sql.checks import standard_checks
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.listing import Container, SchemaListing, wanted
from beam_ingest.connectors.sql.selection import Selection
from beam_ingest.connectors.sql.splits import PROCEDURES, RELATIONS, Cutter, Item
from beam_ingest.lineage.views import VIEW_TYPES, ViewLineage

_PROCEDURE_WEIGHT = 10  # a procedure's text is about as much as ten columns


class SqlSource(Source):
    """Reads a SQL system's catalogue; a system adds ``Config``, ``Catalogue`` and its names."""

    SourceConfig: ClassVar[type[ConfigModel]] = DatabaseMetadata
    service_type: str
    """OpenMetadata's service type."""
    sql_dialect: str
    """sqlglot's name of the dialect that view definitions are written in."""
    default_threads: ClassVar[int] = 1
    """Connections of a worker where ``threads`` is not given."""

    def make_catalogue(self, reading: Reading) -> Catalogue:
        """The system's catalogue. Does not connect."""
        raise NotImplementedError(f"{type(self).__name__}.make_catalogue")

    def open(self) -> None:
        """Prepare; connections are made when the first statement needs one."""
        self.catalogue = self.make_catalogue(self.reading())

    def close(self) -> None:
        """Close the connections."""
        catalogue: Catalogue | None = getattr(self, "catalogue", None)
        if catalogue is not None:
            catalogue.close()

    def checks(self) -> Iterable[Check]:
        """Connect, list schemas, list tables, read columns, read view definitions."""
        return standard_checks(lambda: self.make_catalogue(self.reading()))

    def connection_limit(self) -> int:
        """Connections of one worker: ``threads``, and never more than ``beam.maxConnections``."""
        threads = self.reading().options.threads or self.default_threads
        most = self.context.settings.max_connections
        return threads if most is None else min(threads, most)

    def reading(self) -> Reading:
        """Names, filters and options, from the configuration and the context."""
        options = self.context.source_config or DatabaseMetadata()
        service = self.context.service_name
        return Reading(service, Selection(service, self.config, options), options)

    def parents(self) -> Iterator[Record]:
        """The service, then each database before its schemas."""
        with self._reached():
            yield from self._parents()

    def splits(self) -> Iterator[Split | Scope]:
        """Splits below the schema, and a scope for each listing that is complete or failed."""
        with self._reached():
            yield from self._splits()

    def public_connection(self) -> dict[str, Any]:
        """What the server may store of the connection: the settings without secrets."""
        return {"type": self.service_type}

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The tables of the split, its procedures, and the lineage of its views."""
        database: str = split.payload["database"]
        fqn_of = partial(self.catalogue.reading.fqn_if_read, database)
        lineage = ViewLineage(self.catalogue, database, self.sql_dialect, fqn_of)
        # Without the tables there is nothing that an edge could start from.
        wanted = self.config.wants_lineage and self.catalogue.reading.options.include_tables
        for table in self.catalogue.tables(database, split.payload[RELATIONS]):
            yield table
            if wanted and table.table_type in VIEW_TYPES:
                lineage.add(table)
        yield from self.catalogue.procedures(database, split.payload[PROCEDURES])
        yield from lineage.edges()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except Unreachable as error:
            # A server that never answered this process has another address.
            if self.catalogue.has_connected():
                raise
            raise FatalError(error.message, hint=error.hint) from None

    def _parents(self) -> Iterator[Record]:
        databases = list(self._databases())
        service = DatabaseService(
            name=self.context.service_name,
            service_type=self.service_type,
            connection={"config": self.public_connection()},
        )
        yield service
        for database in databases:
            yield Database(
                name=database.name,
                service=service.fqn,
                description=database.description,
                owners=self.catalogue.reading.owners(database.owner),
            )
            schemas = self._schemas_of(database.name)
            for schema in [] if isinstance(schemas, FatalError) else schemas:
                if not self.catalogue.reading.selection.schema(database.name, schema.name):
                    continue
                yield DatabaseSchema(
                    name=schema.name,
                    database=fqn.join(service.fqn, database.name),
                    description=schema.description,
                    owners=self.catalogue.reading.owners(schema.owner),
                )

    def _splits(self) -> Iterator[Split | Scope]:
        catalogue, options = self.catalogue, self.catalogue.reading.options
        service = fqn.quote(self.context.service_name)
        databases = catalogue.databases()
        if options.mark_deleted_databases and catalogue.lists_all_databases():
            yield Scope(service, [fqn.join(service, each.name) for each in databases], "database")
        for database in self._databases(databases):
            parent = fqn.join(service, database.name)
            schemas = self._schemas_of(database.name)
            if isinstance(schemas, FatalError):
                yield Scope(parent, entity_type="databaseSchema", failed=str(schemas))
                continue
            if options.mark_deleted_schemas and catalogue.lists_all_schemas():
                yield Scope(
                    parent, [fqn.join(parent, each.name) for each in schemas], "databaseSchema"
                )
            names = [schema.name for schema in schemas]
            selected = [
                name for name in names if catalogue.reading.selection.schema(database.name, name)
            ]
            cutter = Cutter(database.name)
            for listing in catalogue.listing(database.name, selected):
                yield from self._scopes(parent, listing)
                yield from cutter.add(listing.schema, list(self._items(database.name, listing)))
            yield from cutter.finish()

    def _databases(self, databases: list[Container] | None = None) -> Iterator[Container]:
        selection = self.catalogue.reading.selection
        for database in self.catalogue.databases() if databases is None else databases:
            if selection.database(database.name):
                yield database

    def _schemas_of(self, database: str) -> list[Container] | FatalError:
        try:
            return self.catalogue.schemas(database)
        except FatalError as error:
            # One of all databases may refuse this user: a failed listing, not the end.
            if not self.catalogue.connects_to_each_database():
                raise
            return error

    def _scopes(self, database_fqn: str, listing: SchemaListing) -> Iterator[Scope]:
        options = self.catalogue.reading.options
        schema = fqn.join(database_fqn, listing.schema)
        if listing.failed is not None:
            yield Scope(schema, failed=listing.failed)
            return
        if options.mark_deleted_tables:
            yield Scope(schema, [fqn.join(schema, each.name) for each in listing.relations])
        if not options.include_stored_procedures or not self.catalogue.has_procedures:
            return  # they were not listed
        if options.mark_deleted_stored_procedures:
            names = [fqn.join(schema, each.name) for each in listing.procedures]
            yield Scope(schema, names, "storedProcedure")

    def _items(self, database: str, listing: SchemaListing) -> Iterator[Item]:
        selection, options = self.catalogue.reading.selection, self.catalogue.reading.options
        for each in listing.relations:
            if wanted(each, options) and selection.table(database, listing.schema, each.name):
                yield RELATIONS, each.name, each.weight
        if options.include_stored_procedures:
            for routine in listing.procedures:
                if selection.procedure(database, listing.schema, routine.base):
                    yield PROCEDURES, routine.name, _PROCEDURE_WEIGHT
