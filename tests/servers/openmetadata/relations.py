"""Lineage, pipeline statuses, search: what hangs on entities."""

from __future__ import annotations

from typing import Any

from tests.servers.openmetadata import schema
from tests.servers.openmetadata.kinds import BY_TYPE
from tests.servers.openmetadata.message import NOT_ALLOWED, NOT_FOUND, Reply, Request, refusal
from tests.servers.openmetadata.render import Renderer
from tests.servers.openmetadata.rows import Refused
from tests.servers.openmetadata.store import Entity, Store


class Relations:
    """The routes that are no entity's own."""

    def __init__(self, store: Store, renderer: Renderer, by_name: bool) -> None:
        self._store = store
        self._renderer = renderer
        self._by_name = by_name

    def lineage(self, request: Request) -> Reply:
        """``/v1/lineage``: by id, and by name from 2.0 on."""
        rest = request.parts[2:]
        if request.method == "PUT" and not rest:
            body = request.json()
            schema.check("AddLineage", body)
            edge = body["edge"]
            ends = [self._end(edge[end]) for end in ("fromEntity", "toEntity")]
            return self._connect(ends[0], ends[1], edge.get("lineageDetails") or {}, request)
        if len(rest) == 6 and (rest[1], rest[4]) == ("name", "name"):
            if request.method != "PUT" or not self._by_name:
                return NOT_ALLOWED
            details = request.json()
            schema.check("LineageDetails", details)
            ends = [self._named(rest[0], rest[2]), self._named(rest[3], rest[5])]
            return self._connect(ends[0], ends[1], details, request)
        if request.method == "GET" and len(rest) == 3 and rest[1] == "name":
            return self._graph(rest[0], self._named(rest[0], rest[2]))
        return NOT_FOUND

    def pipeline_status(self, fqn: str, request: Request) -> Reply:
        """``PUT /v1/services/ingestionPipelines/{fqn}/pipelineStatus``."""
        if self._store.get("ingestionPipeline", fqn) is None:
            raise Refused(404, f"ingestionPipeline instance for {fqn} not found")
        body = request.json()
        schema.check("PipelineStatus", body)
        statuses = self._store.pipeline_statuses.setdefault(fqn, [])
        statuses[:] = [status for status in statuses if status["runId"] != body["runId"]]
        statuses.append(body)
        return Reply(201, body)

    def search(self, request: Request) -> Reply:
        """``GET /v1/search/query``: names that hold the words."""
        words = request.query.get("q", "").lower()
        hits = [
            {
                "_id": entity["id"],
                "_index": "table_search_index",
                "_score": 1.0,
                "_source": self._renderer.show(BY_TYPE["table"], entity),
            }
            for entity in self._store.select("table", "non-deleted", None)
            if words in entity["name"].lower()
        ][: int(request.query.get("size", "10"))]
        total = {"value": len(hits), "relation": "eq"}
        return Reply(200, {"took": 1, "timed_out": False, "hits": {"total": total, "hits": hits}})

    def _end(self, reference: dict[str, Any]) -> Entity:
        entity = self._store.get_by_id(reference["type"], str(reference["id"]))
        if entity is None or entity["deleted"]:
            raise Refused(404, f"{reference['type']} instance for {reference['id']} not found")
        return {**entity, "_type": reference["type"]}

    def _named(self, type_: str, fqn: str) -> Entity:
        entity = self._store.get(type_, fqn) if type_ in BY_TYPE else None
        if entity is None:
            raise Refused(404, f"{type_} instance for {fqn} not found")
        return {**entity, "_type": type_}

    def _connect(
        self, start: Entity, end: Entity, details: dict[str, Any], request: Request
    ) -> Reply:
        if not request.user.may_write:
            return refusal(403, f"Principal: CatalogPrincipal{{name='{request.user.name}'}} "
                           "operations [EditLineage] not allowed")  # fmt: skip
        columns = column_names(start) | column_names(end)
        kept = [
            mapping
            for mapping in details.get("columnsLineage") or ()
            if {*mapping["fromColumns"], mapping["toColumn"]} <= columns
        ]
        stamp = {f"{what}At": self._store.now() for what in ("created", "updated")}
        who = {f"{what}By": request.user.name for what in ("created", "updated")}
        stored = {**details, "columnsLineage": kept, **stamp, **who}
        self._store.edges[start["fullyQualifiedName"], end["fullyQualifiedName"]] = stored
        return Reply(200)

    def _graph(self, type_: str, entity: Entity) -> Reply:
        fqn = entity["fullyQualifiedName"]
        nodes: dict[str, Any] = {}
        edges: dict[str, list[dict[str, Any]]] = {"upstreamEdges": [], "downstreamEdges": []}
        for (start, end), details in sorted(self._store.edges.items()):
            if fqn not in (start, end):
                continue
            other, way = (end, "downstreamEdges") if start == fqn else (start, "upstreamEdges")
            nodes[other] = self._renderer.reference(type_, other)
            edges[way].append(
                {
                    "fromEntity": self._store.entities[type_][start]["id"],
                    "toEntity": self._store.entities[type_][end]["id"],
                    "lineageDetails": details,
                }
            )
        reference = self._renderer.reference(type_, fqn)
        return Reply(200, {"entity": reference, "nodes": list(nodes.values()), **edges})


def column_names(entity: Entity) -> set[str]:
    names: set[str] = set()
    waiting = list(entity.get("columns", ()))
    while waiting:
        column = waiting.pop()
        names.add(column["fullyQualifiedName"])
        waiting.extend(column.get("children", ()))
    return names
