"""A record: an entity, or a mapping that passes as it is."""

from __future__ import annotations

from typing import Any

from beam_ingest.api.entities.base import Entity

Record = Entity | dict[str, Any]


def name_of(record: Record) -> str:
    """What to call a record in a message: its fully qualified name, or a name it holds."""
    if isinstance(record, Entity):
        return record.fqn
    for key in ("fullyQualifiedName", "fqn", "name", "id"):
        value = record.get(key) if isinstance(record, dict) else None
        if isinstance(value, (str, int)):
            return str(value)
    return "(a record without a name)"
