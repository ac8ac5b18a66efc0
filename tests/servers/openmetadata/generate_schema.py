"""Writes ``schema.json``: the fields of OpenMetadata's requests, for the fake to be strict by.

Run by a Python that has OpenMetadata's published models: ``python generate_schema.py > …``.
What it knows of a field: its kind, whether it is required, and the values of an enumeration.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
import json
import sys
import types
import typing
from typing import Any

_REQUESTS = {
    "api.data.createTable": "CreateTableRequest",
    "api.data.createDatabase": "CreateDatabaseRequest",
    "api.data.createDatabaseSchema": "CreateDatabaseSchemaRequest",
    "api.data.createStoredProcedure": "CreateStoredProcedureRequest",
    "api.data.createQuery": "CreateQueryRequest",
    "api.services.createDatabaseService": "CreateDatabaseServiceRequest",
    "api.lineage.addLineage": "AddLineageRequest",
    "type.usageRequest": "UsageRequest",
    "type.bulkDeleteStaleRequest": "BulkDeleteStaleRequest",
    "entity.data.table": "TableJoins",
    "entity.services.ingestionPipelines.ingestionPipeline": "PipelineStatus",
}
_SKIPPED = {
    "DatabaseConnection", "Style", "LifeCycle", "TableProfilerConfig", "DataModel", "ColumnProfile",
    "CustomMetric", "TagLabelMetadata", "Map",
}  # fmt: skip


def main() -> None:
    _only_generated_models()
    models: dict[str, Any] = {}
    for module, name in _REQUESTS.items():
        found = importlib.import_module(f"metadata.generated.schema.{module}")
        _describe(getattr(found, name), models)
    lines = [f"{json.dumps(name)}: {json.dumps(models[name])}" for name in sorted(models)]
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")


def _only_generated_models() -> None:
    # The package's own __init__ imports the whole ingestion framework.
    found = importlib.util.find_spec("metadata")
    assert found is not None and found.submodule_search_locations is not None
    package = types.ModuleType("metadata")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["metadata"] = package


def _describe(model: Any, models: dict[str, Any]) -> None:
    name = model.__name__.removesuffix("Request") or model.__name__
    if name in models:
        return
    models[name] = {}
    for key, field in model.model_fields.items():
        models[name][key] = {
            "kind": _kind(field.annotation, models),
            "required": field.is_required(),
        }


def _kind(annotation: Any, models: dict[str, Any]) -> Any:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _kind(typing.get_args(annotation)[0], models)
    if origin in (typing.Union, types.UnionType):
        options = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _kind(options[0], models) if len(options) == 1 else "any"
    if origin is list:
        return {"list": _kind(typing.get_args(annotation)[0], models)}
    if origin is dict:
        return "object"
    if isinstance(annotation, type):
        return _class_kind(annotation, models)
    return "any"


def _class_kind(cls: Any, models: dict[str, Any]) -> Any:
    if issubclass(cls, enum.Enum):
        return {"enum": sorted(member.value for member in cls)}
    fields = getattr(cls, "model_fields", None)
    if fields is None:
        return {str: "string", bool: "boolean", int: "integer", float: "number"}.get(cls, "any")
    if set(fields) == {"root"}:
        return _kind(fields["root"].annotation, models)
    if cls.__name__ in _SKIPPED:
        return "object"
    _describe(cls, models)
    return {"model": cls.__name__.removesuffix("Request") or cls.__name__}


if __name__ == "__main__":
    main()
