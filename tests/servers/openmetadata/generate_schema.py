"""Writes ``schema.json``: the fields of OpenMetadata's requests, for the fake to be strict by.

Run by a Python that has OpenMetadata's published models: ``python generate_schema.py > …``.
What it knows of a field: its kind, whether it is required, and the values of an enumeration.
"""

from __future__ import annotations

import enum
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from validate import model, only_generated_models  # type: ignore[import-not-found]

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
    only_generated_models()
    models: dict[str, Any] = {}
    for module, name in _REQUESTS.items():
        _describe(model(f"{module}:{name}"), models)
    lines = [f"{json.dumps(name)}: {json.dumps(models[name])}" for name in sorted(models)]
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")


def _describe(cls: Any, models: dict[str, Any]) -> None:
    name = cls.__name__.removesuffix("Request") or cls.__name__
    if name in models:
        return
    models[name] = {}
    for key, field in cls.model_fields.items():
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
