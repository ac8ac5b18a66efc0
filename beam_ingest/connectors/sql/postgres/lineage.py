"""The source ``postgres-lineage``."""

from __future__ import annotations

from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.connectors.sql.lineage_source import SqlLineageSource
from beam_ingest.connectors.sql.postgres.config import PostgresUsageConfig
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from beam_ingest.connectors.sql.postgres.usage import PostgresUsageSource


class PostgresLineageSource(SqlLineageSource, PostgresSource):
    """Reads which tables of PostgreSQL are made of which: by its views and its queries."""

    Config = PostgresUsageConfig
    config: PostgresUsageConfig

    def query_log(self, options: DatabaseLineage) -> PostgresUsageSource:
        """``pg_stat_statements``, or log files."""
        return PostgresUsageSource(self.config, self.context)
