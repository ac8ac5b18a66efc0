"""A log file's format, and the parts it is read in.

A part holds whole records. A line break inside quotes is none between records, so where CSV is
cut is found by counting the quotes before; that takes a read of the file, which is a small part
of the work of parsing it. A cut is used only where rows of the right width follow.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from pydantic_core import from_json

from beam_ingest.api.errors import IngestError
from beam_ingest.connectors.sql.query_log import postgres_csv
from beam_ingest.connectors.sql.query_log.fields import QUERY_COLUMN
from beam_ingest.connectors.sql.query_log.listing import LogFile
from beam_ingest.connectors.sql.query_log.part import Format, Part, is_compressed, opened

STEP = 64 << 20
"""Bytes of a part: some two hundred thousand records, so that workers share a large file, and
queries of one shape still meet in one part before their counts are spilled."""

_BLOCK = 1 << 20
_LOOK_AHEAD = 5
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parts(file: LogFile, step: int = STEP) -> Iterator[Part]:
    """The parts of ``file``, in order; none where it is empty.

    Raises ``IngestError`` where it cannot be read or is no log in a format we know.
    """
    with opened(file.path, file) as stream:
        first, at = _first_line(stream)
        if not first.strip():
            return
        form, columns = _format(file.path, first)
        headed = form == "csv"
        start, line = (at + len(first), 2) if headed else (at, 1)
        compressed = is_compressed(stream)

    def part(start: int, end: int, line: int) -> Part:
        return Part(file.path, form, file.size, file.inode, start, end, line, columns, compressed)

    if compressed:
        yield part(start, file.size, line)
        return
    width = len(columns) or None
    with opened(file.path, file) as stream:
        stream.seek(start)
        for cut, number in _cuts(stream, (start, file.size, line), step, form, width):
            yield part(start, cut, line)
            start, line = cut, number
    if start < file.size:
        yield part(start, file.size, line)


def _first_line(stream: BinaryIO) -> tuple[bytes, int]:
    """The first line, and where it begins: behind a byte order mark."""
    line = stream.readline(1 << 24)
    if line.startswith(_BYTE_ORDER_MARK):
        return line[len(_BYTE_ORDER_MARK) :], len(_BYTE_ORDER_MARK)
    return line, 0


def _format(path: str, first: bytes) -> tuple[Format, tuple[str, ...]]:
    text = first.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        return ("postgres json" if _is_jsonlog(text) else "json"), ()
    columns = tuple(name.strip().lower() for name in next(csv.reader([text[:_BLOCK]]), ()))
    if QUERY_COLUMN in columns:
        return "csv", columns
    if postgres_csv.is_first_line(columns):
        return "postgres csv", ()
    raise IngestError(
        f"{path} is no query log: its first line names no column {QUERY_COLUMN!r}",
        hint="a log is CSV or JSON lines with OpenMetadata's columns (query_text, user_name, "
        "start_time, end_time, aborted, database_name, schema_name, duration), or PostgreSQL's "
        "csvlog or jsonlog",
    )


def _is_jsonlog(line: str) -> bool:
    try:
        found = from_json(line, allow_partial=True)
    except ValueError:
        return False
    return isinstance(found, dict) and "error_severity" in found and QUERY_COLUMN not in found


def _cuts(
    stream: BinaryIO, where: tuple[int, int, int], step: int, form: Format, width: int | None
) -> Iterator[tuple[int, int]]:
    """(position, line) of records about ``step`` bytes apart, between the first and the end."""
    position, size, line = where
    quoted, odd = form.endswith("csv"), False
    target = position + step
    while target < size:
        while position < target:
            block = stream.read(min(_BLOCK, target - position))
            if not block:
                return
            position += len(block)
            line += block.count(b"\n")
            odd ^= quoted and block.count(b'"') & 1 == 1
        while True:
            rest = stream.readline()
            position += len(rest)
            if position >= size or not rest.endswith(b"\n"):
                return
            line += 1
            odd ^= quoted and rest.count(b'"') & 1 == 1
            if not odd:
                break
        if not quoted or _rows_follow(stream, width):
            yield position, line
        stream.seek(position)
        target = position + step


def _rows_follow(stream: BinaryIO, width: int | None) -> bool:
    """Whether the next rows are of ``width`` columns; None: as PostgreSQL's csvlog."""
    lines = (line.decode("utf-8", "replace") for line in stream)
    try:
        rows: Sequence[list[str]] = list(
            itertools.islice(csv.reader(lines, strict=True), _LOOK_AHEAD)
        )
    except csv.Error:
        return False
    if width is None:
        return all(postgres_csv.is_row(row) for row in rows)
    return all(len(row) == width for row in rows)
