"""From OpenMetadata's columns of a query log to a ``LoggedQuery``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.connectors.sql.query_log.times import in_utc

QUERY_COLUMN = "query_text"
COLUMNS = (
    QUERY_COLUMN, "user_name", "start_time", "end_time", "aborted", "database_name",
    "schema_name", "duration",
)  # fmt: skip
"""What a log may hold, by OpenMetadata's names; only the first is required."""

_TRUTH = {
    "": False, "false": False, "f": False, "no": False, "n": False, "0": False,
    "true": True, "t": True, "yes": True, "y": True, "1": True,
}  # fmt: skip

_NO_END = float("inf")
_NO_TIME = (ValueError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Log:
    """What all records of a log have in common. ``day``: for those without a time."""

    service: str
    dialect: str
    day: str


class BadField(ValueError):
    """A value that a column cannot hold; its text says which and why."""


Maker = Callable[[list[Any], str], LoggedQuery]
"""From the values of ``COLUMNS`` (None or empty: not there) and a place to a record.

Raises ``BadField``.
"""


def maker(log: Log) -> Maker:
    """The maker of a log's records. A closure: it is called for every line."""
    service, dialect, today = log.service, log.dialect, log.day

    def make(values: list[Any], where: str) -> LoggedQuery:
        query, user, start, end, aborted, database, schema, duration = values
        if not query or not isinstance(query, str) or query.isspace():
            raise BadField("query_text is empty" if not query else "query_text is no text")
        try:
            started = in_utc(start) if start else None
            ended = in_utc(end) if end else None
        except _NO_TIME:
            raise _bad_time(start, end) from None
        took = duration
        if duration.__class__ is not float or not 0 <= duration < _NO_END:
            took = None if duration is None or duration == "" else _number(duration)
        if ended is None and started is not None and took is not None:
            ended = _later(started, took)
        return {
            "query": query,
            "serviceName": service,
            "databaseName": database or None,
            "databaseSchema": schema or None,
            "userName": user or None,
            "startTime": started,
            "endTime": ended,
            "analysisDate": (started or ended or today)[:10],
            "aborted": aborted != "false" and aborted is not False and _truth(aborted),
            "duration": took,
            "count": 1,
            "dialect": dialect,
            "where": where,
        }

    return make


def _bad_time(start: Any, end: Any) -> BadField:
    """Which of the two is no time."""
    column, value = "end_time", end
    try:
        in_utc(start or "2026-01-01")
    except _NO_TIME:
        column, value = "start_time", start
    return BadField(f"{column} is no time in ISO 8601: {str(value)[:40]!r}")


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (ValueError, TypeError):
        number = -1.0
    if not 0 <= number < _NO_END:
        raise BadField(f"duration is no number of milliseconds: {str(value)[:40]!r}")
    return number


def _truth(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    found = _TRUTH.get(str(value).strip().lower())
    if found is None:
        raise BadField(f"aborted is neither true nor false: {str(value)[:40]!r}")
    return found


def _later(started: str, milliseconds: float) -> str | None:
    try:
        moment = datetime.fromisoformat(started) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return moment.isoformat()
