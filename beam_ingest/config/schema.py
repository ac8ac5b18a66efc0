"""JSON Schemas of workflows and components, for editors and for the curious.

Draft 7, which editors' YAML language servers know best. A schema lets through what ``load``
lets through: a variable where a number is expected, a key without a value.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from beam_ingest.api.component import Component
from beam_ingest.api.errors import MissingDependency
from beam_ingest.api.registry import Kind, find, types
from beam_ingest.config.components import source_model
from beam_ingest.config.custom_source import CustomConnection
from beam_ingest.config.workflow_keys import SourceSection, StepSection, WorkflowKeys

_DRAFT = "http://json-schema.org/draft-07/schema#"
_VARIABLE = {"type": "string", "pattern": r"\$(\{\w+\}|\w+)"}
_DOTTED = {"type": "string", "pattern": r"^[^.]+(\.[^.]+)+$"}

_ABOUT = ("description", "default", "deprecated", "examples")

Schema = dict[str, Any]


def component_schema(kind: Kind, type_: str) -> Schema:
    """The schema of a component's ``config``. Raises what ``registry.find`` raises."""
    cls = find(kind, type_)
    definitions: dict[str, Schema] = {}
    schema = _of_model(cls.Config, "", definitions)
    return {
        "$schema": _DRAFT,
        "title": f"{kind} {type_}",
        "description": _first_line(cls),
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
        **({"$defs": definitions} if definitions else {}),
    }


def workflow_schema() -> Schema:
    """The schema of a workflow file, with the keys of every component that is installed."""
    definitions: dict[str, Schema] = {}
    schema = _of_model(WorkflowKeys, "", definitions)
    sections = {
        "source": _section(Kind.SOURCE, SourceSection, definitions),
        "processor": _section(Kind.PROCESSOR, StepSection, definitions),
        "sink": _section(Kind.SINK, StepSection, definitions),
        "stage": _section(Kind.STAGE, StepSection, definitions),
        "bulkSink": _section(Kind.BULK_SINK, StepSection, definitions),
    }
    properties = schema["properties"]
    for key, section in sections.items():
        definitions[f"section.{key}"] = section
        properties[key] = {
            "description": properties[key]["description"],
            "anyOf": [_reference(f"section.{key}"), {"type": "null"}],
        }
    properties["source"] = _reference("section.source")
    properties["bulk_sink"] = {"anyOf": [_reference("section.bulkSink"), {"type": "null"}]}
    properties["processors"] = {
        "description": properties["processors"]["description"],
        "anyOf": [
            {"type": "array", "items": _reference("section.processor")},
            {"type": "null"},
        ],
    }
    return {
        "$schema": _DRAFT,
        "title": "A workflow of beam-ingest",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
        "$defs": definitions,
    }


def _section(kind: Kind, model: type[BaseModel], definitions: dict[str, Schema]) -> Schema:
    schema = _of_model(model, f"{kind}.", definitions)
    keys = {name: _keys_of(kind, name, definitions) for name in types(kind)}
    if kind is Kind.SOURCE:
        custom = _define(CustomConnection, "source.customDatabase", definitions)
        keys["customDatabase"] = {"serviceConnection": {"properties": {"config": custom}}}
    schema["properties"]["type"] = {
        "description": schema["properties"]["type"]["description"],
        "anyOf": [{"enum": list(keys)}, _DOTTED, _VARIABLE],
    }
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"properties": then},
        }
        for name, then in keys.items()
        if then
    ]
    return schema


def _keys_of(kind: Kind, type_: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    """What the sections of a component hold; nothing where its library is not installed."""
    try:
        cls = find(kind, type_)
    except MissingDependency:
        return {}
    name = f"{kind}.{type_}"
    config = _define(cls.Config, name, definitions)
    if kind is not Kind.SOURCE:
        return {"config": config}
    read = _define(source_model(cls), f"{name}.sourceConfig", definitions)
    return {
        "config": config,
        "serviceConnection": {"properties": {"config": config}},
        "sourceConfig": {"properties": {"config": read}},
    }


def _define(model: type[BaseModel], name: str, definitions: dict[str, Schema]) -> Schema:
    definitions[name] = _of_model(model, f"{name}.", definitions)
    return {"anyOf": [_reference(name), {"type": "null"}]}


def _of_model(model: type[BaseModel], prefix: str, definitions: dict[str, Schema]) -> Schema:
    """The schema of ``model``; the models inside go to ``definitions`` under ``prefix``."""
    template = f"#/$defs/{prefix}{{model}}"
    schema = model.model_json_schema(by_alias=True, ref_template=template)
    for name, inner in schema.pop("$defs", {}).items():
        definitions[prefix + name] = _relaxed(inner)
    return _relaxed(schema)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _relaxed(schema: Schema) -> Schema:
    """``schema`` of an object, with variables and empty keys let through."""
    required = schema.get("required", ())
    properties = {
        key: _relaxed_property(value, key in required)
        for key, value in schema.get("properties", {}).items()
    }
    relaxed = {key: value for key, value in schema.items() if key != "title"}
    if "description" in relaxed:
        relaxed["description"] = relaxed["description"].replace("``", "")
    return relaxed | {"properties": properties} if properties else relaxed


def _relaxed_property(value: Schema, required: bool) -> Schema:
    outside = {key: item for key, item in value.items() if key in _ABOUT}
    inside = {key: item for key, item in value.items() if key not in outside and key != "title"}
    if not inside:
        return outside
    choices = inside.pop("anyOf") if set(inside) == {"anyOf"} else [inside]
    if any(_is_plain(choice) for choice in choices):
        choices = [*choices, _VARIABLE]
    if not required and {"type": "null"} not in choices:
        choices = [*choices, {"type": "null"}]
    core: Schema = {"anyOf": choices} if len(choices) > 1 else choices[0]
    return {**outside, **core}


def _is_plain(schema: Schema) -> bool:
    """Whether a variable is no value of it as it stands."""
    return (
        schema.get("type") in ("integer", "number", "boolean")
        or "enum" in schema
        or "const" in schema
        or "pattern" in schema
    )


def _first_line(cls: type[Component]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0].replace("``", "")
