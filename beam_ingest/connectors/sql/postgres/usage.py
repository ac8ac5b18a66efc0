"""The source ``postgres-usage``."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.query_log_config import QueryLogReading
from beam_ingest.api.source import Split
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.postgres.config import PostgresUsageConfig
from beam_ingest.connectors.sql.postgres.statements import Statements, counted_before
from beam_ingest.connectors.sql.query_log.fields import Log
from beam_ingest.connectors.sql.query_log.source import QueryLogSource

_log = logging.getLogger(__name__)
_DAY = "day"


class PostgresUsageSource(QueryLogSource):
    """Reads what PostgreSQL ran: of ``pg_stat_statements``, or of log files."""

    Config = PostgresUsageConfig
    config: PostgresUsageConfig

    def sql_dialect(self) -> str:
        """PostgreSQL's."""
        return "postgres"

    def server_ready(self) -> None:
        """Ask since when the server has counted, which may be too long ago."""
        today = self.now().date()
        try:
            since = self.statements().since()
        except Unreachable as error:
            # A server that never answered has another address.
            raise FatalError(error.message, hint=error.hint) from None
        if since is not None and counted_before(since, today):
            _log.warning(
                "pg_stat_statements has counted since %s, and all of it counts for %s: run "
                "pg_stat_statements_reset() at the end of each day, or read the csvlog by "
                "queryLogFilePath",
                since.isoformat(timespec="seconds"),
                today,
            )

    def server_splits(self, options: QueryLogReading) -> Iterator[Split]:
        """One: the view is read whole, and holds no times."""
        yield Split("pg_stat_statements", {_DAY: self.now().date().isoformat()})

    def server_queries(self, split: Split) -> Iterator[LoggedQuery]:
        """A record for each statement, with its number of calls."""
        options = self.options()
        log = Log(self.context.service_name, self.sql_dialect(), split.payload[_DAY])
        yield from self.statements().read(log, options.filter_condition, options.result_limit)

    def server_checks(self) -> Iterable[Check]:
        """Whether the view can be read, and what others ran is shown."""
        return (Check("pg_stat_statements", self.statements().check),)

    def statements(self) -> Statements:
        """The view of the server."""
        return Statements(self.config)
