"""Whether a body is what OpenMetadata's published models allow, told as Jackson tells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Checker = Callable[[Any, str], None]

_MODELS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "schema.json").read_text(encoding="utf-8")
)
_CLASSES = {
    "CreateDatabaseService": "org.openmetadata.schema.api.services.CreateDatabaseService",
    "AddLineage": "org.openmetadata.schema.api.lineage.AddLineage",
}
_checkers: dict[str, Checker] = {}


class Malformed(Exception):
    """The body cannot be read as the request it should be: the whole request is refused."""


def check(model: str, value: Any, path: str = "") -> None:
    """Raises ``Malformed`` unless ``value`` is a ``model``."""
    _checker(model)(value, path)


def fields(model: str) -> frozenset[str]:
    """The names of a model's fields."""
    return frozenset(_MODELS[model])


def class_name(model: str) -> str:
    """The Java class of a model."""
    default = "org.openmetadata.schema.api.data." if model.startswith("Create") else None
    return _CLASSES.get(model, (default or "org.openmetadata.schema.type.") + model)


def _checker(model: str) -> Checker:
    if model not in _checkers:
        _checkers[model] = _model_checker(model)
    return _checkers[model]


def _model_checker(model: str) -> Checker:
    cls = class_name(model)
    declared = _MODELS[model]
    required = [name for name, field in declared.items() if field["required"]]
    by_name: dict[str, Checker | None] = {}

    def run(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(_cannot(cls, _token(value), path))
        if not by_name:
            by_name.update({key: _kind_checker(f["kind"], key) for key, f in declared.items()})
        for key, item in value.items():
            if key not in by_name:
                raise Malformed(
                    f'Unrecognized field "{key}" (class {cls}), not marked as ignorable '
                    f"({len(declared)} known properties: "
                    + ", ".join(f'"{name}"' for name in sorted(declared))
                    + f"])\n at [Source: REDACTED] (through reference chain: "
                    f'{path}{cls}["{key}"])'
                )
            checker = by_name[key]
            if checker is not None and item is not None:
                checker(item, f'{path}{cls}["{key}"]->')
        # A missing name is refused with the row; columns may be missing altogether in 1.12.
        for key in required:
            if key not in value and key not in ("name", "columns", "labelType", "state", "source"):
                raise Malformed(f"[{key} must not be null]")

    return run


def _kind_checker(kind: Any, key: str) -> Checker | None:
    if kind == "any":
        return None
    if isinstance(kind, str):
        return _scalar_checker(kind)
    if "enum" in kind:
        return _enum_checker(frozenset(kind["enum"]), key)
    if "model" in kind:
        return _checker(kind["model"])
    item = _kind_checker(kind["list"], key)

    def run(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise Malformed(_cannot("java.util.ArrayList", _token(value), path))
        if item is not None:
            for index, element in enumerate(value):
                item(element, f"{path}java.util.ArrayList[{index}]->")

    return run


def _scalar_checker(kind: str) -> Checker:
    allowed: tuple[type, ...] = {
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
        "object": (dict, list),
    }[kind]

    def run(value: Any, path: str) -> None:
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise Malformed(_cannot(f"java.lang.{kind.title()}", _token(value), path))

    return run


def _enum_checker(values: frozenset[str], key: str) -> Checker:
    cls = "ColumnDataType" if key in ("dataType", "arrayDataType") else key[0].upper() + key[1:]

    def run(value: Any, path: str) -> None:
        if value not in values:
            raise Malformed(
                f"Cannot construct instance of `org.openmetadata.schema.type.{cls}`, problem: "
                f"{value}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` "
                f"disabled); line: 1, column: 1] (through reference chain: "
                f"{path.removesuffix('->')})"
            )

    return run


def _cannot(cls: str, token: str, path: str) -> str:
    return (
        f"Cannot deserialize value of type `{cls}` from {token}\n at [Source: REDACTED "
        "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]"
        + (f" (through reference chain: {path.removesuffix('->')})" if path else "")
    )


def _token(value: Any) -> str:
    if isinstance(value, dict):
        return "Object value (token `JsonToken.START_OBJECT`)"
    if isinstance(value, list):
        return "Array value (token `JsonToken.START_ARRAY`)"
    return "String value"
