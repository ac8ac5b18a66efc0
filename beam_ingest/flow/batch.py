"""What travels between steps: records of one split, their sequence number, and their ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from beam_ingest.api.record import Record
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.origin import Entry, Origin

BATCH_BYTES = 64 * 1024
"""A batch is closed when its records come to about so many bytes.

As Python objects that is about half a megabyte: what a processor core's own cache holds. With
records of 1.25 kB, batches of ten times that cost 1.4x a plain loop, these next to nothing.
"""

_SAMPLE_EVERY = 64
_LARGE = 64 * 1024


@dataclass(slots=True)
class SplitRef:
    """A split in the run: its key and payload, its place in the listing, and its attempt."""

    key: str
    index: int
    id: str
    payload: dict[str, Any] = field(default_factory=dict)
    attempt: int = 0
    wave: int = 0


@dataclass(slots=True)
class SplitBatch:
    """Records ``seq`` of one attempt at one split.

    ``last`` says that none comes after it; ``error`` then says why the split has failed, or is
    None. ``settled`` marks a split that an earlier attempt finished: nothing is to be written.
    ``cut_off``: records of it failed while the run was being stopped, perhaps for no other reason.
    ``remember`` is what the source remembers of the split, in its last batch.
    ``origin`` and ``entry`` are of the one record of a batch that is replayed, else None.
    """

    split: SplitRef
    seq: int
    records: list[Record] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    dead: list[DeadLetter] = field(default_factory=list)
    last: bool = False
    error: str | None = None
    settled: bool = False
    size: int = 0
    origin: Origin | None = None
    entry: Entry | None = None
    cut_off: bool = False
    remember: dict[str, Any] = field(default_factory=dict)


class Sizer:
    """About how many bytes records are, looking at one in ``_SAMPLE_EVERY``.

    Walking every record would cost more than the rest of a batch's handling. After a large one
    the next is looked at too.
    """

    __slots__ = ("_countdown", "_last")

    def __init__(self) -> None:
        self._last = 0
        self._countdown = 0

    def __call__(self, record: Record) -> int:
        """About the size of ``record`` in bytes."""
        if self._countdown == 0:
            self._last = _size(record)
            self._countdown = 1 if self._last > _LARGE else _SAMPLE_EVERY
        self._countdown -= 1
        return self._last


def _size(record: Record) -> int:
    # Not by recursion: what contains itself, or one part many times, is walked once.
    size = 0
    walked: set[int] = set()
    rest: list[Any] = [record]
    while rest:
        value = rest.pop()
        size += 8
        kind = type(value)
        if kind is str or kind is bytes:
            size += len(value)
            continue
        if value is None or kind is int or kind is bool or kind is float:
            continue
        if isinstance(value, BaseModel):
            value = value.__dict__
        if not isinstance(value, (dict, list, tuple)) or id(value) in walked:
            continue
        walked.add(id(value))
        if isinstance(value, dict):
            size += sum(len(key) for key in value if isinstance(key, str))
            rest.extend(value.values())
        else:
            rest.extend(value)
    return size
