"""What ``pg_stat_statements`` counted: each statement once, with how often it was run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.filters import passes
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.connectors.sql.postgres.config import STATEMENTS, PostgresConfig
from beam_ingest.connectors.sql.postgres.connection import Connection, connect, explained, query
from beam_ingest.connectors.sql.postgres.search_path import SearchPaths, read_search_paths
from beam_ingest.connectors.sql.query_log.fields import Log

_CHUNK = 500
_HIDDEN = "<insufficient privilege>"
# Each statement says whose it is, so that reading the view is not what it shows.
_EXTENSION = """
SELECT /* beam-ingest */ quote_ident(n.nspname) || '.pg_stat_statements'
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
"""
_COLUMNS = """
SELECT /* beam-ingest */ attname FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
# Without what names no table and is run around every statement, by this source too. The
# comments of other tools are OpenMetadata's to leave out.
_STATEMENTS = """
SELECT /* beam-ingest */ {id}, d.datname, r.rolname, s.query, {calls}, {mean}
FROM {source} s
JOIN pg_catalog.pg_database d ON d.oid = s.dbid
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.userid
WHERE {calls} > 0
AND s.query NOT LIKE '%/* beam-ingest */%'
AND s.query NOT LIKE '/* {{"app": "OpenMetadata", %}} */%'
AND s.query NOT LIKE '/* {{"app": "dbt", %}} */%'
AND s.query !~* '^\\s*(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\\s+TRANSACTION|SET|RESET|SHOW|DISCARD|DEALLOCATE|FETCH|MOVE|CLOSE|LISTEN|UNLISTEN|NOTIFY)\\M'
{filters}
ORDER BY {order}
{limit}
"""  # noqa: E501
_SHOWN = "SELECT /* beam-ingest */ query <> %s, count(*) FROM {source} GROUP BY 1"
_EXISTS = "SELECT /* beam-ingest */ to_regclass(%s)::text"
_RESET = "SELECT /* beam-ingest */ stats_reset FROM {info}"
_ONE_DATABASE = "AND d.datname = current_database()"

_log = logging.getLogger(__name__)


class Statements:
    """One server's ``pg_stat_statements``, or the view that ``queryStatementSource`` names.

    Of the databases that a metadata workflow with this connection reads. Raises what ``connect``
    raises, and ``FatalError`` where there is no such view.
    """

    def __init__(self, config: PostgresConfig) -> None:
        self._config = config
        self._source = config.query_statement_source or STATEMENTS

    def check(self) -> str:
        """How many statements this user sees."""
        with self._session() as connection:
            view, _ = self._view(connection)
            shown: dict[bool, int] = dict(query(connection, _SHOWN.format(source=view), [_HIDDEN]))
        seen, hidden = shown.get(True, 0), shown.get(False, 0)
        if hidden:
            raise FatalError(f"{hidden} of {hidden + seen} statements are hidden", hint=self._grant)
        return f"{seen} statements"

    def since(self) -> datetime | None:
        """Since when the server has counted; None where it does not say (before version 14)."""
        with self._session() as connection:
            view, _ = self._view(connection)
            if self._source != STATEMENTS:
                return None
            info = f"{view}_info"
            if query(connection, _EXISTS, [info]) == [(None,)]:
                return None
            ((reset,),) = query(connection, _RESET.format(info=info))
            return reset if isinstance(reset, datetime) else None

    def read(
        self, log: Log, filters: str | None = None, limit: int | None = None
    ) -> Iterator[LoggedQuery]:
        """The statements; with a ``limit`` those run most often.

        ``filters``: a condition in SQL; the view is ``s`` in it.
        """
        hidden = read = 0
        with self._session() as connection:
            paths = read_search_paths(connection)
            statement = self._statement(connection, filters, limit)
            with connection.cursor("statements") as cursor:
                cursor.itersize = _CHUNK
                for row in cursor.execute(statement):
                    if row[3] == _HIDDEN:
                        hidden += 1
                        continue
                    read += 1
                    if passes(self._config.database_filter_pattern, row[1]):
                        yield self._record(row, log, paths)
        if hidden and not read:
            raise IngestError(f"all {hidden} statements are hidden", hint=self._grant)
        if hidden:
            _log.warning("%d statements of other users are hidden: %s", hidden, self._grant)
        if limit is not None and read + hidden >= limit:
            _log.warning(
                "resultLimit: only the %d statements that ran most often were read; counts of "
                "tables that others use are too low",
                limit,
            )

    @property
    def _grant(self) -> str:
        return f"GRANT pg_read_all_stats TO {self._config.username}"

    def _record(self, row: tuple[Any, ...], log: Log, paths: SearchPaths) -> LoggedQuery:
        number, database, user, text, calls, mean = row
        return {
            "query": text,
            "serviceName": log.service,
            "databaseName": database,
            "databaseSchema": None,
            "userName": user,
            "startTime": None,
            "endTime": None,
            "analysisDate": log.day,
            "aborted": False,
            "duration": mean,
            "count": calls,
            "dialect": log.dialect,
            "where": f"{self._source}, queryid {number}",
            "searchPath": paths.of(database, user),
        }

    def _statement(self, connection: Connection, filters: str | None, limit: int | None) -> str:
        view, columns = self._view(connection)
        means = [name for name in ("mean_exec_time", "mean_time") if name in columns]
        number = "s.queryid" if "queryid" in columns else "NULL"
        calls = "s.calls" if "calls" in columns else "1"
        order = "d.datname, r.rolname, " + ("s.queryid" if "queryid" in columns else "s.query")
        return _STATEMENTS.format(
            id=number,
            source=view,
            calls=calls,
            mean=f"s.{means[0]}" if means else "NULL",
            filters=("" if self._config.ingest_all_databases else _ONE_DATABASE)
            + (f" AND ({filters})" if filters else ""),
            order=order if limit is None else f"{calls} DESC, {order}",
            limit="" if limit is None else f"LIMIT {limit:d}",
        )

    def _view(self, connection: Connection) -> tuple[str, set[str]]:
        """The view's name as the server quotes it, and its columns."""
        name = self._source
        if name == STATEMENTS:
            found = query(connection, _EXTENSION)
            if not found:
                raise FatalError(
                    f"the extension pg_stat_statements is not in the database "
                    f"{self._config.database} of {self._config.host_port}",
                    hint="CREATE EXTENSION pg_stat_statements there, with shared_preload_libraries "
                    "= 'pg_stat_statements' on the server; or read its csvlog by queryLogFilePath",
                )
            ((name,),) = found
        ((quoted,),) = query(connection, _EXISTS, [name])
        if quoted is None:
            raise FatalError(
                f"queryStatementSource: there is no view {name} in {self._config.database}",
                hint="write it with its schema: my_schema.custom_pg_stat_statements",
            )
        return quoted, {row[0] for row in query(connection, _COLUMNS, [name])}

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        connection = connect(self._config, self._config.database)
        try:
            with explained(self._config):
                yield connection
        finally:
            connection.close()


def counted_before(since: datetime | None, day: date) -> bool:
    """Whether counts reach back to before ``day``, for which they are taken."""
    return since is not None and since.date() < day
