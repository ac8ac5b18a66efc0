"""The source ``query-log-usage``, and what all sources of logged queries share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.query_log_config import DatabaseUsage, QueryLogReading
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Scope, Source, Split
from beam_ingest.connectors.sql.query_log.config import QueryLogConfig
from beam_ingest.connectors.sql.query_log.cut import STEP
from beam_ingest.connectors.sql.query_log.files import (
    file_checks,
    file_splits,
    is_of_files,
    read_files,
)

_log = logging.getLogger(__name__)


class QueryLogSource(Source):
    """Reads logged queries: of ``queryLogFilePath``, else of the log that the server keeps.

    A system adds ``Config``, its dialect, and its own log.
    """

    SourceConfig: ClassVar[type[ConfigModel]] = DatabaseUsage
    part_size: ClassVar[int] = STEP
    """Bytes of a log file that one split reads."""

    def sql_dialect(self) -> str:
        """sqlglot's name of the SQL that is logged; empty where it is not known."""
        raise NotImplementedError(f"{type(self).__name__}.sql_dialect")

    def server_ready(self) -> None:
        """Look at the server's own log before it is listed; warn of what would be counted wrong.

        Raises ``FatalError`` where there is none.
        """

    def server_splits(self, options: QueryLogReading) -> Iterator[Split]:
        """The splits of the server's own log. Does not connect."""
        raise NotImplementedError(f"{type(self).__name__}.server_splits")

    def server_queries(self, split: Split) -> Iterator[LoggedQuery | Unreadable]:
        """The records of one of ``server_splits``."""
        raise NotImplementedError(f"{type(self).__name__}.server_queries")

    def server_checks(self) -> Iterable[Check]:
        """The checks of the server's own log."""
        raise NotImplementedError(f"{type(self).__name__}.server_checks")

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def options(self) -> Any:
        """``sourceConfig.config``."""
        return self.context.source_config or self.SourceConfig()

    def splits(self) -> Iterator[Split | Scope]:
        """Parts of files, or parts of the server's log."""
        if self.options().query_log_file_path is None:
            self.server_ready()
        yield from self.log_splits()

    def log_splits(self) -> Iterator[Split]:
        """The same, without a look at the server's log before."""
        options = self.options()
        path = options.query_log_file_path
        if path is None:
            yield from self.server_splits(options)
            return
        if options.filter_condition or options.result_limit:
            _log.warning(
                "filterCondition and resultLimit are for the log that a server keeps: "
                "the files are read whole"
            )
        yield from file_splits(path, self.now().date().isoformat(), self.part_size)

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The split's queries."""
        if is_of_files(split):
            found = read_files(split, self.context.service_name, self.sql_dialect())
        else:
            found = self.server_queries(split)
        return cast(Iterator[Record | Unreadable], found)  # a TypedDict is a mapping

    def checks(self) -> Iterable[Check]:
        """Whether the log can be read."""
        path = self.options().query_log_file_path
        return self.server_checks() if path is None else file_checks(path)


class QueryLogUsageSource(QueryLogSource):
    """Reads a log that a file or a folder holds: CSV or JSON lines."""

    Config = QueryLogConfig
    config: QueryLogConfig

    def sql_dialect(self) -> str:
        """As the connection's type says, or ``dialect``."""
        return self.config.sql_dialect

    def server_ready(self) -> None:
        """There is no server to ask."""
        raise FatalError(
            "there is no log to read: queryLogFilePath is not set",
            hint="set source.sourceConfig.config.queryLogFilePath to a file or a folder",
        )

    def server_checks(self) -> Iterable[Check]:
        """One, which fails as the listing does."""

        def missing() -> None:
            self.server_ready()

        return (Check("log files", missing),)
