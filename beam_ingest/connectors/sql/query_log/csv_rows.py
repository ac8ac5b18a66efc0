"""The rows of a part of a CSV file, each with its line."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator

from beam_ingest.api.record import Unreadable
from beam_ingest.connectors.sql.query_log.part import Lines

_LONGEST = 16 << 20  # characters of a field; csv's own limit, 131,072, is less than a long query
_log = logging.getLogger(__name__)

Row = tuple[int, list[str]]
"""The line where the row begins, and its fields."""


def rows(lines: Lines) -> Iterator[Row | Unreadable]:
    """Each row, empty ones left out; in place of one that is no CSV an ``Unreadable``.

    One at the end of the file that was not written to its end is left out, with a warning.
    """
    if csv.field_size_limit() < _LONGEST:
        csv.field_size_limit(_LONGEST)
    part, line = lines.part, lines.part.line
    # Strict: else a quote that is never closed makes the rest of the file one field.
    reader = csv.reader(lines, strict=True)
    while True:
        try:
            for row in reader:
                if row:
                    yield line, row
                line = part.line + reader.line_num
            return
        except csv.Error as error:
            if lines.is_torn:
                warn_torn(lines, line)
                return
            yield Unreadable(f"{part.path}, line {line}", f"no CSV: {error}", lines.last)
            line = part.line + reader.line_num


def warn_torn(lines: Lines, line: int) -> None:
    """Say that the record at the end of the file is left out."""
    _log.warning(
        "%s, line %d: the last record was not written to its end; it is left out",
        lines.part.path,
        line,
    )


def unreadable(lines: Lines, line: int, row: list[str], why: str) -> Unreadable:
    """A row that is no record."""
    text = io.StringIO()
    csv.writer(text).writerow(row)
    raw = text.getvalue().encode("utf-8", "replace")
    return Unreadable(f"{lines.part.path}, line {line}", why, raw)
