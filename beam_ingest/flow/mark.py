"""Marks: the files that say that a split is done, with its ledger and the files it left.

Each writer of a workflow (a sink, a stage) leaves its own part; a split is done when all parts
are there and say so. A mark is replaced as a whole by a later attempt at the split.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from beam_ingest.flow.ledger import Ledger


@dataclass(slots=True)
class Chunk:
    """A staged file, or a slice of one: ``count`` lines of one split.

    ``shard`` is None for lines that are stored as they are; for spilled partial aggregates it is
    the shard of their keys, and the slice is ``length`` bytes from ``offset``. ``origins`` are
    of the lines of a replay, in order: see ``origin``.
    """

    id: str
    file: str
    count: int
    size: int
    shard: int | None = None
    offset: int = 0
    origins: list[list[Any]] | None = None


@dataclass(slots=True)
class LineFile:
    """A file of JSON lines (dead letters, deferred records) and how many are in it."""

    file: str
    count: int


@dataclass(slots=True)
class Mark:
    """What one writer says of one split; ``remember`` is what the source remembers of it."""

    split: str
    index: int
    writer: str
    attempt: int
    state: Literal["done", "failed"]
    error: str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    chunks: list[Chunk] = field(default_factory=list)
    dead: LineFile | None = None
    deferred: LineFile | None = None
    remember: dict[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The JSON file."""
        value: dict[str, Any] = {
            "split": self.split,
            "index": self.index,
            "writer": self.writer,
            "attempt": self.attempt,
            "state": self.state,
            "error": self.error,
            "ledger": self.ledger.to_json(),
            "chunks": [_chunk_to_json(chunk) for chunk in self.chunks],
            "dead": asdict(self.dead) if self.dead else None,
            "deferred": asdict(self.deferred) if self.deferred else None,
            **({"remember": self.remember} if self.remember else {}),
        }
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Mark:
        """The mark that ``to_bytes`` wrote."""
        value = json.loads(data)
        return cls(
            value["split"],
            value["index"],
            value["writer"],
            value["attempt"],
            value["state"],
            value["error"],
            Ledger.from_json(value["ledger"]),
            [Chunk(**chunk) for chunk in value["chunks"]],
            LineFile(**value["dead"]) if value["dead"] else None,
            LineFile(**value["deferred"]) if value["deferred"] else None,
            value.get("remember", {}),
        )


@dataclass(slots=True)
class Published:
    """What a bulk sink made of one staged file: ``published/<id>.json``.

    ``file`` is which file that was: a later attempt at the split leaves another under the same id.
    """

    id: str
    file: str
    writer: str
    state: Literal["done", "failed"]
    error: str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    dead: LineFile | None = None
    deferred: LineFile | None = None
    notes: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """The JSON file."""
        value = {
            "id": self.id,
            "file": self.file,
            "writer": self.writer,
            "state": self.state,
            "error": self.error,
            "ledger": self.ledger.to_json(),
            "dead": asdict(self.dead) if self.dead else None,
            "deferred": asdict(self.deferred) if self.deferred else None,
            **({"notes": self.notes} if self.notes else {}),
        }
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Published:
        """What ``to_bytes`` wrote."""
        value = json.loads(data)
        return cls(
            value["id"],
            value["file"],
            value["writer"],
            value["state"],
            value["error"],
            Ledger.from_json(value["ledger"]),
            LineFile(**value["dead"]) if value["dead"] else None,
            # A run of an earlier version that is resumed or read has none.
            LineFile(**deferred) if (deferred := value.get("deferred")) else None,
            value.get("notes", []),
        )


def _chunk_to_json(chunk: Chunk) -> dict[str, Any]:
    value = asdict(chunk)
    if chunk.origins is None:
        del value["origins"]  # as in every run but a replay
    return value
