"""Which columns of which tables the columns of a view are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from beam_ingest.lineage.follow import Follower
from beam_ingest.lineage.parse import Unparsable, reason_of

Place = tuple[str, str]
"""Schema and name of a table, as the definition has them."""
Origin = tuple[Place, str]
"""A column of a table."""


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
            raise Unparsable(reason_of(error)) from None
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
        try:
            found = Follower(self.place, known.get, self.fold).outputs(self._scopes[-1])
        except (Unparsable, RecursionError):
            return [frozenset()] * len(columns)
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
