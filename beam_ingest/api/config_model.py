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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from beam_ingest.api.secrets import MASK
from beam_ingest.api.url_secrets import with_secrets


class ConfigModel(BaseModel):
    """Unknown keys are refused; keys are camelCase in YAML, snake_case in Python; frozen.

    A key without a value (null) counts as not written, unless its type has a meaning for None.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,  # an input may hold a secret
    )

    def __repr__(self) -> str:
        return with_secrets(super().__repr__(), lambda secret: MASK)

    def __str__(self) -> str:
        return with_secrets(super().__str__(), lambda secret: MASK)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or None not in given.values():
            return given
        unset = _not_nullable(cls)
        return {key: value for key, value in given.items() if value is not None or key not in unset}


@dataclass(frozen=True, slots=True)
class Ignored:
    """The key is accepted and does nothing here; ``why`` is the notice a user gets once."""

    why: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"deprecated": True, "description": f"Ignored: {self.why}."}


@dataclass(frozen=True, slots=True)
class Refused:
    """The key means something that cannot be done here; writing it is an error with ``why``.

    A value equal to the field's default is let through: it asks for nothing.
    """

    why: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"deprecated": True, "description": f"Refused: {self.why}."}


@dataclass(frozen=True, slots=True)
class WorkerPath:
    """The value is a path that is opened where the component runs: on a worker, maybe elsewhere."""


@dataclass(frozen=True, slots=True)
class CodePath:
    """The value is the dotted path of code that is imported where the component runs."""


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """A key of a configuration that carries ``Ignored`` or ``Refused`` and was written."""

    path: tuple[str | int, ...]
    mark: Ignored | Refused


def marked_keys(model: BaseModel) -> Iterator[KeyFinding]:
    """The marked keys that ``model`` was given, nested models included, in field order."""
    yield from _walk(model, ())


@cache
def _not_nullable(model: type[BaseModel]) -> frozenset[str]:
    names: set[str] = set()
    for name, field in model.model_fields.items():
        arguments = get_args(field.annotation)
        nullable = field.annotation is Any or type(None) in arguments or None in arguments
        if not nullable and not field.is_required():
            names |= {name, field.alias or name}
    return frozenset(names)


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
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, (*path, str(key)))
