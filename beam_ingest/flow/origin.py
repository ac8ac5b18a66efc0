"""In a replay: which dead letter a record comes from, and where it re-enters the graph.

Each replayed letter is a batch of its own, so that whatever fails of it, also of what processors
made of it, is known to be of that letter. No other run pays for this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """The line (from 1) of a file of dead letters, and how often it had been tried."""

    file: str
    line: int
    attempts: int

    def to_json(self) -> list[Any]:
        """Plain JSON: ``Origin(*value)`` reads it back."""
        return [self.file, self.line, self.attempts]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the letters of one step re-enter.

    ``skip`` processors are passed by. ``writer``: the only one that writes them, None for all;
    what one writer has written, the failure of another does not write again. ``staged``: they
    are lines that a stage made, and are staged as they are.
    """

    skip: int
    writer: str | None = None
    staged: bool = False


def with_origin(line: bytes, origin: Origin | None) -> bytes:
    """A line, led by its origin where it has one, and by ``[]`` where that could be mistaken."""
    if origin is None and not line.startswith(b"["):
        return line
    return json.dumps(origin.to_json() if origin else []).encode() + b"\t" + line


def split_origin(line: bytes) -> tuple[Origin | None, bytes]:
    """Undo ``with_origin``."""
    if not line.startswith(b"["):
        return None, line
    head, _, rest = line.partition(b"\t")
    origin = json.loads(head)
    return (Origin(*origin) if origin else None), rest
