"""What the lineage sources of all SQL systems share: views by their definitions, and queries."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar

from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Scope, Split
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.query_log.source import QueryLogSource
from beam_ingest.connectors.sql.selection import Selection
from beam_ingest.connectors.sql.source import SqlSource
from beam_ingest.connectors.sql.splits import RELATIONS
from beam_ingest.lineage.views import ViewLineage

_QUERIES = "queries"

_log = logging.getLogger(__name__)


class SqlLineageSource(SqlSource):
    """Yields edges, and nothing else: the tables are on the server by a metadata workflow.

    A system mixes it in before its metadata source, and gives its log.
    """

    SourceConfig: ClassVar[type[ConfigModel]] = DatabaseLineage

    def query_log(self, options: DatabaseLineage) -> QueryLogSource | None:
        """The log that queries are read of; None where the system has none."""
        return None

    def parents(self) -> Iterator[Record]:
        """Nothing: an edge joins what is there."""
        return iter(())

    def splits(self) -> Iterator[Split | Scope]:
        """Splits of views, a failed scope for a listing that failed, then splits of the log."""
        options = self._options()
        if options.process_view_lineage and self.config.wants_lineage:
            yield from super().splits()
        log = self.query_log(options) if options.process_query_lineage else None
        if log is not None:
            for split in log.log_splits():
                payload = {_QUERIES: {"key": split.key, "payload": split.payload}}
                yield Split(f"query log/{split.key}", payload)
        elif options.query_log_file_path:
            _log.warning("queryLogFilePath is not read: there is no query lineage of this source")

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The edges of the split's views, or of its part of the log."""
        if _QUERIES in split.payload:
            yield from self._of_queries(Split(**split.payload[_QUERIES]))
        else:
            yield from self._of_views(split)

    def checks(self) -> Iterable[Check]:
        """Those of the catalogue, and those of the log."""
        options = self._options()
        log = self.query_log(options) if options.process_query_lineage else None
        return [*super().checks(), *(log.checks() if log is not None else ())]

    def reading(self) -> Reading:
        """Views alone, by the filters; nothing is retired."""
        options = self._options()
        views = DatabaseMetadata(
            database_filter_pattern=options.database_filter_pattern,
            schema_filter_pattern=options.schema_filter_pattern,
            table_filter_pattern=options.table_filter_pattern,
            threads=options.threads,
            include_tables=False,
            include_stored_procedures=False,
            mark_deleted_tables=False,
            mark_deleted_stored_procedures=False,
        )
        service = self.context.service_name
        return Reading(service, Selection(service, self.config, views), views)

    def _options(self) -> DatabaseLineage:
        found = self.context.source_config
        return found if isinstance(found, DatabaseLineage) else DatabaseLineage()

    def _held(self) -> Reading:
        """What the service holds, by the connection's filters: an edge may begin at all of it."""
        service = self.context.service_name
        options = DatabaseMetadata()
        return Reading(service, Selection(service, self.config, options), options)

    def _of_views(self, split: Split) -> Iterator[Record]:
        database: str = split.payload["database"]
        fqn_of = partial(self._held().fqn_if_read, database)
        lineage = ViewLineage(self.catalogue, database, self.sql_dialect, fqn_of)
        for view in self.catalogue.tables(database, split.payload[RELATIONS]):
            lineage.add(view)
        yield from lineage.edges()

    def _of_queries(self, split: Split) -> Iterator[Record | Unreadable]:
        # sqlglot takes 0.2 s to import: not before there is a query.
        from beam_ingest.connectors.sql.query_lineage import QueryLineage

        log = self.query_log(self._options())
        if log is None:
            raise AssertionError("a split of a log that there is none of")
        lineage = QueryLineage(self.catalogue, self.sql_dialect, self._held().fqn_if_read)
        try:
            for record in log.read(split):
                if isinstance(record, Unreadable):
                    yield record
                else:
                    lineage.add(_logged(record))
        except FatalError as error:  # of the log alone: the views can be read
            hint = "or set processQueryLineage: false"
            raise IngestError(
                error.message, hint=f"{error.hint}; {hint}" if error.hint else hint
            ) from None
        yield from lineage.edges()


def _logged(record: Record) -> Any:
    return record  # a LoggedQuery, which is a mapping
