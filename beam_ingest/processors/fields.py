"""Fields of records by name: JSON names or attribute names, with dots into what they hold."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from beam_ingest.api.annotations import classes_in
from beam_ingest.api.entities import EntityPart


def parts_of(path: str) -> tuple[str, ...]:
    """``columns.dataType`` as its parts. Raises ``ValueError`` for one with an empty part."""
    parts = tuple(path.split("."))
    if not all(parts):
        raise ValueError(f"{path!r} is no field name")
    return parts


def values(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    """What ``value`` holds at ``parts``: of each item where it is a list, and not None."""
    for index, part in enumerate(parts):
        if isinstance(value, EntityPart):
            value = getattr(value, attribute(type(value), part) or "", None)
        elif isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list):
            for item in value:
                yield from values(item, parts[index:])
            return
        else:
            return
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


@cache
def attribute(cls: type[EntityPart], name: str) -> str | None:
    """The attribute of ``cls`` that ``name`` means, by either spelling; None where none does."""
    for attr, info in cls.model_fields.items():
        if name in (attr, info.alias):
            return attr
    return None


def holds_mapping(cls: type[EntityPart], attr: str) -> bool:
    """Whether a field takes any keys (``extension``)."""
    return not {dict, Any}.isdisjoint(classes_in(cls.model_fields[attr].annotation))


def problem(cls: type[EntityPart], parts: Sequence[str]) -> str | None:
    """Why ``parts`` lead nowhere in ``cls``, for the reader; None where they do lead somewhere."""
    attr = attribute(cls, parts[0])
    if attr is None:
        return unknown(cls, parts[0])
    if len(parts) == 1 or holds_mapping(cls, attr):
        return None
    nested = [
        each
        for each in classes_in(cls.model_fields[attr].annotation)
        if isinstance(each, type) and issubclass(each, EntityPart)
    ]
    if not nested:
        return f"{parts[0]!r} of a {cls.__name__} has no fields, so {parts[1]!r} is none"
    problems = [problem(each, parts[1:]) for each in nested]
    return None if None in problems else problems[0]


def unknown(cls: type[EntityPart], name: str) -> str:
    """That ``cls`` has no field ``name``, with the nearest one it has."""
    names = [info.alias or attr for attr, info in cls.model_fields.items()]
    near = difflib.get_close_matches(name, names, n=1)
    suggestion = f"did you mean {near[0]!r}?" if near else "it has " + ", ".join(names)
    return f"a {cls.__name__} has no field {name!r}; {suggestion}"
