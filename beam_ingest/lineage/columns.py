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
        self._known: dict[tuple[int, str | None, str], Candidates] = {}

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

    def _candidates(self, scope: Scope, column: exp.Column) -> Candidates:
        return self._named(scope, column.table, self._naming.column(column.this))

    def _named(self, scope: Scope, table: str, name: str) -> Candidates:
        key = id(scope), table, name
        if key not in self._known:
            self._known[key] = ()  # a recursive query meets itself
            self._known[key] = tuple(dict.fromkeys(self._found(scope, table, name)))
        return self._known[key]

    def _found(self, scope: Scope, table: str, name: str) -> list[Origin[TableName]]:
        fold, wanted = self._naming.fold, self._naming.fold(table)
        at: Scope | None = scope
        while at is not None:
            if table:
                for alias, source in at.sources.items():
                    if fold(alias) == wanted:
                        return list(self._through(source, name))
            else:
                sources = [source for _, source in at.selected_sources.values()]
                found = [each for source in sources for each in self._through(source, name)]
                if found:
                    return found
            # A query in a condition may name the columns of the outer one; a table may not.
            at = at.parent if at.is_subquery or at.is_set_operation else None
        return []

    def _through(self, source: exp.Table | Scope, name: str) -> Iterator[Origin[TableName]]:
        """What the column ``name`` of a source is, where it is a plain column of tables."""
        if isinstance(source, exp.Table):
            place = self._naming.table(source)
            if place is not None and place in self._made:
                yield from self._given(self._made[place], name)
            elif place is not None and not source.alias_column_names:
                yield place, name
        elif not source.outer_columns:
            yield from self._given(source, name)

    def _given(self, scope: Scope, name: str) -> Candidates:
        """What the column ``name`` that the query of ``scope`` gives is."""
        key = id(scope), None, name
        if key not in self._known:
            self._known[key] = ()
            self._known[key] = tuple(dict.fromkeys(self._projected(scope, name)))
        return self._known[key]

    def _projected(self, scope: Scope, name: str) -> Iterator[Origin[TableName]]:
        query, fold = scope.expression, self._naming.fold
        if not isinstance(query, exp.Select):
            return
        for projection in query.selects:
            if projection.is_star:
                qualifier = projection.table if isinstance(projection, exp.Column) else ""
                for alias, (_, inner) in scope.selected_sources.items():
                    if not qualifier or fold(alias) == fold(qualifier):
                        yield from self._through(inner, name)
            elif fold(projection.alias_or_name) == fold(name):
                plain = projection.unalias()
                if isinstance(plain, exp.Column):
                    yield from self._candidates(scope, plain)
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
