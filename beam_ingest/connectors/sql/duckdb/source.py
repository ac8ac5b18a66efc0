"""The source ``duckdb``."""

from __future__ import annotations

from typing import Any

from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.duckdb.catalogue import DuckdbCatalogue
from beam_ingest.connectors.sql.duckdb.config import DuckdbConfig
from beam_ingest.connectors.sql.source import SqlSource


class DuckdbSource(SqlSource):
    """Reads a DuckDB file: schemas, tables, views, columns, keys, macros; never writes to it."""

    Config = DuckdbConfig
    # OpenMetadata's server knows no DuckDB; this is its type for all that it does not know.
    service_type: str = "CustomDatabase"
    sql_dialect: str = "duckdb"
    config: DuckdbConfig

    def make_catalogue(self, reading: Reading) -> DuckdbCatalogue:
        """The catalogue of the file."""
        return DuckdbCatalogue(reading, self.config)

    def public_connection(self) -> dict[str, Any]:
        """Type and file."""
        return {
            "type": self.service_type,
            "sourcePythonClass": f"{type(self).__module__}.{type(self).__qualname__}",
            "connectionOptions": {"path": self.config.path},
        }
