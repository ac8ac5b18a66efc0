"""Records as JSON lines: the one format of staged files, dead letters and the file sink.

An entity is ``{"entityType": "table", "fullyQualifiedName": "…", "entity": {…}}`` with the
create request under OpenMetadata's JSON names; a mapping is itself.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from beam_ingest.api.entities import entity_class
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record

_MARK = b'{"entityType":"'


def encode(record: Record) -> bytes:
    """One JSON line without its line break.

    Raises ``RecordError`` for what JSON cannot hold: an object of another kind, a lone
    surrogate, bytes that are no UTF-8, a mapping that contains itself. NaN and infinities
    become null, since JSON has none.
    """
    try:
        if isinstance(record, Entity):
            body = record.__pydantic_serializer__.to_json(
                record, by_alias=True, exclude_none=True, warnings="error"
            )
            name = to_json(record.fqn)
            return (
                _MARK + record.entity_type.encode() + b'","fullyQualifiedName":' + name
                + b',"entity":' + body + b"}"
            )  # fmt: skip
        return to_json(record, inf_nan_mode="null")
    except (PydanticSerializationError, UnicodeError, ValueError, RecursionError) as error:
        raise RecordError(f"the record cannot be written as JSON: {error}") from None


def decode(line: bytes | str) -> Record:
    """The record of one line. Raises ``RecordError`` where it is none.

    A line with an ``entityType`` we know and an ``entity`` is validated as that entity; any
    other JSON object is a mapping. ``sourceHash`` is left out of an entity: it is computed.
    """
    try:
        value = from_json(line)
    except ValueError as error:
        raise RecordError(f"not a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise RecordError(f"not a JSON object but {_json_kind(value)}")
    return _entity(value) if "entity" in value and "entityType" in value else value


def _entity(value: dict[str, Any]) -> Record:
    entity_type, body = value["entityType"], value["entity"]
    cls = entity_class(entity_type) if isinstance(entity_type, str) else None
    if cls is None or not isinstance(body, dict):
        return value
    body.pop("sourceHash", None)
    try:
        return cls.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "entity"
        raise RecordError(f"not a valid {entity_type}: {where}: {first['msg']}") from None


def _json_kind(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(
        type(value), "a number"
    )
