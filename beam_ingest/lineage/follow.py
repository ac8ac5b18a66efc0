"""Following columns through a statement, from what it gives to the tables they come from.

sqlglot parses the statement and finds its scopes; the columns are followed through them here,
since sqlglot's own qualifier takes longer than reading what is to be followed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from beam_ingest.lineage.parse import Unparsable

_WIDE = 10_000
"""A query has so many columns at most."""

Place = TypeVar("Place", bound=Hashable)
"""How a table is named."""
Origin = tuple[Place, str]
"""A column of a table."""
Output = tuple[str, frozenset[tuple[Place, str]]]
"""A column that a query gives, and what it is made of."""


class Follower(Generic[Place]):
    """Follows columns through the scopes of one statement.

    ``place`` gives the table behind a source, None for a function; ``known`` the columns of a
    table, None for one that is not known; ``fold`` makes names comparable; ``made`` are the
    queries behind tables that the text itself makes for a while.
    """

    def __init__(
        self,
        place: Callable[[exp.Table], Place | None],
        known: Callable[[Place], Sequence[str] | None],
        fold: Callable[[str], str],
        made: Mapping[Place, Scope] | None = None,
    ) -> None:
        self._place, self._known, self._fold = place, known, fold
        self._made = made or {}
        self._done: dict[int, list[Output[Place]]] = {}

    def outputs(self, scope: Scope) -> list[Output[Place]]:
        """The columns that the query of ``scope`` gives, in order. Raises ``Unparsable``."""
        if id(scope) not in self._done:
            self._done[id(scope)] = []  # a recursive query meets itself
            self._done[id(scope)] = self._outputs(scope)
        return self._done[id(scope)]

    def _outputs(self, scope: Scope) -> list[Output[Place]]:
        query = scope.expression
        if isinstance(query, exp.SetOperation) and scope.set_operation_scopes:
            left, right = (self.outputs(part) for part in scope.set_operation_scopes)
            if query.args.get("by_name"):
                return self._by_name(left, right)
            rest = [origins for _, origins in right] + [frozenset[Origin[Place]]()] * len(left)
            return [(name, own | more) for (name, own), more in zip(left, rest, strict=False)]
        if isinstance(query, exp.Lateral):
            inner = [*scope.table_scopes, *scope.subquery_scopes]
            return self.outputs(inner[0]) if inner else []
        if not isinstance(query, exp.Select):
            return []
        found: list[Output[Place]] = []
        for projection in query.selects:
            if projection.is_star:
                found.extend(self._star(scope, projection))
                if len(found) > _WIDE:  # stars of stars double with every query around them
                    raise Unparsable(f"it has more than {_WIDE} columns")
            else:
                origins = frozenset(self._of(scope, projection))
                found.append((projection.alias_or_name, origins))
        return found

    def _by_name(
        self, left: list[Output[Place]], right: list[Output[Place]]
    ) -> list[Output[Place]]:
        """DuckDB's ``UNION BY NAME``: the columns of both, each once."""
        found: dict[str, Output[Place]] = {}
        for name, origins in (*left, *right):
            first, known = found.get(self._fold(name), (name, frozenset[Origin[Place]]()))
            found[self._fold(name)] = first, known | origins
        return list(found.values())

    def _star(self, scope: Scope, projection: exp.Expr) -> Iterator[Output[Place]]:
        table = projection.table if isinstance(projection, exp.Column) else ""
        for name, (_, source) in scope.selected_sources.items():
            if not table or self._fold(name) == self._fold(table):
                yield from self._given(source)

    def _of(self, scope: Scope, expression: exp.Expr) -> Iterator[Origin[Place]]:
        """What an expression is made of, the queries inside it included."""
        for node in expression.walk(prune=lambda each: isinstance(each, exp.Query)):
            if isinstance(node, exp.Column):
                yield from self._column(scope, node)
            elif isinstance(node, exp.Query):
                inner = node.unnest()
                for other in scope.subquery_scopes:
                    if other.expression is inner or other.expression is node:
                        for _, origins in self.outputs(other):
                            yield from origins

    def _column(self, scope: Scope, column: exp.Column) -> Iterator[Origin[Place]]:
        fold, wanted, table = self._fold, self._fold(column.name), column.table
        if table:
            sources = [s for name, s in scope.sources.items() if fold(name) == fold(table)]
        else:
            sources = [source for _, source in scope.selected_sources.values()]
        for source in sources:
            for name, origins in self._given(source):
                if fold(name) == wanted:
                    yield from origins

    def _given(self, source: exp.Table | Scope) -> list[Output[Place]]:
        """The columns of a table, or of a query in its place."""
        if isinstance(source, Scope):
            given, renamed = self.outputs(source), source.outer_columns
        else:
            given, renamed = self._of_table(source), source.alias_column_names
        if renamed:
            return [(name, origins) for name, (_, origins) in zip(renamed, given, strict=False)]
        return given

    def _of_table(self, table: exp.Table) -> list[Output[Place]]:
        place = self._place(table)
        if place is None:
            return []
        if place in self._made:
            return self.outputs(self._made[place])
        return [(name, frozenset({(place, name)})) for name in self._known(place) or ()]
