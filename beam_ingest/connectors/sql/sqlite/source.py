"""The source ``sqlite``."""

from __future__ import annotations

from typing import Any

from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.source import SqlSource
from beam_ingest.connectors.sql.sqlite.catalogue import SqliteCatalogue
from beam_ingest.connectors.sql.sqlite.config import SqliteConfig


class SqliteSource(SqlSource):
    """Reads a SQLite file: tables, views, columns, keys; never writes to it."""

    Config = SqliteConfig
    service_type: str = "SQLite"
    sql_dialect: str = "sqlite"
    config: SqliteConfig

    def make_catalogue(self, reading: Reading) -> SqliteCatalogue:
        """The catalogue of the file."""
        return SqliteCatalogue(reading, self.config)

    def public_connection(self) -> dict[str, Any]:
        """Type and file."""
        return {
            "type": self.service_type,
            "scheme": self.config.scheme,
            "databaseMode": self.config.database_mode,
        }
