"""The sources ``mysql`` and ``mariadb``."""

from __future__ import annotations

from typing import Any

from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.mysql.catalogue import MysqlCatalogue
from beam_ingest.connectors.sql.mysql.config import MariadbConfig, MysqlConfig, ServerConfig
from beam_ingest.connectors.sql.source import SqlSource


class MysqlSource(SqlSource):
    """Reads MySQL's catalogue."""

    Config = MysqlConfig
    service_type: str = "Mysql"
    sql_dialect: str = "mysql"
    # The server takes longer for a chunk than this process: with one it would be waited for.
    default_threads = 2
    config: ServerConfig

    def make_catalogue(self, reading: Reading) -> MysqlCatalogue:
        """The catalogue of the server."""
        return MysqlCatalogue(reading, self.config, self.connection_limit())

    def public_connection(self) -> dict[str, Any]:
        """Where it is and what is read of it; no password."""
        found = {
            "type": self.service_type,
            "scheme": self.config.scheme,
            "username": self.config.username,
            "hostPort": self.config.host_port,
            "databaseName": self.config.database_name,
            "databaseSchema": self.config.database_schema,
        }
        return {key: value for key, value in found.items() if value is not None}


class MariadbSource(SqlSource):
    """Reads MariaDB's catalogue."""

    Config = MariadbConfig
    service_type: str = "MariaDB"
    sql_dialect: str = "mysql"
    default_threads = MysqlSource.default_threads
    config: ServerConfig

    make_catalogue = MysqlSource.make_catalogue
    public_connection = MysqlSource.public_connection
