"""Keys of a table, as OpenMetadata writes them down.

Its rule: a key of one column is the column's ``constraint``; a key of several is in the table's
``tableConstraints``, and the columns of such a primary key have no ``constraint`` of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import TableConstraint

_constraint = builder(TableConstraint)


@dataclass(slots=True)
class ForeignKey:
    """A foreign key. ``referred`` are (column of this table, column it refers to) in order."""

    schema: str
    table: str
    columns: list[str]
    referred: list[str]


@dataclass(slots=True)
class Keys:
    """All keys of one table: columns by name, keys in the order of the catalogue."""

    primary: Sequence[str] = ()
    unique: list[Sequence[str]] = field(default_factory=list)
    foreign: list[ForeignKey] = field(default_factory=list)


class ColumnConstraints:
    """The ``constraint`` of each column of one table."""

    __slots__ = ("_composite", "_primary", "_unique")

    def __init__(self, keys: Keys) -> None:
        primary = keys.primary
        self._primary = primary[0] if len(primary) == 1 else None
        self._composite = frozenset(primary) if len(primary) > 1 else frozenset[str]()
        self._unique = {key[0] for key in keys.unique if len(key) == 1}

    def of(self, column: str, nullable: bool) -> str | None:
        """PRIMARY_KEY, UNIQUE, NULL or NOT_NULL; None in a primary key of several columns."""
        if column == self._primary:
            return "PRIMARY_KEY"
        if column in self._composite:
            return None
        if column in self._unique:
            return "UNIQUE"
        return "NULL" if nullable else "NOT_NULL"


def table_constraints(keys: Keys, database_fqn: str) -> list[TableConstraint] | None:
    """Unique keys of several columns, then such a primary key, then the foreign keys."""
    constraints = [
        _constraint({"constraint_type": "UNIQUE", "columns": list(key)})
        for key in keys.unique
        if len(key) > 1
    ]
    if len(keys.primary) > 1:
        constraints.append(
            _constraint({"constraint_type": "PRIMARY_KEY", "columns": list(keys.primary)})
        )
    own = [frozenset(key) for key in (keys.primary, *keys.unique) if key]
    for key in keys.foreign:
        parent = fqn.join(fqn.join(database_fqn, key.schema), key.table)
        constraints.append(
            _constraint(
                {
                    "constraint_type": "FOREIGN_KEY",
                    "columns": key.columns,
                    "referred_columns": [fqn.join(parent, column) for column in key.referred],
                    "relationship_type": _relationship(key.columns, own),
                }
            )
        )
    return constraints or None


def _relationship(columns: Sequence[str], own_keys: Collection[frozenset[str]]) -> str:
    # What a foreign key refers to is always unique; whether this side is decides.
    here = frozenset(columns)
    return "ONE_TO_ONE" if any(key <= here for key in own_keys) else "MANY_TO_ONE"
