"""Partial aggregates of one split in memory: combined as they come, spilled when they are many.

Two limits keep memory flat: the number of keys, and about how many bytes of JSON they are, since
keys may be few and large. The size is estimated from a sample, now and then.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pydantic_core import to_json

from beam_ingest.api.errors import RecordError
from beam_ingest.api.stage import Stage

SPILL_KEYS = 100_000
"""Partials are spilled when a split has so many keys in memory."""
SPILL_BYTES = 128 * 1024 * 1024
"""They are spilled when they would be about so many bytes of JSON."""
SHARDS = 16
"""Over so many shards the keys of aggregates are spread, by CRC-32 of the key."""
_WEIGH_AFTER = 20_000
"""Their size is estimated again after so many additions."""
_SAMPLE = 100
"""From so many of them."""


class Partials:
    """By key, what has been combined since the last spill."""

    def __init__(self) -> None:
        self._by_key: dict[str, Any] = {}
        self._added = 0
        self._stage: Stage | None = None

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, stage: Stage, added: Iterable[tuple[str | None, Any]]) -> None:
        """Combine what a record adds to its keys. Raises what ``combine`` raises."""
        partials, self._stage = self._by_key, stage
        for key, partial in added:
            if key is not None:
                known = partials.get(key)
                partials[key] = partial if known is None else stage.combine(known, partial)
                self._added += 1

    def is_full(self) -> bool:
        """Whether they should be spilled."""
        if len(self._by_key) >= SPILL_KEYS:
            return True
        if self._added < _WEIGH_AFTER:
            return False
        self._added = 0
        every = max(1, len(self._by_key) // _SAMPLE)
        sample = list(islice(self._by_key.values(), 0, None, every))
        return len(to_json(sample)) * len(self._by_key) >= SPILL_BYTES * len(sample)

    def drain(self) -> Iterator[tuple[int, list[bytes]]]:
        """Take all out, expanded: by shard, the lines ``[key, partial]``.

        Their order depends on what was added alone. Raises what ``expand`` raises.
        """
        self._added = 0
        if self._stage is None:
            return
        by_shard: list[list[bytes]] = [[] for _ in range(SHARDS)]
        for key, partial in self._stage.expand(self._taken()):
            by_shard[shard_of(key)].append(to_json([key, partial]))
        for shard, lines in enumerate(by_shard):
            if lines:
                yield shard, lines

    def _taken(self) -> Iterator[tuple[str, Any]]:
        """The partials, each let go once it is expanded: no two forms of all are in memory."""
        partials, self._by_key = self._by_key, {}
        while partials:
            yield partials.popitem()


def shard_of(key: str) -> int:
    """The shard of a key, the same in every process and version of Python."""
    return zlib.crc32(key.encode()) % SHARDS


def checked_key(key: object) -> str | None:
    """A key that ``keyed`` gave. Raises ``RecordError`` where it is no text."""
    if key is None:
        return None
    if not isinstance(key, str):
        raise RecordError(f"keyed() gave the key {key!r}, which is no text")
    key.encode()  # a lone surrogate is no text either
    return key
