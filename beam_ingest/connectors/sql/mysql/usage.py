"""The sources ``mysql-usage`` and ``mariadb-usage``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.query_log_config import QueryLogReading
from beam_ingest.api.source import Split
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.mysql.config import (
    LoggingServer,
    MariadbUsageConfig,
    MysqlUsageConfig,
)
from beam_ingest.connectors.sql.mysql.query_log import QueryLog, Reading
from beam_ingest.connectors.sql.query_log.days import day_splits, span_of
from beam_ingest.connectors.sql.query_log.source import QueryLogSource


class MysqlUsageSource(QueryLogSource):
    """Reads what MySQL ran: of its general or slow log in tables, or of log files."""

    Config = MysqlUsageConfig
    config: LoggingServer

    def sql_dialect(self) -> str:
        """MySQL's."""
        return "mysql"

    def server_ready(self) -> None:
        """Whether the table can be read, and is written."""
        try:
            QueryLog(self.config).check()
        except Unreachable as error:
            # A server that never answered has another address.
            raise FatalError(error.message, hint=error.hint) from None

    def server_splits(self, options: QueryLogReading) -> Iterator[Split]:
        """One a day."""
        kind = QueryLog(self.config).kind
        yield from day_splits(kind, options.query_log_duration, self.now())

    def server_queries(self, split: Split) -> Iterator[LoggedQuery]:
        """The queries of a day."""
        options = self.options()
        reading = Reading(self.context.service_name, options.filter_condition, options.result_limit)
        yield from QueryLog(self.config).read(span_of(split.payload), reading)

    def server_checks(self) -> Iterable[Check]:
        """Whether the table can be read."""
        return (Check("query log", QueryLog(self.config).check),)


class MariadbUsageSource(MysqlUsageSource):
    """Reads what MariaDB ran: of its general or slow log in tables, or of log files."""

    Config = MariadbUsageConfig  # type: ignore[assignment]  # a sibling, as are the connections
