"""Faults in words: what was expected, and the nearest known key. Never a value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from beam_ingest.api.annotations import classes_in
from beam_ingest.api.config_model import Refused
from beam_ingest.config.faults import UNION, Fault, value_at
from beam_ingest.config.problem import KeyPath

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "url": "a URL",
    "uuid": "a UUID",
    "date": "a date",
    "datetime": "a date and time",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A fault for the reader."""

    path: KeyPath
    message: str
    hint: str | None = None


def explain(found: Iterable[Fault], model: type[BaseModel], data: Any) -> list[Explained]:
    """Each fault in words; a missing key that was merely misspelt is told of once."""
    explained: list[Explained] = []
    misspelt: set[KeyPath] = set()
    found = list(found)
    for fault in found:
        if fault.kind == "extra_forbidden":
            known = _keys(models_at(model, fault.path[:-1]))
            item, meant = _unknown_key(fault, known)
            explained.append(item)
            if meant is not None:
                misspelt.add((*fault.path[:-1], meant))
    for fault in found:
        if fault.kind == "missing" and fault.path not in misspelt:
            explained.append(_missing(fault, model))
        elif fault.kind not in ("missing", "extra_forbidden"):
            explained.append(_wrong_value(fault, value_at(data, fault.path)))
    return explained


def refused_keys(model: type[BaseModel], data: Any) -> Iterator[tuple[KeyPath, Refused]]:
    """The refused keys that ``data`` asks for; for data that is no ``model``, so not checked."""
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        for _, field in _fields([model], key):
            for mark in field.metadata:
                if isinstance(mark, Refused) and value not in (None, field.get_default()):
                    yield (key,), mark
            inner = list(_models_in(field.annotation))
            if len(inner) == 1:
                yield from (((key, *path), mark) for path, mark in refused_keys(inner[0], value))


def models_at(model: type[BaseModel], path: KeyPath) -> list[type[BaseModel]]:
    """The models that may describe the mapping at ``path``: several for a union."""
    candidates = [model]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [field for _, field in _fields(candidates, part)]
        if fields:
            candidates = [inner for field in fields for inner in _models_in(field.annotation)]
    return candidates


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``key`` was probably meant to be."""
    by_form = {_form(name): name for name in known}
    close = difflib.get_close_matches(_form(key), by_form, n=1, cutoff=0.65)
    return by_form[close[0]] if close else None


def _form(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


def _fields(models: Iterable[type[BaseModel]], key: str) -> Iterator[tuple[str, FieldInfo]]:
    for model in models:
        for name, field in model.model_fields.items():
            if key in (field.alias, name):
                yield name, field


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in classes_in(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each


def _keys(models: Iterable[type[BaseModel]]) -> list[str]:
    return sorted(
        {field.alias or name for model in models for name, field in model.model_fields.items()}
    )


def _unknown_key(fault: Fault, known: list[str]) -> tuple[Explained, str | None]:
    key = str(fault.path[-1])
    if key in known:
        message = f"the key {key!r} does not go together with the keys beside it"
        return Explained(fault.path, message), None
    meant = nearest(key, known)
    if meant is not None:
        hint = f"did you mean {meant!r}?"
    elif known == ["config"]:
        hint = "it belongs below 'config'"
    elif known:
        hint = "the keys here are: " + ", ".join(known)
    else:
        hint = "there are no keys here"
    return Explained(fault.path, f"unknown key {key!r}", hint), meant


def _missing(fault: Fault, model: type[BaseModel]) -> Explained:
    key = fault.path[-1]
    what = f"the key {key!r} is missing" if isinstance(key, str) else "an item is missing"
    for _, field in _fields(models_at(model, fault.path[:-1]), str(key)):
        return Explained(fault.path, what, field.description)
    return Explained(fault.path, what)


def _wrong_value(fault: Fault, value: Any) -> Explained:
    if fault.kind == UNION:
        words = dict.fromkeys(_expected(other) or other.message for other in fault.others)
        return Explained(fault.path, f"expected {' or '.join(words)}, got {_kind(value)}")
    if fault.kind in ("value_error", "assertion_error"):
        return Explained(fault.path, str(fault.context.get("error") or fault.message))
    if fault.kind in ("literal_error", "enum"):
        return _wrong_choice(fault, value)
    if fault.kind == "string_type" and isinstance(value, (int, float)):
        return Explained(
            fault.path, f"expected text, got {_kind(value)}", "put the value into quotes"
        )
    expected = _expected(fault)
    if expected is None:
        return Explained(fault.path, fault.message)
    if fault.kind.startswith("union_tag") or _same_kind(fault, value):
        return Explained(fault.path, f"expected {expected}")
    return Explained(fault.path, f"expected {expected}, got {_kind(value)}")


def _wrong_choice(fault: Fault, value: Any) -> Explained:
    expected = str(fault.context.get("expected", ""))
    close = nearest(value, re.findall(r"'([^']*)'", expected)) if isinstance(value, str) else None
    hint = f"did you mean {close!r}?" if close else None
    return Explained(fault.path, f"expected {expected}", hint)


def _same_kind(fault: Fault, value: Any) -> bool:
    """Whether the value is of the right kind, so that naming its kind says nothing."""
    return isinstance(value, (int, float)) and not fault.kind.endswith("_type")


_LIMITS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than_equal": lambda context: f"{context['ge']:g} or more",
    "greater_than": lambda context: f"more than {context['gt']:g}",
    "less_than_equal": lambda context: f"{context['le']:g} or less",
    "less_than": lambda context: f"less than {context['lt']:g}",
    "literal_error": lambda context: str(context["expected"]),
    "int_from_float": lambda context: "a whole number",
    "finite_number": lambda context: "a finite number",
    "string_too_short": lambda context: f"text of {context['min_length']} characters or more",
    "string_too_long": lambda context: f"text of {context['max_length']} characters or less",
    "string_pattern_mismatch": lambda context: f"text that matches {context['pattern']}",
    "too_short": lambda context: f"{context['min_length']} items or more",
    "too_long": lambda context: f"{context['max_length']} items or less",
    "union_tag_invalid": lambda context: (
        f"{context['discriminator']} to be one of {context['expected_tags']}"
    ),
    "union_tag_not_found": lambda context: f"the key {context['discriminator']}",
}


def _expected(fault: Fault) -> str | None:
    """What was expected, to follow that word; None for a message that stands by itself."""
    if fault.kind in _LIMITS:
        return _LIMITS[fault.kind](fault.context)
    for prefix, words in _EXPECTED.items():
        if fault.kind in (f"{prefix}_type", f"{prefix}_parsing", f"{prefix}_attributes_type"):
            return words
    start = "Input should be "
    return fault.message.removeprefix(start) if fault.message.startswith(start) else None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"
