"""A record: an entity, or a mapping that passes as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beam_ingest.api.entities.base import Entity

Record = Entity | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a source yields in place of a record that it could not decode.

    It becomes a dead letter of the source's step; the records around it go on. ``where`` finds
    it again (a file and a line), ``why`` is the reason, ``raw`` the bytes as they were read.
    """

    where: str
    why: str
    raw: bytes


def name_of(record: Record) -> str:
    """What to call a record in a message: its fully qualified name, or a name it holds.

    Raises nothing: a record that is to be named may be the broken one.
    """
    if isinstance(record, Entity):
        try:
            return record.fqn
        except Exception:  # one made without validation may lack what its name is made of
            return f"(a {type(record).__name__} without a name)"
    for key in ("fullyQualifiedName", "fqn", "name", "id"):
        value = record.get(key) if isinstance(record, dict) else None
        if isinstance(value, (str, int)):
            return str(value)
    return "(a record without a name)"
