"""How far files that only grow were read: what of each is new since the last successful run.

By its path, of each file the byte behind the last whole line that was read, and a digest of its
first bytes: a file that begins otherwise, or is shorter, is another one and is read whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import FatalError
from beam_ingest.api.source import Remember
from beam_ingest.connectors.file.listing import Listed
from beam_ingest.connectors.file.ranges import COMPRESSED

HEAD = 1024
"""So many bytes at most tell one file from another."""
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes ``start`` to ``end`` of a file that was listed."""

    file: Listed
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return self.end - self.start


class Growth:
    """What is new of each file, going on from ``state``, and what to remember then."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self._now: dict[str, dict[str, Any]] = {}

    def since_last(self, file: Listed) -> Part | None:
        """The whole lines of ``file`` that are new; None where there are none.

        A compressed file is new as a whole, or not at all. Raises ``FatalError`` where it cannot
        be read.
        """
        known = self._state.get(file.path, {"end": 0, "head": ""})
        try:
            with Path(file.path).open("rb") as stream:
                same = known["end"] <= file.size and known["head"] == _head(stream, known["end"])
                start = known["end"] if same else 0
                if file.path.endswith(COMPRESSED):
                    start, end = (start if start == file.size else 0), file.size
                else:
                    end = _last_line_end(stream, start, file.size)
                self._now[file.path] = {"end": end, "head": _head(stream, end)}
        except OSError as error:
            raise FatalError(f"{file.path} cannot be read: {error.strerror}") from None
        return Part(file, start, end) if end > start else None

    def remembered(self) -> Iterator[Remember]:
        """How far each file was read; a file that is gone is forgotten."""
        for path in {**self._state, **self._now}:
            yield Remember(path, self._now.get(path))


def _head(stream: Any, end: int) -> str:
    stream.seek(0)
    return hashlib.sha256(stream.read(min(end, HEAD))).hexdigest()[:32] if end else ""


def _last_line_end(stream: Any, start: int, size: int) -> int:
    """The byte behind the last line break between ``start`` and ``size``, or ``start``."""
    end = size
    while end > start:
        begin = max(start, end - _BLOCK)
        stream.seek(begin)
        found = stream.read(end - begin).rfind(b"\n")
        if found >= 0:
            return int(begin + found + 1)
        end = begin
    return start
