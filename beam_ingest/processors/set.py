"""Processor ``set``: fields, tags and owners by rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from beam_ingest.api import fqn
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.entities import Column, EntityReference, TagLabel, entity_class
from beam_ingest.api.errors import RecordError
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record
from beam_ingest.processors import fields
from beam_ingest.processors.changes import Changes
from beam_ingest.processors.match import Match, PartMatch, Predicate


def _as_tag(value: Any) -> Any:
    return {"tagFQN": value} if isinstance(value, str) else value


def _named_tag(tag: TagLabel) -> TagLabel:
    if not tag.tag_fqn.strip():
        raise ValueError("a tag needs a tagFQN: it is empty")
    return tag


def _named(owner: EntityReference) -> EntityReference:
    if (owner.fully_qualified_name or "").strip() or owner.id:
        return owner
    name = owner.name or ""
    if not name.strip():
        raise ValueError("an owner needs a name, a fullyQualifiedName or an id")
    # A user's or a team's fully qualified name is its name, quoted.
    return owner.model_copy(update={"fully_qualified_name": fqn.quote(name)})


Tag = Annotated[
    TagLabel,
    BeforeValidator(_as_tag, json_schema_input_type=str | TagLabel),
    AfterValidator(_named_tag),
]
Owner = Annotated[EntityReference, AfterValidator(_named)]


class ColumnRule(ConfigModel):
    """What to do with the columns that match, also those inside of columns (``children``)."""

    match: PartMatch | None = Field(None, description="Which columns; all without it.")
    set: dict[str, Any] = Field(default_factory=dict, description="Fields and their values.")
    set_if_missing: dict[str, Any] = Field(
        default_factory=dict, description="Fields and their values, where they hold nothing."
    )
    add_tags: list[Tag] = Field(
        default_factory=list, description="Tags: tag FQNs, or objects with a tagFQN."
    )

    @model_validator(mode="after")
    def _has_field_names(self) -> ColumnRule:
        for path in (*self.set, *self.set_if_missing):
            fields.parts_of(path)
        return self

    def changes(self) -> Changes:
        """The rule, ready to be applied."""
        return Changes(self.set, self.set_if_missing, self.add_tags)

    def does_something(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.set or self.set_if_missing or self.add_tags)


class Rule(ColumnRule):
    """What to do with the records that match, and with their columns."""

    match: Match | None = Field(None, description="Which records; all without it.")
    add_owners: list[Owner] = Field(
        default_factory=list, description="Owners: {type: user or team, name: …}."
    )
    columns: list[ColumnRule] = Field(
        default_factory=list, description="Rules for the columns of these records."
    )

    @model_validator(mode="after")
    def _fits_its_entity_types(self) -> Rule:
        if not (self.does_something() or self.add_owners or self.columns):
            raise ValueError("give set, setIfMissing, addTags, addOwners or columns")
        if not all(rule.does_something() for rule in self.columns):
            raise ValueError("each of columns needs set, setIfMissing or addTags")
        for name in (self.match.entity_type if self.match else None) or ():
            cls = entity_class(name)
            if cls is not None:
                self._refuse_mistakes(cls)
        return self

    def changes(self) -> Changes:
        """The rule without what it does to columns, ready to be applied."""
        return Changes(self.set, self.set_if_missing, self.add_tags, self.add_owners)

    def _refuse_mistakes(self, cls: Any) -> None:
        if self.columns and "columns" not in cls.model_fields:
            raise ValueError(fields.unknown(cls, "columns"))
        try:
            self.changes().plan(cls)
            for rule in self.columns:
                rule.changes().plan(Column)
        except RecordError as error:
            raise ValueError(error.message) from None
        for rule in self.columns:
            for found in rule.match.problems(Column) if rule.match else ():
                raise ValueError(found)


class SetProcessor(Processor):
    """Sets fields and adds tags and owners, on records and on their columns.

    Rules are applied in order, each that matches; a later one sees what an earlier one did.
    Field names are JSON names or attribute names. A value that an entity does not take is found
    before the run where the rule names its ``entityType``, and else is a ``RecordError`` of each
    record that it is for. Mappings are not validated.
    """

    class Config(ConfigModel):
        """``config`` of a processor of type ``set``."""

        rules: list[Rule] = Field(min_length=1, description="The rules, in order.")

    def open(self) -> None:
        """Compile the rules."""
        self._rules = [_Compiled(rule) for rule in self.config.rules]

    def process(self, record: Record) -> Record:
        """``record``, changed. Raises ``RecordError`` where it does not take a change."""
        for rule in self._rules:
            if rule.matches is None or rule.matches(record):
                rule.apply(record)
        return record


class _Compiled:
    def __init__(self, rule: Rule) -> None:
        self.matches = _predicate(rule)
        self._changes = rule.changes()
        self._columns = [(_predicate(each), each.changes()) for each in rule.columns]

    def apply(self, record: Record) -> None:
        self._changes.apply(record)
        for matches, changes in self._columns:
            for column in _columns_of(record, "columns"):
                if matches is None or matches(column):
                    changes.apply(column)


def _predicate(rule: ColumnRule) -> Predicate | None:
    return rule.match.predicate() if rule.match is not None else None


def _columns_of(holder: Any, name: str) -> Iterator[Any]:
    held = holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
    if held is not None and not isinstance(held, list):
        raise RecordError(f"{name} is no list but {held!r:.50}")
    for column in held or ():
        if not isinstance(column, (dict, Column)):
            raise RecordError(f"{name} holds {column!r:.50}, which is no column")
        yield column
        yield from _columns_of(column, "children")
