"""The source ``query-log-lineage``: edges from log files, without a database to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

from beam_ingest.api import fqn
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Scope, Split
from beam_ingest.connectors.sql.query_log.source import QueryLogUsageSource

_DEFAULT_SCHEMAS = {"postgres": "public", "redshift": "public", "tsql": "dbo"}


class AsWritten:
    """In place of a catalogue: every table that is named is taken to be there as it is written."""

    ignores_case: bool = False

    def __init__(self, default_schema: str | None) -> None:
        self.default_schema = default_schema

    def columns_of(
        self, database: str, names: dict[str, list[str]]
    ) -> Mapping[tuple[str, str], list[str]]:
        """All of them; their columns are not known."""
        return {(schema, name): [] for schema, tables in names.items() for name in tables}


class QueryLogLineageSource(QueryLogUsageSource):
    """Reads which tables are made of which from a log that a file or a folder holds.

    A table that is not on the server is for the sink to tell of.
    """

    SourceConfig: ClassVar[type[ConfigModel]] = DatabaseLineage

    def splits(self) -> Iterator[Split | Scope]:
        """Parts of the files; none with ``processQueryLineage: false``."""
        if self.options().process_query_lineage:
            yield from super().splits()

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The edges of the split's queries."""
        from beam_ingest.connectors.sql.query_lineage import QueryLineage

        dialect, service = self.sql_dialect(), self.context.service_name
        default = _DEFAULT_SCHEMAS.get(dialect)

        def named(database: str, schema: str, table: str) -> str:
            return fqn.build(service, database, schema, table)

        lineage = QueryLineage(AsWritten(default), dialect, named, views=True)
        for record in super().read(split):
            if isinstance(record, Unreadable):
                yield record
                continue
            logged = cast(LoggedQuery, record)
            # Of several schemas it cannot be told which has the table.
            schema = logged["databaseSchema"] or default
            one: dict[str, Any] = {**logged, "searchPath": [schema] if schema else []}
            lineage.add(cast(LoggedQuery, one))
        yield from lineage.edges()
