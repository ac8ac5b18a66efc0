"""Tables as a text names them."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import Dialect, exp
from sqlglot.dialects.dialect import NormalizationStrategy


class TableName(NamedTuple):
    """A table as it is written, folded as the dialect folds unquoted names.

    ``database`` and ``schema`` are empty where they are not written.
    """

    database: str
    schema: str
    name: str


class Naming:
    """How one dialect reads names."""

    def __init__(self, dialect: Dialect) -> None:
        strategy = dialect.normalization_strategy
        self._lower = strategy is NormalizationStrategy.LOWERCASE
        self._upper = strategy is NormalizationStrategy.UPPERCASE

    def table(self, table: exp.Table) -> TableName | None:
        """The name of a table; None for a function, a variable, or a table of the session."""
        if not isinstance(table.this, exp.Identifier) or table.name.startswith("#"):
            return None
        return TableName(
            self._part(table.args.get("catalog")),
            self._part(table.args.get("db")),
            self._part(table.this),
        )

    def column(self, identifier: exp.Expr) -> str:
        """The name of a column."""
        return self._part(identifier)

    def fold(self, name: str) -> str:
        """A name for comparing with others of the same text."""
        return name.lower()

    def _part(self, identifier: exp.Expr | None) -> str:
        if identifier is None:
            return ""
        name: str = identifier.name
        if not identifier.args.get("quoted"):
            name = name.lower() if self._lower else name.upper() if self._upper else name
        return name


def exact_case(dialect: str) -> bool:
    """Whether ``TableName`` has the very case that the system has stored.

    Others compare names without regard to case, or it depends on how they were set up.
    """
    strategy = Dialect.get_or_raise(dialect).normalization_strategy
    return strategy in (NormalizationStrategy.LOWERCASE, NormalizationStrategy.UPPERCASE)
