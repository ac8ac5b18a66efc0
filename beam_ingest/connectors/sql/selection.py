"""Which names are read: the patterns of the connection and of ``sourceConfig``, together."""

from __future__ import annotations

from functools import lru_cache

from beam_ingest.api import fqn
from beam_ingest.api.filters import FilterPattern, passes
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.sql.connection_config import SqlConnection

_Patterns = tuple[FilterPattern | None, FilterPattern | None]


class Selection:
    """Decides on names alone, before anything else of an object is read.

    The patterns of the connection are matched with names, since a connection knows no service;
    those of ``sourceConfig`` with names too, or with ``useFqnForFiltering`` with FQNs.
    """

    def __init__(self, service: str, connection: SqlConnection, options: DatabaseMetadata) -> None:
        self._service = service
        self._by_fqn = options.use_fqn_for_filtering
        self._databases = (connection.database_filter_pattern, options.database_filter_pattern)
        self._schemas = (connection.schema_filter_pattern, options.schema_filter_pattern)
        self._tables = (connection.table_filter_pattern, options.table_filter_pattern)
        self._procedures = (
            getattr(connection, "stored_procedure_filter_pattern", None),
            options.stored_procedure_filter_pattern,
        )
        self.container = lru_cache(maxsize=4096)(self._container)

    def database(self, name: str) -> bool:
        """Whether the database is read."""
        return self._passes(self._databases, name)

    def schema(self, database: str, name: str) -> bool:
        """Whether the schema is read, in a database that is."""
        return self._passes(self._schemas, name, database)

    def table(self, database: str, schema: str, name: str) -> bool:
        """Whether the table or view is read, in a schema that is."""
        return self._passes(self._tables, name, database, schema)

    def procedure(self, database: str, schema: str, name: str) -> bool:
        """Whether the procedure or function is read, in a schema that is."""
        return self._passes(self._procedures, name, database, schema)

    def reaches(self, database: str, schema: str, table: str) -> bool:
        """Whether the table is read, judged from the outside: by all three levels."""
        return self.container(database, schema) and self.table(database, schema, table)

    def _container(self, database: str, schema: str) -> bool:
        return self.database(database) and self.schema(database, schema)

    def _passes(self, patterns: _Patterns, name: str, *parents: str) -> bool:
        of_connection, of_source = patterns
        if not passes(of_connection, name):
            return False
        if self._by_fqn and of_source is not None:
            name = fqn.build(self._service, *parents, name)
        return passes(of_source, name)
