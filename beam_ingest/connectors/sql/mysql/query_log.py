"""The tables ``mysql.general_log`` and ``mysql.slow_log``, or one of the user's own like them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pymysql
from pymysql.connections import Connection
from pymysql.constants import ER
from pymysql.cursors import SSCursor

from beam_ingest.api.errors import FatalError
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.connectors.sql.mysql.config import LoggingServer
from beam_ingest.connectors.sql.mysql.connection import connect, explained, query
from beam_ingest.connectors.sql.mysql.ddl import quoted
from beam_ingest.connectors.sql.mysql.sessions import CHANGES, Sessions
from beam_ingest.connectors.sql.query_log.days import Span

Kind = Literal["general_log", "slow_log"]

_NO_TABLES = (
    "SET ", "SHOW ", "COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "SAVEPOINT", "RELEASE ",
    "XA ", "DEALLOCATE ", "EXECUTE ", "PREPARE ", "KILL ", "FLUSH ", "SELECT @@", "# ADMINISTRATOR",
)  # fmt: skip
"""Statements around the others that use no table. ``EXECUTE`` is logged again by what it runs."""
_CHANGES = ", ".join(f"'{name}'" for name in CHANGES)
_STATEMENTS = """argument NOT LIKE '%%/* beam-ingest */%%'
AND argument NOT LIKE '/* {{"app": "OpenMetadata", %%}} */%%'
AND argument NOT LIKE '/* {{"app": "dbt", %%}} */%%'"""
_GENERAL = f"""
SELECT /* beam-ingest */ event_time, user_host, thread_id, command_type, argument
FROM {{table}} WHERE event_time >= %s AND event_time < %s
AND (command_type IN ({_CHANGES})
  OR command_type IN ('Query', 'Execute') AND {_STATEMENTS} {{filters}})
ORDER BY event_time, thread_id, argument
"""  # noqa: S608
_GENERAL_BEFORE = f"""
SELECT /* beam-ingest */ thread_id, command_type, argument
FROM {{table}} WHERE event_time < %s AND command_type IN ({_CHANGES})
ORDER BY event_time, thread_id
"""  # noqa: S608
_SLOW = f"""
SELECT /* beam-ingest */ start_time, user_host, query_time, db, sql_text
FROM {{table}} WHERE start_time >= %s AND start_time < %s
AND {_STATEMENTS.replace("argument", "sql_text")} {{filters}}
ORDER BY start_time, sql_text
"""  # noqa: S608
_NEWEST = """
SELECT /* beam-ingest */ MIN(at), COUNT(*) FROM (
  SELECT {time} AS at FROM {table} WHERE {time} >= %s AND {time} < %s {of} {filters}
  ORDER BY {time} DESC LIMIT {limit}
) newest
"""
_SETTINGS = "SELECT @@global.log_output, @@global.general_log, @@global.slow_query_log"
_NO_TABLE = (ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR)
_NOT_THERE = (*_NO_TABLE, ER.TABLEACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose queries they are, and which are read: a condition, and the newest so many."""

    service: str
    filters: str | None = None
    limit: int | None = None


