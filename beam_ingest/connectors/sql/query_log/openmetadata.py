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
        get = value.get
        values = [get(name) for name in COLUMNS]
        try:
            if not (values[1].__class__ is values[5].__class__ is values[6].__class__ is str):
                _check_names(value)
            yield make(values, f"{path}:{number}")
        except BadField as error:
            yield Unreadable(f"{path}, line {number}", str(error), lines.last)


def objects(lines: Lines) -> Iterator[tuple[int, dict[str, Any] | Unreadable]]:
    """The JSON object of each line and the line's number; empty lines are passed over.

    A line that is none is an ``Unreadable``; the file's last one, where it was not written to
    its end, is left out with a warning.
    """
    path = lines.part.path
    for number, line in enumerate(lines.raw(), lines.part.line):
        try:
            value = from_json(line)
        except ValueError:
            value = _decoded(line)
        if value.__class__ is dict:
            yield number, value
        elif not line.strip():
            continue
        elif isinstance(value, ValueError) and lines.is_torn:
            warn_torn(lines, number)
            return
        else:
            why = f"no JSON: {value}" if isinstance(value, ValueError) else "no JSON object"
            yield number, Unreadable(f"{path}, line {number}", why, line)


def _decoded(line: bytes) -> Any:
    """The JSON of a line that may hold bytes that are no UTF-8, or the error."""
    try:
        return from_json(line.decode("utf-8", "replace"))
    except ValueError as error:
        return error


def _check_names(value: dict[str, Any]) -> None:
    for name in _NAMES:
        if not isinstance(value.get(name, ""), str | None):
            raise BadField(f"{name} is no text")
