"""Edges from tables to the views that are made of them, from the views' definitions."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from beam_ingest.api import fqn
from beam_ingest.api.construct import builder
from beam_ingest.api.entities import ColumnLineage, LineageEdge, Table

if TYPE_CHECKING:
    from beam_ingest.lineage.view_columns import ViewColumns

VIEW_TYPES = frozenset({"View", "MaterializedView"})

_log = logging.getLogger(__name__)
_edge, _column_lineage = builder(LineageEdge), builder(ColumnLineage)
_Place = tuple[str, str]


class TableColumns(Protocol):
    """What must be known of the system in which the views are."""

    ignores_case: bool
    """Whether a view may name a table in another case than the table has."""
    default_schema: str | None
    """The schema of an unqualified name in a view definition, where it is not the view's own."""

    def columns_of(
        self, database: str, names: dict[str, list[str]]
    ) -> Mapping[tuple[str, str], list[str]]:
        """The columns of those tables and views that exist, by (schema, name), in order."""


class ViewLineage:
    """Collects the views of one split, then gives their edges.

    ``fqn_of`` gives the FQN of a table by schema and name, None for one that is not read: an
    edge starts at no table that a filter excludes. What the views refer to is asked of the
    catalogue once, for all of them together.
    """

    def __init__(
        self,
        catalogue: TableColumns,
        database: str,
        dialect: str,
        fqn_of: Callable[[str, str], str | None],
    ) -> None:
        self._catalogue, self._database, self._dialect = catalogue, database, dialect
        self._fqn_of = fqn_of
        self._views: list[tuple[Table, ViewColumns]] = []

    def add(self, view: Table) -> None:
        """Parse the definition. One that cannot be parsed is a warning."""
        if not view.schema_definition:
            return
        # sqlglot takes 0.2 s to import: not before there is a view.
        from beam_ingest.lineage.parse import Unparsable
        from beam_ingest.lineage.view_columns import ViewColumns

        schema = fqn.split(view.database_schema)[-1]
        try:
            parsed = ViewColumns(
                view.schema_definition,
                self._dialect,
                default_schema=self._catalogue.default_schema or schema,
                ignores_case=self._catalogue.ignores_case,
            )
        except Unparsable as error:
            _log.warning("%s: no lineage, its definition is not understood: %s", view.fqn, error)
            return
        self._views.append((view, parsed))

    def edges(self) -> Iterator[LineageEdge]:
        """One for each table and view, with what each column is made of."""
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for _, parsed in self._views:
            for schema, name in parsed.tables:
                names[schema][name] = None
        if not names:
            return
        wanted = {schema: list(tables) for schema, tables in names.items()}
        columns = self._catalogue.columns_of(self._database, wanted)
        real = {self._cased(place): place for place in columns}
        known = {self._cased(place): found for place, found in columns.items()}
        for view, parsed in self._views:
            yield from self._edges_of(view, parsed, real, known)

    def _edges_of(
        self,
        view: Table,
        parsed: ViewColumns,
        real: dict[_Place, _Place],
        known: dict[_Place, list[str]],
    ) -> Iterator[LineageEdge]:
        to_fqn = view.fqn
        made_of = parsed.origins([column.name for column in view.columns], known)
        for place in parsed.tables:
            from_fqn = self._fqn_of(*real[place]) if place in real else None
            if from_fqn is None:
                continue
            lineage = [
                _column_lineage({
                    "from_columns": [fqn.join(from_fqn, name) for name in from_columns],
                    "to_column": fqn.join(to_fqn, column.name),
                })
                for column, origins in zip(view.columns, made_of, strict=True)
                if (from_columns := sorted(name for at, name in origins if at == place))
            ]  # fmt: skip
            yield _edge({
                "name": f"{from_fqn} -> {to_fqn}",
                "from_fqn": from_fqn,
                "to_fqn": to_fqn,
                "source": "ViewLineage",
                "sql_query": view.schema_definition,
                "columns_lineage": lineage or None,
            })  # fmt: skip

    def _cased(self, place: _Place) -> _Place:
        return (place[0].lower(), place[1].lower()) if self._catalogue.ignores_case else place
