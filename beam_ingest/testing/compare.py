"""How the suites compare: records as JSON text, keys sorted; and how they say what differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import pytest
from pydantic_core import to_jsonable_python

from beam_ingest.api.codec import encode
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.record import Record, Unreadable

_SHOWN = 300


def fail(message: str) -> NoReturn:
    """Fail the running check with a message for the connector's author, without a traceback."""
    pytest.fail(message, pytrace=False)


def canonical(value: Any) -> str:
    """``value`` as JSON text, keys sorted, whatever order a set or mapping is in.

    Raises pydantic's ``PydanticSerializationError`` for what has no JSON form.
    """
    if isinstance(value, (set, frozenset)):
        value = sorted(canonical(item) for item in value)
    return json.dumps(to_jsonable_python(value, by_alias=True), sort_keys=True, ensure_ascii=False)


def line(record: Record | Unreadable) -> str:
    """A record as canonical JSON text. Raises ``RecordError`` where JSON cannot hold it."""
    if isinstance(record, Unreadable):
        return canonical(
            {"unreadable": record.where, "why": record.why, "raw": record.raw.hex()},
        )
    if not isinstance(record, (Entity, dict)):
        fail(f"a record is an entity or a dict, and this is a {type(record).__name__}: {record!r}")
    return json.dumps(json.loads(encode(record)), sort_keys=True, ensure_ascii=False)


def lines(records: Iterable[Record | Unreadable]) -> list[str]:
    """Each record as canonical JSON text."""
    return [line(record) for record in records]


def expect_same(what: str, first: Sequence[str], second: Sequence[str]) -> None:
    """Fail with the first difference, unless both hold the same texts in the same order."""
    if list(first) != list(second):
        fail(f"{what}:\n{first_difference(first, second)}")


def first_difference(first: Sequence[str], second: Sequence[str]) -> str:
    """Where two lists of texts part: the position and both texts, shortened."""
    for position, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return f"  at {position}: {_short(one)}\n  and then: {_short(other)}"
    shorter, longer = sorted((first, second), key=len)
    return (
        f"  {len(first)} and then {len(second)}; the first that only one of them has: "
        f"{_short(longer[len(shorter)])}"
    )


def expect_plain_json(what: str, value: Any) -> None:
    """Fail unless ``value`` comes back from JSON as it was: no tuple, no date, no own class."""
    try:
        back = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        fail(f"{what} has no JSON form: {error}\n  {_short(repr(value))}")
    if not _identical(back, value):
        fail(
            f"{what} is another after a way through JSON:\n"
            f"  before: {_short(repr(value))}\n  after:  {_short(repr(back))}"
        )


def _identical(back: Any, value: Any) -> bool:
    # By type as well: a tuple equals no list, but an IntEnum would equal its number.
    if isinstance(value, Mapping):
        return (
            type(value) is dict
            and back.keys() == value.keys()
            and all(_identical(back[key], item) for key, item in value.items())
        )
    if isinstance(value, list):
        return len(back) == len(value) and all(map(_identical, back, value))
    return type(back) is type(value) and bool(back == value)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
