"""The source ``postgres``."""

from __future__ import annotations

from typing import Any

from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.postgres.catalogue import PostgresCatalogue
from beam_ingest.connectors.sql.postgres.config import PostgresConfig
from beam_ingest.connectors.sql.source import SqlSource


class PostgresSource(SqlSource):
    """Reads PostgreSQL's catalogue."""

    Config = PostgresConfig
    service_type: str = "Postgres"
    sql_dialect: str = "postgres"
    config: PostgresConfig

    def make_catalogue(self, reading: Reading) -> PostgresCatalogue:
        """The catalogue of the server."""
        return PostgresCatalogue(reading, self.config, self.connection_limit())

    def public_connection(self) -> dict[str, Any]:
        """Where it is and what is read of it; no password."""
        return {
            "type": self.service_type,
            "scheme": "postgresql+psycopg2",
            "username": self.config.username,
            "hostPort": self.config.host_port,
            "database": self.config.database,
            "ingestAllDatabases": self.config.ingest_all_databases,
            "sslMode": self.config.ssl_mode,
        }