class QueryLog:
    """One server's log. Raises what ``connect`` raises, ``FatalError`` where there is no log.

    Times are asked for in UTC. What a statement failed with is not in the log, so none is
    ``aborted``.
    """

    def __init__(self, config: LoggingServer) -> None:
        self._config = config
        self.kind: Kind = "slow_log" if config.use_slow_logs else "general_log"
        table = config.query_history_table or f"mysql.{self.kind}"
        self._name = table
        self._table = ".".join(quoted(part) for part in table.replace("`", "").split("."))

    def check(self) -> str:
        """Whether the table can be read, and is written."""
        with self._session() as connection:
            try:
                query(connection, f"SELECT /* beam-ingest */ 1 FROM {self._table} LIMIT 1")  # noqa: S608
            except pymysql.MySQLError as error:
                if error.args[0] not in _NOT_THERE:
                    raise  # explained as any other
                raise self._unreadable(error) from None
            if self._config.query_history_table:
                return self._name
            ((output, general, slow),) = query(connection, _SETTINGS)
        on = slow if self.kind == "slow_log" else general
        if "TABLE" not in output.upper() or not on:
            switch = "slow_query_log" if self.kind == "slow_log" else "general_log"
            _log.warning(
                "%s is not written: log_output is %s and %s is %s; "
                "SET GLOBAL log_output = 'TABLE', GLOBAL %s = ON",
                self._name, output, switch, "ON" if on else "OFF", switch,
            )  # fmt: skip
        return self._name

    def read(self, span: Span, reading: Reading) -> Iterator[LoggedQuery]:
        """The queries that began in ``span``, in order."""
        filters = f"AND ({reading.filters.replace('%', '%%')})" if reading.filters else ""
        with self._session() as connection:
            begin = self._limited(connection, span, reading, filters)
            times = [_naive(begin), _naive(span.end)]
            if self.kind == "slow_log":
                statement = _SLOW.format(table=self._table, filters=filters)
                yield from self._slow(connection, statement, times, reading)
            else:
                statement = _GENERAL.format(table=self._table, filters=filters)
                yield from self._general(connection, statement, times, reading)

    def _general(
        self, connection: Connection, statement: str, times: list[datetime], reading: Reading
    ) -> Iterator[LoggedQuery]:
        sessions = Sessions()
        before = _GENERAL_BEFORE.format(table=self._table)
        for thread, command, argument in _rows(connection, before, times[:1]):
            sessions.changed(thread, command, _text(argument))
        for at, user, thread, command, argument in _rows(connection, statement, times):
            text = _text(argument)
            if command in CHANGES:
                sessions.changed(thread, command, text)
            elif not _is_of_no_table(text) and not sessions.used(thread, text):
                where = f"{self._name}, {at}, thread {thread}"
                yield self._record(at, user, sessions.schema(thread), text, where, reading)

    def _slow(
        self, connection: Connection, statement: str, times: list[datetime], reading: Reading
    ) -> Iterator[LoggedQuery]:
        for at, user, took, schema, sql in _rows(connection, statement, times):
            text = _text(sql)
            if _is_of_no_table(text):
                continue
            record = self._record(
                at, user, _text(schema) or None, text, f"{self._name}, {at}", reading
            )
            record["endTime"] = (at.replace(tzinfo=UTC) + took).isoformat()
            record["duration"] = took / timedelta(milliseconds=1)
            yield record

    def _record(
        self, at: datetime, user: Any, schema: str | None, text: str, where: str, reading: Reading
    ) -> LoggedQuery:
        started = at.isoformat() + "+00:00"
        return {
            "query": text,
            "serviceName": reading.service,
            "databaseName": self._config.database_name or "default",
            "databaseSchema": schema,
            "userName": _text(user).partition("[")[0].strip() or None,
            "startTime": started,
            "endTime": None,
            "analysisDate": started[:10],
            "aborted": False,
            "duration": None,
            "count": 1,
            "dialect": "mysql",
            "where": where,
        }

    def _limited(
        self, connection: Connection, span: Span, reading: Reading, filters: str
    ) -> datetime:
        """Where to begin, so that the newest ``limit`` are read (those of one moment all)."""
        if reading.limit is None:
            return span.begin
        slow = self.kind == "slow_log"
        statement = _NEWEST.format(
            table=self._table,
            time="start_time" if slow else "event_time",
            of="" if slow else "AND command_type IN ('Query', 'Execute')",
            filters=filters,
            limit=reading.limit,
        )
        oldest: datetime
        ((oldest, count),) = query(connection, statement, [_naive(span.begin), _naive(span.end)])
        if count < reading.limit:
            return span.begin
        _log.warning(
            "resultLimit: only the newest %d queries of %s were read; its counts are too low",
            reading.limit,
            span.begin.date(),
        )
        return max(span.begin, oldest.replace(tzinfo=UTC))

    def _unreadable(self, error: pymysql.MySQLError) -> FatalError:
        user, code = self._config.username, error.args[0]
        return FatalError(
            f"{self._config.host_port}: {self._name} cannot be read: {error.args[1]}",
            hint="check queryHistoryTable"
            if code in _NO_TABLE
            else f"GRANT SELECT ON {self._name} TO {user}",
        )

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        connection = connect(self._config, "")
        try:
            with explained(self._config):
                # A slow reader of rows is no reason for the server to give up.
                query(connection, "SET time_zone = '+00:00', net_write_timeout = 3600")
                yield connection
        finally:
            connection.close()


def _rows(connection: Connection, statement: str, times: Sequence[datetime]) -> Iterator[Any]:
    """The rows as they come, not all at once."""
    cursor = connection.cursor(SSCursor)
    cursor.execute(statement, list(times))
    yield from cursor


def _is_of_no_table(text: str) -> bool:
    return text[:24].lstrip().upper().startswith(_NO_TABLES)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
