"""What the shapes of a spill come to by table and day, added up as they are expanded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from beam_ingest.connectors.openmetadata.usage import partials
from beam_ingest.connectors.openmetadata.usage.recipe import SEPARATOR, Recipe

_Total = tuple[dict[str, int], dict[str, int], dict[str, int], list[list[Any]]]
"""Spellings, users and joins with their counts, and the slowest queries: as in ``partials``."""


class TableTotals:
    """Many shapes share a table: most of what they add is added here, and leaves as one."""

    def __init__(self) -> None:
        self._days: defaultdict[str, dict[str, _Total]] = defaultdict(dict)

    def add(self, recipe: Recipe, day: str, executed: list[Any]) -> None:
        """Add the executions of one shape on one day to its tables."""
        count, users, _, longest, _ = executed
        totals = self._days[day]
        for table, spelling in recipe.tables:
            total = totals.get(table)
            if total is None:
                total = totals[table] = ({}, {}, {}, [])
            names, known, joins, slowest = total
            names[spelling] = names.get(spelling, 0) + count
            partials.add_users(known, users)
            for join in recipe.joins:
                joins[join] = joins.get(join, 0) + count
            if longest is not None:
                partials.keep_slowest(slowest, longest, recipe.fingerprint)

    def items(self) -> Iterator[tuple[str, partials.Partial]]:
        """The partials of tables, by their keys."""
        for day, totals in self._days.items():
            for table, (names, users, joins, slowest) in totals.items():
                key = f"table{SEPARATOR}{day}{SEPARATOR}{table}"
                yield key, {"n": names, "u": users, "j": joins, "s": slowest}
