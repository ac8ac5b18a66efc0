"""What the sessions of a PostgreSQL log ran: statements, and how each went on.

The rules are those of ``log_statement``, ``log_duration`` and ``log_min_duration_statement``:

* ``statement: …`` and ``execute <name>: …`` are logged when an execution begins, and
  ``duration: … ms`` of the same session, if at all, when it has ended;
* ``duration: … ms  statement: …`` and ``… execute …`` are logged at its end alone;
* ``parse``, ``bind`` and ``execute fetch from`` are steps of an execution, none of their own;
* an error names the statement it ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.connectors.sql.query_log.fields import Log
from beam_ingest.connectors.sql.query_log.search_path import DEFAULT, of_user, set_by

_MESSAGE = re.compile(
    r"duration: (?P<ms>[\d.]+) ms|"
    r"(?:duration: (?P<took>[\d.]+) ms  )?"
    r"(?:statement|execute (?!fetch from )[^\n]*?): (?P<query>.*)",
    re.DOTALL,
)
_PREPARED = re.compile(r"prepare: PREPARE\s.*?\sAS\s(?P<query>.*)", re.DOTALL | re.IGNORECASE)
_STARTS = ("statement: ", "execute ", "duration: ")
_FAILURES = frozenset({"ERROR", "FATAL", "PANIC"})
_MOST_OPEN = 10_000


@dataclass(slots=True)
class Entry:
    """A line of the log, in either format. ``statement``: the one that an error ended."""

    at: datetime
    session: str
    user: str
    database: str
    severity: str
    message: str
    detail: str
    statement: str
    where: str


class Sessions:
    """Makes records of a log's entries, which come in the order of the log.

    A statement is held until its session's next entry, which may say how long it took, or that
    it failed; so records come in the order in which statements ended. At most ``_MOST_OPEN``
    are held: a session that was closed says nothing more. What a session sets its search path to
    is followed within the part of the log that is read.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._open: dict[str, LoggedQuery] = {}
        self._paths: dict[str, tuple[str, ...]] = {}

    def add(self, entry: Entry) -> Iterator[LoggedQuery]:
        """The records that are complete now."""
        if entry.severity in _FAILURES:
            yield from self._failed(entry)
            return
        if entry.severity != "LOG" or not entry.message.startswith(_STARTS):
            return
        found = _MESSAGE.fullmatch(entry.message)
        if found is None:
            return
        open_ = self._open.pop(entry.session, None)
        if open_ is not None:
            if found["query"] is None:
                open_["duration"] = float(found["ms"])
                open_["endTime"] = entry.at.isoformat()
            yield open_
        if found["query"] is None:
            return
        record = self._record(entry, found["query"], found["took"])
        if found["took"]:
            yield record
            return
        self._open[entry.session] = record
        if len(self._open) > _MOST_OPEN:
            yield self._open.pop(next(iter(self._open)))

    def finish(self) -> Iterator[LoggedQuery]:
        """The records of the statements that the log says no more of."""
        yield from self._open.values()
        self._open = {}

    def _failed(self, entry: Entry) -> Iterator[LoggedQuery]:
        open_ = self._open.get(entry.session)
        # An error before the next statement was logged is not that of the one before it.
        if open_ is None or entry.statement.strip() != open_["query"].strip():
            return
        del self._open[entry.session]
        open_["aborted"] = True
        open_["endTime"] = entry.at.isoformat()
        yield open_

    def _path(self, session: str, query: str) -> tuple[str, ...]:
        """The search path of a session that is about to run ``query``: its own, or the default."""
        path = set_by(query)
        if path is not None:
            self._paths.pop(session, None)
            self._paths[session] = path
            if len(self._paths) > _MOST_OPEN:
                del self._paths[next(iter(self._paths))]
        return self._paths.get(session, DEFAULT)

    def _record(self, entry: Entry, query: str, milliseconds: str | None) -> LoggedQuery:
        prepared = _PREPARED.match(entry.detail) if entry.detail else None
        took = float(milliseconds) if milliseconds else None
        start = entry.at if took is None else entry.at - timedelta(milliseconds=took)
        started = start.isoformat()
        return {
            "query": prepared["query"] if prepared else query,
            "serviceName": self._log.service,
            "databaseName": entry.database or None,
            "databaseSchema": None,
            "userName": entry.user or None,
            "startTime": started,
            "endTime": None if took is None else entry.at.isoformat(),
            "analysisDate": started[:10],
            "aborted": False,
            "duration": took,
            "count": 1,
            "dialect": self._log.dialect or "postgres",
            "where": entry.where,
            "searchPath": of_user(self._path(entry.session, query), entry.user),
        }
