"""Which columns a query uses and compares, as far as it says so itself, without a catalogue.

A name that may belong to several tables stays open: whoever knows their columns can decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from beam_ingest.lineage.follow import Origin
from beam_ingest.lineage.names import Naming, TableName

_DEEP = 20
"""So far a column is followed through queries in queries; a recursive one meets itself."""

Candidates = tuple[Origin[TableName], ...]
"""The columns that a name may stand for: of one table, or of several."""


class Join(NamedTuple):
    """Two columns that are compared for equality."""

    left: Candidates
    right: Candidates


class Columns:
    """Collects the columns of one text, scope by scope."""

    def __init__(self, naming: Naming, made: Mapping[TableName, Scope]) -> None:
        self._naming, self._made = naming, made
        self._used: dict[TableName, dict[str, None]] = {}
        self._joins: dict[Join, None] = {}

    def add(self, scope: Scope) -> None:
        """What one scope uses."""
        select = scope.expression if isinstance(scope.expression, exp.Select) else None
        aliases = {each.alias for each in select.selects if each.alias} if select else set()
        for column in scope.walk():  # Scope.columns takes a time quadratic in a chain of ANDs
            if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
                continue
            if not column.table and column.name in aliases:
                continue  # ORDER BY may name what the query itself gives
            found = self._candidates(scope, column)
            if len(found) == 1:
                table, name = found[0]
                self._used.setdefault(table, {})[name] = None
        if select is not None:
            for left, right in self._pairs(scope, select):
                if left and right and left != right:
                    self._joins[Join(left, right)] = None

    def used(self) -> dict[TableName, tuple[str, ...]]:
        """The columns that belong to one table for certain."""
        return {table: tuple(names) for table, names in self._used.items()}

    def joins(self) -> tuple[Join, ...]:
        """The pairs, each once."""
        return tuple(self._joins)

    def _pairs(self, scope: Scope, select: exp.Select) -> Iterator[Join]:
        where = select.args.get("where")
        conditions = [where.this] if where is not None else []
        before = _sources_of(select.args.get("from_"))
        for join in select.args.get("joins") or ():
            on, here = join.args.get("on"), _sources_of(join)
            conditions += [on] if on is not None else []
            for identifier in join.args.get("using") or ():
                name = self._naming.column(identifier)
                yield Join(self._in(scope, before, name), self._in(scope, here, name))
            before += here
        for condition in conditions:
            for equal in _conjuncts(condition):
                left, right = equal.this.unnest(), equal.expression.unnest()
                if isinstance(left, exp.Column) and isinstance(right, exp.Column):
                    yield Join(self._candidates(scope, left), self._candidates(scope, right))

    def _in(self, scope: Scope, sources: list[str], name: str) -> Candidates:
        found = [
            each
            for source in sources
            if source in scope.sources
            for each in self._through(scope.sources[source], name)
        ]
        return tuple(dict.fromkeys(found))

    def _candidates(self, scope: Scope, column: exp.Column, depth: int = 0) -> Candidates:
        name, table = self._naming.column(column.this), self._naming.fold(column.table)
        at: Scope | None = scope
        while at is not None:
            if table:
                for alias, source in at.sources.items():
                    if self._naming.fold(alias) == table:
                        return tuple(dict.fromkeys(self._through(source, name, depth)))
            else:
                sources = [source for _, source in at.selected_sources.values()]
                found = [each for s in sources for each in self._through(s, name, depth)]
                if found:
                    return tuple(dict.fromkeys(found))
            at = at.parent  # a query in a query may name the columns of the outer one
        return ()

    def _through(
        self, source: exp.Table | Scope, name: str, depth: int = 0
    ) -> Iterator[Origin[TableName]]:
        """What the column ``name`` of a source is, where it is a plain column of tables."""
        if depth > _DEEP:
            return
        if isinstance(source, exp.Table):
            place = self._naming.table(source)
            if place is not None and place in self._made:
                yield from self._through(self._made[place], name, depth + 1)
            elif place is not None and not source.alias_column_names:
                yield place, name
            return
        query = source.expression
        if not isinstance(query, exp.Select) or source.outer_columns:
            return
        wanted = self._naming.fold(name)
        for projection in query.selects:
            if projection.is_star:
                qualifier = projection.table if isinstance(projection, exp.Column) else ""
                for alias, (_, inner) in source.selected_sources.items():
                    if not qualifier or self._naming.fold(alias) == self._naming.fold(qualifier):
                        yield from self._through(inner, name, depth + 1)
            elif self._naming.fold(projection.alias_or_name) == wanted:
                plain = projection.unalias()
                if isinstance(plain, exp.Column):
                    yield from self._candidates(source, plain, depth + 1)
                return


def _sources_of(node: exp.Expr | None) -> list[str]:
    return [node.this.alias_or_name] if node is not None else []


def _conjuncts(condition: exp.Expr) -> Iterator[exp.EQ]:
    waiting = [condition]
    while waiting:
        node = waiting.pop().unnest()
        if isinstance(node, exp.And):
            waiting += [node.expression, node.this]
        elif isinstance(node, exp.EQ):
            yield node
