"""The sources ``mysql-lineage`` and ``mariadb-lineage``."""

from __future__ import annotations

from dataclasses import replace

from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.connectors.sql.lineage_source import SqlLineageSource
from beam_ingest.connectors.sql.mysql.config import MysqlUsageConfig
from beam_ingest.connectors.sql.mysql.source import MariadbSource, MysqlSource
from beam_ingest.connectors.sql.mysql.usage import MysqlUsageSource

_MOVES_ROWS = (
    "LOWER(CONVERT({text} USING utf8mb4)) REGEXP '(insert|create|update|merge|replace|into|use) '"
)


class MysqlLineageSource(SqlLineageSource, MysqlSource):
    """Reads which tables of MySQL are made of which: by its views and its queries."""

    Config = MysqlUsageConfig
    config: MysqlUsageConfig

    def query_log(self, options: DatabaseLineage) -> MysqlUsageSource:
        """The general or slow log, or log files. What moves no rows stays on the server."""
        text = "sql_text" if self.config.use_slow_logs else "argument"
        condition = _MOVES_ROWS.format(text=text)
        if options.filter_condition:
            condition += f" AND ({options.filter_condition})"
        if options.query_log_file_path is None:
            options = options.model_copy(update={"filter_condition": condition})
        return MysqlUsageSource(self.config, replace(self.context, source_config=options))


class MariadbLineageSource(SqlLineageSource, MariadbSource):
    """Reads which tables of MariaDB are made of which: by its views.

    As in OpenMetadata, whose connection to MariaDB names no log of queries.
    """
