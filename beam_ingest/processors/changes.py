"""Changes to records and columns: fields set, tags and owners added.

Values are the same for every record, so they are validated once for each class, not once for
each record.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from beam_ingest.api.entities import EntityPart, EntityReference, TagLabel
from beam_ingest.api.errors import RecordError
from beam_ingest.processors import fields


@dataclass(frozen=True, slots=True)
class _Value:
    """A value for the field ``path[0]``, or for a key inside the mapping that the field holds."""

    path: tuple[str, ...]
    value: Any
    shared: bool  # immutable, so that records may share it
    only_missing: bool

    def fresh(self) -> Any:
        return self.value if self.shared else copy.deepcopy(self.value)


class Changes:
    """What a rule does to a record, or to a column; entity or mapping.

    ``values`` are set, ``missing`` only where nothing is; keys are field names, with dots into a
    mapping. ``tags`` and ``owners`` are added where they are not there already.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        missing: Mapping[str, Any],
        tags: Sequence[TagLabel],
        owners: Sequence[EntityReference] = (),
    ) -> None:
        self._values = [_value(path, value, False) for path, value in values.items()]
        self._values += [_value(path, value, True) for path, value in missing.items()]
        self._lists: list[tuple[str, Sequence[EntityPart]]] = []
        if tags:
            self._lists.append(("tags", _once(tags)))
        if owners:
            self._lists.append(("owners", _once(owners)))
        self._plans: dict[type[EntityPart], list[_Value]] = {}

    def apply(self, target: EntityPart | dict[str, Any]) -> None:
        """Change ``target``. Raises ``RecordError`` where it does not take the change.

        A mapping is not validated; an entity, or a column of one, is.
        """
        if isinstance(target, dict):
            self._apply_to_mapping(target)
            return
        plan = self._plans.get(type(target))
        if plan is None:
            plan = self._plans[type(target)] = self.plan(type(target))
        for value in plan:
            _set_attribute(target, value)
        for name, parts in self._lists:
            held = getattr(target, name) or []
            setattr(target, name, held + _not_held([_key(part) for part in held], parts))

    def plan(self, cls: type[EntityPart]) -> list[_Value]:
        """The values as ``cls`` takes them. Raises ``RecordError`` where it does not."""
        for name, _ in self._lists:
            if fields.attribute(cls, name) is None:
                raise RecordError(
                    fields.unknown(cls, name), hint="narrow the rule with match.entityType"
                )
        return [_validated(cls, value) for value in self._values]

    def _apply_to_mapping(self, target: dict[str, Any]) -> None:
        for value in self._values:
            _set_key(target, value.path, value)
        for name, parts in self._lists:
            held = target.get(name) or []
            if not isinstance(held, list):
                raise RecordError(f"{name} is no list but {held!r:.50}, so nothing can be added")
            new = _not_held([_key(part) for part in held], parts)
            target[name] = held + [part.to_dict() for part in new]


def _value(path: str, value: Any, only_missing: bool) -> _Value:
    shared = isinstance(value, (str, int, float, bool, type(None)))
    return _Value(fields.parts_of(path), value, shared, only_missing)


def _validated(cls: type[EntityPart], value: _Value) -> _Value:
    name, *keys = value.path
    attr = fields.attribute(cls, name)
    if attr is None:
        raise RecordError(fields.unknown(cls, name), hint="narrow the rule with match.entityType")
    if keys:
        if not fields.holds_mapping(cls, attr):
            raise RecordError(f"{name!r} of a {cls.__name__} takes no keys such as {keys[0]!r}")
        return _Value((attr, *keys), value.value, value.shared, value.only_missing)
    blank = cls.model_construct()
    try:
        cls.__pydantic_validator__.validate_assignment(blank, attr, copy.deepcopy(value.value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in (name, *first["loc"][1:]))
        raise RecordError(
            f"{where} of a {cls.__name__} cannot be set to {value.value!r:.50}: {first['msg']}"
        ) from None
    return _Value((attr,), getattr(blank, attr), value.shared, value.only_missing)


def _set_attribute(target: EntityPart, value: _Value) -> None:
    attr, *keys = value.path
    held = getattr(target, attr)
    if keys:
        mapping = {} if held is None else held
        _set_key(mapping, keys, value)
        setattr(target, attr, mapping)
    elif held is None or not value.only_missing:
        setattr(target, attr, value.fresh())


def _set_key(mapping: Any, keys: Sequence[str], value: _Value) -> None:
    for key in keys[:-1]:
        if mapping.get(key) is None:
            mapping[key] = {}
        mapping = mapping[key]
        if not isinstance(mapping, dict):
            raise RecordError(
                f"{'.'.join(value.path)} cannot be set: {key!r} holds {mapping!r:.50}, no mapping"
            )
    if mapping.get(keys[-1]) is None or not value.only_missing:
        mapping[keys[-1]] = value.fresh()


def _not_held(held: Sequence[object], parts: Sequence[EntityPart]) -> list[Any]:
    return [part.model_copy() for part in parts if _key(part) not in held]


def _once(parts: Sequence[EntityPart]) -> list[EntityPart]:
    """``parts``, the first of each key."""
    firsts: dict[object, EntityPart] = {}
    for part in parts:
        firsts.setdefault(_key(part), part)
    return list(firsts.values())


def _key(part: Any) -> object:
    """What makes a tag or a reference the same one, whether it is an object or a mapping."""
    if isinstance(part, TagLabel):
        return part.tag_fqn
    if isinstance(part, EntityReference):
        return part.type, part.fully_qualified_name or part.id or part.name
    if not isinstance(part, dict):
        return part
    if "tagFQN" in part:
        return part["tagFQN"]
    return part.get("type"), part.get("fullyQualifiedName") or part.get("id") or part.get("name")
