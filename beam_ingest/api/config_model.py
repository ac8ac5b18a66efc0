"""The base of every configuration model, and the marks a key may carry.

OpenMetadata's YAML runs unchanged, so each key its models allow is one of three things here:
supported; accepted with one notice that says what it does here (``Ignored``); refused with
the reason (``Refused``). Annotate the field::

    class Config(ConfigModel):
        host_port: str
        supports_profiler: Annotated[bool | None, Ignored("beam_ingest has no profiler")] = None
        ssl_config: Annotated[Any, Refused("SQLite has no network connection")] = None
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ConfigModel(BaseModel):
    """Unknown keys are refused; keys are camelCase in YAML, snake_case in Python; frozen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,  # an input may hold a secret
    )


@dataclass(frozen=True, slots=True)
class Ignored:
    """The key is accepted and does nothing here; ``why`` is the notice a user gets once."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The key means something that cannot be done here; writing it is an error with ``why``.

    A value equal to the field's default is let through: it asks for nothing.
    """

    why: str


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """A key of a configuration that carries ``Ignored`` or ``Refused`` and was written."""

    path: tuple[str | int, ...]
    mark: Ignored | Refused


def marked_keys(model: BaseModel) -> Iterator[KeyFinding]:
    """The marked keys that ``model`` was given, nested models included, in field order."""
    yield from _walk(model, ())


def _walk(value: Any, path: tuple[str | int, ...]) -> Iterator[KeyFinding]:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in fields:
            if name not in value.model_fields_set:
                continue
            field = fields[name]
            here = (*path, field.alias or name)
            given = getattr(value, name)
            for mark in field.metadata:
                if isinstance(mark, Ignored) or (
                    isinstance(mark, Refused) and given != field.get_default()
                ):
                    yield KeyFinding(here, mark)
            yield from _walk(given, here)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
