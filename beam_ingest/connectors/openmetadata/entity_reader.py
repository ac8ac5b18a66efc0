"""From an entity as the server shows it to the create request that would make it again."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from beam_ingest.api.entities import entity_class
from beam_ingest.api.record import Record, Unreadable

Json = dict[str, Any]

_BY_FQN = frozenset(
    {"service", "database", "databaseSchema", "glossary", "classification", "parent", "domain"}
)
"""References that a create request holds as an FQN."""

_LISTS_BY_FQN = frozenset({"domains", "dataProducts", "users"})
_LISTS_BY_NAME = frozenset({"owners", "reviewers", "experts"})

_MADE_BY_SERVER = frozenset(
    {
        "id", "fullyQualifiedName", "version", "updatedAt", "updatedBy", "href", "deleted",
        "changeDescription", "incrementalChangeDescription", "entityStatus", "processedLineage",
        "followers", "votes", "usageSummary", "sourceHash", "children", "childrenCount", "joins",
        "profile", "testSuite", "lifeCycle", "impersonatedBy", "certification",
    }
)  # fmt: skip


def read_entity(type_: str, shown: Json) -> Record | Unreadable:
    """The record of an entity; one that our models do not know is ``Unreadable``.

    A type with a model becomes that entity; another one a mapping with ``entityType``,
    ``fullyQualifiedName`` and ``entity``, its create request as far as it can be told.
    """
    body = {
        key: value
        for key, held in shown.items()
        if key not in _MADE_BY_SERVER and not _is_empty(value := _value(key, held))
    }
    if type_ != "databaseService" and not type_.endswith("Service"):
        body.pop("serviceType", None)
    cls = entity_class(type_)
    if cls is None:
        name = shown["fullyQualifiedName"]
        return {"entityType": type_, "fullyQualifiedName": name, "entity": body}
    known = {field.alias or name for name, field in cls.model_fields.items()}
    body = {key: value for key, value in body.items() if key in known}
    if type_ == "table":
        body.setdefault("columns", [])
    try:
        return cls.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        name = shown.get("fullyQualifiedName", "")
        return Unreadable(f"{type_} {name}", f"{where}: {first['msg']}", to_json(shown))


def _value(key: str, value: Any) -> Any:
    if key in _BY_FQN and isinstance(value, dict):
        return value.get("fullyQualifiedName") or value.get("name")
    if key in _LISTS_BY_FQN:
        return [_fqn_of(each) for each in value or ()]
    if key in _LISTS_BY_NAME:
        # By name: another server knows the same people by other ids. What is inherited from the
        # container would become the entity's own.
        return [
            {"type": each["type"], "name": each.get("name")}
            for each in value or ()
            if not each.get("inherited")
        ]
    if key == "queryUsedIn":
        return [_fqn_of(each) for each in value or () if each.get("fullyQualifiedName")]
    if key == "tags":
        return [_tag(each) for each in value or ()]
    if key == "columns":
        return [_column(each) for each in value or ()]
    return value


def _fqn_of(reference: Any) -> Any:
    return reference.get("fullyQualifiedName") if isinstance(reference, dict) else reference


def _column(column: Json) -> Json:
    made = {**column}
    for key in ("fullyQualifiedName", "profile", "customMetrics"):
        made.pop(key, None)
    made["children"] = [_column(child) for child in column.get("children") or ()]
    made["tags"] = [_tag(tag) for tag in column.get("tags") or ()]
    return {key: value for key, value in made.items() if not _is_empty(value)}


def _tag(tag: Json) -> Json:
    kept = ("tagFQN", "name", "description", "source", "labelType", "state")
    return {key: tag[key] for key in kept if tag.get(key) is not None}


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or value == {}
