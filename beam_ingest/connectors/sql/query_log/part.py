"""A part of a log file: where it begins and ends, and the lines of it."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from beam_ingest.api.errors import IngestError
from beam_ingest.api.files import BUFFER, decompressed, explained
from beam_ingest.connectors.sql.query_log.listing import LogFile

Format = Literal["csv", "json", "postgres csv", "postgres json"]
"""OpenMetadata's columns as CSV or JSON lines; PostgreSQL's csvlog and jsonlog."""

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes ``start`` to ``end`` of a log: whole records. ``line``: where they begin.

    ``size`` and ``inode`` are the file's when it was listed. What was written behind ``size``
    since then is not read, so that a log may grow while it is read. ``columns`` are the names
    in the first line of a CSV file. Of a compressed file ``end`` is ``size``, and all is read.
    """

    path: str
    format: Format
    size: int
    inode: int
    start: int
    end: int
    line: int = 1
    columns: tuple[str, ...] = ()
    compressed: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the file ended here when it was listed."""
        return self.end == self.size


class Lines:
    """The lines of a part; ``last`` is the newest one as it was read, for messages."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.last = b""

    def __iter__(self) -> Iterator[str]:
        """``raw``, decoded. What is no UTF-8 becomes U+FFFD: each session logs in its encoding."""
        for line in self.raw():
            yield line.decode("utf-8", "replace")

    def raw(self) -> Iterator[bytes]:
        """Each line with its end. Raises ``IngestError`` for a file that is not the listed one."""
        part = self.part
        with opened(part.path, LogFile(part.path, part.size, part.inode)) as file:
            file.seek(part.start)
            left = part.end - part.start
            if part.compressed:
                left = 1 << 62
            for line in file:
                left -= len(line)
                if left < 0:  # the part ended in this line, which has grown since
                    line = line[:left]  # noqa: PLW2901
                self.last = line
                yield line
                if left <= 0:
                    return

    @property
    def is_torn(self) -> bool:
        """Whether the newest line is the file's last one, and ends without a line break."""
        return self.part.is_last and not self.last.endswith(b"\n")


@contextlib.contextmanager
def opened(path: str, listed: LogFile) -> Iterator[BinaryIO]:
    """The file that was listed, decompressed where it is gzip.

    Raises ``IngestError`` where it is gone, was rotated or cut short, or is damaged.
    """
    with explained(path), Path(path).open("rb", buffering=BUFFER) as plain:
        status = os.fstat(plain.fileno())
        if status.st_ino != listed.inode or status.st_size < listed.size:
            raise IngestError(
                f"{path} is not the file that was listed: it was rotated or cut short",
                hint="run again, which lists the logs anew",
            )
        zipped = cast(io.BufferedReader, plain).peek(2)[:2] == _GZIP
        yield decompressed(plain) if zipped else plain


def is_compressed(opened: BinaryIO) -> bool:
    """Whether a file that ``opened`` gave is decompressed while it is read."""
    return isinstance(getattr(opened, "raw", None), gzip.GzipFile)
