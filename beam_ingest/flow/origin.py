"""In a replay: which dead letter a record comes from, and where it re-enters the graph.

Each replayed letter is a batch of its own, so that whatever fails of it, also of what processors
made of it, is known to be of that letter. No other run pays for this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_ingest.flow.batch import SplitBatch


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


def trace(batch: SplitBatch) -> None:
    """Note on a batch of a replay where its record comes from, by its place in the split."""
    payload = batch.split.payload
    if payload and batch.seq < len(payload["lines"]):
        line, attempts = payload["lines"][batch.seq], payload["attempts"][batch.seq]
        batch.origin = Origin(payload["file"], line, attempts)
        batch.entry = Entry(*payload["entry"])


def for_writer(batch: SplitBatch, writer: str) -> SplitBatch:
    """``batch``, without its records where they are another writer's."""
    if batch.entry is None or batch.entry.writer in (None, writer):
        return batch
    return replace(batch, records=[], size=0)


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
