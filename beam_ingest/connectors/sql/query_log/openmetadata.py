"""Logs with OpenMetadata's columns, as CSV and as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.record import Unreadable
from beam_ingest.connectors.sql.query_log.csv_rows import rows, unreadable, warn_torn
from beam_ingest.connectors.sql.query_log.fields import COLUMNS, BadField, Log, maker
from beam_ingest.connectors.sql.query_log.part import Lines

_NAMES = ("user_name", "database_name", "schema_name")


def csv_queries(lines: Lines, log: Log) -> Iterator[LoggedQuery | Unreadable]:
    """A record for each row; the names of the columns stand in the part."""
    columns, path = lines.part.columns, lines.part.path
    width, make = len(columns), maker(log)
    # What is not there is read from an empty field behind the last one.
    places = [columns.index(name) if name in columns else width for name in COLUMNS]
    straight = places == list(range(width)) == list(range(len(COLUMNS)))
    for item in rows(lines):
        if isinstance(item, Unreadable):
            yield item
            continue
        line, row = item
        if len(row) != width:
            if len(row) < width and lines.is_torn:
                warn_torn(lines, line)
                return
            why = f"{len(row)} fields, where the first line names {width} columns"
            yield unreadable(lines, line, row, why)
            continue
        try:
            if straight:
                yield make(row, f"{path}:{line}")
            else:
                row.append("")
                yield make([row[place] for place in places], f"{path}:{line}")
        except BadField as error:
            yield unreadable(lines, line, row, str(error))


def json_queries(lines: Lines, log: Log) -> Iterator[LoggedQuery | Unreadable]:
    """A record for each object; other keys than OpenMetadata's are passed over."""
    path, make = lines.part.path, maker(log)
    for number, value in objects(lines):
        if isinstance(value, Unreadable):
            yield value
            continue
        try:
            for name in _NAMES:
                if not isinstance(value.get(name, ""), str | None):
                    raise BadField(f"{name} is no text")
            yield make([value.get(name) for name in COLUMNS], f"{path}:{number}")
        except BadField as error:
            yield Unreadable(f"{path}, line {number}", str(error), lines.last)


def objects(lines: Lines) -> Iterator[tuple[int, dict[str, Any] | Unreadable]]:
    """The JSON object of each line and the line's number; empty lines are passed over.

    A line that is none is an ``Unreadable``; the file's last one, where it was not written to
    its end, is left out with a warning.
    """
    path = lines.part.path
    for number, text in enumerate(lines, lines.part.line):
        try:
            value = from_json(text)
        except ValueError as error:
            if not text.strip():
                continue
            if lines.is_torn:
                warn_torn(lines, number)
                return
            yield number, Unreadable(f"{path}, line {number}", f"no JSON: {error}", lines.last)
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield number, Unreadable(f"{path}, line {number}", "no JSON object", lines.last)
