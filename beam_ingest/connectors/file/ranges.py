"""The records of a byte range of a file of JSON lines.

A line belongs to the range in which it starts, so ranges that cover a file give each line once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beam_ingest.api.codec import decode
from beam_ingest.api.errors import IngestError, RecordError
from beam_ingest.api.files import BUFFER, decompressed, explained
from beam_ingest.api.record import Record, Unreadable

COMPRESSED = ".gz"
"""Files that end so are decompressed; they have no ranges and are read whole."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Range:
    """The bytes ``start`` to ``end`` of a file that had ``size`` bytes when it was listed.

    ``mtime_ns`` is its time of change then, in nanoseconds since the epoch. A ``growing`` file
    may be longer when it is read.
    """

    path: str
    start: int
    end: int
    size: int
    mtime_ns: int
    growing: bool = False


def records(part: Range) -> Iterator[Record | Unreadable]:
    """The records of the lines that start in ``part``; empty lines are skipped.

    A line that is no record is an ``Unreadable`` with the line's number (the byte where it
    starts, in a range that does not begin the file). Raises ``IngestError`` for a file that
    is gone, damaged, or not the one that was listed, also where it changed while it was read.
    """
    with explained(part.path), Path(part.path).open("rb", buffering=BUFFER) as plain:
        _same_file(plain, part)
        file = decompressed(plain) if part.path.endswith(COMPRESSED) else plain
        end = sys.maxsize if part.path.endswith(COMPRESSED) else part.end
        position = _first_line(file, part.start, end)
        if position < end or part.start == 0:  # a byte order mark may be longer than the range
            yield from _lines(file, part, position, end)
        _same_file(plain, part)


def _lines(file: BinaryIO, part: Range, position: int, end: int) -> Iterator[Record | Unreadable]:
    # The hot loop: as little as possible for each line. An empty line fails to decode, so
    # that the others need not be looked at for it.
    for number, line in enumerate(file, 1):
        try:
            record = decode(line)
        except RecordError as error:
            if line.strip():
                yield Unreadable(_where(part, number, position), error.message, line)
        else:
            yield record
        position += len(line)
        if position >= end:
            return


def _where(part: Range, number: int, position: int) -> str:
    if part.start == 0:
        return f"{part.path}, line {number}"
    return f"{part.path}, byte {position}"


def _first_line(file: BinaryIO, start: int, end: int) -> int:
    """Go to the first line that starts at or after ``start``; its position."""
    if start == 0:
        if file.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK:
            return len(_BYTE_ORDER_MARK)
        file.seek(0)
        return 0
    position = start - 1  # the byte before tells whether a line starts just here
    file.seek(position)
    while position < end:
        rest = file.readline(BUFFER)
        position += len(rest)
        if not rest:
            return end
        if rest.endswith(b"\n"):
            break
    return position


def _same_file(file: BinaryIO, part: Range) -> None:
    status = os.fstat(file.fileno())
    if part.growing and status.st_size >= part.size:
        return
    if (status.st_size, status.st_mtime_ns) != (part.size, part.mtime_ns):
        raise IngestError(
            f"{part.path} changed after the run had listed it "
            f"({part.size} bytes then, {status.st_size} now)",
            hint="run again when nothing writes to it",
        )
