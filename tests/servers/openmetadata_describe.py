"""Writes what keys OpenMetadata's models have, as JSON. Run by a Python that has them.

``python openmetadata_describe.py Postgres Mysql …``: the models of the workflow and of the
connections of these service types. A model is ``{key: {"keys": {…}, "enum": […]}}``; ``keys``
of the models inside (of all branches of a union together), ``enum`` of an enumeration.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

_SCHEMA = "metadata.generated.schema"
_MODELS = {
    "databaseMetadata": (
        "metadataIngestion.databaseServiceMetadataPipeline", "DatabaseServiceMetadataPipeline",
    ),
    "databaseUsage": (
        "metadataIngestion.databaseServiceQueryUsagePipeline", "DatabaseServiceQueryUsagePipeline",
    ),
    "databaseLineage": (
        "metadataIngestion.databaseServiceQueryLineagePipeline",
        "DatabaseServiceQueryLineagePipeline",
    ),
    "server": ("entity.services.connections.metadata.openMetadataConnection",
               "OpenMetadataConnection"),
}  # fmt: skip
_SHALLOW = {"workflow": "OpenMetadataWorkflowConfig", "source": "Source", "processor": "Processor",
            "sink": "Sink", "stage": "Stage", "bulkSink": "BulkSink",
            "workflowConfig": "WorkflowConfig"}  # fmt: skip


def main(service_types: list[str]) -> None:
    folder = _only_generated_models()
    workflow = importlib.import_module(f"{_SCHEMA}.metadataIngestion.workflow")
    described = {
        "examples": str(folder / "examples" / "workflows"),
        "models": {key: _keys(_model(*where), ()) for key, where in _MODELS.items()},
        "sections": {
            key: {name: _enum(field.annotation) for name, field in _fields(workflow, cls)}
            for key, cls in _SHALLOW.items()
        },
        "connections": {
            name: _keys(model, ())
            for name, model in _connections(folder / "generated" / "schema", service_types)
        },
    }
    json.dump(described, sys.stdout)


def _only_generated_models() -> Path:
    # The package's own __init__ imports the whole ingestion framework.
    found = importlib.util.find_spec("metadata")
    assert found is not None and found.submodule_search_locations is not None
    package = types.ModuleType("metadata")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["metadata"] = package
    return Path(package.__path__[0])


def _model(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"{_SCHEMA}.{module}"), name)


def _fields(module: Any, cls: str) -> Any:
    return getattr(module, cls).model_fields.items()


def _connections(schema: Path, service_types: list[str]) -> Any:
    folder = schema / "entity" / "services" / "connections"
    for file in sorted(folder.glob("*/*Connection.py")):
        text = file.read_text()
        wanted = [name for name in service_types if f" = '{name}'\n" in text]
        if not wanted:
            continue
        module = importlib.import_module(
            f"{_SCHEMA}.entity.services.connections.{file.parent.name}.{file.stem}"
        )
        for cls in vars(module).values():
            fields = getattr(cls, "model_fields", {})
            if "type" in fields and getattr(cls, "__module__", "") == module.__name__:
                for name in set(_enum(fields["type"].annotation) or ()) & set(wanted):
                    yield name, cls


def _keys(model: Any, inside: tuple[Any, ...]) -> dict[str, Any]:
    if model in inside:
        return {}
    return {
        field.alias or name: {
            "enum": _enum(field.annotation),
            "keys": _merged(_models(field.annotation), (*inside, model)),
        }
        for name, field in model.model_fields.items()
    }


def _merged(models: list[Any], inside: tuple[Any, ...]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for model in models:
        for key, described in _keys(model, inside).items():
            if key in keys:
                known = keys[key]
                known["keys"] |= described["keys"]
                known["enum"] = sorted({*(known["enum"] or ()), *(described["enum"] or ())}) or None
            else:
                keys[key] = described
    return keys


def _models(annotation: Any) -> list[Any]:
    """The models inside an annotation, those that are only a root looked through."""
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        root = annotation.model_fields.get("root")
        return [annotation] if root is None else _models(root.annotation)
    return [model for inner in typing.get_args(annotation) for model in _models(inner)]


def _enum(annotation: Any) -> list[Any] | None:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return sorted(member.value for member in annotation)
    root = getattr(annotation, "model_fields", {}).get("root")
    if root is not None:
        return _enum(root.annotation)
    found = [value for inner in typing.get_args(annotation) for value in _enum(inner) or ()]
    return sorted(set(found)) or None


if __name__ == "__main__":
    main(sys.argv[1:])
