"""Writing what hangs on entities: lineage, queries, usage. One request each, by id."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json

from beam_ingest.api.entities import LineageEdge, Query, TableUsage
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.outcomes import WRITTEN, Deferred, Outcome, Rejected
from beam_ingest.connectors.openmetadata.bulk_result import RowResult
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.payload import Row
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from beam_ingest.connectors.openmetadata.sender import Sender
from beam_ingest.connectors.openmetadata.usage.requests import put_usage

logger = logging.getLogger(__name__)

Ends = dict[str, tuple[str, frozenset[str]]]
"""What a name stands for: its id and the FQNs of its columns."""


class RelationWriter:
    """Writes relations of one server. Thread-safe. What misses an end is ``Deferred``."""

    def __init__(
        self,
        client: Client,
        sender: Sender,
        catalogue: Catalogue,
        make_row: Callable[[Entity], Row],
    ) -> None:
        self._client = client
        self._sender = sender
        self._catalogue = catalogue
        self._make_row = make_row

    def edges_soon(self, edges: Mapping[str, LineageEdge]) -> dict[str, Outcome]:
        """Write the lineage whose ends are there and known by now; the other is deferred."""
        return self._edges(edges, self._catalogue.identify_soon)

    def edges(self, edges: Mapping[str, LineageEdge]) -> dict[str, Outcome]:
        """Write lineage; a mapping of columns that are not there is left out, with a warning."""
        return self._edges(edges, self._catalogue.identify)

    def _edges(
        self, edges: Mapping[str, LineageEdge], identify: Callable[[str, Iterable[str]], Ends]
    ) -> dict[str, Outcome]:
        by_type: dict[str, set[str]] = {}
        for edge in edges.values():
            by_type.setdefault(edge.from_type, set()).add(edge.from_fqn)
            by_type.setdefault(edge.to_type, set()).add(edge.to_fqn)
        unknown = by_type.keys() - COLLECTIONS.keys()
        ends = {
            type_: identify(type_, names)
            for type_, names in by_type.items()
            if type_ not in unknown
        }

        def missing(edge: LineageEdge) -> Iterable[str]:
            for type_, name in ((edge.from_type, edge.from_fqn), (edge.to_type, edge.to_fqn)):
                if name not in ends.get(type_, {}):
                    yield f"the {type_} {name}"

        def put(edge: LineageEdge) -> RowResult:
            self._client.send("PUT", "/lineage", _lineage(edge, ends))
            return None

        return self._each(edges, missing, put)

    def queries(self, queries: Mapping[str, Query]) -> dict[str, Outcome]:
        """Write queries with the tables they are used in, many in a request where that can be."""
        used = {name for query in queries.values() for name in query.query_used_in or ()}
        tables = self._catalogue.identify("table", used) if used else {}
        outcomes: dict[str, Outcome] = {}
        rows: list[Row] = []
        for name, query in queries.items():
            lacking = [table for table in query.query_used_in or () if table not in tables]
            if lacking:
                outcomes[name] = Deferred(f"the table {', '.join(lacking)} is not on the server")
            else:
                ids = [tables[table][0] for table in query.query_used_in or ()]
                rows.append(_used_in(self._make_row(query), ids))
        for name, result in self._sender.send(COLLECTIONS["query"], rows).items():
            outcomes[name] = WRITTEN if result is None else Rejected(result.message)
        return outcomes

    def usage(self, usages: Mapping[str, TableUsage]) -> dict[str, Outcome]:
        """Set the day's count of each table and its joins, then its queries."""
        tables = self._catalogue.identify("table", {usage.table for usage in usages.values()})

        def missing(usage: TableUsage) -> Iterable[str]:
            return [] if usage.table in tables else [f"the table {usage.table}"]

        def put(usage: TableUsage) -> RowResult:
            put_usage(self._client, tables[usage.table][0], usage)
            return None

        outcomes = self._each(usages, missing, put)
        for name, usage in usages.items():
            if usage.queries and outcomes[name] == WRITTEN:
                queries = {
                    query.fqn: query.model_copy(update={"query_used_in": [usage.table]})
                    for query in usage.queries
                }
                for outcome in self.queries(queries).values():
                    if outcome != WRITTEN:
                        outcomes[name] = outcome
        return outcomes

    def _each(
        self,
        records: Mapping[str, Any],
        missing: Callable[[Any], Iterable[str]],
        put: Callable[[Any], RowResult],
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        ready: list[str] = []
        for name, record in records.items():
            lacking = ", ".join(missing(record))
            if lacking:
                outcomes[name] = Deferred(f"{lacking} is not on the server")
            else:
                ready.append(name)
        tasks = [lambda record=records[name]: put(record) for name in ready]
        for name, result in zip(ready, self._sender.each(tasks), strict=True):
            outcomes[name] = WRITTEN if result is None else Rejected(result.message)
        return outcomes


def _lineage(edge: LineageEdge, ends: Mapping[str, Ends]) -> dict[str, Any]:
    from_id, from_columns = ends[edge.from_type][edge.from_fqn]
    to_id, to_columns = ends[edge.to_type][edge.to_fqn]
    mappings = []
    for mapping in edge.columns_lineage or ():
        sources = [column for column in mapping.from_columns if column in from_columns]
        if sources and mapping.to_column in to_columns:
            kept = mapping.model_copy(update={"from_columns": sources})
            mappings.append(kept.to_dict())
        if len(sources) < len(mapping.from_columns) or mapping.to_column not in to_columns:
            logger.warning("%s: the lineage of a column that is not there is left out", edge.fqn)
    details: dict[str, Any] = {"source": edge.source, "columnsLineage": mappings}
    if edge.sql_query:
        details["sqlQuery"] = edge.sql_query
    return {
        "edge": {
            "fromEntity": {"id": from_id, "type": edge.from_type},
            "toEntity": {"id": to_id, "type": edge.to_type},
            "lineageDetails": details,
        }
    }


def _used_in(row: Row, table_ids: list[str]) -> Row:
    if not table_ids:
        return row
    body = from_json(row.body)
    body["queryUsedIn"] = [{"id": id_, "type": "table"} for id_ in table_ids]
    return replace(row, body=to_json(body))
