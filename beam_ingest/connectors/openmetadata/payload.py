"""From a record to the body of its create request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from beam_ingest.api import fqn
from beam_ingest.api.entities import DatabaseService, Query
from beam_ingest.api.entities.base import Entity
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS

Json = dict[str, Any]

Resolve = Callable[[Json], str | None]
"""The id of the entity that a reference names; None where there is none."""

_EDITED_BY_PEOPLE = frozenset(
    {"description", "displayName", "tags", "owners", "domains", "dataProducts", "extension"}
)
_MADE_BY_SERVER = frozenset({"fullyQualifiedName", "children"})
_RENAMED = {"excludeUsage": "exclude_usage"}  # OpenMetadata's own spelling in a query


@dataclass(frozen=True, slots=True)
class Row:
    """One entity on its way to the server.

    ``place`` is its container's FQN and its plain name, as the create request has them.
    """

    fqn: str
    place: tuple[str, str]
    body: bytes
    source_hash: str | None = None


def row_of(entity: Entity, resolve: Resolve, *, with_connection: bool = True) -> Row:
    """The row of ``entity``.

    What is empty of a description, tags or owners is left out, so that it does not replace what
    people wrote on the server. ``sourceHash`` is of the entity as it is sent.
    """
    body = entity.to_dict()
    if "columns" in body:
        body["columns"] = [_column(column) for column in body["columns"]]
    body = {
        _RENAMED.get(key, key): value for key, value in body.items() if not _is_empty(key, value)
    }
    if "owners" in body:
        body["owners"] = references(body["owners"], resolve)
        body = {key: value for key, value in body.items() if not _is_empty(key, value)}
    if isinstance(entity, DatabaseService) and not with_connection:
        body.pop("connection", None)
    if isinstance(entity, Query):
        body.pop("queryUsedIn", None)  # by id, not by name: see relations
    source_hash = entity.source_hash if COLLECTIONS[entity.entity_type].hashed else None
    if source_hash is not None:
        body["sourceHash"] = source_hash
    container = getattr(entity, entity.parent_field) if entity.parent_field else None
    return Row(entity.fqn, (container or "", entity.name), to_json(body), source_hash)


def row_of_mapping(record: Json) -> Row:
    """The row of a mapping with ``entityType``, ``fullyQualifiedName`` and a create request."""
    name, body = record["fullyQualifiedName"], record["entity"]
    return Row(name, (fqn.parent_of(name), str(body.get("name"))), to_json(body))


def references(named: list[Json], resolve: Resolve) -> list[Json]:
    """References as the server takes them, by id; those that nothing answers to are left out."""
    found = []
    for reference in named:
        id_ = reference.get("id") or resolve(reference)
        if id_ is not None:
            found.append({"id": id_, "type": reference["type"]})
    return found


def _column(column: Json) -> Json:
    kept = {
        key: value
        for key, value in column.items()
        if key not in _MADE_BY_SERVER and not _is_empty(key, value)
    }
    if column.get("children"):
        kept["children"] = [_column(child) for child in column["children"]]
    return kept


def _is_empty(key: str, value: Any) -> bool:
    return value is None or (key in _EDITED_BY_PEOPLE and not value)
