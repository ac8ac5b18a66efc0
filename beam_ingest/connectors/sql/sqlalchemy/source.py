"""The source ``sqlalchemy``."""

from __future__ import annotations

from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.source import SqlSource
from beam_ingest.connectors.sql.sqlalchemy.catalogue import SqlalchemyCatalogue
from beam_ingest.connectors.sql.sqlalchemy.config import SqlalchemyConfig
from beam_ingest.connectors.sql.sqlalchemy.connection import url_of

_SERVICE_TYPES = {
    "postgresql": "Postgres", "mysql": "Mysql", "mariadb": "MariaDB", "sqlite": "SQLite",
    "mssql": "Mssql", "oracle": "Oracle", "snowflake": "Snowflake", "bigquery": "BigQuery",
    "redshift": "Redshift", "trino": "Trino", "clickhouse": "Clickhouse",
    "databricks": "Databricks", "hive": "Hive", "teradata": "Teradata",
    "vertica": "Vertica", "db2": "Db2",
    "hana": "SapHana",
}  # fmt: skip
# sqlglot's names, where they are not SQLAlchemy's.
_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}


class SqlalchemySource(SqlSource):
    """Reads any database that SQLAlchemy has a dialect for."""

    Config = SqlalchemyConfig
    config: SqlalchemyConfig

    def open(self) -> None:
        """Also find out from the URL whose service type and dialect these are."""
        super().open()
        name = url_of(self.config).get_backend_name()
        self.service_type = self.config.service_type or _SERVICE_TYPES.get(name, "CustomDatabase")
        self.sql_dialect = _DIALECTS.get(name, name)

    def make_catalogue(self, reading: Reading) -> SqlalchemyCatalogue:
        """The catalogue behind the URL."""
        return SqlalchemyCatalogue(reading, self.config, self.connection_limit())
