"""The ``metadata.json`` of a Flex template: what Dataflow's form asks for, and checks.

Its shape is that of ``TemplateMetadata`` in Dataflow's interface v1b3.
"""

from __future__ import annotations

from typing import Any

from beam_ingest.templates.template import Parameter, Template, parameters_of

_KINDS = {
    "text": "TEXT", "number": "NUMBER", "boolean": "BOOLEAN", "choice": "ENUM", "list": "TEXT",
    "secret": "TEXT",
}  # fmt: skip
_PATTERNS = {"number": "^[0-9]+$", "boolean": "^(true|false)$"}


def metadata(template: Template[Any]) -> dict[str, Any]:
    """The content of ``metadata.json``."""
    return {
        "name": template.title,
        "description": template.description,
        "streaming": template.streaming,
        "parameters": [_parameter(each) for each in parameters_of(template.parameters)],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": parameter.name,
        "label": parameter.label,
        "helpText": parameter.help,
        "paramType": _KINDS[parameter.type],
    }
    if not parameter.required:
        found["isOptional"] = True
    if parameter.default_text is not None:
        found["defaultValue"] = parameter.default_text
    if parameter.choices:
        found["enumOptions"] = [{"value": choice} for choice in parameter.choices]
    pattern = parameter.pattern or _PATTERNS.get(parameter.type)
    if pattern is not None:
        found["regexes"] = [pattern]
    return found
