"""Edges from tables to the views that are made of them, from the views' definitions."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from beam_ingest.api import fqn
from beam_ingest.api.entities import ColumnLineage, LineageEdge, Table
from beam_ingest.connectors.sql.catalogue import Catalogue
from beam_ingest.connectors.sql.construct import builder
from beam_ingest.connectors.sql.listing import Names

if TYPE_CHECKING:
    from beam_ingest.connectors.sql.view_columns import ViewColumns

VIEW_TYPES = frozenset({"View", "MaterializedView"})

_log = logging.getLogger(__name__)
_edge, _column_lineage = builder(LineageEdge), builder(ColumnLineage)
_Place = tuple[str, str]


class ViewLineage:
    """Collects the views of one split, then gives their edges.

    An edge starts only at what is read: one that a filter excludes is no entity to point to.
    What the views refer to is asked of the catalogue once, for all of them together.
    """

    def __init__(self, catalogue: Catalogue, database: str, dialect: str) -> None:
        self._catalogue, self._database, self._dialect = catalogue, database, dialect
        self._views: list[tuple[Table, ViewColumns]] = []

    def add(self, view: Table) -> None:
        """Parse the definition. One that cannot be parsed is a warning."""
        if not view.schema_definition:
            return
        # sqlglot takes 0.2 s to import: not before there is a view.
        from beam_ingest.connectors.sql.view_columns import Unparsable, ViewColumns

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
        wanted: Names = {schema: list(tables) for schema, tables in names.items()}
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
            if place not in real or not self._reaches(*real[place]):
                continue
            from_fqn = fqn.build(self._catalogue.reading.service, self._database, *real[place])
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

    def _reaches(self, schema: str, name: str) -> bool:
        return self._catalogue.reading.selection.reaches(self._database, schema, name)

    def _cased(self, place: _Place) -> _Place:
        return (place[0].lower(), place[1].lower()) if self._catalogue.ignores_case else place
