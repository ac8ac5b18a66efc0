"""The named checks of ``test-connection``, the same for every SQL system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.sql.catalogue import Catalogue
from beam_ingest.connectors.sql.listing import SchemaListing, wanted

_SHOWN = 3


def standard_checks(make: Callable[[], Catalogue]) -> tuple[Check, ...]:
    """Each makes a catalogue of its own, by ``make``, and closes it."""
    checks = CatalogueChecks(make)
    return (
        Check("connect", checks.connect),
        Check("list schemas", checks.list_schemas),
        Check("list tables", checks.list_tables, required=False),
        Check("read columns", checks.read_columns, required=False),
        Check("read view definitions", checks.read_view_definitions, required=False),
    )


class CatalogueChecks:
    """What each check does; all raise an ``IngestError`` that names what is missing."""

    def __init__(self, make: Callable[[], Catalogue]) -> None:
        self._make = make

    def connect(self) -> str:
        """The databases that are read."""
        with self._opened() as catalogue:
            selection = catalogue.reading.selection
            names = [d.name for d in catalogue.databases() if selection.database(d.name)]
        if not names:
            raise FatalError("no database passes databaseFilterPattern")
        return _some(names, "database")

    def list_schemas(self) -> str:
        """The schemas that are read."""
        with self._opened() as catalogue:
            names = [schema for _, schemas in _selected(catalogue) for schema in schemas]
        if not names:
            raise FatalError("there is no schema to read", hint="see schemaFilterPattern")
        return _some(names, "schema")

    def list_tables(self) -> str:
        """How many tables and views there are, after the filters."""
        tables = views = 0
        with self._opened() as catalogue:
            for database, listing in _listed(catalogue):
                if listing.failed is not None:
                    raise FatalError(listing.failed)
                for _, is_view in _relations(catalogue, database, listing):
                    tables, views = tables + (not is_view), views + is_view
        return f"{tables} tables, {views} views"

    def read_columns(self) -> str:
        """The columns of the first table."""
        return self._first(is_view=False)

    def read_view_definitions(self) -> str:
        """The definition of the first view."""
        return self._first(is_view=True)

    def _first(self, *, is_view: bool) -> str:
        with self._opened() as catalogue:
            for database, listing in _listed(catalogue):
                for name, view in _relations(catalogue, database, listing):
                    if view is not is_view:
                        continue
                    for table in catalogue.tables(database, {listing.schema: [name]}):
                        if is_view and table.schema_definition is None:
                            raise FatalError(
                                f"the definition of {table.fqn} is not shown to this user",
                                hint=catalogue.definition_grant,
                            )
                        return f"{table.fqn}: {len(table.columns)} columns"
        return "there is none"

    @contextmanager
    def _opened(self) -> Iterator[Catalogue]:
        catalogue = self._make()
        try:
            yield catalogue
        finally:
            catalogue.close()


def _selected(catalogue: Catalogue) -> Iterator[tuple[str, list[str]]]:
    selection = catalogue.reading.selection
    for database in catalogue.databases():
        if selection.database(database.name):
            schemas = catalogue.schemas(database.name)
            yield (
                database.name,
                [each.name for each in schemas if selection.schema(database.name, each.name)],
            )


def _listed(catalogue: Catalogue) -> Iterator[tuple[str, SchemaListing]]:
    for database, schemas in _selected(catalogue):
        for listing in catalogue.listing(database, schemas):
            yield database, listing


def _relations(
    catalogue: Catalogue, database: str, listing: SchemaListing
) -> Iterator[tuple[str, bool]]:
    selection, options = catalogue.reading.selection, catalogue.reading.options
    for each in listing.relations:
        if wanted(each, options) and selection.table(database, listing.schema, each.name):
            yield each.name, each.is_view


def _some(names: list[str], what: str) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} {what}{'s' if len(names) != 1 else ''}: {shown}{more}"
