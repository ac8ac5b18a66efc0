"""Retiring: removing the documents of what a complete listing of a scope does not name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.errors import IngestError
from beam_ingest.api.outcomes import Retired
from beam_ingest.api.source import Scope
from beam_ingest.connectors.search.bulk import BulkSender
from beam_ingest.connectors.search.server import Server, refusals

_CONTAINERS = {
    "table": "databaseSchema",
    "storedProcedure": "databaseSchema",
    "databaseSchema": "database",
    "database": "service",
}
_PAGE = 10_000  # as many as a server gives at once


def retire(server: Server, sender: BulkSender, index: str, scope: Scope) -> Retired | None:
    """Remove what is gone from ``scope``, and what was in it; None for other kinds of names.

    Raises ``RetireRefused``.
    """
    if scope.failed is not None or scope.entity_type not in _CONTAINERS:
        return None
    with refusals(f"looking for what is gone from {scope.fqn}"):
        server.client.indices.refresh(index=index)
        held = dict(_held(server, index, scope))
        gone = scope.gone(held)
        if not gone:
            return Retired(0)
        if scope.entity_type in _CONTAINERS.values():
            _remove_contents(server, index, scope.entity_type, gone)
        sender.delete(held[name] for name in gone)
        server.client.indices.refresh(index=index)
    return Retired(len(gone))


def _held(server: Server, index: str, scope: Scope) -> Iterator[tuple[str, str]]:
    """The names in the scope that have a document, with its id."""
    container = _CONTAINERS[scope.entity_type]
    body: dict[str, Any] = {
        "size": _PAGE,
        "_source": ["fullyQualifiedName"],
        "sort": ["fqnHash"],
        "query": {
            "bool": {
                "filter": [
                    {"term": {"entityType": scope.entity_type}},
                    {"term": {f"{container}.fullyQualifiedName": scope.fqn}},
                ]
            }
        },
    }
    while True:
        hits = server.client.search(body=body, index=index)["hits"]["hits"]
        for hit in hits:
            yield hit["_source"]["fullyQualifiedName"], hit["_id"]
        if len(hits) < _PAGE:
            return
        body["search_after"] = hits[-1]["sort"]


def _remove_contents(server: Server, index: str, container: str, names: list[str]) -> None:
    for name in names:
        query = {"query": {"term": {f"{container}.fullyQualifiedName": name}}}
        answer = server.client.delete_by_query(
            index=index, body=query, params={"conflicts": "proceed"}
        )
        if answer.get("failures"):
            raise IngestError(
                f"{name}: what was in it was not all removed: {answer['failures'][0]}"
            )
