"""PostgreSQL's ``log_destination = jsonlog``, since version 15."""

from __future__ import annotations

from collections.abc import Iterator

from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.record import Unreadable
from beam_ingest.connectors.sql.query_log.fields import Log
from beam_ingest.connectors.sql.query_log.openmetadata import objects
from beam_ingest.connectors.sql.query_log.part import Lines
from beam_ingest.connectors.sql.query_log.sessions import Entry, Sessions
from beam_ingest.connectors.sql.query_log.times import Clock


def queries(lines: Lines, log: Log) -> Iterator[LoggedQuery | Unreadable]:
    """A record for each execution; entries that are none are passed over."""
    path = lines.part.path
    sessions, clock = Sessions(log), Clock(path)
    for number, value in objects(lines):
        if isinstance(value, Unreadable):
            yield value
            continue
        get = value.get
        try:
            at = clock.at(str(get("timestamp", "")))
        except ValueError as error:
            yield Unreadable(f"{path}, line {number}", str(error), lines.last)
            continue
        yield from sessions.add(
            Entry(
                at, get("session_id", ""), get("user", ""), get("dbname", ""),
                get("error_severity", ""), get("message", ""), get("detail", ""),
                get("statement", ""), f"{path}:{number}",
            )
        )  # fmt: skip
    yield from sessions.finish()
