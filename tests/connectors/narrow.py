"""What a source gives, narrowed to the kind that a test expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from beam_ingest import Source, Split, Unreadable
from beam_ingest.api.entities import Entity
from beam_ingest.api.record import Record


def splits(source: Source) -> list[Split]:
    """The splits that it lists, without scopes and notes."""
    return [item for item in source.splits() if isinstance(item, Split)]


def entities(records: Iterable[Record | Unreadable]) -> Iterator[Entity]:
    """The records, which are all entities."""
    for record in records:
        assert isinstance(record, Entity), record
        yield record


def mappings(records: Iterable[Record | Unreadable]) -> Iterator[dict[str, Any]]:
    """The records, which are all mappings."""
    for record in records:
        assert isinstance(record, dict), record
        yield record
