"""Which records a rule is for: by entity type, name, FQN and what is in their fields."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.entities import Entity, EntityPart, entity_class, entity_types
from beam_ingest.api.filters import FilterPattern
from beam_ingest.processors import fields

Predicate = Callable[[Any], bool]

_EMPTY = "it is empty; leave it out where everything is meant"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known(names: list[str]) -> list[str]:
    if not names:
        raise ValueError(_EMPTY)
    for name in names:
        if entity_class(name) is None:
            near = difflib.get_close_matches(name, entity_types(), n=1, cutoff=0.8)
            if near:
                raise ValueError(f"there is no entity type {name!r}; did you mean {near[0]!r}?")
    return names


EntityTypes = Annotated[
    list[str],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    AfterValidator(_known),
]
"""One or several. A type we have no entity for may be that of a mapping; a typo is refused."""


def _pattern(text: str) -> str:
    FilterPattern(includes=[text])  # the one place that explains what is wrong with one
    return text


class Condition(ConfigModel):
    """What a field holds. Exactly one of the tests is given.

    Of a list (``tags.tagFQN``) it is enough that one item passes; for ``notIn`` none may be in.
    A field that is missing or null passes ``notIn`` and ``exists: false`` only.
    """

    field: str = Field(description="A field's name, with dots into it: columns.dataType.")
    equals: str | int | float | bool | None = Field(None, description="This value.")
    in_: list[str | int | float | bool] | None = Field(
        None, alias="in", description="One of these values."
    )
    not_in: list[str | int | float | bool] | None = Field(None, description="None of these values.")
    matches: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None,
        description="A regular expression, from the start, in capitals or not, as in filters.",
    )
    exists: bool | None = Field(None, description="Whether it holds anything at all.")

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        given = sorted(self.model_fields_set - {"field"})
        if len(given) != 1 or getattr(self, given[0]) is None:
            raise ValueError("give exactly one of equals, in, notIn, matches, exists")
        if [] in (self.in_, self.not_in):
            raise ValueError("in and notIn need at least one value")
        fields.parts_of(self.field)
        return self

    def predicate(self) -> Predicate:
        """The condition as a function of a record, or of a part of one."""
        parts = fields.parts_of(self.field)
        if self.exists is not None:
            exists = self.exists
            return lambda record: any(True for _ in fields.values(record, parts)) is exists
        if self.not_in is not None:
            unwanted = self.not_in
            return lambda record: not any(v in unwanted for v in fields.values(record, parts))
        if self.matches is not None:
            match = re.compile(self.matches, re.IGNORECASE).match
            return lambda record: any(
                match(str(value)) is not None for value in fields.values(record, parts)
            )
        wanted = self.in_ if self.in_ is not None else [self.equals]
        return lambda record: any(value in wanted for value in fields.values(record, parts))


class PartMatch(ConfigModel):
    """Columns by name and fields. Everything that is given must hold."""

    name: FilterPattern | None = Field(None, description="Patterns on the name.")
    fields: list[Condition] | None = Field(None, description="Conditions, all of which must hold.")

    @field_validator("name", "fqn", "fields", check_fields=False)
    @classmethod
    def _is_not_empty(cls, value: Any) -> Any:
        # A pattern without patterns passes everything: to drop what matches it drops all.
        says = value.includes or value.excludes if isinstance(value, FilterPattern) else value
        if value is not None and not says:
            raise ValueError(_EMPTY)
        return value

    @model_validator(mode="after")
    def _says_something(self) -> PartMatch:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError(_EMPTY)
        return self

    def predicate(self) -> Predicate:
        """All that must hold, as one function of a record, or of a part of one."""
        return reduce(_both, self._predicates())

    def problems(self, cls: type[EntityPart]) -> Iterable[str]:
        """Fields that ``cls`` does not have."""
        for condition in self.fields or ():
            found = fields.problem(cls, fields.parts_of(condition.field))
            if found:
                yield found

    def _predicates(self) -> Iterable[Predicate]:
        if self.name is not None:
            yield _by_text(_name, self.name)
        for condition in self.fields or ():
            yield condition.predicate()


class Match(PartMatch):
    """Records by entity type, name, FQN and fields. Everything that is given must hold."""

    entity_type: EntityTypes | None = Field(
        None, description="One entity type or several: table, databaseSchema, …"
    )
    fqn: FilterPattern | None = Field(None, description="Patterns on the fully qualified name.")

    @model_validator(mode="after")
    def _names_fields_that_exist(self) -> Match:
        refuse_problems(self, self.entity_type or ())
        return self

    def _predicates(self) -> Iterable[Predicate]:
        if self.entity_type is not None:
            yield of_types(self.entity_type)
        yield from super()._predicates()
        if self.fqn is not None:
            yield _by_text(_fqn, self.fqn)


def of_types(names: Iterable[str]) -> Predicate:
    """Whether a record is of one of these entity types."""
    wanted = frozenset(names)

    def predicate(record: Any) -> bool:
        if isinstance(record, Entity):
            return record.entity_type in wanted
        return record.get("entityType") in wanted

    return predicate


def refuse_problems(match: PartMatch | None, entity_types: Iterable[str]) -> None:
    """Raise ``ValueError`` where a field of ``match`` is none of an entity type that we know."""
    for name in entity_types:
        cls = entity_class(name)
        for found in match.problems(cls) if match is not None and cls is not None else ():
            raise ValueError(found)


def _both(one: Predicate, other: Predicate) -> Predicate:
    return lambda record: one(record) and other(record)


def _by_text(text_of: Callable[[Any], Any], pattern: FilterPattern) -> Predicate:
    def predicate(record: Any) -> bool:
        text = text_of(record)
        return pattern.passes(text) if isinstance(text, str) else not pattern.includes

    return predicate


def _name(record: Any) -> Any:
    return record.get("name") if isinstance(record, dict) else record.name


def _fqn(record: Any) -> Any:
    if isinstance(record, dict):
        return record.get("fullyQualifiedName") or record.get("fqn")
    return record.fqn
