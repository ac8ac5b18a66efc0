"""A search document of an entity, with OpenMetadata's field names.

Made of the create request alone: what only a server knows (id, version, who changed it when) is
not in it. A line of a document begins with ``fqnHash`` and ``entityType``, in this order, so that
its id can be told without reading all of it (see ``lines``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.codec import decode, encode
from beam_ingest.api.entities import LineageEdge, TableUsage, entity_class
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record
from beam_ingest.connectors.search.columns import Flattened, add_columns
from beam_ingest.connectors.search.tags import add_tags

Json = dict[str, Any]

_CONTAINERS = (
    ("service", "databaseService"),
    ("database", "database"),
    ("databaseSchema", "databaseSchema"),
)
_DEPTHS = {"database": 1, "databaseSchema": 2, "table": 3, "storedProcedure": 3}
"""How many containers an entity of a database service is in."""

_NOT_SEARCHED = frozenset({"connection", "default"})


def document_of(record: Record) -> Json | None:
    """The document of an entity; None for lineage and usage, which are none by themselves.

    Raises ``RecordError`` for a mapping that is no entity.
    """
    if isinstance(record, dict) and entity_class(str(record.get("entityType"))) is not None:
        record = decode(encode(record))
    if isinstance(record, (LineageEdge, TableUsage)):
        return None
    if isinstance(record, Entity):
        return _document(record.entity_type, record.fqn, record.to_dict(), record.source_hash)
    name, type_ = record.get("fullyQualifiedName"), record.get("entityType")
    shown = record.get("entity")
    if not isinstance(name, str) or not isinstance(type_, str) or not isinstance(shown, dict):
        raise RecordError(
            "it is no entity: a mapping needs entityType, fullyQualifiedName and entity"
        )
    return _document(type_, name, shown, None)


def fqn_hash(parts: Sequence[str]) -> str:
    """OpenMetadata's hash of a name: the MD5 of each part, joined by dots."""
    return ".".join(map(_md5, parts))


def _document(type_: str, name: str, body: Json, source_hash: str | None) -> Json:
    try:
        parts = fqn.split(name)
    except ValueError as error:
        raise RecordError(str(error)) from None
    own = body.get("name") or parts[-1]
    document: Json = {
        "fqnHash": fqn_hash([fqn.quote(part) for part in parts]),
        "entityType": type_,
        "name": own,
        "displayName": body.get("displayName") or own,
        "fullyQualifiedName": name,
        "fqnParts": _parts(parts),
        "deleted": False,
    }
    if source_hash is not None:
        document["sourceHash"] = source_hash
    for key, value in body.items():
        if key not in _NOT_SEARCHED:
            document.setdefault(key, value)
    for key in ("owners", "domains"):
        document.setdefault(key, [])
    _add_containers(document, parts, _DEPTHS.get(type_, 0))
    flat = add_columns(document, name) if type_ == "table" else Flattened()
    add_tags(document, flat.tags)
    description = body.get("description")
    document["descriptionStatus"] = "COMPLETE" if description else "INCOMPLETE"
    described = sum(map(bool, (description, *flat.descriptions)))
    document["descriptionSources"] = {"Ingested": described}
    document["customPropertiesTyped"] = [
        _property(key, value) for key, value in (body.get("extension") or {}).items()
    ]
    # What people and the server add; here as it is for an entity that is new.
    document |= {
        "reviewers": [], "followers": [], "totalVotes": 0, "upstreamLineage": [],
        "upstreamEntityRelationship": [], "processedLineage": False,
        "entityStatus": "Unprocessed",
    }  # fmt: skip
    return document


def _add_containers(document: Json, parts: list[str], depth: int) -> None:
    for number, (key, type_) in enumerate(_CONTAINERS[:depth]):
        document[key] = {
            "type": type_,
            "name": parts[number],
            "displayName": parts[number],
            "fullyQualifiedName": _name_of(tuple(parts[: number + 1])),
            "deleted": False,
        }


def _parts(parts: list[str]) -> list[str]:
    """Every run of neighbouring parts, but for the entity's own name alone."""
    own = fqn.quote(parts[-1])
    above = tuple(map(fqn.quote, parts[:-1]))
    runs = [*_runs(above), *(".".join((*above[start:], own)) for start in range(len(above)))]
    return [run for run in dict.fromkeys(runs) if run != own]


@lru_cache(maxsize=10_000)
def _runs(parts: tuple[str, ...]) -> tuple[str, ...]:
    count = len(parts)
    ends = ((start, end) for start in range(count) for end in range(start + 1, count + 1))
    return tuple(".".join(parts[start:end]) for start, end in ends)


def _property(name: str, value: Any) -> Json:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return {"name": name, "stringValue": str(value)}
    key = "longValue" if isinstance(value, int) else "doubleValue"
    return {"name": name, key: value}


@lru_cache(maxsize=10_000)
def _name_of(parts: tuple[str, ...]) -> str:
    return fqn.build(*parts)


@lru_cache(maxsize=10_000)
def _md5(part: str) -> str:
    return hashlib.md5(part.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
