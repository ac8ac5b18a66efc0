"""The settings and mappings of a new index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_KEYWORD: Json = {"type": "keyword", "ignore_above": 8191}
"""Longer terms than 32,766 bytes of UTF-8 would refuse the document."""

_TEXT: Json = {"type": "text"}
_NAME: Json = {"type": "text", "fields": {"keyword": _KEYWORD}}
_LONG: Json = {"type": "long"}
_REFERENCE: Json = {
    "properties": {
        "type": _KEYWORD, "name": _NAME, "displayName": _NAME, "fullyQualifiedName": _KEYWORD,
        "deleted": {"type": "boolean"},
    }
}  # fmt: skip
_TAG: Json = {
    "properties": {
        "tagFQN": _KEYWORD, "name": _KEYWORD, "source": _KEYWORD, "labelType": _KEYWORD,
        "state": _KEYWORD, "description": _TEXT,
    }
}  # fmt: skip
_COLUMN: Json = {
    "properties": {
        "name": _NAME, "displayName": _NAME, "fullyQualifiedName": _KEYWORD, "dataType": _KEYWORD,
        "dataTypeDisplay": _KEYWORD, "dataLength": _LONG, "precision": _LONG, "scale": _LONG,
        "ordinalPosition": _LONG, "description": _TEXT, "constraint": _KEYWORD, "tags": _TAG,
    }
}  # fmt: skip

_PROPERTIES: Json = {
    "fqnHash": _KEYWORD, "entityType": _KEYWORD, "name": _NAME, "displayName": _NAME,
    "fullyQualifiedName": _KEYWORD, "fqnParts": _KEYWORD, "description": _TEXT,
    "deleted": {"type": "boolean"}, "sourceHash": _KEYWORD, "serviceType": _KEYWORD,
    "service": _REFERENCE, "database": _REFERENCE, "databaseSchema": _REFERENCE,
    "tableType": _KEYWORD, "columns": _COLUMN, "columnNames": _KEYWORD, "columnNamesFuzzy": _TEXT,
    "tableConstraints": {
        "properties": {
            "constraintType": _KEYWORD, "columns": _KEYWORD, "referredColumns": _KEYWORD,
        }
    },
    "schemaDefinition": _TEXT, "storedProcedureType": _KEYWORD,
    "storedProcedureCode": {"properties": {"language": _KEYWORD, "code": _TEXT}},
    "query": _TEXT, "owners": _REFERENCE, "domains": _KEYWORD, "dataProducts": _KEYWORD,
    "tags": _TAG, "tier": _TAG, "classificationTags": _KEYWORD, "glossaryTags": _KEYWORD,
    "descriptionStatus": _KEYWORD, "columnDescriptionStatus": _KEYWORD, "entityStatus": _KEYWORD,
    "totalVotes": _LONG, "processedLineage": {"type": "boolean"}, "sourceUrl": _KEYWORD,
    "customPropertiesTyped": {
        "properties": {
            "name": _KEYWORD, "stringValue": _NAME, "longValue": _LONG,
            "doubleValue": {"type": "double"},
        }
    },
}  # fmt: skip

_LOADING: Json = {"refresh_interval": "-1", "number_of_replicas": 0}
"""While it is filled nobody searches the index, and it can be filled again."""


def index_body(settings: Mapping[str, Any], mappings: Mapping[str, Any], mark: Json) -> Json:
    """What an index is made with: ours with the user's over it; ``mark`` says who made it.

    What is not mapped is kept and shown, not searched: a catalogue's free-form keys never
    break the mapping.
    """
    ours: Json = {"dynamic": False, "properties": _PROPERTIES}
    return {
        "settings": {"index": _flat(settings)},
        "mappings": _merged(_merged(ours, mappings), {"_meta": {"beam_ingest": mark}}),
    }


def loading(body: Json) -> Json:
    """``body`` for an index that is to be filled first."""
    return {**body, "settings": {"index": {**body["settings"]["index"], **_LOADING}}}


def serving(body: Json, replicas: int | None) -> Json:
    """The settings with which that index is searched; null is the server's own default."""
    given = body["settings"]["index"]
    found = {key: given.get(key) for key in _LOADING}
    if replicas is not None:
        found["number_of_replicas"] = replicas
    return {"index": found}


def _flat(settings: Mapping[str, Any]) -> Json:
    # {"index": {"x": 1}}, {"index.x": 1} and {"x": 1} are the same to a server.
    flat: Json = {}
    for key, value in settings.items():
        if key == "index" and isinstance(value, Mapping):
            flat |= _flat(value)
        else:
            flat[key.removeprefix("index.")] = value
    return flat


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    # A field that is given with its type is given whole.
    merged = dict(under)
    for key, value in over.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping) and "type" not in value
        merged[key] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return merged
