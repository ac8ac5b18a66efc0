"""Edges between the tables of a database, from the queries that it logged."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from beam_ingest.api import fqn
from beam_ingest.api.entities import ColumnLineage, LineageEdge
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.lineage.fingerprint import masker
from beam_ingest.lineage.names import TableName
from beam_ingest.lineage.parse import Unparsable
from beam_ingest.lineage.query import Query
from beam_ingest.lineage.views import TableColumns

_WRITES = re.compile(r"\b(insert|create|update|merge|replace|into)\b", re.IGNORECASE)
_VIEW = re.compile(r"[^;]*?\bcreate\s+(?:\w+\s+){0,4}?view\b", re.IGNORECASE)
_CHUNK = 500
"""Statements that are resolved together: so many questions to the catalogue are one."""
_SHOWN = 20_000
"""So many characters of a statement are kept with its edge."""

_log = logging.getLogger(__name__)
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement that moves rows, where its session was, and the tables that it names."""

    query: Query
    text: str
    path: tuple[str, ...]
    names: tuple[TableName, ...]


@dataclass(slots=True)
class _Edge:
    """What all statements together say of one pair of tables."""

    text: str
    columns: dict[str, dict[str, None]] = field(default_factory=dict)


class QueryLineage:
    """Collects the queries of one split, then gives their edges, one a pair of tables.

    A query is parsed once for all of its shape. Memory grows with shapes and edges, not with the
    log. ``fqn_of`` gives the FQN of a table by database, schema and name, None for one that the
    service does not hold. ``views``: also of statements that make a view, for whom there is no
    catalogue with the definition that is true now.
    """

    def __init__(
        self,
        catalogue: TableColumns,
        dialect: str,
        fqn_of: Callable[[str, str, str], str | None],
        *,
        views: bool = False,
    ) -> None:
        self._views = views
        self._catalogue, self._dialect, self._fqn_of = catalogue, dialect, fqn_of
        self._masker = masker(dialect)
        self._seen: set[tuple[str, str, tuple[str, ...]]] = set()
        self._waiting: dict[str, list[_Statement]] = defaultdict(list)
        self._edges: dict[tuple[str, str], _Edge] = {}
        self._unparsed = 0

    def add(self, logged: LoggedQuery) -> None:
        """Parse a query, unless one of its shape was; what failed, or writes nothing, is none."""
        text, database = logged["query"], logged["databaseName"]
        if logged["aborted"] or database is None or not _WRITES.search(text):
            return
        if not self._views and _VIEW.match(text):
            return
        schema = logged["databaseSchema"]
        path = tuple(logged.get("searchPath") or ([schema] if schema else []))
        shape = self._masker.fingerprint(text), database, path
        if shape in self._seen:
            return
        self._seen.add(shape)
        try:
            query = Query(text, self._dialect)
            if not query.has_flows:
                return
            uses = query.uses()
        except Unparsable as error:
            self._unparsed += 1
            if self._unparsed == 1:
                _log.warning("%s: no lineage, the query is not understood: %s",
                             logged["where"], error)  # fmt: skip
            return
        shown = self._masker.masked(text)[:_SHOWN]
        waiting = self._waiting[database]
        waiting.append(_Statement(query, shown, path, (*uses.reads, *uses.writes)))
        if len(waiting) >= _CHUNK:
            self._resolve(database)

    def edges(self) -> Iterator[LineageEdge]:
        """The edges, by name, with the columns of all statements together."""
        for database in list(self._waiting):
            self._resolve(database)
        if self._unparsed > 1:
            _log.warning("%d shapes of queries were not understood", self._unparsed)
        for (start, target), edge in sorted(self._edges.items()):
            columns = [
                ColumnLineage(from_columns=sorted(origins), to_column=column)
                for column, origins in sorted(edge.columns.items())
            ]
            yield LineageEdge(
                name=f"{start} -> {target}",
                from_fqn=start,
                to_fqn=target,
                source="QueryLineage",
                sql_query=edge.text,
                columns_lineage=columns or None,
            )

    def _resolve(self, database: str) -> None:
        statements = self._waiting.pop(database)
        wanted: dict[str, dict[str, None]] = defaultdict(dict)
        for statement in statements:
            for name in statement.names:
                for schema, table in self._candidates(name, statement.path):
                    wanted[schema][table] = None
        found = self._catalogue.columns_of(
            database, {schema: list(tables) for schema, tables in wanted.items()}
        )
        tables = _Tables({self._cased(place): (place, columns) for place, columns in found.items()})
        for statement in statements:
            self._add_edges(database, statement, tables)

    def _add_edges(self, database: str, statement: _Statement, tables: _Tables) -> None:
        def found(name: TableName) -> _Place | None:
            if name.database and name.database != database:
                return None
            return tables.first(map(self._cased, self._candidates(name, statement.path)))

        def known(name: TableName) -> list[str] | None:
            place = found(name)
            return (tables.columns(place) or None) if place else None

        def named(name: TableName) -> str | None:
            place = found(name)
            return self._fqn_of(database, *place) if place else None

        for flow in statement.query.flows(known):
            target, own = named(flow.target), known(flow.target) or []
            for source in flow.sources:
                start = named(source)
                if start is None or target is None or start == target:
                    continue
                edge = self._edges.setdefault((start, target), _Edge(statement.text))
                for column, origins in flow.columns:
                    real = _same(column, own) if own else column
                    of_start = [fqn.join(start, name) for at, name in origins if named(at) == start]
                    if real and of_start:
                        into = edge.columns.setdefault(fqn.join(target, real), {})
                        into.update(dict.fromkeys(of_start))

    def _candidates(self, name: TableName, path: tuple[str, ...]) -> list[_Place]:
        default = self._catalogue.default_schema
        schemas = (name.schema,) if name.schema else path or ((default,) if default else ())
        return [(schema, name.name) for schema in schemas]

    def _cased(self, place: _Place) -> _Place:
        return (place[0].lower(), place[1].lower()) if self._catalogue.ignores_case else place


class _Tables:
    """The tables that exist, by name as it is compared: the real name and the columns."""

    def __init__(self, found: dict[_Place, tuple[_Place, list[str]]]) -> None:
        self._found = found
        self._columns = dict(found.values())

    def first(self, places: Iterator[_Place]) -> _Place | None:
        """The real name of the first of ``places`` that exists."""
        return next((self._found[place][0] for place in places if place in self._found), None)

    def columns(self, place: _Place) -> list[str]:
        """The columns of a table, by its real name."""
        return self._columns[place]


def _same(name: str, columns: list[str]) -> str | None:
    if name in columns:
        return name
    return next((column for column in columns if column.lower() == name.lower()), None)
