"""Cutting a listing into splits below the schema.

A schema of 10,000 tables is many splits; 4,000 schemas of five tables are a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.source import Split
from beam_ingest.connectors.sql.listing import Names

MAX_TABLES = 600
"""Names in a split at most: some chunks, so that the next is fetched while one is worked on."""
MAX_WEIGHT = 15_000
"""Columns in a split, about: what bounds the time to read it where tables are wide."""

RELATIONS = "relations"
PROCEDURES = "procedures"

Item = tuple[str, str, int]
"""(``RELATIONS`` or ``PROCEDURES``, name, weight)."""


class Cutter:
    """Cuts one database's schemas, offered in order, into splits.

    A schema that fills a split has its own splits, ``database/schema/0000`` and on. Smaller
    ones share: ``database/first+39/shared`` is ``first`` and the 39 small schemas after it.
    The same catalogue is always cut in the same way.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._shared: dict[str, list[Item]] = {}
        self._shared_size = [0, 0]

    def add(self, schema: str, items: list[Item]) -> Iterator[Split]:
        """The splits that are complete now that ``schema`` is known."""
        if not items:
            return
        size = [len(items), sum(weight for _, _, weight in items)]
        if _is_full(size):
            yield from self._own(schema, items)
            return
        if _is_full([self._shared_size[0] + size[0], self._shared_size[1] + size[1]]):
            yield from self.finish()
        self._shared[schema] = items
        self._shared_size[0] += size[0]
        self._shared_size[1] += size[1]

    def finish(self) -> Iterator[Split]:
        """The split of the small schemas that are left."""
        if self._shared:
            first, more = next(iter(self._shared)), len(self._shared) - 1
            label = f"{_escaped(first)}+{more}" if more else _escaped(first)
            yield self._split(f"{label}/shared", self._shared)
        self._shared, self._shared_size = {}, [0, 0]

    def _own(self, schema: str, items: list[Item]) -> Iterator[Split]:
        number, part, weight = 0, list[Item](), 0
        for item in items:
            if part and (len(part) == MAX_TABLES or weight + item[2] > MAX_WEIGHT):
                yield self._split(f"{_escaped(schema)}/{number:04d}", {schema: part})
                number, part, weight = number + 1, [], 0
            part.append(item)
            weight += item[2]
        yield self._split(f"{_escaped(schema)}/{number:04d}", {schema: part})

    def _split(self, label: str, schemas: dict[str, list[Item]]) -> Split:
        payload: dict[str, Any] = {"database": self._database}
        for kind in (RELATIONS, PROCEDURES):
            names: Names = {}
            for schema, items in schemas.items():
                of_kind = [name for item_kind, name, _ in items if item_kind == kind]
                if of_kind:
                    names[schema] = of_kind
            payload[kind] = names
        return Split(f"{_escaped(self._database)}/{label}", payload)


def _is_full(size: list[int]) -> bool:
    return size[0] > MAX_TABLES or size[1] > MAX_WEIGHT


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")
