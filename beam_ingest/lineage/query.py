"""What a query reads and writes: tables, columns, joins, and which columns are made of which.

No catalogue is needed for the first three. Column lineage is followed when the columns of the
tables are known (``Query.flows``): stars and unqualified names mean nothing without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from beam_ingest.lineage.columns import Columns, Join
from beam_ingest.lineage.follow import Follower, Origin
from beam_ingest.lineage.names import Naming, TableName
from beam_ingest.lineage.parse import LIMITS, Limits, Unparsable, dialect_named, parse, reason_of
from beam_ingest.lineage.statements import TARGET, Statement, Write, statement_of

Known = Callable[[TableName], Sequence[str] | None]
"""The columns of a table, in order; None where it is not known."""


class Flow(NamedTuple):
    """What a text writes into a table: from which tables, and column by column."""

    target: TableName
    sources: tuple[TableName, ...]
    columns: tuple[tuple[str, tuple[Origin[TableName], ...]], ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """What a text uses, without what it makes for itself (CTEs, temporary tables).

    ``columns``: those that are written and belong to one table for certain. ``joins``: pairs of
    columns that are compared for equality.
    """

    reads: tuple[TableName, ...]
    writes: tuple[TableName, ...]
    columns: Mapping[TableName, tuple[str, ...]]
    joins: tuple[Join, ...]


class Query:
    """A text of one or more statements, parsed. Raises ``Unparsable``."""

    def __init__(self, text: str, dialect: str, limits: Limits = LIMITS) -> None:
        trees = parse(text, dialect, limits)
        self._naming = Naming(dialect_named(dialect))
        self._made: dict[TableName, Scope] = {}
        self._parts: list[_Part] = []
        try:
            for tree in trees:
                self._add(statement_of(tree, self._naming))
        except (SqlglotError, RecursionError) as error:
            raise Unparsable(reason_of(error)) from None
        self.has_flows = any(part.target and part.sources() for part in self._parts)
        """Whether it has any flow."""

    def uses(self) -> Uses:
        """Tables, columns and joins of all statements, in the order of appearance."""
        columns = Columns(self._naming, self._made)
        try:
            for part in self._parts:
                for scope in part.scopes:
                    columns.add(scope)
        except RecursionError as error:
            raise Unparsable(reason_of(error)) from None
        return Uses(
            tuple(dict.fromkeys(name for part in self._parts for name in part.reads)),
            tuple(dict.fromkeys(part.target for part in self._parts if part.target is not None)),
            columns.used(),
            columns.joins(),
        )

    def flows(self, known: Known) -> list[Flow]:
        """What the text writes, and what of; the flow of a table into itself is none.

        The columns of a target that is not known are those that the statement names. Raises
        ``Unparsable`` where there are too many to follow.
        """
        try:
            return self._flows(known)
        except RecursionError as error:
            raise Unparsable(reason_of(error)) from None

    def _flows(self, known: Known) -> list[Flow]:
        follower = Follower(self._naming.table, known, self._naming.fold, self._made)
        sources: dict[TableName, dict[TableName, None]] = {}
        columns: dict[TableName, dict[str, dict[Origin[TableName], None]]] = {}
        for part in self._parts:
            if part.target is None or not part.sources():
                continue
            sources.setdefault(part.target, {}).update(dict.fromkeys(part.sources()))
            into = columns.setdefault(part.target, {})
            for name, origins in part.columns(follower, known):
                into.setdefault(name, {}).update(dict.fromkeys(origins))
        return [
            Flow(
                target,
                tuple(names),
                tuple((name, tuple(origins)) for name, origins in columns[target].items()),
            )
            for target, names in sources.items()
        ]

    def _add(self, statement: Statement) -> None:
        part = _Part(None)
        for query in statement.others:
            part.scopes += traverse_scope(query)
        for write in statement.writes:
            found = traverse_scope(write.query)
            part.scopes += found
            part.writes += [(write, root) for root in found[-1:]]
        for name in self._read(part.scopes):
            made = self._made.get(name)
            behind = self._read(made.traverse()) if made is not None else (name,)
            part.reads.update(dict.fromkeys(behind))
        for name in self._made:
            part.reads.pop(name, None)
        if statement.target is not None and statement.passing and part.writes:
            self._made[statement.target] = part.writes[-1][1]
        elif statement.target not in self._made:
            part.target = statement.target
        self._parts.append(part)

    def _read(self, scopes: Iterator[Scope] | list[Scope]) -> list[TableName]:
        return [
            name
            for scope in scopes
            for source in scope.sources.values()
            if isinstance(source, exp.Table)
            and not source.meta.get(TARGET)
            and (name := self._naming.table(source)) is not None
        ]


class _Part:
    """A statement with its scopes; each write has the outermost of its query."""

    def __init__(self, target: TableName | None) -> None:
        self.target = target
        self.reads: dict[TableName, None] = {}
        self.scopes: list[Scope] = []
        self.writes: list[tuple[Write, Scope]] = []

    def sources(self) -> list[TableName]:
        """What of it flows into the target."""
        return [name for name in self.reads if name != self.target] if self.writes else []

    def columns(
        self, follower: Follower[TableName], known: Known
    ) -> Iterator[tuple[str, list[Origin[TableName]]]]:
        """Each column that is written, and what it is made of; none where that is nothing."""
        for write, root in self.writes:
            outputs = follower.outputs(root)
            names: Sequence[str] = [name for name, _ in outputs]
            if write.columns is not None:
                names = write.columns
            elif write.positional and self.target is not None:
                names = known(self.target) or names
            for name, (_, origins) in zip(names, outputs, strict=False):
                kept = sorted(origin for origin in origins if origin[0] != self.target)
                if kept and name:
                    yield name, kept
