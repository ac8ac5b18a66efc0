"""PostgreSQL's ``log_destination = csvlog``: its columns, which no line of the file names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.record import Unreadable
from beam_ingest.connectors.sql.query_log.csv_rows import rows, unreadable, warn_torn
from beam_ingest.connectors.sql.query_log.fields import Log
from beam_ingest.connectors.sql.query_log.part import Lines
from beam_ingest.connectors.sql.query_log.sessions import Entry, Sessions
from beam_ingest.connectors.sql.query_log.times import Clock

_WIDTHS = (23, 24, 26)  # PostgreSQL 12; 13 with backend_type; 14 with leader_pid and query_id
_TIME, _USER, _DATABASE, _SESSION, _SEVERITY, _MESSAGE, _DETAIL, _QUERY = (
    0, 1, 2, 5, 11, 13, 14, 19,
)  # fmt: skip
_SEVERITIES = frozenset({
    "DEBUG", "DEBUG5", "DEBUG4", "DEBUG3", "DEBUG2", "DEBUG1", "LOG", "INFO", "NOTICE",
    "WARNING", "ERROR", "FATAL", "PANIC",
})  # fmt: skip


def is_row(row: Sequence[str]) -> bool:
    """Whether a row is one of a csvlog."""
    return len(row) in _WIDTHS and row[_SEVERITY] in _SEVERITIES


def is_first_line(fields: Sequence[str]) -> bool:
    """Whether a file begins as a csvlog; a message with a line break hides what is behind it."""
    return len(fields) > _MESSAGE and fields[_SEVERITY].upper() in _SEVERITIES


def queries(lines: Lines, log: Log) -> Iterator[LoggedQuery | Unreadable]:
    """A record for each execution; entries that are none are passed over."""
    path = lines.part.path
    sessions, clock = Sessions(log), Clock(path)
    for item in rows(lines):
        if isinstance(item, Unreadable):
            yield item
            continue
        line, row = item
        if not is_row(row):
            if lines.is_torn:
                warn_torn(lines, line)
                break
            yield unreadable(lines, line, row, "no row of PostgreSQL's csvlog")
            continue
        try:
            at = clock.at(row[_TIME])
        except ValueError as error:
            yield unreadable(lines, line, row, str(error))
            continue
        entry = Entry(
            at, row[_SESSION], row[_USER], row[_DATABASE], row[_SEVERITY], row[_MESSAGE],
            row[_DETAIL], row[_QUERY], f"{path}:{line}",
        )  # fmt: skip
        yield from sessions.add(entry)
    yield from sessions.finish()
