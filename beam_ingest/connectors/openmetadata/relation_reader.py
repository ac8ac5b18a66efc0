"""Reading what hangs on entities: lineage and usage, of many entities at once.

The server tells both of one entity at a time. Its search index would tell of many, but it may lag
behind, and what is missing in an export is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from beam_ingest.api.entities import LineageEdge, TableUsage
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.connectors.openmetadata.client import Client

Json = dict[str, Any]
Params = dict[str, str | int]

WITH_LINEAGE = frozenset(
    {
        "table", "storedProcedure", "topic", "dashboard", "dashboardDataModel", "chart",
        "pipeline", "mlmodel", "container", "searchIndex",
    }
)  # fmt: skip
"""The types of entities that an edge may lead to."""

USAGE_DAYS = 30
"""So many days of usage are read, back from the last one that a table was used on."""

_AHEAD = 200


class RelationReader:
    """Reads from one server, with up to ``concurrency`` requests in flight."""

    def __init__(self, client: Client, concurrency: int, *, deleted: bool) -> None:
        self._client = client
        self._concurrency = concurrency
        self._deleted = deleted

    def lineage(self, type_: str, entities: Iterator[Json]) -> Iterator[Record | Unreadable]:
        """The edges that lead to ``entities``; those from deleted ones only with ``deleted``."""
        return self._each(entities, lambda entity: self._edges(type_, entity))

    def usage(self, tables: Iterator[Json]) -> Iterator[Record | Unreadable]:
        """The days on which ``tables`` (with their ``usageSummary``) were used, and how often."""
        used = (table for table in tables if _last_day(table))
        return self._each(used, self._days)

    def _each(self, entities: Iterator[Json], read: Any) -> Iterator[Record | Unreadable]:
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="relations") as pool:
            while some := list(islice(entities, _AHEAD)):
                for found in pool.map(read, some):
                    yield from found

    def _edges(self, type_: str, entity: Json) -> list[Record | Unreadable]:
        name = entity["fullyQualifiedName"]
        params: Params = {"upstreamDepth": 1, "downstreamDepth": 0}
        params["includeDeleted"] = "true" if self._deleted else "false"
        answer = self._client.one(f"/lineage/{type_}/name", name, params) or {}
        nodes = {node["id"]: node for node in answer.get("nodes") or ()}
        found = []
        for edge in answer.get("upstreamEdges") or ():
            start = nodes.get(edge["fromEntity"])
            if edge["toEntity"] != entity["id"] or start is None:
                continue
            if self._deleted or not start.get("deleted"):
                found.append(_edge(start, type_, name, edge.get("lineageDetails") or {}))
        return found

    def _days(self, table: Json) -> list[Record | Unreadable]:
        name = table["fullyQualifiedName"]
        params: Params = {"date": _last_day(table) or "", "days": USAGE_DAYS}
        answer = self._client.one("/usage/table/name", name, params) or {}
        return [
            TableUsage(name=name, table=name, date=day["date"], count=day["dailyStats"]["count"])
            for day in answer.get("usage") or ()
            if day["dailyStats"]["count"]
        ]


def _edge(start: Json, to_type: str, to_fqn: str, details: Json) -> Record | Unreadable:
    from_fqn = start["fullyQualifiedName"]
    name = f"{from_fqn} -> {to_fqn}"
    try:
        return LineageEdge.model_validate(
            {
                "name": name,
                "fromFqn": from_fqn,
                "fromType": start["type"],
                "toFqn": to_fqn,
                "toType": to_type,
                "source": details.get("source") or "Manual",
                "sqlQuery": details.get("sqlQuery"),
                "columnsLineage": details.get("columnsLineage") or None,
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return Unreadable(f"lineage {name}", f"{where}: {first['msg']}", to_json(details))


def _last_day(table: Json) -> str | None:
    summary = table.get("usageSummary") or {}
    return summary.get("date") if (summary.get("dailyStats") or {}).get("count") else None
