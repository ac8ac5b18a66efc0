"""Which columns of which tables the columns of a view are made of.

sqlglot parses the definition and finds its scopes; the columns are followed through them here,
since sqlglot's own qualifier takes longer than reading the view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

Place = tuple[str, str]
"""Schema and name of a table, as the definition has them."""
Origin = tuple[Place, str]
"""A column of a table."""
Output = tuple[str, frozenset[Origin]]
"""A column that a query gives, and what it is made of."""


class Unparsable(Exception):
    """The definition is no query that sqlglot understands."""


class ViewColumns:
    """One definition, parsed. ``tables``: what it reads, in the order of appearance.

    Unquoted names are folded as the dialect folds them; with ``ignores_case`` all are lower case.
    Raises ``Unparsable``.
    """

    def __init__(
        self, definition: str, dialect: str, *, default_schema: str, ignores_case: bool
    ) -> None:
        self._default_schema, self._ignores_case = default_schema, ignores_case
        self._folds = dialect == "postgres"
        try:
            statement = sqlglot.parse_one(definition, dialect=dialect)
            query = statement.expression if isinstance(statement, exp.Create) else statement
            query = query.unnest() if isinstance(query, exp.Subquery) else query
            if not isinstance(query, exp.Query):
                raise Unparsable(f"{type(statement).__name__} is no query")
            self._scopes = traverse_scope(query)
        except (SqlglotError, RecursionError) as error:
            raise Unparsable(str(error).splitlines()[0]) from None
        if not self._scopes:
            raise Unparsable("there is no query in it")
        self._tables = {
            id(source): self._place(source)
            for scope in self._scopes
            for source in scope.sources.values()
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
        }
        self.tables: list[Place] = list(dict.fromkeys(self._tables.values()))

    def origins(
        self, columns: Sequence[str], known: Mapping[Place, Sequence[str]]
    ) -> list[frozenset[Origin]]:
        """What each of the view's ``columns`` is made of; ``known`` are the tables' columns.

        Nothing for a column that is computed of none, or that cannot be followed.
        """
        found = _Follower(self, known).outputs(self._scopes[-1])
        if len(found) == len(columns):
            return [origins for _, origins in found]
        by_name = {self.fold(name): origins for name, origins in found}
        return [by_name.get(self.fold(name), frozenset()) for name in columns]

    def place(self, table: exp.Table) -> Place | None:
        """The table behind a source; None for a function."""
        return self._tables.get(id(table))

    def fold(self, name: str) -> str:
        """A name for comparing."""
        return name.lower()

    def _place(self, table: exp.Table) -> Place:
        schema = table.args.get("db")
        return (
            self._name(schema) if schema is not None else self._cased(self._default_schema),
            self._name(table.this),
        )

    def _name(self, identifier: exp.Identifier) -> str:
        name: str = identifier.this
        if self._folds and not identifier.args.get("quoted"):
            name = name.lower()
        return self._cased(name)

    def _cased(self, name: str) -> str:
        return name.lower() if self._ignores_case else name


class _Follower:
    """Follows columns through the scopes of one definition."""

    def __init__(self, view: ViewColumns, known: Mapping[Place, Sequence[str]]) -> None:
        self._view, self._known = view, known
        self._done: dict[int, list[Output]] = {}

    def outputs(self, scope: Scope) -> list[Output]:
        """The columns that the query of ``scope`` gives, in order."""
        if id(scope) not in self._done:
            self._done[id(scope)] = []  # a recursive query meets itself
            self._done[id(scope)] = self._outputs(scope)
        return self._done[id(scope)]

    def _outputs(self, scope: Scope) -> list[Output]:
        query = scope.expression
        if isinstance(query, exp.SetOperation) and scope.set_operation_scopes:
            left, right = (self.outputs(part) for part in scope.set_operation_scopes)
            rest = [origins for _, origins in right] + [frozenset[Origin]()] * len(left)
            return [(name, own | more) for (name, own), more in zip(left, rest, strict=False)]
        if isinstance(query, exp.Lateral):
            inner = [*scope.table_scopes, *scope.subquery_scopes]
            return self.outputs(inner[0]) if inner else []
        if not isinstance(query, exp.Select):
            return []
        found: list[Output] = []
        for projection in query.selects:
            if projection.is_star:
                found.extend(self._star(scope, projection))
            else:
                origins = frozenset(self._of(scope, projection))
                found.append((projection.alias_or_name, origins))
        return found

    def _star(self, scope: Scope, projection: exp.Expr) -> Iterator[Output]:
        table = projection.table if isinstance(projection, exp.Column) else ""
        for name, (_, source) in scope.selected_sources.items():
            if not table or self._view.fold(name) == self._view.fold(table):
                yield from self._given(source)

    def _of(self, scope: Scope, expression: exp.Expr) -> Iterator[Origin]:
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

    def _column(self, scope: Scope, column: exp.Column) -> Iterator[Origin]:
        fold, wanted, table = self._view.fold, self._view.fold(column.name), column.table
        if table:
            sources = [s for name, s in scope.sources.items() if fold(name) == fold(table)]
        else:
            sources = [source for _, source in scope.selected_sources.values()]
        for source in sources:
            for name, origins in self._given(source):
                if fold(name) == wanted:
                    yield from origins

    def _given(self, source: exp.Table | Scope) -> list[Output]:
        """The columns of a table, or of a query in its place."""
        if isinstance(source, Scope):
            given, renamed = self.outputs(source), source.outer_columns
        else:
            place = self._view.place(source)
            names = self._known.get(place, ()) if place else ()
            given = [(name, frozenset({(place, name)})) for name in names if place]
            renamed = source.alias_column_names
        if renamed:
            return [(name, origins) for name, (_, origins) in zip(renamed, given, strict=False)]
        return given
