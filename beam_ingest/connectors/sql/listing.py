"""What a listing holds: names and weights, nothing that is read table by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from beam_ingest.api.source_config import DatabaseMetadata

Names = dict[str, list[str]]
"""Names by schema, in the order in which they are read."""


class Relation(NamedTuple):
    """A table or view. ``weight`` is its number of columns, or an estimate.

    One that is ``left_out`` (a partition) is never read, but it is there: it is not retired.
    """

    name: str
    is_view: bool = False
    weight: int = 10
    left_out: bool = False


class Routine(NamedTuple):
    """A procedure or function. ``name`` tells overloaded ones apart; filters see ``base``."""

    name: str
    base: str


@dataclass(frozen=True, slots=True)
class Container:
    """A database or a schema."""

    name: str
    description: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaListing:
    """All names of a schema, before any filter, or the reason why they are not known."""

    schema: str
    relations: list[Relation] = field(default_factory=list)
    procedures: list[Routine] = field(default_factory=list)
    failed: str | None = None


def wanted(relation: Relation, options: DatabaseMetadata) -> bool:
    """Whether relations of this kind are to be read at all."""
    if relation.left_out:
        return False
    return options.include_views if relation.is_view else options.include_tables
